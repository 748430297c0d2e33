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

from supervisor.logs.reading import LogReader
from supervisor.logs.record import decode, engine_line, time_text
from supervisor.logs.segment_files import segment_numbers
from supervisor.logs.segments import LOOK_EVERY_S, RETRY_MAX_S, RETRY_MIN_S, SegmentWriter

LINE = engine_line(0.0, "INFO", "hello")


class Ticks:
    """A monotonic clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


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
    """``rm -r`` on the logs costs what was in them, not what comes after; a mark says how many records were in it."""
    directory = tmp_path / "logs"
    writer = SegmentWriter(directory)
    writer.append([LINE])
    shutil.rmtree(directory)
    writer.append([LINE, LINE])
    writer.close()
    first, second, mark = map(json.loads, stored(directory))
    assert (first["message"], second["message"], mark["level"]) == ("hello", "hello", "WARNING")
    assert mark["message"] == "log segment 000001.ndjson was deleted or moved while it was in use; 1 records were in it"
    assert (mark["extra"], writer.records, writer.lost) == ({"segment": 1, "records": 1}, 4, 0)


def test_symlink_in_place_of_the_directory_is_not_followed(tmp_path: Path) -> None:
    """Nobody can point the engine at a directory of theirs; what comes waits."""
    (tmp_path / "theirs").mkdir()
    (tmp_path / "logs").symlink_to(tmp_path / "theirs")
    writer = SegmentWriter(tmp_path / "logs")
    writer.append([LINE, LINE])
    assert (writer.lost, writer.records, writer.is_held_up) == (0, 0, True)
    assert str(tmp_path / "logs") in writer.last_trouble
    writer.close()
    assert writer.lost == 2
    assert list((tmp_path / "theirs").iterdir()) == []


def test_what_the_disk_refuses_waits_and_is_stored_in_order(tmp_path: Path) -> None:
    """A refusal loses nothing as long as the memory lasts; the disk is tried again, ever more seldom."""
    (tmp_path / "logs").write_text("a file where the directory belongs")
    ticks = Ticks()
    writer = SegmentWriter(tmp_path / "logs", monotonic_s=ticks)
    writer.append([b'{"n":1}\n{"n":2}\n'])
    writer.append([b'{"n":3}\n'])
    assert (writer.lost, writer.records, writer.is_held_up) == (0, 0, True)
    assert round(writer.retry_in_s, 3) == RETRY_MIN_S
    assert writer.last_trouble
    pauses = []
    for _ in range(8):
        ticks.now_s += writer.retry_in_s
        writer.retry()
        pauses.append(round(writer.retry_in_s, 3))
    assert pauses == [0.2, 0.4, 0.8, 1.6, 3.2, RETRY_MAX_S, RETRY_MAX_S, RETRY_MAX_S]
    (tmp_path / "logs").unlink()
    writer.append([b'{"n":4}\n'])
    assert writer.records == 0, "it is not time to try again"
    ticks.now_s += RETRY_MAX_S
    writer.append([b'{"n":5}\n'])
    writer.close()
    assert [json.loads(line)["n"] for line in stored(tmp_path / "logs")] == [1, 2, 3, 4, 5]
    assert (writer.lost, writer.records, writer.last_trouble, writer.is_held_up) == (0, 5, "", False)


def test_oldest_lines_are_dropped_past_the_limit_and_that_is_said_where_they_are_missing(tmp_path: Path) -> None:
    """Memory is bounded; what was dropped is counted to the line and marked once the disk takes lines again."""
    (tmp_path / "logs").write_text("a file where the directory belongs")
    ticks = Ticks()
    writer = SegmentWriter(tmp_path / "logs", backlog_bytes=100, monotonic_s=ticks)
    lines = [b'{"n":%03d}\n' % number for number in range(100, 150)]
    writer.append([b"".join(lines[:30])])
    for line in lines[30:]:
        writer.append([line])
    assert writer.is_short_of_room
    assert writer.lost == 40
    (tmp_path / "logs").unlink()
    ticks.now_s += RETRY_MAX_S
    writer.retry()
    writer.close()
    mark, *rest = map(json.loads, stored(tmp_path / "logs"))
    assert (mark["extra"], mark["level"], mark["worker"]) == ({"lost": 40, "of": {"?": 40}}, "ERROR", "engine")
    assert mark["message"].startswith("40 log records lost: ")
    assert [line["n"] for line in rest] == list(range(140, 150))
    assert (writer.lost, writer.records, writer.last_trouble) == (40, 11, "")


def test_block_larger_than_the_memory_is_dropped_and_told(tmp_path: Path) -> None:
    """The mark comes although nothing waits behind it."""
    (tmp_path / "logs").write_text("a file where the directory belongs")
    ticks = Ticks()
    writer = SegmentWriter(tmp_path / "logs", backlog_bytes=100, monotonic_s=ticks)
    writer.append([b"x" * 200 + b"\n"])
    assert (writer.lost, writer.is_held_up, writer.is_short_of_room) == (1, True, False)
    (tmp_path / "logs").unlink()
    ticks.now_s += RETRY_MAX_S
    writer.retry()
    writer.close()
    assert [json.loads(line)["extra"] for line in stored(tmp_path / "logs")] == [{"lost": 1, "of": {"?": 1}}]
    assert (writer.is_held_up, writer.last_trouble) == (False, "")


def test_failed_rotation_keeps_writing_the_full_segment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Better a segment too long than lines lost; another is tried from time to time."""
    ticks = Ticks()
    writer = SegmentWriter(tmp_path, segment_bytes=1, monotonic_s=ticks)
    writer.append([LINE])
    tries = []

    def refuse(*args: object, **kwargs: object) -> int:
        tries.append(args)
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr("supervisor.logs.segments.os.open", refuse)
    for _ in range(10):
        writer.append([LINE])
    assert len(tries) == 1
    assert writer.last_trouble.startswith("Too many open files")
    assert not writer.is_held_up
    monkeypatch.undo()
    ticks.now_s += RETRY_MAX_S
    writer.append([LINE])
    writer.close()
    assert [(tmp_path / f"{n:06d}.ndjson").read_bytes() for n in (1, 2)] == [LINE * 11, LINE]
    assert (writer.lost, writer.last_trouble) == (0, "")


