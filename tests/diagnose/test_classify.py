"""What threads do, by the rules: on recordings of real programs of Python 3.11 and 3.13, and on changed ones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import convert
from msgspec.structs import replace as replaced

from scripts.record_parts.recording import RECORDED, Recording, load
from supervisor.diagnose.classify import classify
from supervisor.diagnose.evidence import (
    Dump,
    Frame,
    Look,
    ProcessFacts,
    SemaphoreMapping,
    StackThread,
    Syscall,
    Thing,
    ThreadFacts,
    ThreadReport,
)
from supervisor.diagnose.kinds import KINDS
from supervisor.diagnose.rules import rule, say
from tests.diagnose.expected import ALSO_OF, KINDS_OF, RESOURCES_OF

FILES = sorted(RECORDED.glob("3.*/*.json"))
STEADY = [file for file in FILES if not file.stem.startswith("pool_respawns")]
"""All but one, whose processes come and go."""
VERSIONS = ("3.11", "3.13")


def recorded(version: str, program: str, method: str = "fork") -> Recording:
    return load(RECORDED / version / f"{program}-{method}.json")


def reports_of(recording: Recording, **changed: Mapping[tuple[int, int], float]) -> tuple[ThreadReport, ...]:
    dumps = {dump.pid: dump for dump in recording.dumps}
    return classify(recording.look, dumps, before=recording.before, machine=recording.machine, **changed)


def part_of(report: ThreadReport, look: Look) -> str:
    part = look.processes[report.pid].name
    return part if report.is_main else f"{part}/{report.thread_name}"


def kinds_of(recording: Recording) -> dict[str, str]:
    """By part, the kinds of its threads."""
    found: dict[str, set[str]] = defaultdict(set)
    for report in reports_of(recording):
        if report.is_main or report.kind != "STOPPED":
            found[part_of(report, recording.look)].add(report.kind)
    return {part: " ".join(sorted(kinds)) for part, kinds in found.items()}


def of(reports: Sequence[ThreadReport], kind: str) -> ThreadReport:
    return next(report for report in reports if report.kind == kind)


# --- recordings ---


@pytest.mark.parametrize("file", STEADY, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_a_recorded_program_gets_its_diagnosis(file: Path) -> None:
    """Each thread of each process: those that hang by their kind, those that rest by theirs."""
    recording = load(file)
    expected = {**KINDS_OF[recording.program], **ALSO_OF.get(recording.method, {})}
    assert kinds_of(recording) == expected


def test_each_program_is_recorded_for_both_versions() -> None:
    """None is forgotten when the recordings are made again."""
    names = {version: {file.stem for file in FILES if file.parent.name == version} for version in VERSIONS}
    assert names["3.11"] == names["3.13"]
    assert {name.partition("-")[0] for name in names["3.11"]} == {*KINDS_OF, "pool_respawns"}


def test_recordings_have_nothing_of_the_machine() -> None:
    """Paths begin at the library's or the repository's own folder."""
    for file in FILES:
        words = file.read_text(encoding="utf-8")
        assert not [path for path in ('"/home', '"/work', '"/usr', '"/opt', '"/root', '"/tmp') if path in words], file


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("program", "part", "start", "label"), RESOURCES_OF)
def test_what_is_waited_for_has_a_name(version: str, program: str, part: str, start: str, label: str) -> None:
    """One id for all processes that share it, and what people call it."""
    recording = recorded(version, program)
    found = [
        report.resource
        for report in reports_of(recording)
        if part_of(report, recording.look) == part and report.resource.id.startswith(start)
    ]
    assert [resource.label for resource in found if resource.label.startswith(label)]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_lock_has_one_id_in_all_processes(version: str) -> None:
    """ABBA: what one waits for is what the other has, so there are two ids, and each names its lock."""
    for method in ("fork", "spawn"):
        waiting = [report for report in reports_of(recorded(version, "abba", method)) if report.kind == "LOCK_WAIT"]
        assert len({report.resource.id for report in waiting}) == 2
        assert all(report.resource.id.startswith("sem:") for report in waiting)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_pool_whose_members_never_last_is_told(version: str) -> None:
    """Its initializer fails; the owner waits for ever."""
    told = of(reports_of(recorded(version, "pool_respawns")), "POOL_RESPAWNS")
    assert told.is_main
    assert "initializer" in say(rule(told.rule).text, told.details)  # type: ignore[union-attr]


@pytest.mark.parametrize("version", VERSIONS)
def test_the_line_of_a_hot_loop_is_told(version: str) -> None:
    """Where it is, and what is written there."""
    report = of(reports_of(recorded(version, "loops")), "CPU_BOUND")
    assert report.details["place"].startswith("alone.py:")
    assert report.details["function"] == "_count"
    assert report.details["source"]


@pytest.mark.parametrize("version", VERSIONS)
def test_the_missing_bytes_of_a_broken_message_are_told(version: str) -> None:
    """The reader is in the kernel, asking for the rest."""
    report = of(reports_of(recorded(version, "writer_killed")), "QUEUE_CORRUPT")
    assert report.kernel.count is not None
    assert f"{report.kernel.count:,}".replace(",", " ") in say(rule(report.rule).text, report.details)  # type: ignore[union-attr]


def test_every_report_can_be_said() -> None:
    """No text asks for a word that no report has."""
    for file in FILES:
        for report in reports_of(load(file)):
            found = rule(report.rule)
            assert found is not None
            assert "?" not in say(found.text, report.details), (file.stem, found.id)


def test_what_rests_is_no_concern() -> None:
    """Idle pools, executors, servers, sleepers and the library's helpers."""
    for program in ("pool_idle", "executor_idle"):
        for version in VERSIONS:
            assert all(report.is_idle for report in reports_of(recorded(version, program)))


