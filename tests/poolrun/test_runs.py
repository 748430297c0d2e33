"""Whole runs, in a process of their own: what comes out of each method, and what becomes of trouble."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.engines import kill, wait_for
from tests.poolrun.leaders import METHODS, leading, lines_of

JOBS = "tests.poolrun.jobs"
QUICK: dict[str, Any] = {"function": f"{JOBS}:square", "items": {"kind": "range", "start": 0, "stop": 40, "step": 1}}


def code(name: str, **args: Any) -> dict[str, Any]:
    return {"kind": "target", "target": f"{JOBS}:{name}", "args": args}


def listed(*values: Any) -> dict[str, Any]:
    return {"kind": "list", "values": list(values)}


def file_of(place: Path) -> dict[str, Any]:
    return {"kind": "file", "path": str(place / "out" / "results.ndjson")}


def results_of(place: Path) -> list[dict[str, Any]]:
    return lines_of(place / "out" / "results.ndjson")


def errors_of(place: Path) -> dict[int, dict[str, Any]]:
    return {line["index"]: line for line in lines_of(place / "out" / "results.errors.ndjson")}


@pytest.mark.parametrize("start_method", METHODS)
def test_every_item_is_done_once(place: Path, start_method: str) -> None:
    """Under each start method, and the last report says so."""
    with leading(**QUICK, results=file_of(place), start_method=start_method) as leader:
        assert leader.wait() == 0
        report = leader.report()
    lines = results_of(place)
    assert sorted((line["index"], line["item"], line["result"]) for line in lines) == [(n, n, n * n) for n in range(40)]
    assert {line["attempts"] for line in lines} == {1}
    assert (report.state, report.done, report.failed, report.total, report.error) == ("finished", 40, 0, 40, "")
    assert (report.start_method, report.processes, report.function) == (start_method, 2, f"{JOBS}:square")


@pytest.mark.parametrize("method", ["map", "imap"])
def test_ordered_methods_write_in_the_order_of_the_items(place: Path, method: str) -> None:
    """Whatever order they were done in."""
    with leading(**QUICK, method=method, results=file_of(place), chunksize=3, processes=3) as leader:
        assert leader.wait() == 0
    assert [line["index"] for line in results_of(place)] == list(range(40))


def test_starmap_takes_items_for_arguments(place: Path) -> None:
    """In order."""
    items = listed([1, 2], [3, 4])
    with leading(function=f"{JOBS}:add", items=items, method="starmap", results=file_of(place)) as leader:
        assert leader.wait() == 0
    assert [line["result"] for line in results_of(place)] == [3, 7]


def test_apply_async_gives_each_item_alone(place: Path) -> None:
    """Whatever the chunk size."""
    with leading(**QUICK, method="apply_async", chunksize=20, results=file_of(place)) as leader:
        assert leader.wait() == 0
        assert leader.report().chunksize == 1
    assert len(results_of(place)) == 40


def test_a_lambda_can_be_the_function(place: Path) -> None:
    """Members import it by its name, so pickle is not asked."""
    with leading(**{**QUICK, "function": f"{JOBS}:lambda_square"}, start_method="spawn") as leader:
        assert leader.wait() == 0
        assert leader.report().done == 40


def test_the_total_is_known_as_soon_as_it_can_be() -> None:
    """Of a list that code gives at once, of a generator at its end."""
    with leading(function=f"{JOBS}:square", items=code("numbers", count=7)) as leader:
        assert leader.wait() == 0
        assert (leader.report().total, leader.report().done) == (7, 7)
    with leading(function=f"{JOBS}:square", items=code("listed", count=7)) as leader:
        assert leader.wait() == 0
        assert leader.report().total == 7


@pytest.mark.parametrize("start_method", METHODS)
def test_every_kind_of_trouble_is_its_items_own(place: Path, start_method: str) -> None:
    """Death, exit, a hanging item, exceptions and results that do not pickle: told by name, and the others are done."""
    items = listed("a", "die", "exit", "leave", "hang", "picky", "unpicklable", "b")
    order: dict[str, Any] = {
        "function": f"{JOBS}:misbehave",
        "items": items,
        "timeout_s": 2.0,
        "results": file_of(place),
    }
    with leading(**order, start_method=start_method) as leader:
        assert leader.wait() == 0
        report, failures = leader.report(), leader.failures()
    assert sorted(line["result"] for line in results_of(place)) == ["a", "b"]
    kinds = {1: "died", 2: "exited", 3: "died", 4: "timed-out", 5: "lost", 6: "lost"}
    assert {index: failure.kind for index, failure in failures.items()} == kinds
    assert {index: line["kind"] for index, line in errors_of(place).items()} == kinds
    assert (report.done, report.failed, report.total) == (2, 6, 8)
    assert "SIGKILL" in failures[1].error
    assert failures[1].item == "die"


def test_an_exception_has_its_traceback(place: Path) -> None:
    """In the errors file, the failure and the log; it begins with the user's own frame."""
    with leading(function=f"{JOBS}:odd_fails", items=listed(1), results=file_of(place)) as leader:
        assert leader.wait() == 0
        failure, records = leader.failures()[0], leader.records()
    assert failure.error == "ValueError: 1 is odd"
    assert "poolrun/jobs.py" in failure.traceback.splitlines()[1]
    assert "supervisor/pools" not in failure.traceback
    assert errors_of(place)[0]["traceback"] == failure.traceback
    assert records == ["ERROR item 0 of work failed: ValueError: 1 is odd"]


