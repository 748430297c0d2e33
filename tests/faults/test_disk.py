"""Faults of the disk under the log, made for real: rows 24 to 27 of the fault matrix.

The disk is full by RLIMIT_FSIZE, set on the running engine: the kernel refuses every write that would make a file grow,
to an ordinary user too, and takes them again when the limit is gone.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import resource
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

from supervisor.logs.intake import Intake, open_pipe
from supervisor.logs.lanes import Lane
from supervisor.logs.segment_files import segment_numbers
from supervisor.logs.segments import SegmentWriter
from tests.engines import RunningEngine, engine_on, wait_for, write_profile
from tests.faults.lines import (
    CODE,
    PROFILE,
    ROOT,
    assert_each_once,
    numbers,
    stored,
    wait_asleep,
    wait_counted,
    wait_stored,
    whole_lines,
)
from tests.faults.oracle import standing_still, unharmed


@contextmanager
def disk_takes_nothing(engine: RunningEngine) -> Iterator[None]:
    """No file of the engine may grow."""
    pid = engine.note.engine_pid
    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))


def troubles(engine: RunningEngine) -> list[str]:
    """What the store says of itself in the log."""
    return [text for text in engine.messages("engine") if "the log store" in text]


def test_full_disk_costs_no_record_and_is_said_once(place: Path) -> None:
    """Row 24: with a disk that takes nothing the worker goes on, its records wait in memory and are stored later."""
    with engine_on(write_profile(place / "p", PROFILE, code=CODE)) as engine:
        with unharmed(engine, "counter", "idle"):
            with disk_takes_nothing(engine):
                stored = numbers(engine.messages("counter"))
                last = wait_counted(engine)
                assert len(numbers(engine.messages("counter"))) <= len(stored) + 1
            assert_each_once(wait_stored(engine, last))
        assert engine.fleet().log.lost == 0
        wait_for(lambda: len(troubles(engine)) >= 2, "the store to tell of its trouble and of its end")
        begun, ended = troubles(engine)
        assert "has trouble: File too large" in begun
        assert ended == "the log store works again; no records were lost"


def test_what_a_full_disk_costs_is_counted_to_the_record(place: Path) -> None:
    """Row 24: past 4 MiB the oldest are dropped; the log says how many are missing where they are missing."""
    profile = write_profile(
        place / "p",
        """
        name = "overflow"
        [logs]
        when_full = "drop"
        [workers.burst]
        target = "code:burst"
        start_method = "fork"
        """,
        code=f"""
        import os
        def burst(ctx):
            while not os.path.exists({str(place / "go")!r}):
                ctx.stopping.wait(0.01)
            for number in range(12_000):
                print("x" * 1000, "number", number)
            ctx.progress(1)
            ctx.stopping.wait()
        """,
    )
    with engine_on(profile) as engine, unharmed(engine):
        engine.wait_state("burst", "running")
        with disk_takes_nothing(engine):
            (place / "go").touch()
            engine.wait_row("burst", lambda row: row.progress == (1, 0), "to have written all")
            wait_for(lambda: engine.fleet().log.lost > 7_000, "the oldest to be dropped")
        wait_for(lambda: "number 11999" in "".join(engine.messages("burst")[-1:]), "the last of all to be stored")
        seen = [int(text.split()[-1]) for text in engine.messages("burst")]
        gaps = [(before, after) for before, after in pairwise([-1, *seen]) if after != before + 1]
        assert len(gaps) == 1, "what is missing is missing in one place"
        missing = 12_000 - len(seen)
        marks = [record.extra["lost"] for record in engine.records() if "lost" in record.extra]
        lost = engine.fleet().log.lost
        assert sum(marks) == lost
        lanes = sum((Counter(r.extra["of"]) for r in engine.records() if "lost" in r.extra), Counter[str]())
        assert lanes["burst stdout"] == missing, "counted for each lane"
        assert missing <= lost <= missing + 10, "the engine's own few records are counted too"
        assert 3_000_000 < len(seen) * 1000 < 5_000_000


async def test_workers_wait_for_a_full_disk_where_that_is_wished(tmp_path: Path) -> None:
    """Row 24, ``block``: once the memory is short, writers wait in their pipes, and nothing is lost."""
    logs = tmp_path / "logs"
    logs.write_text("a file where the directory belongs")
    writer = SegmentWriter(logs)
    intake = Intake(asyncio.get_running_loop(), writer, when_full="block")
    read_end, write_end = open_pipe(65536)
    reader = intake.open_lane(read_end, Lane("w", 1, "stdout"))
    ended = asyncio.Event()
    reader.when_closed = ended.set
    process = await asyncio.create_subprocess_exec("seq", "1", "200000", stdout=write_end)
    os.close(write_end)
    async with asyncio.timeout(60):
        while not writer.is_short_of_room:
            await asyncio.sleep(0.01)
    await asyncio.to_thread(wait_asleep, process.pid)
    assert not ended.is_set()
    assert writer.lost == 0
    logs.unlink()
    async with asyncio.timeout(60):
        await ended.wait()
        while writer.is_held_up:
            await asyncio.sleep(0.01)
    assert await process.wait() == 0
    intake.close()
    writer.close()
    said = [record.message for record in stored(logs) if record.worker == "w"]
    assert said == [str(number) for number in range(1, 200_001)]
    assert writer.lost == 0


async def test_many_workers_wait_for_a_full_disk_in_one_turn(tmp_path: Path) -> None:
    """Row 24, ``block``: no lane is read once the memory is short, though all had something to read at that time."""
    logs = tmp_path / "logs"
    logs.write_text("a file where the directory belongs")
    writer = SegmentWriter(logs, backlog_bytes=1024 * 1024)
    intake = Intake(asyncio.get_running_loop(), writer, when_full="block")
    intake.store(Lane("first", 1, "stdout").feed(b"held up\n", ""))
    intake.flush()
    lines = [b"%03d" % number + b"x" * 996 + b"\n" for number in range(60)]
    ended = []
    for lane in range(40):
        read_end, write_end = open_pipe(65536)
        ended.append(asyncio.Event())
        intake.open_lane(read_end, Lane(f"w.{lane}", 1, "stdout")).when_closed = ended[-1].set
        os.write(write_end, b"".join(lines))
        os.close(write_end)
    async with asyncio.timeout(60):
        while not writer.is_short_of_room:
            await asyncio.sleep(0.01)
    assert writer.lost == 0
    logs.unlink()
    async with asyncio.timeout(60):
        for each in ended:
            await each.wait()
        while writer.is_held_up:
            await asyncio.sleep(0.01)
    intake.close()
    writer.close()
    said = Counter(record.worker for record in stored(logs) if record.worker.startswith("w."))
    assert (set(said.values()), len(said), writer.lost) == ({60}, 40, 0)


def test_deleted_log_directory_is_made_again(place: Path) -> None:
    """Row 25: ``rm -r`` of the logs of a running engine costs what was in them; the new directory is private."""
    with engine_on(write_profile(place / "p", PROFILE, code=CODE)) as engine, unharmed(engine, "counter", "idle"):
        logs = Path(engine.note.log_directory)
        wait_stored(engine, wait_counted(engine, 5))
        with standing_still(engine.note.engine_pid):
            shutil.rmtree(logs)
        seen = wait_stored(engine, wait_counted(engine))
        assert_each_once(seen, seen[0])
        assert logs.stat().st_mode & 0o777 == 0o700
        assert {path.stat().st_mode & 0o777 for path in logs.iterdir()} == {0o600}
        assert engine.fleet().log.lost == 0


def test_log_directory_replaced_by_a_link_is_not_followed(place: Path) -> None:
    """Row 25: nothing is written through somebody's link; the log goes on where it was until the place is free."""
    with engine_on(write_profile(place / "p", PROFILE, code=CODE)) as engine, unharmed(engine, "counter", "idle"):
        logs = Path(engine.note.log_directory)
        moved, theirs = logs.with_name("moved"), place / "theirs"
        theirs.mkdir()
        wait_stored(engine, wait_counted(engine, 5))
        with standing_still(engine.note.engine_pid):
            logs.rename(moved)
            logs.symlink_to(theirs)
        wait_for(lambda: any("has trouble" in r.message for r in stored(moved)), "the store to tell")
        wait_counted(engine)
        assert list(theirs.iterdir()) == []
        logs.unlink()
        wait_for(lambda: segment_numbers(logs), "another segment in the right place")
        last = wait_counted(engine)
        wait_stored(engine, last)
        assert_each_once(numbers([r.message for r in (*stored(moved), *stored(logs)) if r.worker == "counter"]))
        assert list(theirs.iterdir()) == []
        assert engine.fleet().log.lost == 0
        assert len([r for r in (*stored(moved), *stored(logs)) if "the log store" in r.message]) == 2


