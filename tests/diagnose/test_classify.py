"""What threads do, by the rules: on recordings of real programs of Python 3.11 and 3.13, and on changed ones."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import convert
from msgspec.structs import replace as replaced

from scripts.record_parts.recording import load
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
)
from supervisor.diagnose.kinds import KINDS
from supervisor.diagnose.rules import rule, say
from tests.diagnose.expected import ALSO_OF, KINDS_OF, RESOURCES_OF
from tests.diagnose.recordings import FILES, STEADY, VERSIONS, kinds_of, of, part_of, recorded, reports_of

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
    assert f"{report.kernel.count:,}" in say(rule(report.rule).text, report.details)  # type: ignore[union-attr]


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


def test_kinds_that_reports_have_are_known() -> None:
    """Whoever judges them finds each by its name."""
    assert {report.kind for file in FILES for report in reports_of(load(file))} <= set(KINDS)


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


def test_a_signature_counts_for_the_versions_that_have_it() -> None:
    """Under a Thread.join there is another frame up to Python 3.12, and none since."""
    old, new = recorded("3.11", "exit_flush"), recorded("3.13", "exit_flush")
    assert [of(reports_of(one), "EXIT_FLUSH").rule for one in (old, new)] == ["exit-flush-3.12", "exit-flush"]
    renamed = replaced(old, dumps=tuple(replaced(dump, python="3.13.0") for dump in old.dumps))
    assert "EXIT_FLUSH" not in {report.kind for report in reports_of(renamed)}


@pytest.mark.parametrize(
    ("stack", "expected"),
    [
        (
            ("multiprocessing/util.py _flush_std_streams", "multiprocessing/process.py BaseProcess._bootstrap"),
            "FORK_LOCK",
        ),
        (("logging/__init__.py Handler.acquire", "/app/etl.py load"), "FORK_LOCK"),
        (("/app/etl.py load",), "FORK_LOCK"),
        (("threading.py Condition.wait", "threading.py Event.wait", "/app/etl.py load"), "THREAD_SIGNAL_WAIT"),
    ],
)
def test_a_forked_child_alone_waits_for_a_lock_for_ever(stack: tuple[str, ...], expected: str) -> None:
    """In its own code or the library's; but one that waits for an event waits for a signal to end it."""
    thread = _thread(syscall=Syscall(202, (0x1000, 0x189, 0, 0, 0, 0)))
    child = ProcessFacts(
        pid=7, start_ticks=2, parent_pid=6, name="w", state="S", threads=(thread,), command="python etl"
    )
    threads = tuple(replace(_thread(), tid=tid) for tid in (6, 8))
    parent = ProcessFacts(6, 1, 1, "w", "S", threads=threads, command="python etl")
    frames = tuple(
        Frame(file if file.startswith("/") else f"python3.11/{file}", 3, function)
        for file, function in (step.split() for step in stack)
    )
    dump = Dump(7, "3.11.7", 1.0, (StackThread(1, 7, "MainThread", is_main=True, frames=frames),))
    report = classify(Look(1.0, {7: child, 6: parent}, {}), {7: dump}, before=None, machine="x86_64")[0]
    assert report.kind == expected
    served = replace(parent, threads=threads[:1])
    report = classify(Look(1.0, {7: child, 6: served}, {}), {7: dump}, before=None, machine="x86_64")[0]
    assert report.kind != "FORK_LOCK"


@pytest.mark.parametrize("version", VERSIONS)
def test_a_thread_that_went_on_between_the_look_and_its_answer_has_moved(version: str) -> None:
    """One reader's place is given to the other: by then neither stack is that of the kernel's word."""
    recording = recorded(version, "queue_empty")
    readers = [report for report in reports_of(recording) if report.kind == "QUEUE_EMPTY"]
    stacks = {dump.pid: dump.threads[0].frames for dump in recording.dumps}
    first, second = (report.pid for report in readers)
    swapped = {first: stacks[second], second: stacks[first]}
    dumps = tuple(
        replaced(dump, threads=(replaced(dump.threads[0], frames=swapped.get(dump.pid, stacks[dump.pid])),))
        for dump in recording.dumps
    )
    reports = {report.pid: report for report in reports_of(replaced(recording, dumps=dumps))}
    for pid in (first, second):
        assert (reports[pid].kind, reports[pid].rule, reports[pid].resource.id) == ("RUNNING", "moved", "")
        assert reports[pid].unchanged_s == 0.0
