from __future__ import annotations

import errno
import json
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from supervisor.logs.record import engine_line
from supervisor.logs.segments import SegmentWriter, segment_numbers

LINE = engine_line(0.0, "INFO", "hello")


def stored(directory: Path) -> list[bytes]:
    data = b"".join((directory / f"{number:06d}.ndjson").read_bytes() for number in segment_numbers(directory))
    assert data == b"" or data.endswith(b"\n")
    return data.split(b"\n")[:-1]


def test_lines_are_stored_private_and_counted(tmp_path: Path) -> None:
    """Files are for their owner only, and the counters say what is in them."""
    writer = SegmentWriter(tmp_path / "logs")
    lines = [engine_line(0.0, level, "x") for level in ("INFO", "WARNING", "ERROR", "CRITICAL", "ERROR")]
    writer.append([lines[0], b"", b"".join(lines[1:])])
    writer.close()
    assert (tmp_path / "logs" / "000001.ndjson").read_bytes() == b"".join(lines)
    assert (tmp_path / "logs").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "logs" / "000001.ndjson").stat().st_mode & 0o777 == 0o600
    assert (writer.records, writer.warnings, writer.errors, writer.lost) == (5, 1, 3, 0)
    assert writer.bytes == sum(map(len, lines))


def test_nothing_to_store_makes_no_file(tmp_path: Path) -> None:
    """An engine without a word leaves no empty segment."""
    writer = SegmentWriter(tmp_path / "logs")
    writer.append([b"", b""])
    writer.close()
    assert not (tmp_path / "logs").exists()


