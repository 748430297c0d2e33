"""What people wish of a run while it goes on, and how it ends when it is told to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from supervisor.channels import Queue
from tests.engines import is_alive, kill, wait_for
from tests.poolrun.leaders import Leader, leading, lines_of

JOBS = "tests.poolrun.jobs"


def waiting(place: Path, count: int, *quick: int) -> dict[str, Any]:
    """Items that wait for their marks to go, and quick ones (below 0)."""
    values = [[str(place), number] for number in (*range(count), *quick)]
    return {"function": f"{JOBS}:wait_for_mark", "items": {"kind": "list", "values": values}}


def marks(place: Path) -> dict[int, int]:
    """Items that run, and in which process."""
    found = [mark.name.split("-") for mark in place.iterdir() if "-" in mark.name]
    return {int(number): int(pid) for number, pid in found}


def release(place: Path, number: int) -> None:
    for mark in place.glob(f"{number}-*"):
        mark.unlink()


def wait_running(place: Path, *numbers: int) -> dict[int, int]:
    wait_for(lambda: set(marks(place)) == set(numbers), f"items {numbers} to run")
    return marks(place)


def release_all_until(place: Path, is_over: Callable[[], bool]) -> None:
    def look() -> bool:
        for number in marks(place):
            release(place, number)
        return is_over()

    wait_for(look, "the rest to be done")


def has_ended(leader: Leader) -> bool:
    leader.listen()
    return leader.process.poll() is not None


@pytest.fixture
def yard(place: Path) -> Path:
    """Where marks lie."""
    folder = place / "marks"
    folder.mkdir()
    return folder


def test_a_report_tells_who_does_what(yard: Path) -> None:
    """Members and items that run, counts and the slowest."""
    with leading(**waiting(yard, 3), chunksize=1) as leader:
        pids = wait_running(yard, 0, 1)
        report = leader.wait_report(
            lambda report: {member.index for member in report.members} == {0, 1}, "both members to be told busy"
        )
        assert {member.pid for member in report.members} == set(pids.values())
        assert {member.state for member in report.members} == {"busy"}
        assert (report.in_flight, report.waiting, report.done, report.total) == (2, 1, 0, 3)
        assert {task.index for task in report.slowest if task.is_running} == {0, 1}
        release(yard, 1)
        wait_running(yard, 0, 2)
        leader.wait_report(lambda report: report.done == 1 and report.in_flight == 2, "one to be done")
        release_all_until(yard, lambda: has_ended(leader))
        assert leader.report().done == 3


def test_a_stop_lets_members_finish_what_they_have(place: Path, yard: Path) -> None:
    """Its results are written, nothing more is given out, and the exit code is 0."""
    results = place / "r.ndjson"
    file = {"kind": "file", "path": str(results)}
    with leading(**waiting(yard, 4), chunksize=1, results=file) as leader:
        wait_running(yard, 0, 1)
        leader.stop()
        leader.wait_report(lambda report: report.error == "asked to stop", "the stop to be heard")
        release(yard, 0)
        release(yard, 1)
        assert leader.wait() == 0
        report = leader.report()
    assert marks(yard) == {}
    assert sorted(line["index"] for line in lines_of(results)) == [0, 1]
    assert (report.state, report.error) == ("finished", "stopped, 2 of 4 done")


def test_sigterm_ends_it_at_once(yard: Path) -> None:
    """With no member left."""
    with leading(**waiting(yard, 2)) as leader:
        pids = wait_running(yard, 0, 1)
        leader.terminate()
        assert leader.wait() == 0
        assert leader.report().error == "terminated, 0 of 2 done"
        wait_for(lambda: not any(map(is_alive, pids.values())), "the members to be gone")


def test_sigterm_ends_a_run_whose_items_never_come(place: Path) -> None:
    """The generator of the user is waited for by nobody."""
    items = {"kind": "target", "target": f"{JOBS}:two_then_wait", "args": {"path": str(place)}}
    with leading(function=f"{JOBS}:square", items=items) as leader:
        leader.wait_report(lambda report: report.done == 2, "the two to be done")
        leader.stop()
        assert leader.wait() == 0
        assert leader.report().error == "stopped, 2 of ? done"


def test_an_engine_that_is_gone_is_a_stop(yard: Path) -> None:
    """Nobody is left to see the rest."""
    with leading(**waiting(yard, 3), chunksize=1) as leader:
        wait_running(yard, 0, 1)
        leader.hang_up()
        release_all_until(yard, lambda: has_ended(leader))
        assert leader.wait() == 0


def test_a_killed_member_fails_its_item_alone(yard: Path) -> None:
    """With the signal's name; it is replaced."""
    with leading(**waiting(yard, 3), chunksize=1) as leader:
        pids = wait_running(yard, 0, 1)
        kill(pids[0])
        wait_for(lambda: 0 in leader.failures(), "the failure")
        for mark in yard.glob("0-*"):
            mark.unlink()
        release_all_until(yard, lambda: has_ended(leader))
        report, failure = leader.report(), leader.failures()[0]
    assert (report.done, report.failed, report.replaced) == (2, 1, 1)
    assert failure.kind == "died"
    assert "SIGKILL" in failure.error
    assert failure.pid == pids[0]


