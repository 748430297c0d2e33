"""The rules as data: whole, consistent, each to be said; and how a stack is compared with a signature."""

from __future__ import annotations

import os
import string
from pathlib import Path
from typing import get_args

import pytest

from supervisor.diagnose import signatures
from supervisor.diagnose.evidence import Frame, KernelKind
from supervisor.diagnose.kinds import KINDS
from supervisor.diagnose.rule import Rule, Target
from supervisor.diagnose.rulebook import crossings
from supervisor.diagnose.rules import RULES, rule, say
from supervisor.diagnose.signatures import find, is_users, own_frame, place_of, source_line, step

EVERY = (*RULES, *crossings.RULES)
LIBRARY = "/opt/python/lib/python3.11"
WORDS = {
    *(target for target in get_args(Target) if target),
    *("at", "place", "line", "source", "function", "kernel", "bytes", "waiters", "holder", "members"),
}
"""What a text may ask for."""


def frames(*steps: str) -> list[Frame]:
    """A stack from ``file function`` words; the file is of the standard library unless it begins with a slash."""
    found = []
    for text in steps:
        file, _, function = text.rpartition(" ")
        found.append(Frame(file if file.startswith(("/", "<")) else f"{LIBRARY}/{file}", 1, function))
    return found


# --- the data ---


def test_each_rule_has_an_id_of_its_own() -> None:
    """A report names its rule, and the rule is found by that."""
    assert len({one.id for one in EVERY}) == len(EVERY)
    assert all(rule(one.id) is one for one in EVERY)
    assert rule("no-such-rule") is None


@pytest.mark.parametrize("one", EVERY, ids=lambda one: one.id)
def test_a_rule_is_whole(one: Rule) -> None:
    """Its kind is known, its steps can be read, its texts ask for nothing that no report has."""
    assert one.kind in KINDS
    assert not KINDS[one.kind].is_of_graph
    assert set(one.kernel) <= set(get_args(KernelKind))
    assert one.since < one.until
    assert one.text.endswith(".") or "{" in one.text[-8:]
    assert KINDS[one.kind].grown not in ("warning", "stuck") or one.remedy.endswith(".") or one.id == "channel-spill"
    for text in (one.text, one.remedy):
        assert {name for _, name, _, _ in string.Formatter().parse(text) if name} <= WORDS
    for text in one.stack:
        step(text)


def test_each_kind_is_told_by_a_rule_or_by_the_graph() -> None:
    """No name that nobody ever uses; unknown is what no rule fits."""
    assert {"UNKNOWN", *(one.kind for one in EVERY)} == {name for name, kind in KINDS.items() if not kind.is_of_graph}


def test_what_is_no_concern_is_never_told_unasked() -> None:
    """Idle kinds have no warning; what has one grows into a warning or worse, not before its limit."""
    for kind in KINDS.values():
        if kind.grown in ("idle", "busy"):
            assert not kind.warning
        if kind.warning:
            assert kind.after
            assert kind.grown in ("warning", "stuck")
            assert kind.severity == "waiting"


def test_no_rule_is_hidden_by_one_before_it() -> None:
    """A rule that asks for the same and less comes later: the specific ones come first."""
    for at, one in enumerate(RULES):
        hiding = [before.id for before in RULES[:at] if _asks_for_less(before, one)]
        assert not hiding, f"{one.id} is never reached"


_ASKS_NOTHING = Rule(id="", kind="")
_DEMANDS = (
    *(
        "resource",
        "sources",
        "subjects",
        "count",
        "not_count",
        "has_timeout",
        "descriptors",
        "has_thread",
        "lacks_thread",
    ),
    *("is_alone", "is_forked", "is_hot", "is_unanswered", "command"),
)


def _asks_for_less(before: Rule, one: Rule) -> bool:
    """Whether whatever fits the one fits the rule before as well, as far as that is plain to see."""
    return (
        (not before.stack or one.stack[: len(before.stack)] == before.stack)
        and (not before.kernel or (bool(one.kernel) and set(one.kernel) <= set(before.kernel)))
        and all(getattr(before, name) in (getattr(one, name), getattr(_ASKS_NOTHING, name)) for name in _DEMANDS)
        and before.since <= one.since
        and one.until <= before.until
    )


def test_saying_never_fails() -> None:
    """What is not known has a general word."""
    assert say("It waits{at} for {queue}.", {}) == "It waits for a queue."
    assert say("It waits{at} for {queue}.", {"at": " at etl.py:3", "queue": "queue paths"}) == (
        "It waits at etl.py:3 for queue paths."
    )
    assert say("{nobody knows}", {}) == "?"


# --- comparing ---


def test_steps_are_compared_from_the_innermost_frame() -> None:
    """What is outside of the last step does not matter; what is inside of the first does."""
    stack = frames("multiprocessing/queues.py Queue.put", "/app/etl.py load", "/app/etl.py main")
    assert find(("multiprocessing/queues.py Queue.put",), stack) == (0,)
    assert find(("multiprocessing/queues.py Queue.put", "user"), stack) == (0, 1)
    assert find(("user",), stack) is None
    assert find(("...", "user"), stack) == (1,)


