"""What is deleted, and what never is."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from supervisor.logs.record import engine_line
from supervisor.logs.retention import Retention, StoredSegment, expendable, remove_old_runs, stored_segments
from supervisor.logs.segments import RETAIN_EVERY_S, SegmentWriter

THREE = [StoredSegment(1, 100, 10.0), StoredSegment(2, 100, 20.0), StoredSegment(3, 500, 30.0)]


@pytest.mark.parametrize(
    ("retention", "now", "gone"),
    [
        (Retention(), 1e9, []),
        (Retention(keep_bytes=700), 40.0, []),
        (Retention(keep_bytes=699), 40.0, [1]),
        (Retention(keep_bytes=1), 40.0, [1, 2]),
        (Retention(keep_age_s=15.0), 30.0, [1]),
        (Retention(keep_age_s=1.0), 1e9, [1, 2]),
        (Retention(keep_bytes=600, keep_age_s=15.0), 30.0, [1]),
    ],
)
def test_oldest_go_first_and_the_newest_never(retention: Retention, now: float, gone: list[int]) -> None:
    """By size, by age, or by whichever says more."""
    assert [segment.number for segment in expendable(THREE, retention, now)] == gone


def test_writer_keeps_as_much_as_it_may_and_says_what_it_deleted(tmp_path: Path) -> None:
    """Lines, index and all; a mark in the log tells it."""
    line = b'{"n":"%s"}\n' % (b"x" * 990)
    writer = SegmentWriter(tmp_path, segment_bytes=10_000, retention=Retention(keep_bytes=25_000))
    for _ in range(100):
        writer.append([line])
    writer.close()
    left = stored_segments(tmp_path)
    assert sum(segment.size_bytes for segment in left) <= 25_000 + 10_000
    assert sorted(path.stem for path in tmp_path.glob("*.index")) == sorted(
        path.stem for path in tmp_path.glob("*.ndjson")
    )
    assert writer.removed_bytes > 60_000
    records = [
        json.loads(text) for path in sorted(tmp_path.glob("*.ndjson")) for text in path.read_bytes().splitlines()
    ]
    marks = [record for record in records if record.get("worker") == "engine"]
    assert marks[-1]["message"] == "the oldest log segment was deleted, as [logs] says"
    assert marks[-1]["extra"]["segments"] == 1


def test_writer_goes_by_other_rules_from_now_on(tmp_path: Path) -> None:
    """A reload that wants less of the log has the rest deleted with the next segment."""
    line = engine_line(0.0, "INFO", "x" * 900)
    writer = SegmentWriter(tmp_path, segment_bytes=10_000)
    for _ in range(100):
        writer.append([line])
    assert len(stored_segments(tmp_path)) > 5
    writer.go_by(2_000, None, Retention(keep_bytes=5_000))
    for _ in range(10):
        writer.append([line])
    writer.close()
    assert sum(segment.size_bytes for segment in stored_segments(tmp_path)) < 7_000


def test_segments_are_begun_and_deleted_for_their_age(tmp_path: Path) -> None:
    """On the clock that decides, and by the stamps of the files."""
    now_s = [100.0]
    writer = SegmentWriter(
        tmp_path, segment_age_s=60.0, retention=Retention(keep_age_s=3600.0), monotonic_s=lambda: now_s[0]
    )
    writer.append([b"1\n"])
    now_s[0] += 59
    writer.append([b"2\n"])
    now_s[0] += 1
    writer.append([b"3\n"])
    assert [segment.number for segment in stored_segments(tmp_path)] == [1, 2]
    os.utime(tmp_path / "000001.ndjson", (0, 0))
    writer.append([b"4\n"])
    assert [segment.number for segment in stored_segments(tmp_path)] == [1, 2]
    now_s[0] += RETAIN_EVERY_S
    writer.append([b"5\n"])
    writer.close()
    assert 1 not in [segment.number for segment in stored_segments(tmp_path)]


def test_old_runs_go_and_the_current_one_stays(tmp_path: Path) -> None:
    """The newest are kept; what is no run is left alone."""
    for name in ("20260101-1", "20260102-1", "20260103-1", "20260104-1"):
        (tmp_path / name / "logs").mkdir(parents=True)
    (tmp_path / "notes").write_text("no run")
    assert remove_old_runs(tmp_path, 2, "20260102-1") == ["20260101-1", "20260103-1"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["20260102-1", "20260104-1", "notes"]
    assert remove_old_runs(tmp_path / "absent", 2, "x") == []


def test_results_and_dead_letters_outlive_the_logs_of_their_run(tmp_path: Path) -> None:
    """What a run was for is not deleted with what it said; a run without either leaves nothing."""
    for run in ("1", "2", "3"):
        for folder in ("logs", "output", "letters/paths"):
            (tmp_path / run / folder).mkdir(parents=True)
        (tmp_path / run / "logs" / "000001.ndjson").write_text("{}")
        (tmp_path / run / "engine.log").write_text("x")
    (tmp_path / "1" / "output" / "result.json").write_text("{}")
    assert remove_old_runs(tmp_path, 1, "3") == ["1", "2"]
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()) == [
        "1/output/result.json",
        "3/engine.log",
        "3/logs/000001.ndjson",
    ]
    assert not (tmp_path / "2").exists()
    assert remove_old_runs(tmp_path, 1, "3") == []