# --- less is known ---


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_without_dumps_the_kernel_is_believed_and_nothing_is_made_up(file: Path) -> None:
    """A report for each thread; what only a stack can tell is not told."""
    recording = replaced(load(file), dumps=())
    reports = reports_of(recording)
    assert len(reports) == sum(len(process.threads) for process in recording.look.processes.values())
    told_by_stacks = {"EXIT_FLUSH", "POOL_WAIT", "POOL_TASK_LOST", "QUEUE_FULL", "QUEUE_EMPTY", "IMPORT_LOCK", "JOIN"}
    assert told_by_stacks.isdisjoint(report.kind for report in reports)


@pytest.mark.parametrize("version", VERSIONS)
def test_where_the_kernel_may_not_be_asked_the_stack_alone_tells_with_less_confidence(version: str) -> None:
    """Without the right to read system calls a full queue is still one, but not certainly."""
    recording = recorded(version, "queue_full")
    certain = of(reports_of(recording), "QUEUE_FULL")
    blind = {
        pid: replace(
            process,
            trouble="may not be looked into",
            threads=tuple(replace(thread, syscall=None, wchan="") for thread in process.threads),
        )
        for pid, process in recording.look.processes.items()
    }
    unsure = of(reports_of(replaced(recording, look=replace(recording.look, processes=blind))), "QUEUE_FULL")
    assert (certain.confidence, unsure.confidence) == ("certain", "likely")


@pytest.mark.parametrize("version", VERSIONS)
def test_functions_without_their_class_are_known(version: str) -> None:
    """py-spy and faulthandler tell no classes, and faulthandler no kernel threads."""
    for program, kind in (("queue_full", "QUEUE_FULL"), ("exit_flush", "EXIT_FLUSH"), ("pool_busy", "POOL_WAIT")):
        recording = recorded(version, program)
        bare = replaced(recording, dumps=tuple(_bare(dump) for dump in recording.dumps))
        assert of(reports_of(bare), kind).kind == kind


def _bare(dump: Dump) -> Dump:
    def without_class(frame: Frame) -> Frame:
        return replaced(frame, function=frame.function.rpartition(".")[2], subject="", source="")

    threads = tuple(
        replaced(
            thread, native_id=0 if thread.is_main else thread.native_id, frames=tuple(map(without_class, thread.frames))
        )
        for thread in dump.threads
    )
    return replaced(dump, threads=threads, things=(), source="faulthandler")


def test_unknown_stays_unknown() -> None:
    """A system call that no rule is about: the kernel's word, no guess."""
    report = classify(_look(_thread(syscall=Syscall(9999, (0,) * 6))), {}, before=None, machine="x86_64")[0]
    assert (report.kind, report.rule, report.is_idle, report.confidence) == ("UNKNOWN", "", False, "possible")
    assert "9999" in report.details["kernel"]


