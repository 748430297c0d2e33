"""Looks at real processes from outside: who runs, sleeps, is stopped, has ended or may not be read."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import pytest

from supervisor import proctable
from supervisor.diagnose import looking, proc_files
from supervisor.diagnose.evidence import Look, ProcessFacts
from supervisor.diagnose.kernel_words import kernel_wait
from supervisor.diagnose.looking import alook, look
from tests.diagnose.programs import first_line, running
from tests.engines import wait_for


class Reader:
    """A child of ours that reads a pipe byte by byte until it is killed."""

    def __init__(self) -> None:
        self.is_alive = True
        reading, self._writing = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os.close(self._writing)
                while os.read(reading, 1):
                    pass
            finally:
                os._exit(0)
        os.close(reading)

    def move(self) -> None:
        os.write(self._writing, b"x")

    def kill(self) -> None:
        """End it and reap it, if that has not been done."""
        if self.is_alive:
            self.is_alive = False
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)

    def end(self) -> None:
        os.close(self._writing)
        self.kill()


@pytest.fixture
def readers() -> Iterator[list[Reader]]:
    """A dozen children that wait for a byte."""
    made = [Reader() for _ in range(12)]
    wait_for(lambda: all(is_reading(look({one.pid: "w"}), one.pid) for one in made), "all to read")
    yield made
    for one in made:
        one.end()


def is_reading(seen: Look, pid: int) -> bool:
    main = seen.processes[pid].thread(pid)
    return main is not None and main.syscall is not None and main.state == "S"


def roots(readers: list[Reader]) -> Mapping[int, str]:
    return {one.pid: f"w.{number}" for number, one in enumerate(readers)}


def test_threads_are_told_with_state_counters_and_call(readers: list[Reader]) -> None:
    """One look has all that the kernel tells, and whose each process is."""
    seen = look(roots(readers))
    assert seen.owners == roots(readers)
    for pid in roots(readers):
        process = seen.processes[pid]
        (main,) = process.threads
        assert (process.pid, process.parent_pid, process.trouble) == (pid, os.getpid(), "")
        assert (main.tid, main.state, main.syscall is not None) == (pid, "S", True)
        assert process.caught_signals & 1 << (signal.SIGINT - 1)
    assert seen.took_s > 0
    assert seen.left_out == ()


FORKS_TWICE = """
    import os, signal
    print("up", flush=True)
    if os.fork() == 0:
        os.fork()
    signal.pause()
"""


def test_descendants_belong_to_the_nearest_root() -> None:
    """Children and grandchildren are found, with a process table and without."""
    with running(FORKS_TWICE) as process:
        first_line(process)
        own = {process.pid: "w"}
        wait_for(lambda: len(look(own).processes) == 3, "three processes")
        try:
            seen = look(own)
            assert set(seen.owners.values()) == {"w"}
            assert seen.processes.keys() == look(own, table=proctable.look()).processes.keys()
            child = next(pid for pid, one in seen.processes.items() if one.parent_pid == process.pid)
            nearest = look({**own, child: "w.child"}).owners
            assert sorted(nearest.values()) == ["w", "w.child", "w.child"]
        finally:
            for pid in look(own).processes:
                os.kill(pid, signal.SIGKILL)


def test_who_has_not_run_is_not_read_again(readers: list[Reader]) -> None:
    """What is seen of a thread that has not had a processor is the look's before; one that moved is read anew."""
    first = look(roots(readers))
    second = look(roots(readers), before=first)
    assert all(second.processes[pid] is first.processes[pid] for pid in first.processes)
    pid = readers[3].pid
    readers[3].move()

    def has_moved() -> bool:
        return (
            look(roots(readers), before=second).processes[pid].threads[0].turns > first.processes[pid].threads[0].turns
        )

    wait_for(has_moved, "the move to be seen")
    third = look(roots(readers), before=second)
    assert [one for one in first.processes if third.processes[one] is not first.processes[one]] == [pid]


def test_a_full_look_tells_what_is_open(readers: list[Reader]) -> None:
    """Descriptors with their direction, and the command; the last reader has inherited the others' ends to write."""
    process = look({readers[-1].pid: "w"}, has_descriptors=True).processes[readers[-1].pid]
    main = process.threads[0]
    assert main.syscall is not None
    assert main.syscall.arguments[0] in {one.number for one in process.descriptors if one.mode == "r"}
    assert any(one.mode == "w" and one.link.startswith("pipe:[") for one in process.descriptors)
    assert process.command


def test_a_full_look_goes_on_from_a_full_one(readers: list[Reader]) -> None:
    """What is open is not read again of who has not run; a cheap look before is not enough."""
    own = roots(readers)
    cheap = look(own)
    full = look(own, has_descriptors=True, before=cheap)
    assert all(one.descriptors for one in full.processes.values())
    again = look(own, has_descriptors=True, before=full)
    assert all(again.processes[pid] is full.processes[pid] for pid in own)


