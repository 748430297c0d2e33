"""Failures of multiprocessing are explained: each is produced for real, on whatever Python runs the tests."""

from __future__ import annotations

import concurrent.futures
import concurrent.futures.process
import gc
import io
import multiprocessing
import os
import pickle
import re
import resource
import sqlite3
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Any

import pytest

from supervisor.agent.explaining import RULES, Rule, explain


def iter_of_nothing() -> Iterator[None]:
    yield


SPAWN: Any = multiprocessing.get_context("spawn")
FORK: Any = multiprocessing.get_context("fork")


@pytest.fixture(scope="module", autouse=True)
def no_tracker_is_left() -> Iterator[None]:
    """`multiprocessing` starts a process that watches over semaphores, and leaves it to the interpreter's end."""
    yield
    gc.collect()
    resource_tracker._resource_tracker._stop()  # type: ignore[attr-defined]


def nothing(*_: object) -> None:
    pass


def failure_of(call: Callable[[], object]) -> BaseException:
    """What `call` raises."""
    try:
        call()
    except BaseException as error:
        return error
    raise AssertionError("it did not fail")


def sent(*arguments: object) -> BaseException:
    """What starting a process with `arguments` raises."""
    return failure_of(SPAWN.Process(target=nothing, args=arguments).start)


def test_target_that_is_defined_inside_a_function() -> None:
    """The most common of all: named, with where to put it."""

    def inner() -> None:
        pass

    for target in (inner, lambda: None):
        advice = explain(failure_of(SPAWN.Process(target=target).start))
        assert "because it is defined inside a function. Define it at the top of its module" in advice
    assert "test_target_that_is_defined_inside_a_function.<locals>.inner" in explain(
        failure_of(SPAWN.Process(target=inner).start)
    )


def test_object_of_a_class_that_is_not_found_by_its_name() -> None:
    """Made by `type`, or known under another name."""
    made = type("Made", (), {"__module__": __name__})
    assert "no Made is found under that name" in explain(sent(made()))
    changed = type("Rule", (), {"__module__": Rule.__module__})
    assert "another object has the name" in explain(sent(changed()))


@pytest.mark.parametrize(
    ("thing", "named"),
    [
        (threading.Lock(), "a thread's lock"),
        (threading.RLock(), "a thread's lock"),
        (threading.Thread(), "a thread's lock"),
        (weakref.ref(Rule), "a thread's lock"),
        (io.TextIOWrapper(io.BytesIO()), "TextIOWrapper"),
        (iter_of_nothing(), "generator"),
        (sys, "module"),
    ],
)
def test_argument_that_cannot_be_pickled_is_named(thing: object, named: str) -> None:
    """With what to send in its place."""
    advice = explain(sent(thing))
    assert named in advice
    assert advice.startswith("What goes to another process")


def test_connection_to_a_database_cannot_be_sent() -> None:
    """The address can, and the connection is made where it is used."""
    connection = sqlite3.connect(":memory:")
    try:
        assert "a sqlite3.Connection cannot be. Send what it is made from" in explain(sent(connection))
    finally:
        connection.close()


@pytest.mark.skipif(sys.version_info < (3, 11, 5), reason="this Python lets them be mixed")
def test_start_methods_that_are_mixed() -> None:
    """A queue or lock of one context in a process of another: both are named."""
    queue = FORK.Queue()
    try:
        for thing in (FORK.Lock(), queue):
            advice = explain(sent(thing))
            assert "of the fork context goes to a process of the spawn context" in advice
            assert "multiprocessing.get_context('spawn')" in advice
    finally:
        queue.close()
        queue.join_thread()


def test_things_that_are_shared_by_inheritance_only() -> None:
    """A lock in a pool's task, a queue in a queue."""
    for thing, name in ((SPAWN.Lock(), "Lock"), (SPAWN.Event(), "Condition")):
        advice = explain(failure_of(lambda thing=thing: pickle.dumps(thing)))  # type: ignore[misc]
        assert f"A {name} cannot be sent through a queue" in advice


def test_start_method_that_is_set_twice() -> None:
    """In an interpreter of its own, because it is a setting of the whole process."""
    source = (
        "import multiprocessing, sys\n"
        f"sys.path.insert(0, {os.getcwd()!r})\n"
        "from supervisor.agent.explaining import explain\n"
        "multiprocessing.set_start_method('spawn')\n"
        "try:\n    multiprocessing.set_start_method('fork')\n"
        "except RuntimeError as error:\n    print(explain(error))\n"
    )
    told = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True).stdout
    assert "can be set once" in told


