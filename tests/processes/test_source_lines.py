"""The text of lines in stacks, read by the engine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from supervisor.diagnose.evidence import Dump, Frame, StackThread
from supervisor.processes import source_lines
from supervisor.processes.source_lines import FILE_LIMIT_BYTES, Sources, with_sources


def test_frames_get_the_text_of_their_lines(tmp_path: Path) -> None:
    """What a frame has already is kept; a line that is not there is empty."""
    file = tmp_path / "w.py"
    file.write_text("first\n    second  \n")
    frames = (
        Frame(str(file), 2, "f"),
        Frame(str(file), 1, "f", "its own"),
        Frame(str(file), 9, "f"),
        Frame("?", 0, "f"),
    )
    dump = Dump(pid=1, python="", at_s=0.0, threads=(StackThread(1, 1, "t", frames=frames),))
    told = with_sources(dump).threads[0].frames
    assert [frame.source for frame in told] == ["second", "its own", "", ""]


def test_a_changed_file_shows_its_new_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A long-lived engine must not show what was there at noon, and need not look at it a hundred times a second."""
    file = tmp_path / "w.py"
    monkeypatch.setattr(source_lines, "RECHECK_S", 0.0)
    sources = Sources()
    file.write_text("before\n")
    assert sources.line(str(file), 1) == "before"
    file.write_text("afterwards\n")
    assert sources.line(str(file), 1) == "afterwards"
    monkeypatch.setattr(source_lines, "RECHECK_S", 1000.0)
    file.write_text("in the meantime\n")
    assert sources.line(str(file), 1) == "afterwards"


def test_only_so_many_files_are_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that runs for months does not keep every file that it has ever shown."""
    monkeypatch.setattr(source_lines, "FILES_LIMIT", 3)
    sources = Sources()
    for number in range(10):
        file = tmp_path / f"{number}.py"
        file.write_text(f"line {number}\n")
        assert sources.line(str(file), 1) == f"line {number}"
    assert len(sources._seen) <= 4


def test_what_might_block_is_not_opened(tmp_path: Path) -> None:
    """A FIFO that is called like a program, a file without end, something that is no Python."""
    os.mkfifo(tmp_path / "fifo.py")
    (tmp_path / "long.py").write_text("x" * (FILE_LIMIT_BYTES + 1))
    (tmp_path / "data.txt").write_text("x\n")
    for name in ("fifo.py", "long.py", "data.txt", "nothing.py", "nul\0.py"):
        assert Sources().line(str(tmp_path / name), 1) == ""