def test_full_segment_is_followed_by_another(tmp_path: Path) -> None:
    """Segments end between lines."""
    writer = SegmentWriter(tmp_path, segment_bytes=3 * len(LINE))
    for _ in range(10):
        writer.append([LINE])
    writer.close()
    assert segment_numbers(tmp_path) == [1, 2, 3, 4]
    assert [(tmp_path / f"{n:06d}.ndjson").stat().st_size // len(LINE) for n in (1, 2, 3, 4)] == [3, 3, 3, 1]


def test_second_writer_never_touches_what_is_there(tmp_path: Path) -> None:
    """A torn end that a killed engine left stays the end of its own segment."""
    (tmp_path / "000007.ndjson").write_bytes(LINE + b'{"time":"torn')
    writer = SegmentWriter(tmp_path)
    writer.append([LINE])
    writer.close()
    assert segment_numbers(tmp_path) == [7, 8]
    assert (tmp_path / "000008.ndjson").read_bytes() == LINE


def test_more_blocks_than_one_writev_takes_are_stored_in_order(tmp_path: Path) -> None:
    """The kernel takes 1024 buffers at once; callers need not know."""
    writer = SegmentWriter(tmp_path)
    writer.append([b'{"n":%d}\n' % number for number in range(3000)])
    writer.close()
    assert [json.loads(line)["n"] for line in stored(tmp_path)] == list(range(3000))


def test_deleted_directory_is_made_again(tmp_path: Path) -> None:
    """``rm -r`` on the logs costs what was in them, not what comes after."""
    directory = tmp_path / "logs"
    writer = SegmentWriter(directory)
    writer.append([LINE])
    shutil.rmtree(directory)
    writer.append([LINE, LINE])
    writer.close()
    assert len(stored(directory)) == 2
    assert (writer.records, writer.lost) == (3, 0)


def test_symlink_in_place_of_the_directory_is_not_followed(tmp_path: Path) -> None:
    """Nobody can point the engine at a directory of theirs."""
    (tmp_path / "theirs").mkdir()
    (tmp_path / "logs").symlink_to(tmp_path / "theirs")
    writer = SegmentWriter(tmp_path / "logs")
    writer.append([LINE, LINE])
    assert (writer.lost, writer.records) == (2, 0)
    assert str(tmp_path / "logs") in writer.last_trouble
    assert list((tmp_path / "theirs").iterdir()) == []


def test_what_could_not_be_stored_is_said_once_it_can(tmp_path: Path) -> None:
    """Lost lines are counted while the disk refuses, and marked in the log where they are missing."""
    (tmp_path / "logs").write_text("a file where the directory belongs")
    writer = SegmentWriter(tmp_path / "logs")
    writer.append([LINE * 3])
    writer.append([LINE])
    assert (writer.lost, writer.records) == (4, 0)
    assert writer.last_trouble
    (tmp_path / "logs").unlink()
    writer.append([LINE])
    writer.close()
    mark, line = map(json.loads, stored(tmp_path / "logs"))
    assert (mark["extra"], mark["level"], mark["worker"]) == ({"lost": 4}, "ERROR", "engine")
    assert mark["message"].startswith("4 log records lost: ")
    assert line["message"] == "hello"
    assert (writer.lost, writer.last_trouble) == (4, "")


def test_failed_rotation_keeps_writing_the_full_segment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Better a segment too long than lines lost."""
    writer = SegmentWriter(tmp_path, segment_bytes=1)
    writer.append([LINE])

    def refuse(*args: object, **kwargs: object) -> int:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr("supervisor.logs.segments.os.open", refuse)
    writer.append([LINE])
    assert writer.last_trouble.startswith("Too many open files")
    monkeypatch.undo()
    writer.append([LINE])
    writer.close()
    assert [(tmp_path / f"{n:06d}.ndjson").read_bytes() for n in (1, 2)] == [LINE * 2, LINE]
    assert (writer.lost, writer.last_trouble) == (0, "")


FULL_DISK = """
import sys
from pathlib import Path
from supervisor.logs.segments import SegmentWriter
writer = SegmentWriter(Path(sys.argv[1]))
for number in range(40):
    writer.append([b'{"n":%d,"pad":"%s"}\\n' % (number * 2 + half, b"x" * 180) for half in (0, 1)])
writer.close()
print(writer.records, writer.lost)
"""


def test_file_that_takes_no_more_is_never_torn(tmp_path: Path) -> None:
    """A write that the kernel cuts short is cut back to its last whole line, and the log goes on in another segment."""
    limited = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000)),
    )
    records, lost = map(int, limited.stdout.split())
    lines = [json.loads(line) for line in stored(tmp_path)]
    marks = [line["extra"]["lost"] for line in lines if line.get("worker") == "engine"]
    numbers = [line["n"] for line in lines if "n" in line]
    assert len(lines) == records
    assert sum(marks) == lost
    assert len(numbers) + lost == 80
    assert numbers == sorted(numbers)
    assert len(segment_numbers(tmp_path)) > 3


def test_full_disk_is_counted_and_survived(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With ENOSPC the torn line is cut away, lost lines are counted, and the same segment goes on afterwards."""
    writer = SegmentWriter(tmp_path)
    writer.append([LINE])
    room = len(LINE) + 10
    real_writev = os.writev

    def short(fd: int, buffers: list[bytes]) -> int:
        return os.write(fd, b"".join(buffers)[:room])

    def refuse(*args: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    class Disk:
        def __getattr__(self, name: str) -> object:
            return {"writev": short, "write": refuse}.get(name, getattr(os, name))

    monkeypatch.setattr("supervisor.logs.segments.os", Disk())
    writer.append([LINE, LINE, LINE])
    monkeypatch.undo()
    assert os.writev is real_writev
    assert stored(tmp_path) == [LINE[:-1]] * 2
    assert (writer.records, writer.lost) == (2, 2)
    assert writer.last_trouble.startswith("No space left on device")
    writer.append([LINE])
    writer.close()
    assert [json.loads(line)["message"][:18] for line in stored(tmp_path)[2:]] == ["2 log records lost", "hello"]
    assert segment_numbers(tmp_path) == [1]