def test_a_member_is_killed_on_a_wish(yard: Path) -> None:
    """And its item is tried again, where the profile says so."""
    with leading(**waiting(yard, 1), retries=1) as leader:
        pid = wait_running(yard, 0)[0]
        leader.wish("kill-member", pid=pid)
        wait_for(lambda: not is_alive(pid), "the member to be killed")
        (yard / f"0-{pid}").unlink()
        wait_running(yard, 0)
        release_all_until(yard, lambda: has_ended(leader))
        assert (leader.report().done, leader.report().retried) == (1, 1)
    assert f"WARNING process {pid} of work is killed, as was wished" in leader.records()


def test_one_item_is_cancelled(yard: Path) -> None:
    """One that runs, and one that waits; the others are done."""
    with leading(**waiting(yard, 4), chunksize=1) as leader:
        wait_running(yard, 0, 1)
        leader.wish("cancel", index=0)
        leader.wish("cancel", index=3)
        wait_for(lambda: set(leader.failures()) == {0, 3}, "both to be cancelled")
        for mark in yard.glob("0-*"):
            mark.unlink()
        release_all_until(yard, lambda: has_ended(leader))
        assert {failure.kind for failure in leader.failures().values()} == {"cancelled"}
        assert (leader.report().done, leader.report().failed) == (2, 2)


def test_failed_items_are_tried_again_on_a_wish(place: Path, yard: Path) -> None:
    """While the run lasts."""
    items = [[str(place / "tries"), 2], [str(place / "others"), 2]]
    listed = {"kind": "list", "values": [*items, [str(yard), -1]]}
    order: dict[str, Any] = {"function": f"{JOBS}:succeed_or_wait", "items": listed}
    with leading(**order, chunksize=1) as leader:
        wait_running(yard, 1)
        leader.wait_report(lambda report: report.failed == 2, "two to fail")
        leader.wish("retry-failed", index=1)
        leader.wait_report(lambda report: report.failed == 1, "one of them to be done")
        leader.wish("retry-failed")
        leader.wait_report(lambda report: report.failed == 0, "the other one to be done")
        release_all_until(yard, lambda: has_ended(leader))
        assert (leader.report().done, leader.report().failed) == (3, 0)


def test_a_pool_is_paused_resized_and_goes_on(yard: Path) -> None:
    """And says so."""
    with leading(**waiting(yard, 4), chunksize=1) as leader:
        wait_running(yard, 0, 1)
        leader.wish("pause")
        leader.wait_report(lambda report: report.state == "paused", "the pause")
        leader.wish("resize", processes=3)
        release(yard, 0)
        leader.wait_report(lambda report: report.done == 1 and len(report.members) == 3, "one done, a third member")
        assert set(marks(yard)) == {1}
        leader.wish("resume")
        wait_running(yard, 1, 2, 3)
        leader.wait_report(lambda report: report.state != "paused" and report.processes == 3, "it to go on")
        release_all_until(yard, lambda: has_ended(leader))
    assert "INFO work has 3 processes from now on" in leader.records()