def test_segment_that_was_moved_away_is_followed_by_another(tmp_path: Path) -> None:
    """The log goes on where it is looked for, and not where somebody has put the old file."""
    ticks = Ticks()
    directory = tmp_path / "logs"
    writer = SegmentWriter(directory, monotonic_s=ticks)
    writer.append([LINE])
    directory.rename(tmp_path / "moved")
    ticks.now_s += LOOK_EVERY_S
    writer.append([LINE, LINE])
    assert (directory / "000002.ndjson").read_bytes() == LINE * 2
    assert (tmp_path / "moved" / "000001.ndjson").read_bytes() == LINE
    (directory / "000002.ndjson").rename(directory / "kept")
    (directory / "000002.ndjson").symlink_to(tmp_path / "theirs")
    ticks.now_s += LOOK_EVERY_S
    writer.append([LINE])
    writer.close()
    assert not (tmp_path / "theirs").exists()
    said = [json.loads(line) for line in (directory / "000003.ndjson").read_bytes().splitlines()]
    assert [line["message"] == "hello" for line in said] == [False, True, False]
    assert [line["extra"] for line in (said[0], said[2])] == [
        {"segment": number, "records": number} for number in (1, 2)
    ]
    assert (writer.records, writer.lost) == (6, 0)


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
    assert limited.stdout.split() == ["80", "0"]
    assert [json.loads(line)["n"] for line in stored(tmp_path)] == list(range(80))
    assert len(segment_numbers(tmp_path)) > 3


def test_full_disk_is_survived_without_loss(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With ENOSPC the torn line is cut away, what did not fit waits, and the same segment goes on afterwards."""
    ticks = Ticks()
    writer = SegmentWriter(tmp_path, monotonic_s=ticks)
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
    assert (writer.records, writer.lost) == (2, 0)
    assert writer.last_trouble.startswith("No space left on device")
    ticks.now_s += RETRY_MAX_S
    writer.append([LINE])
    writer.close()
    assert stored(tmp_path) == [LINE[:-1]] * 5
    assert segment_numbers(tmp_path) == [1]


WRITING = """
import os, sys
from pathlib import Path
from supervisor.logs.reading import LogReader
from supervisor.logs.record import decode, engine_line, time_text
from supervisor.logs.segments import SegmentWriter
writer = SegmentWriter(Path(sys.argv[1]), segment_bytes=400_000)
number = 0
while True:
    writer.append([engine_line(float(number + more), "ERROR", "x" * 900) for more in range(70)])
    number += 70
    os.write(1, b"%d\\n" % number)
"""


def test_killed_writer_leaves_whole_records_and_an_index_that_fits(tmp_path: Path) -> None:
    """SIGKILL at any moment: what was stored is there, and a reader that believes the index finds the same lines."""
    for round_number in range(6):
        logs = tmp_path / str(round_number)
        with subprocess.Popen([sys.executable, "-c", WRITING, str(logs)], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            acknowledged = 0
            for _ in range(3 + 7 * round_number):
                acknowledged = int(process.stdout.readline())
            process.kill()
            acknowledged = max([acknowledged, *map(int, process.stdout.read().split(b"\n")[:-1])])
        reader = LogReader(logs)
        reader.refresh()
        lines = reader.lines(0, reader.line_count)
        assert len(lines) >= acknowledged
        assert [decode(line).time for line in lines] == [time_text(float(number)) for number in range(len(lines))]
        noted = sum(block.facts.error for block in reader.blocks())
        reader.close()
        for index in logs.glob("*.index"):
            index.unlink()
        again = LogReader(logs)
        again.refresh()
        assert again.line_count == len(lines)
        assert [again.lines(n, 1) for n in range(0, len(lines), 97)] == [
            lines[n : n + 1] for n in range(0, len(lines), 97)
        ]
        assert sum(block.facts.error for block in again.blocks()) == noted == len(lines)
        again.close()