def test_daemonic_process_that_starts_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """As members of a Pool do."""
    monkeypatch.setitem(multiprocessing.current_process()._config, "daemon", True)  # type: ignore[attr-defined]
    assert "as all members of a multiprocessing.Pool are" in explain(failure_of(SPAWN.Process(target=nothing).start))


def test_pool_whose_process_died() -> None:
    """The reasons that it may have, since the exception tells none."""
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=SPAWN) as pool:
        error = failure_of(pool.submit(os._exit, 1).result)
    assert "A process of the pool died before it answered" in explain(error)


def test_main_file_without_a_guard(tmp_path: Path) -> None:
    """What the child writes, word for word, is a failure that is explained wherever it turns up."""
    script = tmp_path / "script.py"
    script.write_text(
        "import multiprocessing\n"
        "process = multiprocessing.get_context('spawn').Process(target=print)\n"
        "process.start()\nprocess.join()\n"
    )
    told = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False).stderr
    found = re.search(r"RuntimeError: \s*(An attempt.*)", told, re.DOTALL)
    assert found is not None, told
    assert 'if __name__ == "__main__":' in explain(RuntimeError(found[1]))


def test_limits_that_are_reached_name_their_key(tmp_path: Path) -> None:
    """Files, size of a file, memory."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    held: list[int] = []

    def hold() -> None:
        while True:
            held.append(os.open(os.devnull, os.O_RDONLY))

    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (100, limits[1]))
        error = failure_of(hold)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        for descriptor in held:
            os.close(descriptor)
    assert "limits.nofile" in explain(error)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with open(tmp_path / "big", "wb", buffering=0) as file:
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (10, limits[1]))
            error = failure_of(lambda: [file.write(b"x" * 10) for _ in range(3)])
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "limits.fsize" in explain(error)
    assert "limits.as" in explain(MemoryError())


def test_module_that_is_not_found_names_the_interpreter() -> None:
    """Where to install it, and the keys that lead elsewhere."""
    advice = explain(failure_of(lambda: __import__("no_such_module_anywhere")))
    assert advice.startswith(f"Install no_such_module_anywhere for {sys.executable}")
    assert "python_path" in advice


def test_cause_and_context_are_looked_through() -> None:
    """A wrapper does not hide what is known."""

    def wrapped() -> None:
        try:
            pickle.dumps(threading.Lock())
        except TypeError as error:
            raise LookupError("the job failed") from error

    def hidden() -> None:
        try:
            pickle.dumps(threading.Lock())
        except TypeError:
            raise LookupError("the job failed") from None

    assert "a thread's lock" in explain(failure_of(wrapped))
    assert explain(failure_of(hidden)) == ""


def test_rules_hold_for_the_versions_that_they_name() -> None:
    """3.14 changed a message and the default start method, and with them the advice."""
    new = pickle.PicklingError("Can't pickle local object <function main.<locals>.job at 0x7f>")
    assert "Since Python 3.14" in explain(new, (3, 14))
    assert "main.<locals>.job cannot be" in explain(new, (3, 14))
    old = AttributeError("Can't pickle local object 'main.<locals>.job'")
    assert "Since Python 3.14" not in explain(old, (3, 11))
    assert "main.<locals>.job cannot be" in explain(old, (3, 11))


def test_unknown_failures_and_hostile_ones_have_no_explanation() -> None:
    """Nothing is guessed, and an exception that lies about itself does no harm."""

    class Hostile(RuntimeError):
        def __str__(self) -> str:
            raise KeyError

    for error in (ValueError("x"), RuntimeError("x"), TypeError("x"), OSError("x"), Hostile()):
        assert explain(error) == ""
    looped = ValueError("x")
    looped.__context__ = KeyError()
    looped.__context__.__context__ = looped
    assert explain(looped) == ""


def test_every_rule_reads_as_sentences() -> None:
    """Its advice can be filled in, begins with a capital letter and says what to do."""
    for rule in RULES:
        groups = re.compile(rule.pattern).groups
        advice = rule.advice.format(*["x"] * groups, python="python")
        assert advice[0].isupper(), rule.pattern
        assert not advice.endswith("."), rule.pattern