def test_an_item_that_fails_is_tried_again(place: Path) -> None:
    """After a while, and its attempts are counted."""
    items = listed([str(place / "tries"), 3], [str(place / "other"), 1])
    order: dict[str, Any] = {"function": f"{JOBS}:succeed_later", "items": items, "retries": 3, "backoff_min_s": 0.01}
    with leading(**order, backoff_max_s=0.05, results=file_of(place)) as leader:
        assert leader.wait() == 0
        assert (leader.report().done, leader.report().retried) == (2, 2)
    assert sorted((line["result"], line["attempts"]) for line in results_of(place)) == [(1, 1), (3, 3)]


def test_too_many_failures_end_the_run(place: Path) -> None:
    """With the reason in words, and exit code 1."""
    order: dict[str, Any] = {"function": f"{JOBS}:odd_fails", "items": code("endless"), "max_failures": 3}
    with leading(**order, results=file_of(place)) as leader:
        assert leader.wait() == 1
        report = leader.report()
    assert (report.state, report.failed) == ("failed", 4)
    assert report.error.startswith("4 items failed, and max_failures is 3; the last one was item ")
    assert len(errors_of(place)) == 4


def test_items_that_raise_end_the_run_after_what_is_out(place: Path) -> None:
    """With their own traceback."""
    with leading(function=f"{JOBS}:square", items=code("three_then_raise"), results=file_of(place)) as leader:
        assert leader.wait() == 1
        assert leader.report().error == "LookupError: no more of these"
        assert "in three_then_raise" in leader.trouble()
    assert sorted(line["result"] for line in results_of(place)) == [0, 1, 4]


def test_what_is_no_iterable_is_told() -> None:
    """By name."""
    with leading(function=f"{JOBS}:square", items=code("nothing_to_iterate")) as leader:
        assert leader.wait() == 1
        assert "nothing_to_iterate gives a NoneType, which has no items" in leader.report().error


def test_an_initializer_that_fails_ends_the_run() -> None:
    """With its traceback."""
    with leading(**QUICK, initializer=f"{JOBS}:no_database") as leader:
        assert leader.wait() == 1
        failed = next(said for said in leader.said if said["op"] == "failed")
    assert failed["error"] == "the initializer failed: OSError: no database"
    assert "in no_database" in failed["traceback"]


def test_callbacks_are_called_in_the_leader(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With each result, each error and its item, and in the end with a summary."""
    kept = place / "kept"
    monkeypatch.setenv("POOLRUN_KEEP", str(kept))
    calls: dict[str, Any] = {
        "on_result": f"{JOBS}:keep",
        "on_error": f"{JOBS}:keep_error",
        "on_complete": f"{JOBS}:keep_summary",
    }
    with leading(function=f"{JOBS}:odd_fails", items=listed(0, 1, 2), method="imap", **calls) as leader:
        assert leader.wait() == 0
    assert sorted(kept.read_text().splitlines()[:-1]) == ["0", "1 ValueError", "2"]
    assert kept.read_text().splitlines()[-1] == "2 of 3, 1 failed, 0 skipped"


def test_a_callback_that_raises_ends_the_run(place: Path) -> None:
    """With its traceback; the item whose callback has raised is not done."""
    with leading(**QUICK, method="imap", on_result=f"{JOBS}:refuse", results=file_of(place)) as leader:
        assert leader.wait() == 1
        assert leader.report().error == "RuntimeError: not 4"
        assert "raised in on_result of pool work" in leader.trouble()
    assert [line["result"] for line in results_of(place)] == [0, 1]


def test_ctrl_c_ends_it_cleanly(place: Path) -> None:
    """With 130, and no member left."""
    with leading(function=f"{JOBS}:wait_for_mark", items=listed([str(place), 1])) as leader:
        pid = wait_for(lambda: [int(mark.name.partition("-")[2]) for mark in place.glob("1-*")], "the item to begin")[0]
        os.kill(leader.process.pid, signal.SIGINT)
        assert leader.wait() == 130
        wait_for(lambda: not Path(f"/proc/{pid}").exists(), "the member to be gone")
        assert leader.report().error == "interrupted"


def test_the_death_of_what_forks_the_members_ends_the_run(place: Path) -> None:
    """It is not waited for."""
    with leading(function=f"{JOBS}:wait_for_mark", items=listed([str(place), 1])) as leader:
        pid = wait_for(lambda: [int(mark.name.partition("-")[2]) for mark in place.glob("1-*")], "the item to begin")[0]
        nursery = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        kill(nursery)
        assert leader.wait() == 1
        assert "forks the pool's members is dead" in leader.report().error