def test_deleted_segment_is_followed_by_another(place: Path) -> None:
    """Row 25: a deleted newest file costs what was in it; a link that has the next name is not written through."""
    with engine_on(write_profile(place / "p", PROFILE, code=CODE)) as engine, unharmed(engine, "counter", "idle"):
        logs = Path(engine.note.log_directory)
        wait_stored(engine, wait_counted(engine, 5))
        with standing_still(engine.note.engine_pid):
            (newest,) = segment_numbers(logs)
            (logs / f"{newest:06d}.ndjson").unlink()
            (logs / f"{newest + 1:06d}.ndjson").symlink_to(place / "theirs")
        last = wait_counted(engine)
        wait_for(lambda: len(segment_numbers(logs)) > 1, "another segment")
        wait_stored(engine, last)
        assert not (place / "theirs").exists()
        assert engine.fleet().log.lost == 0


def rotate_where_it_is_denied(directory: Path, uid: int) -> None:
    """As the user `uid`, because root is denied nothing."""
    if uid:
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    writer = SegmentWriter(directory, segment_bytes=1)
    writer.append([b'{"n":1}\n'])
    os.chmod(directory, 0o500)
    writer.append([b'{"n":2}\n'])
    assert writer.last_trouble.startswith("Permission denied"), writer.last_trouble
    writer.append([b'{"n":3}\n'])
    assert (writer.records, writer.lost, writer.is_held_up) == (3, 0, False)
    writer.close()


