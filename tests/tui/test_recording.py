"""A recording is what was heard, at its time, however it ended."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from supervisor.api.messages import Fleet, LogState
from tests.tui.fakes import NOW_AT, NOW_S, census, replica
from tui.recorded_files import LOGS_NAME
from tui.recording import STATES_NAME, Recorder, Recording, RecordingError


def fleet(second: int, **changes: Any) -> Fleet:
    """What the engine says at a second: the replica's progress is that second."""
    rows = (replica("parse.1", progress=(second, 100)), replica("walk"))
    return replace(census(), rows=rows, now_s=NOW_S + second, log=LogState(directory="elsewhere"), **changes)


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    place = tmp_path / "run" / "logs"
    place.mkdir(parents=True)
    (place / "000001.ndjson").write_bytes(b'{"message":"a"}\n')
    (place.parent / "journal.ndjson").write_bytes(b"{}\n")
    return place


def recorded(place: Path, logs: Path, seconds: list[int]) -> Recording:
    recorder = Recorder(place, logs)
    for second in seconds:
        recorder.note(fleet(second), NOW_AT + second)
    recorder.close()
    return Recording(place)


def progress(recording: Recording, second: float) -> object:
    row = recording.view(NOW_AT + second).row("parse.1")
    return row.progress[0] if row is not None and row.progress is not None else None


def test_each_moment_is_as_it_was(tmp_path: Path, logs: Path) -> None:
    """Between two states the earlier one holds; whole fleets are written now and then, the rest are differences."""
    recording = recorded(tmp_path / "r", logs, list(range(0, 200, 2)))
    assert [progress(recording, second) for second in (-5, 0, 1, 2, 61, 125.5, 198, 1000)] == [
        0,
        0,
        0,
        2,
        60,
        124,
        198,
        198,
    ]
    assert (recording.begins_at, recording.ends_at) == (NOW_AT, NOW_AT + 198)
    assert recording.next_at(NOW_AT + 2) == NOW_AT + 4
    assert recording.next_at(NOW_AT + 198) is None
    assert recording.project == "census"


def test_the_log_is_beside_it_and_outlives_the_runs(tmp_path: Path, logs: Path) -> None:
    """What is written later is in it too, and what retention deletes stays."""
    recorder = Recorder(tmp_path / "r", logs)
    recorder.note(fleet(0), NOW_AT)
    with (logs / "000001.ndjson").open("ab") as file:
        file.write(b'{"message":"b"}\n')
    (logs / "000002.ndjson").write_bytes(b'{"message":"c"}\n')
    recorder.note(fleet(10), NOW_AT + 10)
    (logs / "000001.ndjson").unlink()
    recorder.close()
    place = tmp_path / "r" / LOGS_NAME
    assert (place / "000001.ndjson").read_bytes() == b'{"message":"a"}\n{"message":"b"}\n'
    assert (place / "000002.ndjson").read_bytes() == b'{"message":"c"}\n'
    assert (tmp_path / "r" / "journal.ndjson").is_file()
    view = Recording(tmp_path / "r").view(NOW_AT)
    assert view.fleet is not None
    assert view.fleet.log.directory == str(place)


def test_only_what_changes_is_written(tmp_path: Path, logs: Path) -> None:
    """A fleet that stands still costs nothing, until the end says how long it did."""
    recorder = Recorder(tmp_path / "r", logs)
    for second in range(50):
        recorder.note(replace(fleet(0), now_s=NOW_S + second), NOW_AT + second)
    assert recorder.frames == 1
    recorder.close()
    assert Recording(tmp_path / "r").ends_at == NOW_AT + 49


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000))
def test_a_recording_that_was_cut_short_has_all_that_was_whole(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    """kill -9 or a full disk at any byte: what is left is true, or there is nothing and that is said."""
    place = tmp_path_factory.mktemp("cut")
    (place / "logs").mkdir()
    recorded(place / "r", place / "logs", list(range(40)))
    states = place / "r" / STATES_NAME
    content = states.read_bytes()
    states.write_bytes(content[: len(content) * cut // 1000])
    try:
        recording = Recording(place / "r")
    except RecordingError:
        return
    last = round(recording.ends_at - NOW_AT)
    assert progress(recording, 100) == last
    assert progress(recording, last / 2) == last // 2


def test_what_cannot_be_recorded_or_read_is_said(tmp_path: Path, logs: Path) -> None:
    """A place that is taken, a directory that is none."""
    recorded(tmp_path / "r", logs, [0])
    with pytest.raises(RecordingError, match="is there already"):
        Recorder(tmp_path / "r", logs)
    with pytest.raises(RecordingError, match="procdeck record"):
        Recording(tmp_path / "nowhere")
    (tmp_path / "r" / STATES_NAME).write_bytes(b"no gzip")
    with pytest.raises(RecordingError, match="nothing whole"):
        Recording(tmp_path / "r")
