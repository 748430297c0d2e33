"""A run that goes on where a killed one was: every item once in the results, whatever happened in between."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.engines import wait_for
from tests.poolrun.leaders import METHODS, leading, lines_of

JOBS = "tests.poolrun.jobs"
COUNT = 200


def code(name: str, **args: Any) -> dict[str, Any]:
    return {"kind": "target", "target": f"{JOBS}:{name}", "args": args}


def order_of(place: Path, **more: Any) -> dict[str, Any]:
    return {
        "function": f"{JOBS}:tiny",
        "items": code("numbers", count=COUNT),
        "results": {"kind": "file", "path": str(place / "r.ndjson")},
        "resume": True,
        **more,
    }


@pytest.mark.parametrize("start_method", METHODS)
def test_a_killed_run_goes_on_where_it_was(place: Path, start_method: str) -> None:
    """Killed in the middle, each item is in the file once in the end, and none is done that was done."""
    results = place / "r.ndjson"
    items = code("gated", count=COUNT, first=60, gate=str(place / "gate"))
    order = order_of(place, items=items, start_method=start_method)
    with leading(**order) as leader:
        wait_for(lambda: len(lines_of(results)) >= 20, "some to be done")
        leader.kill()
    done = len(lines_of(results))
    assert done < COUNT
    (place / "gate").touch()
    with leading(**order) as leader:
        assert leader.wait() == 0
        report = leader.report()
    assert (report.skipped, report.done, report.total) == (done, COUNT - done, COUNT)
    assert sorted(line["index"] for line in lines_of(results)) == list(range(COUNT))


def test_a_line_that_is_not_whole_is_done_again(place: Path) -> None:
    """It is cut off; what was whole stays as it was."""
    results = place / "r.ndjson"
    whole = json.dumps({"index": 0, "item": 0, "result": "earlier", "attempts": 1, "took_s": 0.1}) + "\n"
    results.write_text(whole + '{"index": 1, "item": 1, "resu')
    with leading(**order_of(place)) as leader:
        assert leader.wait() == 0
        assert leader.report().skipped == 1
    lines = lines_of(results)
    assert lines[0]["result"] == "earlier"
    assert sorted(line["index"] for line in lines) == list(range(COUNT))


def test_an_item_that_has_changed_is_done_again_and_told(place: Path) -> None:
    """It is another one than the one that was done."""
    results = place / "r.ndjson"
    results.write_text(
        "".join(json.dumps({"index": index, "item": item, "result": 0}) + "\n" for index, item in ((0, 0), (1, 77)))
    )
    with leading(**order_of(place)) as leader:
        assert leader.wait() == 0
        assert (leader.report().skipped, leader.report().done) == (1, COUNT - 1)
        told = leader.records()
    assert [line["item"] for line in lines_of(results) if line["index"] == 1] == [77, 1]
    assert len(told) == 1
    assert told[0].startswith(
        "WARNING 1 item of work changed since the run that this one continues, the first is item 1"
    )


def test_failed_items_are_not_done(place: Path) -> None:
    """A run that continues tries them again; the errors of the one before are put aside."""
    results = place / "r.ndjson"
    order = order_of(place, function=f"{JOBS}:odd_fails", items={"kind": "list", "values": [0, 1, 2]})
    with leading(**order) as leader:
        assert leader.wait() == 0
    with leading(**{**order, "function": f"{JOBS}:square"}) as leader:
        assert leader.wait() == 0
        assert (leader.report().skipped, leader.report().done) == (2, 1)
    assert sorted(line["index"] for line in lines_of(results)) == [0, 1, 2]
    assert not (place / "r.errors.ndjson").exists()
    assert len(lines_of(place / "r.errors.ndjson.previous")) == 1


def test_a_run_that_does_not_resume_keeps_the_results_of_the_one_before(place: Path) -> None:
    """Beside its own."""
    (place / "r.ndjson").write_text("precious\n")
    with leading(**order_of(place, resume=False, items={"kind": "list", "values": [1]})) as leader:
        assert leader.wait() == 0
    assert (place / "r.ndjson.previous").read_text() == "precious\n"
    assert [line["result"] for line in lines_of(place / "r.ndjson")] == [1]


def test_two_runs_do_not_write_one_file(place: Path) -> None:
    """The second one is told, and leaves the file alone."""
    results = place / "r.ndjson"
    with leading(**order_of(place, items=code("two_then_wait", path=""))) as first:
        wait_for(lambda: len(lines_of(results)) == 2, "the two to be done")
        with leading(**order_of(place, resume=False)) as second:
            assert second.wait() == 1
            failed = next(said for said in second.said if said["op"] == "failed")
        first.stop()
        assert first.wait() == 0
    assert failed["error"].startswith("another run writes its results to ")
    assert len(lines_of(results)) == 2
