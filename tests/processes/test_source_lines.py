"""The text of lines in stacks, read by the engine."""

from __future__ import annotations

import os
from pathlib import Path

from supervisor.diagnose.evidence import Dump, Frame, StackThread
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


def test_a_changed_file_shows_its_new_text(tmp_path: Path) -> None:
    """A long-lived engine must not show what was there at noon."""
    file = tmp_path / "w.py"
    file.write_text("before\n")
    assert Sources().line(str(file), 1) == "before"
    file.write_text("afterwards\n")
    assert Sources().line(str(file), 1) == "afterwards"


def test_what_might_block_is_not_opened(tmp_path: Path) -> None:
    """A FIFO that is called like a program, a file without end, something that is no Python."""
    os.mkfifo(tmp_path / "fifo.py")
    (tmp_path / "long.py").write_text("x" * (FILE_LIMIT_BYTES + 1))
    (tmp_path / "data.txt").write_text("x\n")
    for name in ("fifo.py", "long.py", "data.txt", "nothing.py", "nul\0.py"):
        assert Sources().line(str(tmp_path / name), 1) == ""