def test_a_wish_that_makes_no_sense_is_told() -> None:
    """And ends nothing."""
    items = {"kind": "target", "target": f"{JOBS}:two_then_wait", "args": {"path": ""}}
    with leading(function=f"{JOBS}:square", items=items) as leader:
        leader.wait_report(lambda report: report.done == 2, "the two to be done")
        leader.wish("cancel", index=99)
        leader.wish("resize", processes=0)
        leader.wish("dance")
        wait_for(lambda: len(leader.records()) == 3, "three answers")
        leader.stop()
        assert leader.wait() == 0
    assert leader.records() == [
        "WARNING item 99 of work cannot be cancelled: it is neither running nor waiting",
        "WARNING work was not resized: Number of processes must be at least 1",
        "WARNING work does not understand the wish 'dance'",
    ]


def test_a_full_queue_slows_the_pool_and_a_stop_is_heard() -> None:
    """Though nobody reads: nothing is taken on and on, and SIGTERM after the stop ends it."""
    results = Queue(maxsize=3)
    try:
        order: dict[str, Any] = {
            "function": f"{JOBS}:square",
            "items": {"kind": "target", "target": f"{JOBS}:endless", "args": {}},
            "method": "imap",
            "chunksize": 1,
            "results": {"kind": "queue"},
            "channels": [channel("results", results, "write")],
        }
        with leading(tuple(results.fds("write")), **order) as leader:
            report = leader.wait_report(lambda report: report.done >= 3 and report.submitted >= 64, "the queue to fill")
            assert report.submitted < 1200  # what is in the pool, and results that wait for one before them
            leader.stop()
            leader.terminate()
            assert leader.wait() == 0
        assert sorted(results.get(timeout=10) for _ in range(3)) == [0, 1, 4]
    finally:
        results.close()


def test_items_of_a_queue_are_done_and_the_end_is_its_writers(place: Path) -> None:
    """Results go into another one as they are."""
    inbox, results = Queue(), Queue()
    for number in range(30):
        inbox.put(number)
    inbox.end()
    order: dict[str, Any] = {
        "function": f"{JOBS}:square",
        "items": {"kind": "queue"},
        "results": {"kind": "queue"},
        "channels": [channel("items", inbox, "read"), channel("results", results, "write")],
    }
    try:
        with leading((*inbox.fds("read"), *results.fds("write")), **order) as leader:
            assert leader.wait() == 0
            assert (leader.report().done, leader.report().total) == (30, 30)
        assert sorted(results.get(timeout=10) for _ in range(30)) == [number**2 for number in range(30)]
    finally:
        inbox.close()
        results.close()


def test_items_of_a_killed_run_go_back_to_their_queue(yard: Path) -> None:
    """Those whose results are not written; no other."""
    inbox = Queue()
    for number in (-1, 0, 1):
        inbox.put((str(yard), number))
    inbox.end()
    order: dict[str, Any] = {
        "function": f"{JOBS}:wait_for_mark",
        "items": {"kind": "queue"},
        "channels": [channel("items", inbox, "read")],
    }
    try:
        with leading(tuple(inbox.fds("read")), **order) as leader:
            wait_running(yard, 0, 1)
            leader.wait_report(lambda report: report.done == 1, "the quick one to be done")
            leader.kill()
        for number in (0, 1):
            release(yard, number)
        assert sorted(inbox.get(timeout=30)[1] for _ in range(2)) == [0, 1]
    finally:
        inbox.close()


def channel(parameter: str, queue: Queue, mode: Any) -> dict[str, Any]:
    return {"parameter": parameter, "description": queue.describe(mode), "fds": queue.fds(mode), "mode": mode}


def test_a_stop_gives_items_back_to_their_queue(yard: Path) -> None:
    """Those that no member has; those in hand are done first."""
    inbox = Queue()
    for number in range(5):
        inbox.put((str(yard), number))
    order: dict[str, Any] = {
        "function": f"{JOBS}:wait_for_mark",
        "items": {"kind": "queue"},
        "channels": [channel("items", inbox, "read")],
    }
    try:
        with leading(tuple(inbox.fds("read")), **order) as leader:
            wait_for(lambda: len(marks(yard)) == 2, "two to run")
            leader.wait_report(lambda report: report.submitted == 5, "all to be taken")
            in_hand = set(marks(yard))
            leader.stop()
            leader.wait_report(lambda report: report.error == "asked to stop", "the stop to be heard")
            release_all_until(yard, lambda: has_ended(leader))
            assert leader.wait() == 0
            assert leader.report().error == "stopped, 2 of ? done"
        assert {inbox.get(timeout=30)[1] for _ in range(3)} == set(range(5)) - in_hand
    finally:
        inbox.close()
