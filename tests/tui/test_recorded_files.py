"""The log of a recording ends where the recording ended, whatever becomes of the run's files."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from supervisor.journal import JOURNAL_NAME, older
from supervisor.logs.packing import pack
from supervisor.logs.retention import remove_segment
from supervisor.logs.segment_files import index_name, open_segment, packed_name, segment_name, segment_numbers
from tui.recorded_files import LOGS_NAME, RecordedFiles


class Run:
    """A run's files, and a recording of them."""

    def __init__(self, place: Path) -> None:
        self.logs = place / "run" / LOGS_NAME
        self.recorded = place / "recorded"
        self.logs.mkdir(parents=True)
        (self.recorded / LOGS_NAME).mkdir(parents=True)
        self.files = RecordedFiles(self.logs, self.recorded)

    def log(self, number: int, text: str) -> None:
        with (self.logs / segment_name(number)).open("ab") as file:
            file.write(text.encode())

    def tell(self, text: str) -> None:
        with (self.logs.parent / JOURNAL_NAME).open("ab") as file:
            file.write(text.encode())

    def heard(self) -> list[str]:
        """The recorded log, segment by segment, as the log's reader has it."""
        found = []
        for number in segment_numbers(self.recorded / LOGS_NAME):
            file = open_segment(self.recorded / LOGS_NAME, number)
            found.append(file.read(file.size(), 0).decode())
            file.close()
        return found


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path)


def test_what_is_logged_after_the_end_is_not_in_it(run: Run) -> None:
    """The newest segment and the journal grow on without it, and it changes nothing of theirs."""
    run.log(1, "a\n")
    run.tell("one\n")
    run.files.take()
    run.log(1, "b\n")
    run.files.close()
    run.log(1, "c\n")
    run.tell("two\n")
    assert run.heard() == ["a\nb\n"]
    assert (run.recorded / JOURNAL_NAME).read_text() == "one\n"
    assert (run.logs / segment_name(1)).read_text() == "a\nb\nc\n"


def test_who_is_killed_leaves_what_was_there_at_the_last_look(run: Run) -> None:
    """Without an end: rotation and more lines afterwards are the run's alone."""
    run.log(1, "a\n")
    run.log(2, "b\n")
    run.files.take()
    run.log(2, "c\n")
    run.log(3, "d\n")
    assert run.heard() == ["a\n", "b\n"]
    run.files.close()


def test_only_whole_lines_are_taken(run: Run) -> None:
    """The writer may take back the part of a line that the disk took, and write another there."""
    run.log(1, "a\nhalf")
    run.files.take()
    os.truncate(run.logs / segment_name(1), 2)
    run.log(1, "whole\n")
    run.files.close()
    assert run.heard() == ["a\nwhole\n"]


def test_only_whole_lines_are_taken_also_where_there_is_much_to_copy(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is copied at once may end amid a line; one that is longer is taken all the same, once it is whole."""
    monkeypatch.setattr("tui.recorded_files.COPY_BYTES", 4)
    run.log(1, "a\nbc")
    run.files.take()
    assert run.heard() == ["a\n"]
    run.log(1, "\ndefghi\n")
    run.files.take()
    assert run.heard() == ["a\nbc\ndefghi\n"]


def test_a_segment_that_is_closed_is_shared_and_not_kept_twice(run: Run) -> None:
    """Lines that came between the last look and the next segment are in it; so is its index."""
    run.log(1, "a\n")
    (run.logs / index_name(1)).write_bytes(b"index")
    run.files.take()
    run.log(1, "b\n")
    run.log(2, "c\n")
    run.files.take()
    recorded = run.recorded / LOGS_NAME
    assert recorded.joinpath(segment_name(1)).samefile(run.logs / segment_name(1))
    assert recorded.joinpath(index_name(1)).samefile(run.logs / index_name(1))
    assert not recorded.joinpath(segment_name(2)).samefile(run.logs / segment_name(2))
    run.files.close()
    assert run.heard() == ["a\nb\n", "c\n"]
    assert sorted(each.name for each in recorded.iterdir()) == [index_name(1), segment_name(1), segment_name(2)]


@pytest.mark.parametrize("going", [remove_segment, pack])
def test_what_retention_takes_between_two_looks_is_in_it(run: Run, going: Any) -> None:
    """Deleted or compressed with lines that were not copied yet: it is there once, whole, and plain."""
    run.log(1, "a\n")
    run.files.take()
    run.log(1, "b\n")
    run.log(2, "c\n")
    going(run.logs, 1)
    run.files.close()
    assert run.heard() == ["a\nb\n", "c\n"]
    assert not (run.recorded / LOGS_NAME / packed_name(1)).exists()


def test_segments_that_were_compressed_before_are_taken_as_they_are(run: Run) -> None:
    """They need no more room for being in it, and stay when the run's are deleted."""
    for number in (1, 2):
        run.log(number, f"{number}\n")
    pack(run.logs, 1)
    run.files.take()
    remove_segment(run.logs, 1)
    run.files.close()
    assert run.heard() == ["1\n", "2\n"]
    assert (run.recorded / LOGS_NAME / packed_name(1)).exists()


def test_on_another_file_system_all_is_copied_a_segment_at_a_look(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The states do not wait for a whole night of log; what is left is copied at the end."""

    def elsewhere(*_: object, **__: object) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    monkeypatch.setattr(os, "link", elsewhere)
    for number in (1, 2, 3, 4):
        run.log(number, f"{number}\n")
    run.files.take()
    assert run.heard() == ["1\n", "4\n"]
    run.log(5, "5\n")
    run.files.close()
    assert run.heard() == ["1\n", "2\n", "3\n", "4\n", "5\n"]
    assert len(list((run.recorded / LOGS_NAME).iterdir())) == len(run.heard())


def test_a_full_journal_is_kept_beside_the_next(run: Run) -> None:
    """What was told between the last look and the other name is in it."""
    run.tell("one\n")
    run.files.take()
    run.tell("two\n")
    journal = run.logs.parent / JOURNAL_NAME
    journal.replace(older(journal))
    run.tell("three\n")
    run.files.close()
    recorded = run.recorded / JOURNAL_NAME
    assert (older(recorded).read_text(), recorded.read_text()) == ("one\ntwo\n", "three\n")


def test_a_run_without_a_log_is_nothing_to_take(tmp_path: Path) -> None:
    """It may come later, or never."""
    (tmp_path / "recorded" / LOGS_NAME).mkdir(parents=True)
    files = RecordedFiles(tmp_path / "nowhere" / LOGS_NAME, tmp_path / "recorded")
    files.take()
    files.close()
    assert list((tmp_path / "recorded" / LOGS_NAME).iterdir()) == []