def test_a_gap_is_as_long_as_it_must_be() -> None:
    """None, some, and the second of two starts."""
    stack = frames("a.py one", "b.py two", "a.py one", "c.py three")
    assert find(("a.py one", "...", "b.py two"), stack) == (0, 1)
    assert find(("...", "a.py one", "c.py three"), stack) == (2, 3)
    assert find(("a.py one", "...", "d.py four"), stack) is None
    assert find(("a.py one", "..."), stack) == (0,)


def test_a_step_may_name_several_functions_or_any() -> None:
    """As long as the file is the same."""
    stack = frames("queue.py Queue.put")
    assert find(("queue.py Queue.get|Queue.put",), stack) == (0,)
    assert find(("queue.py *",), stack) == (0,)
    assert find(("queue.py Queue.get",), stack) is None


def test_functions_are_known_without_their_class() -> None:
    """As py-spy and faulthandler tell them; another class's method is another function."""
    assert find(("queue.py Queue.put",), frames("queue.py put")) == (0,)
    assert find(("queue.py put",), frames("queue.py Queue.put")) == (0,)
    assert find(("queue.py Queue.put",), frames("queue.py LifoQueue.put")) is None


@pytest.mark.parametrize(
    "file",
    [
        "/app/queue.py",
        "/app/multiprocessing/queues.py",
        f"{LIBRARY}/site-packages/app/queue.py",
        "/app/supervisor/channels/queue.py",
    ],
)
def test_a_programs_own_file_of_that_name_is_not_the_librarys(file: str) -> None:
    """queue.py is a common name."""
    assert find(("queue.py Queue.put",), [Frame(file, 1, "Queue.put")]) is None


@pytest.mark.parametrize(
    "file",
    [
        "/usr/lib/python3.13/queue.py",
        "/usr/lib/python3.13t/queue.py",
        "/usr/lib/python313.zip/queue.py",
        "python3.11/queue.py",
    ],
)
def test_the_librarys_file_is_known_wherever_it_lies(file: str) -> None:
    """Installed, free-threaded, zipped, recorded."""
    assert find(("queue.py Queue.put",), [Frame(file, 1, "Queue.put")]) == (0,)
    assert not is_users(Frame(file, 1, "Queue.put"))


def test_frozen_and_made_frames_are_no_users() -> None:
    """The import system's, and what multiprocessing makes by exec()."""
    stack = frames("<frozen importlib._bootstrap> _ModuleLock.acquire", "<string> setvalue", "/app/etl.py main")
    assert [is_users(frame) for frame in stack] == [False, False, True]
    assert find(("<frozen importlib._bootstrap> _ModuleLock.acquire",), stack) == (0,)


def test_the_programs_own_frame_is_preferred_to_its_packages() -> None:
    """Where it is, for a person: in its code, in that of a package it uses, or nowhere."""
    package = Frame(f"{LIBRARY}/site-packages/requests/api.py", 59, "get")
    own = Frame("/app/etl.py", 12, "load")
    assert place_of(own_frame([*frames("socket.py recv"), package, own])) == "etl.py:12"
    assert place_of(own_frame([package])) == "api.py:59"
    assert place_of(own_frame(frames("socket.py recv"))) == ""


def test_a_forked_child_has_none_of_its_parents_frames() -> None:
    """Beneath the root of its own, which is another one at the end of a child from 3.13 on."""
    parents = [*frames("multiprocessing/process.py BaseProcess.start"), Frame("/app/etl.py", 12, "load", "p.start()")]
    for root in ("multiprocessing/process.py BaseProcess._bootstrap", "multiprocessing/popen_fork.py Popen._launch"):
        assert own_frame([*frames("multiprocessing/util.py _exit_function", root), *parents]) is None


def test_a_step_without_a_function_is_refused() -> None:
    """It says how one is written."""
    with pytest.raises(ValueError, match="names no function"):
        step("queue.py")


# --- source ---


def test_a_line_of_source_is_read_stripped_and_cut(tmp_path: Path) -> None:
    """Once: a file that has changed since is read again only when sources are forgotten."""
    file = tmp_path / "etl.py"
    file.write_text("first\n    with lock:  \n" + "x" * 500, encoding="utf-8")
    assert source_line(str(file), 2) == "with lock:"
    assert len(source_line(str(file), 3)) == signatures.LINE_LIMIT
    file.write_text("\nchanged", encoding="utf-8")
    assert source_line(str(file), 2) == "with lock:"
    signatures.forget_sources()
    assert source_line(str(file), 2) == "changed"


def test_what_is_no_source_is_never_read(tmp_path: Path) -> None:
    """A pipe would block, a huge file would take long; a binary one, and none at all, say nothing."""
    os.mkfifo(tmp_path / "pipe.py")
    (tmp_path / "data.bin").write_bytes(b"secret")
    (tmp_path / "binary.py").write_bytes(b"\xff\xfe\n\xff")
    with open(tmp_path / "huge.py", "wb") as huge:
        huge.truncate(signatures.SOURCE_LIMIT_BYTES + 1)
    for name in ("pipe.py", "data.bin", "huge.py", "missing.py"):
        assert source_line(str(tmp_path / name), 1) == ""
    assert source_line(str(tmp_path / "binary.py"), 7) == ""
    assert source_line(str(tmp_path / "binary.py"), 0) == ""
    assert source_line("", 1) == ""
    assert source_line("nul\0.py", 1) == ""