def test_read_only_directory_keeps_the_full_segment_in_use(place: Path) -> None:
    """Row 26: where no new file can be made, the one that is full is written on; that is told, and nothing is lost."""
    nobody = 65534 if os.geteuid() == 0 else 0
    directory = place / "logs"
    directory.mkdir()
    if nobody:
        os.chown(place, nobody, nobody)
        os.chown(directory, nobody, nobody)
    process = multiprocessing.get_context("fork").Process(target=rotate_where_it_is_denied, args=(directory, nobody))
    process.start()
    process.join(60)
    assert process.exitcode == 0
    directory.chmod(0o700)
    assert (directory / "000001.ndjson").read_bytes() == b'{"n":1}\n{"n":2}\n{"n":3}\n'


ROTATING = """
import os, sys
from pathlib import Path
from supervisor.logs.segments import SegmentWriter
writer = SegmentWriter(Path(sys.argv[1]), segment_bytes=300)
number = 0
while True:
    writer.append([b'{"n":%d}\\n' % (number + more) for more in range(10)])
    number += 10
    os.write(1, b"%d\\n" % number)
"""


def test_kill_during_rotation_leaves_a_whole_log(tmp_path: Path) -> None:
    """Row 27: SIGKILL of the writer at any moment: what it stored is there once and in order; a new one goes on."""
    for round_number in range(8):
        logs = tmp_path / f"logs{round_number}"
        with subprocess.Popen([sys.executable, "-c", ROTATING, str(logs)], stdout=subprocess.PIPE, cwd=ROOT) as writer:
            assert writer.stdout is not None
            acknowledged = 0
            for _ in range(20 + 7 * round_number):
                acknowledged = int(writer.stdout.readline())
            writer.kill()
            acknowledged = max([acknowledged, *map(int, writer.stdout.read().split(b"\n")[:-1])])
        lines = [json.loads(line) for number in segment_numbers(logs) for line in whole_lines(logs, number)]
        assert [line["n"] for line in lines[:acknowledged]] == list(range(acknowledged))
        assert [line["n"] for line in lines] == list(range(len(lines)))
        assert {path.suffix for path in logs.iterdir()} == {".ndjson", ".index"}, "no temporary name is left"
        again = SegmentWriter(logs)
        again.append([b'{"n":-1}\n'])
        again.close()
        assert whole_lines(logs, segment_numbers(logs)[-1]) == [b'{"n":-1}']
