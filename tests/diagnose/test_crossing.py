"""What threads tell of each other: pools, writers, and who has the interpreter lock."""

from __future__ import annotations

from dataclasses import replace

import pytest
from msgspec.structs import replace as replaced

from supervisor.diagnose.classify import classify
from supervisor.diagnose.evidence import Frame, Look, ProcessFacts, Syscall, ThreadFacts
from tests.diagnose.recordings import VERSIONS, of, recorded, reports_of


@pytest.mark.parametrize("version", VERSIONS)
def test_a_task_is_not_lost_while_a_member_has_it(version: str) -> None:
    """The same owner, the same idle member; another member works, or does not."""
    assert of(reports_of(recorded(version, "pool_busy")), "POOL_WAIT").details["members"].startswith("pid ")
    assert "POOL_WAIT" not in {report.kind for report in reports_of(recorded(version, "pool_task_lost"))}


@pytest.mark.parametrize("version", VERSIONS)
def test_a_writer_behind_a_living_one_waits_for_its_turn(version: str) -> None:
    """Its lock is no orphan while another process is seen to write to the same queue."""
    recording = recorded(version, "writer_killed")
    orphan = of(reports_of(recording), "WLOCK_ORPHAN")
    flushing = recorded(version, "exit_flush")
    full = of(reports_of(flushing), "FEEDER_FULL")
    writer = flushing.look.processes[full.pid]
    pipe = of(reports_of(recording), "QUEUE_CORRUPT").resource.id
    alive = _writing_to(writer, full.kernel.resource, pipe)
    both = replace(recording.look, processes={**recording.look.processes, alive.pid: alive})
    dump = next(dump for dump in flushing.dumps if dump.pid == full.pid)
    behind = reports_of(replaced(recording, look=both, dumps=(*recording.dumps, replaced(dump, things=()))))
    assert orphan.pid not in {report.pid for report in behind if report.kind == "WLOCK_ORPHAN"}
    assert of(behind, "WLOCK_WAIT").details["holder"] == f"pid {alive.pid}"
    assert not [report for report in behind if report.kind == "QUEUE_CORRUPT"]


def _writing_to(process: ProcessFacts, was: str, pipe: str) -> ProcessFacts:
    descriptors = (replace(one, link=pipe) if one.link == was else one for one in process.descriptors)
    return replace(process, descriptors=tuple(descriptors), semaphores=())


@pytest.mark.parametrize("version", VERSIONS)
def test_the_interpreter_lock_is_held_by_the_one_who_does_not_wait_for_it(version: str) -> None:
    """By the kernel's words alone as well: no process that is in such a call can answer."""
    recording = recorded(version, "gil_held")
    for known in (recording, replaced(recording, dumps=())):
        reports = reports_of(known)
        assert of(reports, "GIL_HELD").is_main
        assert of(reports, "GIL_WAIT").tid != of(reports, "GIL_HELD").tid


@pytest.mark.parametrize("version", VERSIONS)
def test_a_task_may_be_with_a_member_that_has_not_answered(version: str) -> None:
    """Native code may keep it from answering: nothing is lost for sure."""
    recording = recorded(version, "pool_task_lost")
    owner = of(reports_of(recording), "POOL_TASK_LOST").pid
    silent = next(process for process in recording.look.processes.values() if process.parent_pid == owner)
    thread = replace(silent.threads[0], state="R", syscall=None)
    processes = {**recording.look.processes, silent.pid: replace(silent, threads=(thread,))}
    dumps = tuple(dump for dump in recording.dumps if dump.pid != silent.pid)
    reports = reports_of(replaced(recording, look=replace(recording.look, processes=processes), dumps=dumps))
    assert of(reports, "POOL_WAIT").pid == owner


@pytest.mark.parametrize("version", VERSIONS)
def test_a_task_is_not_lost_while_a_callback_runs(version: str) -> None:
    """The thread that takes results is in user code: all members are idle, and the result is on its way."""
    recording = recorded(version, "pool_task_lost")
    owner = of(reports_of(recording), "POOL_TASK_LOST").pid
    dumps = []
    for dump in recording.dumps:
        threads = [
            replaced(thread, frames=(Frame("/app/etl.py", 5, "on_result"), *thread.frames[3:]))
            if thread.frames and "_handle_results" in thread.name
            else thread
            for thread in dump.threads
        ]
        dumps.append(replaced(dump, threads=tuple(threads)) if dump.pid == owner else dump)
    assert of(reports_of(replaced(recording, dumps=tuple(dumps))), "POOL_WAIT").pid == owner


@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_still_being_drained_has_just_changed(version: str) -> None:
    """The main thread has been at its end for long; what it put is being read all the time."""
    recording = recorded(version, "exit_flush")
    flusher, sender = (of(reports_of(recording), kind) for kind in ("EXIT_FLUSH", "FEEDER_FULL"))
    since = {(flusher.pid, flusher.tid): recording.look.at_s - 60, (sender.pid, sender.tid): recording.look.at_s - 0.5}
    drained = of(reports_of(recording, still_since_s=since), "EXIT_FLUSH")
    assert drained.unchanged_s == pytest.approx(0.5)
    assert drained.resource.id == sender.resource.id


def test_a_thread_that_polls_has_nobody_hold_the_interpreter_lock() -> None:
    """It wakes often for its own timeout while the main thread sleeps as Python does, or waits for data."""
    waits = Syscall(202, (0x7F00_0000_0BA0, 0x89, 0, 0x7F00_0000_1000, 0, 0xFFFFFFFF))
    for call in (Syscall(230, (1, 1, 0x7F00, 0, 0, 0)), Syscall(45, (5, 0x7F00, 100, 0, 0, 0))):
        looks = []
        for at_s, wakes in ((99.0, 0), (100.0, 95)):
            main = ThreadFacts(7, "worker", "S", 10, 5, 0, call)
            poller = ThreadFacts(8, "worker", "S", 10, 100 + wakes, 0, waits)
            process = ProcessFacts(pid=7, start_ticks=1, parent_pid=1, name="worker", state="S", threads=(main, poller))
            looks.append(Look(at_s, {7: process}, {7: "parse.1"}))
        kinds = [report.kind for report in classify(looks[1], {}, before=looks[0], machine="x86_64")]
        assert "GIL_HELD" not in kinds


@pytest.mark.parametrize("version", VERSIONS)
def test_a_helper_process_is_no_member_that_has_gone(version: str) -> None:
    """The look before knows no commands: the fork server and the tracker are told by what they are now."""
    recording = recorded(version, "pool_task_lost")
    owner = of(reports_of(recording), "POOL_TASK_LOST").pid
    members = [process for process in recording.look.processes.values() if process.parent_pid == owner]
    server = replace(members[0], pid=99, threads=(), command="python -c from multiprocessing.forkserver import main")
    served = [replace(process, parent_pid=99) for process in members]
    owners = recording.look.processes[owner]
    now = {process.pid: process for process in (owners, server, *served)}
    before = {pid: replace(process, command="") for pid, process in now.items()}
    looks = {"look": replace(recording.look, processes=now), "before": replace(recording.before, processes=before)}
    assert "POOL_RESPAWNS" not in {report.kind for report in reports_of(replaced(recording, **looks))}