# --- time ---


def test_how_long_nothing_has_changed_comes_from_the_watch() -> None:
    """Since the time that it gives; a thread that it does not name has just moved."""
    look = _look(_thread())
    still, moved = (classify(look, {}, before=None, still_since_s=since)[0] for since in ({(7, 7): 60.0}, {}))
    assert (still.unchanged_s, moved.unchanged_s) == (40.0, 0.0)


def test_without_a_watch_two_looks_tell_what_has_not_changed() -> None:
    """Neither counters nor the process may be others."""
    before, now = _look(_thread(), at_s=97.0), _look(_thread())
    moved = _look(_thread(voluntary=6))
    another = _look(_thread(), start_ticks=2)
    assert [classify(look, {}, before=before)[0].unchanged_s for look in (now, moved, another)] == [3.0, 0.0, 0.0]


def test_a_thread_that_rested_in_between_is_not_hot() -> None:
    """It runs now, but gave up the processor of its own will."""
    hot = _thread(state="R", cpu_ticks=50, syscall=None)
    before = _look(_thread(state="R", cpu_ticks=10, syscall=None), at_s=97.0)
    kinds = [
        classify(_look(thread), {}, before=before)[0].kind
        for thread in (hot, replace(hot, voluntary=hot.voluntary + 1))
    ]
    assert kinds == ["CPU_BOUND", "RUNNING"]


def _thread(
    *, state: str = "S", cpu_ticks: int = 10, voluntary: int = 5, syscall: Syscall | None = None
) -> ThreadFacts:
    return ThreadFacts(7, "worker", state, cpu_ticks, voluntary, 0, syscall)


def _look(thread: ThreadFacts, *, at_s: float = 100.0, start_ticks: int = 1) -> Look:
    process = ProcessFacts(pid=7, start_ticks=start_ticks, parent_pid=1, name="worker", state="S", threads=(thread,))
    return Look(at_s, {7: process}, {7: "parse.1"})


# --- what threads tell of each other ---


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


def test_kinds_that_reports_have_are_known() -> None:
    """Whoever judges them finds each by its name."""
    assert {report.kind for file in FILES for report in reports_of(load(file))} <= set(KINDS)


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


@pytest.mark.parametrize(
    ("kinds", "counts", "expected"),
    [
        (("mp.Semaphore",), (0,), "SIGNAL_WAIT"),
        (("mp.Semaphore", "mp.Semaphore"), (0, 1), "SEM_WAIT"),
        (("mp.BoundedSemaphore",), (0,), "SEM_WAIT"),
        (("mp.Lock",), (0,), "SEM_WAIT"),
    ],
)
def test_a_semaphore_of_which_nobody_has_a_unit_is_a_signal(
    kinds: tuple[str, ...], counts: tuple[int, ...], expected: str
) -> None:
    """Another process releases it for this one to go on; a lock, or one with units out, is waited for as such."""
    mapping = SemaphoreMapping(99, 0x1000, 0x2000)
    thread = _thread(syscall=Syscall(202, (0x1000, 0x109, 0, 0, 0, 0)))
    processes = {}
    dumps = {}
    for pid, (kind, count) in enumerate(zip(kinds, counts, strict=True), start=7):
        facts: dict[str, object] = {"handle": 0x1000, "value": 0, "count": count}
        stack = StackThread(1, pid, "MainThread", is_main=True, frames=(Frame("/app/etl.py", 3, "load"),))
        processes[pid] = ProcessFacts(
            pid=pid,
            start_ticks=1,
            parent_pid=1,
            name="w",
            state="S",
            threads=(replace(thread, tid=pid),),
            semaphores=(mapping,),
        )
        thing = convert({"key": "one", "kind": kind, "place": "etl.py:1", "facts": facts}, Thing)
        dumps[pid] = Dump(pid, "3.11.7", 1.0, (stack,), (thing,))
    reports = classify(Look(1.0, processes, {}), dumps, before=None, machine="x86_64")
    assert {report.kind for report in reports} == {expected}
    assert {report.resource.id for report in reports} == {"sem:99"}


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
