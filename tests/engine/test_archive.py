"""What works on a run's store beside the engine: sinks, compressed segments, plain files."""

from __future__ import annotations

import gzip
from pathlib import Path

from supervisor import proctable
from tests.engines import engine_on, kill, wait_for, write_profile


def test_records_reach_a_sink_to_the_last_one(place: Path) -> None:
    """A loguru sink in a process of its own: filtered by level and worker, complete when the engine has ended."""
    profile = """
    name = "sinks"
    [workers.w]
    target = "code:work"
    restart = "never"
    [logs.sinks.errors]
    sink = "errors.log"
    level = "ERROR"
    format = "{level} {message}"
    """
    code = """
    def work(ctx):
        for number in range(200):
            ctx.log.info(f"info {number}")
            ctx.log.error(f"error {number}")
    """
    path = write_profile(place / "p", profile, code=code)
    with engine_on(path) as engine:
        engine.wait_completed()
        engine.client.down(force=False, timeout_s=60.0)
    wait_for(lambda: (path.parent / "errors.log").exists(), "the sink's file")

    def lines() -> list[str]:
        return [
            line for line in (path.parent / "errors.log").read_text().splitlines() if line.startswith("ERROR error")
        ]

    wait_for(lambda: len(lines()) == 200, "every record to be in the sink")
    assert lines() == [f"ERROR error {number}" for number in range(200)]


def test_segments_are_compressed_and_plain_files_written(place: Path) -> None:
    """By a process of its own that comes back when it is killed; readers read compressed segments like others."""
    profile = """
    name = "keep"
    [logs]
    segment_size = "64KiB"
    compress = true
    files = true
    [workers.w]
    target = "code:work"
    """
    code = """
    def work(ctx):
        for number in range(2000):
            print(f"line {number} " + "x" * 100)
        ctx.stopping.wait(1000)
    """
    with engine_on(write_profile(place / "p", profile, code=code)) as engine:
        logs = Path(engine.note.log_directory)
        wait_for(lambda: list(logs.glob("*.gz")), "a compressed segment")
        wait_for(lambda: len(engine.messages("w", "stdout")) == 2000, "all lines to be read back")
        assert b'"message":"line 0 ' in gzip.decompress(min(logs.glob("*.gz")).read_bytes())
        plain = logs / "plain" / "w.log"
        wait_for(lambda: plain.exists() and plain.read_text().count(" line ") >= 1, "the plain file")
        keepers = [pid for pid in engine.descendants() if "supervisor.logs.keeping" in proctable.command_line(pid)]
        kill(keepers[0])
        wait_for(lambda: any("looks after the store" in text for text in engine.messages("engine")), "it to be told")


def test_backlog_of_the_log_queue_is_a_depth_that_can_be_seen(place: Path) -> None:
    """What a worker has written and nobody has read is a depth like any other."""
    profile = """
    name = "backlog"
    [workers.talks]
    command = "yes talking"
    """
    with engine_on(write_profile(place / "p", profile)) as engine:
        engine.wait_row("talks", lambda row: row.log_backlog_bytes > 0, "to have something waiting")
