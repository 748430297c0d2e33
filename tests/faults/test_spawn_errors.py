"""Faults 36, 37 and 38: no descriptors, programs and targets that cannot be started. Each is told, and none hangs."""

from __future__ import annotations

import errno
import os
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.engines import RunningEngine, engine_on, wait_for, write_profile
from tests.processes.launches import command_order, live, target_order

METHODS = ["fork", "spawn", "forkserver"]


@contextmanager
def few_descriptors(pid: int, spare: int) -> Iterator[None]:
    """The process `pid` can open `spare` more descriptors and no others."""
    limits = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    used = {int(name) for name in os.listdir(f"/proc/{pid}/fd")}
    free = (number for number in range(limits[0]) if number not in used)
    last = max(next(free) for _ in range(spare)) if spare else -1
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (max(max(used), last) + 1, limits[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)


def descriptors_of(engine: RunningEngine) -> int:
    return len(os.listdir(f"/proc/{engine.note.engine_pid}/fd"))


def test_engine_without_descriptors_starts_later_and_logs_flow_on(place: Path) -> None:
    """Fault 36: a start that finds no descriptors is told, tried again, and goes well once there are some."""
    profile = write_profile(
        place / "p",
        """
        name = "exhausted"
        [workers.talker]
        command = "while :; do echo talking; sleep 0.05; done"
        [workers.late]
        target = "code:run"
        autostart = false
        restart = { max = 1000, within = "1s", backoff = "0.1s..0.1s" }
        """,
        code="def run(ctx):\n    ctx.stopping.wait()\n",
    )
    with engine_on(profile) as engine:
        talker = engine.wait_state("talker", "running")
        engine.wait_message("talker", "talking")
        with few_descriptors(engine.note.engine_pid, spare=5):
            engine.client.act("start", ("late",))
            row = engine.wait_row("late", lambda row: bool(row.exit_cause), "to be refused")
            assert "too many open files" in row.exit_cause.lower()
            heard = len(engine.messages("talker"))
            wait_for(lambda: len(engine.messages("talker")) > heard + 3, "the talker's records")
        engine.wait_state("late", "running")
        assert engine.row("talker").pid == talker.pid
        engine.act("stop", "late")
        before = descriptors_of(engine)
        engine.act("start", "late")
        engine.act("stop", "late")
        wait_for(lambda: descriptors_of(engine) <= before, "the descriptors of a whole life to be closed")


def test_programs_that_cannot_be_executed_fail_at_once_with_their_reason(place: Path) -> None:
    """Fault 37: errno, path and what to do, without a second try; the others run, and nothing is left behind."""
    folder = place / "p"
    folder.mkdir()
    for name, text, mode in (
        ("lost", "#!/no/such/sh\n", 0o755),
        ("text", "hello", 0o755),
        ("plain", "#!/bin/sh\n", 0o644),
    ):
        (folder / name).write_text(text)
        (folder / name).chmod(mode)
    beyond = 2**40
    profile = write_profile(
        folder,
        f"""
        name = "unstartable"
        [defaults]
        restart = "always"
        [workers.missing]
        command = ["no-such-program"]
        [workers.lost]
        command = ["./lost"]
        [workers.text]
        command = ["./text"]
        [workers.plain]
        command = ["./plain"]
        [workers.long]
        command = ["true", "{"x" * 200_000}"]
        [workers.nowhere]
        command = ["true"]
        cwd = "gone"
        [workers.nowhere_python]
        target = "code:run"
        cwd = "gone"
        start_method = "spawn"
        [workers.limit]
        command = ["true"]
        limits = {{ nofile = {beyond} }}
        [workers.limit_python]
        target = "code:run"
        limits = {{ nofile = {beyond} }}
        [workers.interpreter]
        target = "code:run"
        python = "./plain"
        [workers.fine]
        target = "code:run"
        """,
        code="def run(ctx):\n    ctx.stopping.wait()\n",
    )
    expected = {
        "missing": "no such command: no-such-program",
        "lost": "its first line names /no/such/sh, which does not exist",
        "text": "no interpreter line (#!) and no binary",
        "plain": "it is not executable; chmod +x ",
        "long": "its arguments (200,006 bytes)",
        "nowhere": f"cannot start in {folder}/gone: no such directory",
        "nowhere_python": f"cannot start in {folder}/gone: no such directory",
        "limit": f"cannot set limits.nofile = {beyond}: ",
        "limit_python": f"cannot set limits.nofile = {beyond}: ",
        "interpreter": "it is not executable",
    }
    with engine_on(profile) as engine:
        for name, words in expected.items():
            row = engine.wait_state(name, "failed")
            assert words in row.exit_cause
            assert "uncaught" not in row.exit_cause
            assert (row.incarnation, row.restarts) == (1, 0)
        engine.wait_state("fine", "running")
        # The engine, the forkserver and the process that awaits its next order, and the worker that runs.
        wait_for(lambda: len(engine.descendants()) <= 4, "nothing of the others to be left")


async def test_fork_without_processes_or_memory_is_worth_another_try(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fault 37, simulated at the seam since the kernel's limits do not bind root: EAGAIN and ENOMEM of fork(2)."""
    for number, words in ((errno.EAGAIN, "no more processes are allowed"), (errno.ENOMEM, "not enough memory")):

        def fork(number: int = number) -> int:
            raise OSError(number, os.strerror(number))

        with monkeypatch.context() as patch:
            patch.setattr(os, "fork", fork)
            for order in (
                command_order(tmp_path, "true", limits={"nice": 1}),
                target_order(tmp_path, "fork", "def run(): pass"),
            ):
                refusal = (await live(order)).why_not
                assert words in refusal.text
                assert not refusal.is_permanent


async def test_forkserver_that_cannot_fork_refuses_the_order(tmp_path: Path) -> None:
    """Fault 37, simulated at the seam: it answers whichever of its two forks fails."""
    order = target_order(tmp_path, "forkserver", "def run(): print('ran')")
    for failing in (1, 2):
        hook = f"hook_{failing}"
        (tmp_path / f"{hook}.py").write_text(
            "import os\nreal, calls = os.fork, []\n"
            "def fork():\n"
            "    calls.append(1)\n"
            f"    if len(calls) == {failing}:\n        raise BlockingIOError(11, 'simulated')\n"
            "    return real()\n"
            "os.fork = fork\n"
        )
        refusal = (await live(replace(order, preload=(hook,)))).why_not
        assert "no more processes are allowed" in refusal.text
        assert not refusal.is_permanent


@pytest.mark.skipif(os.geteuid() == 0, reason="RLIMIT_NPROC does not bind root")
def test_user_without_processes_backs_off_and_comes_up_later(place: Path) -> None:
    """Fault 37: fork says EAGAIN; the worker waits in backoff and runs once there is room."""
    profile = write_profile(
        place / "p",
        """
        name = "crowded"
        [workers.late]
        command = "sleep 1000"
        autostart = false
        restart = { max = 1000, within = "1s", backoff = "0.1s..0.1s" }
        """,
    )
    with engine_on(profile) as engine:
        limits = resource.prlimit(engine.note.engine_pid, resource.RLIMIT_NPROC)
        resource.prlimit(engine.note.engine_pid, resource.RLIMIT_NPROC, (1, limits[1]))
        engine.client.act("start", ("late",))
        row = engine.wait_row("late", lambda row: bool(row.exit_cause), "to be refused")
        assert "no more processes are allowed" in row.exit_cause
        resource.prlimit(engine.note.engine_pid, resource.RLIMIT_NPROC, limits)
        engine.wait_state("late", "running")


@pytest.mark.parametrize("method", METHODS)
def test_target_that_cannot_be_loaded_is_a_start_failure_with_its_traceback(place: Path, method: str) -> None:
    """Fault 38: an import error, a module that was edited, an unpicklable target: told with traceback and advice."""
    profile = write_profile(
        place / "p",
        f"""
        name = "unloadable"
        [defaults]
        start_method = "{method}"
        restart = "always"
        [workers.broken]
        target = "broken:run"
        [workers.sends]
        target = "code:sends"
        restart = "never"
        [workers.edited]
        target = "edited:run"
        """,
        broken="import no_such_module_anywhere\n",
        code="""
        import multiprocessing
        def sends():
            multiprocessing.get_context("spawn").Process(target=lambda: None).start()
        """,
        edited="def run(ctx):\n    print('first')\n    ctx.stopping.wait()\n",
    )
    with engine_on(profile) as engine:
        broken = engine.wait_state("broken", "failed")
        assert "No module named 'no_such_module_anywhere'" in broken.exit_cause
        assert broken.incarnation == 1
        assert "ModuleNotFoundError" in engine.client.detail("broken").last_traceback
        assert exception_advice(engine, "broken").startswith("Install no_such_module_anywhere for ")

        assert "local object" in engine.wait_state("sends", "failed").exit_cause
        assert "Define it at the top of its module" in exception_advice(engine, "sends")

        engine.wait_message("edited", "first")
        module = place / "p" / "edited.py"
        module.write_text("def run(ctx:\n")
        engine.client.act("restart", ("edited",))
        row = engine.wait_state("edited", "failed")
        assert "SyntaxError" in row.exit_cause
        assert row.exit_cause.endswith("at edited.py:1")
        module.write_text("def run(ctx):\n    print('mended and longer')\n    ctx.stopping.wait()\n")
        engine.client.act("start", ("edited",))
        engine.wait_message("edited", "mended and longer")


def exception_advice(engine: RunningEngine, worker: str) -> str:
    return next(r.exception.advice for r in engine.records() if r.worker == worker and r.exception is not None)


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_interpreter_that_dies_before_it_speaks_fails_in_words(place: Path, method: str) -> None:
    """Fault 38: no hang and no success: what it said last is the reason, also with exit code 0."""
    folder = place / "p"
    folder.mkdir()
    for name, text in (("silent", "exit 0"), ("dying", "echo cannot load libpython >&2; exit 127")):
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)
    profile = write_profile(
        folder,
        f"""
        name = "speechless"
        [defaults]
        start_method = "{method}"
        restart = "never"
        [workers.silent]
        target = "code:run"
        python = "./silent"
        [workers.dying]
        target = "code:run"
        python = "./dying"
        """,
        code="def run():\n    pass\n",
    )
    with engine_on(profile) as engine:
        assert "exit code 0 before " in engine.wait_state("silent", "failed").exit_cause
        cause = engine.wait_state("dying", "failed").exit_cause
        assert "exit code 127 before " in cause
        assert cause.endswith("cannot load libpython")
        assert sys.executable not in cause