def test_gone_zombie_and_stopped_processes_are_facts(readers: list[Reader]) -> None:
    """A table may be older than the truth: who has ended is left out, who is not reaped or stopped is told as such."""
    gone, dead, stopped = readers[0], readers[1], readers[2]
    table = proctable.look()
    gone.kill()
    os.kill(dead.pid, signal.SIGKILL)
    os.kill(stopped.pid, signal.SIGSTOP)
    os.waitid(os.P_PID, dead.pid, os.WEXITED | os.WNOWAIT)
    os.waitid(os.P_PID, stopped.pid, os.WSTOPPED)
    for is_full in (False, True):
        seen = look(roots(readers), table=table, has_descriptors=is_full)
        assert gone.pid not in seen.processes
        assert gone.pid not in seen.owners
        assert seen.processes[dead.pid].state == "Z"
        assert seen.processes[dead.pid].trouble == ""
        assert seen.processes[stopped.pid].threads[0].state == "T"


@pytest.mark.parametrize(
    ("file", "is_full"),
    [
        *((file, False) for file in ("schedule", "stat", "status", "syscall", "wchan")),
        ("descriptors", True),
        ("semaphores", True),
    ],
)
def test_ends_in_the_middle_of_a_look_are_facts(
    file: str, is_full: bool, readers: list[Reader], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that ends between two files of it is left out, whichever comes next."""
    victim, other = readers[0], readers[1]
    original: Callable[..., object] = getattr(proc_files, file)

    def ending(pid: int, *rest: int) -> object:
        if pid == victim.pid:
            victim.kill()
        return original(pid, *rest)

    monkeypatch.setattr(proc_files, file, ending)
    seen = look({victim.pid: "w", other.pid: "other"}, has_descriptors=is_full)
    assert not victim.is_alive
    assert seen.processes.keys() == {other.pid}
    assert seen.processes[other.pid].trouble == ""


def test_another_users_process_is_told_with_the_reason() -> None:
    """No permission is a fact with a reason, and what may be read is told all the same."""
    if os.geteuid() == 0:
        seen = as_nobody(os.getpid())
    else:
        seen = {"trouble": look({1: "init"}).processes[1].trouble, "state": look({1: "init"}).processes[1].state}
    assert str(seen["trouble"]).startswith("may not be looked into: permission denied (")
    assert seen["state"] in ("S", "R")


def as_nobody(pid: int) -> dict[str, object]:
    """What a child of ours that has become another user sees of `pid`."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setresgid(65534, 65534, 65534)
            os.setresuid(65534, 65534, 65534)
            facts = look({pid: "w"}, table={pid: proctable.read_entry(pid)}, has_descriptors=True).processes[pid]  # type: ignore[dict-item]
            os.write(writing, json.dumps({"trouble": facts.trouble, "state": facts.state}).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with open(reading, "rb") as file:
        text = file.read()
    os.waitpid(child, 0)
    return dict(json.loads(text))


HAS_TWO_THREADS = """
    import threading
    threading.Thread(target=threading.Event().wait, daemon=True).start()
    print("up", flush=True)
    threading.Event().wait()
"""


def test_too_much_of_one_process_is_cut_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process with a thousand threads costs no more than the limit; its main thread is always seen."""
    monkeypatch.setattr(looking, "THREADS_LIMIT", 1)
    monkeypatch.setattr(looking, "DESCRIPTORS_LIMIT", 2)
    with running(HAS_TWO_THREADS) as process:
        first_line(process)
        threads = len(os.listdir(f"/proc/{process.pid}/task"))
        seen = look({process.pid: "w"}, has_descriptors=True).processes[process.pid]
    assert threads > 1
    assert [one.tid for one in seen.threads] == [process.pid]
    assert len(seen.descriptors) == 2
    assert seen.trouble == f"only 1 of its {threads} threads were looked at; only 2 of its descriptors were looked at"
    assert kernel_wait(seen, replace(seen.threads[0], syscall=None)).kind == "running"


async def test_a_long_look_lets_the_loop_run(readers: list[Reader], monkeypatch: pytest.MonkeyPatch) -> None:
    """After each slice of work others have their turn."""
    monkeypatch.setattr(looking, "SLICE_S", 0.0)
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(others())
    seen = await alook(roots(readers))
    task.cancel()
    assert seen.processes.keys() == roots(readers).keys()
    assert turns >= len(readers)


async def test_a_look_stops_at_its_budget_and_goes_on_there(
    readers: list[Reader], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whom there was no time for is named, and comes first the next time; in the end all are seen."""
    monkeypatch.setattr(looking, "SLICE_S", 0.0)
    table = proctable.look()
    seen: dict[int, ProcessFacts] = {}
    last: Look | None = None
    for number in range(len(readers)):
        last = await alook(roots(readers), table=table, before=last, budget_s=0.0)
        assert set(last.left_out) | last.processes.keys() == roots(readers).keys()
        assert len(last.left_out) == len(readers) - 1 - number
        seen.update(last.processes)
        last = Look(last.at_s, seen, last.owners)
    assert seen.keys() == roots(readers).keys()


def test_every_thread_is_seen_and_an_ended_one_forgotten() -> None:
    """Threads come and go between looks."""
    release = threading.Event()
    threads = [threading.Thread(target=release.wait) for _ in range(5)]
    for one in threads:
        one.start()
    tids = {one.native_id for one in threads}
    first = look({os.getpid(): "me"})
    assert tids <= {one.tid for one in first.processes[os.getpid()].threads}
    release.set()
    for one in threads:
        one.join()
    gone = wait_for(
        lambda: not tids & {one.tid for one in look({os.getpid(): "me"}, before=first).processes[os.getpid()].threads},
        "the threads to be gone",
    )
    assert gone
    assert time.monotonic() > first.at_s
