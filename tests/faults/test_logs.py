"""Whatever workers write, and however they end in it: rows 1 and 28 to 32 of the fault matrix."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from textwrap import dedent, indent

from supervisor.logs.record import Record, decode
from supervisor.logs.segment_files import segment_numbers
from tests.engines import RunningEngine, engine_on, is_alive, kill, wait_for, write_profile
from tests.faults.lines import procdeck_logs, wait_asleep, wait_counted, whole_lines
from tests.faults.oracle import standing_still, unharmed


def test_last_words_of_a_killed_worker_are_kept_and_marked(place: Path) -> None:
    """Row 1: SIGKILL in mid-write, on stdout and in a long record: all that was written is there, its end is marked."""
    profile = write_profile(
        place / "p",
        """
        name = "lastwords"
        [workers.w]
        target = "code:w"
        start_method = "fork"
        restart = { policy = "on-failure", backoff = "10ms..10ms" }
        """,
        code=f"""
        import os, time
        from pathlib import Path
        def w(ctx):
            if ctx.incarnation > 1:
                ctx.stopping.wait()
                return
            os.write(1, b"a whole line\\nhalf a li")
            ctx.progress(1)
            while not os.path.exists({str(place / "go")!r}):
                time.sleep(0.01)
            Path({str(place / "going")!r}).touch()
            for _ in range(20):  # more than its pipe holds
                ctx.log.info("x" * 200_001)
        """,
    )
    with engine_on(profile) as engine:
        pid = engine.wait_row("w", lambda row: row.progress == (1, 0), "to have written").pid
        assert pid is not None
        with standing_still(engine.note.engine_pid):  # so that nobody reads the record to its end
            (place / "go").touch()
            wait_for((place / "going").exists, "the worker to go on")
            wait_asleep(pid)
            kill(pid)
            wait_for(lambda: not is_alive(pid), "its death")
        row = engine.wait_row("w", lambda row: row.state == "running" and row.incarnation == 2, "to be back")
        assert row.exit_cause == "killed by SIGKILL from outside"
        first = [r for r in engine.records() if r.worker == "w" and r.incarnation == 1]
        said = [(r.message, r.partial) for r in first if r.stream == "stdout"]
        assert said == [("a whole line", False), ("half a li", True)]
        torn = [r for r in first if r.stream == "log"]
        assert "xxxx" in torn[0].message
        assert torn[-1].partial
        assert "half a li  (no newline)" in procdeck_logs("lastwords", "-n", "1000", "w")


SAYS = """
name = "says"
[defaults]
start_method = "fork"
[workers.quiet]
target = "code:quiet"
[workers.loud]
target = "code:loud"
restart = "never"
"""

QUIET = """
import base64, os, sys

def quiet(ctx):
    number = 0
    while not ctx.stopping.wait(0.01):
        number += 1
        ctx.log.info("number %d", number)
        ctx.progress(number)

"""


def loud(place: Path, code: str) -> Path:
    """A profile with a worker that says what `code`, the body of a function, makes it say, and a quiet one."""
    return write_profile(place / "p", SAYS, code=QUIET + "def loud(ctx):\n" + indent(dedent(code), "    "))


def said_by_loud(engine: RunningEngine, stream: str = "stdout") -> list[Record]:
    engine.wait_state("loud", "finished")
    return [record for record in engine.records() if record.worker == "loud" and record.stream == stream]


def peak_bytes(pid: int) -> int:
    """The most memory that a process ever had."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) * 1024


def test_line_of_many_megabytes_is_stored_whole_in_bounded_memory(place: Path) -> None:
    """Row 28: 48 MB without a newline are cut in pieces that say so; the engine holds one of them and no more."""
    profile = loud(
        place,
        """
        for number in range(48):
            os.write(1, bytes([97 + number % 26]) * 1_000_000)
        os.write(1, b"\\nthe next line\\n")
        """,
    )
    with engine_on(profile) as engine, unharmed(engine, "quiet"):
        before = peak_bytes(engine.note.engine_pid)
        *pieces, end, after = said_by_loud(engine)
        assert all(piece.continued for piece in pieces)
        assert not end.continued
        assert after.message == "the next line"
        whole = "".join(record.message for record in (*pieces, end))
        assert whole == "".join(chr(97 + number % 26) * 1_000_000 for number in range(48))
        assert len(pieces) == 2
        assert max(len(piece.message) for piece in pieces) <= 2**24
        assert peak_bytes(engine.note.engine_pid) - before < 100_000_000


def test_bytes_that_are_no_text_are_kept_and_harm_no_reader(place: Path) -> None:
    """Row 29: invalid UTF-8, NUL, surrogates and characters cut by a write: shown, kept to the byte, valid JSON."""
    profile = loud(
        place,
        r"""
        os.write(1, b"\xff\xfe broken\n")
        os.write(1, b"nul \x00 here\n")
        os.write(1, b"surrogate \xed\xa0\x80\n")
        for byte in "cut \u20ac here".encode():
            os.write(1, bytes([byte]))
        os.write(1, b"\n")
        ctx.log.info("lone \ud800 surrogate")
        ctx.progress(1, 2, "lone \ud800 surrogate")
        """,
    )
    with engine_on(profile) as engine, unharmed(engine, "quiet"):
        broken, nul, surrogate, cut = said_by_loud(engine)
        assert broken.message == r"\xff\xfe broken"
        assert base64.b64decode(broken.raw) == b"\xff\xfe broken"
        assert nul.message == "nul \x00 here"
        assert base64.b64decode(surrogate.raw) == b"surrogate \xed\xa0\x80"
        assert cut.message == "cut € here"
        (record,) = said_by_loud(engine, "log")
        assert record.message == r"lone \ud800 surrogate"
        json.loads(engine.client.fleet_json())
        printed = procdeck_logs("says", "loud")
        assert r"\xff\xfe broken" in printed
        assert r"nul \x00 here" in printed
        for number in segment_numbers(Path(engine.note.log_directory)):
            for line in whole_lines(Path(engine.note.log_directory), number):
                json.loads(line)


HOSTILE = (
    "\x1b]0;owned\x07title",
    "\x1b]52;c;b3duZWQ=\x07clipboard",
    "\x1bPq#0\x1b\\picture",
    "\x1b[2J\x1b[Hcleared",
    "\x9b2Jeight",
    "\u202ereversed\u202c",
    "first\rsecond",
    "[red]markup[/red] [/] [bold",
    "{braces} %s {0.__class__}",
    '{"time":"2026-01-01T00:00:00.000000Z","level":"CRITICAL","message":"forged","worker":"engine"}',
    'x","worker":"engine","incarnation":9}',
)


def test_control_sequences_and_markup_stay_text(place: Path) -> None:
    """Rows 30, 31: titles, the clipboard, colours, bidi, returns, markup and format strings: text, kept as it was said.

    The screen's part of it is in tests/terminal/test_hostile_output.py.
    """
    profile = loud(
        place,
        f"""
        lines = {HOSTILE!r}
        for line in lines:
            print(line, flush=True)
            ctx.log.warning(line)
            ctx.doing(line)
        raise ValueError(lines[0] + lines[7])
        """,
    )
    with engine_on(profile) as engine, unharmed(engine, "quiet"):
        row = engine.wait_state("loud", "failed")
        records = [record for record in engine.records() if record.worker == "loud"]
        assert [record.message for record in records if record.stream == "stdout"] == list(HOSTILE)
        assert [record.message for record in records if record.level == "WARNING"] == list(HOSTILE)
        assert "[red]markup[/red]" in row.exit_cause
        printed = procdeck_logs("says", "-n", "1000", "loud")
        assert [c for c in printed if not c.isprintable() and c != "\n"] == []
        for text in ("title", "clipboard", "picture", "cleared", "[red]markup[/red] [/] [bold", r"first\rsecond"):
            assert text in printed
        assert "owned" not in printed


def test_nobody_writes_in_another_workers_name(place: Path) -> None:
    """Security list, log injection: who says something is known by its pipe, whatever the line claims."""
    profile = loud(
        place,
        f"""
        for line in {HOSTILE!r}:
            os.write(1, line.encode() + b"\\n")
        """,
    )
    with engine_on(profile) as engine:
        engine.wait_state("loud", "finished")
        records = [record for record in engine.records() if "forged" in record.message or "__class__" in record.message]
        assert {record.worker for record in records} == {"loud"}
        assert all(record.level != "CRITICAL" for record in engine.records())


def test_worker_that_floods_its_pipe_delays_nobody(place: Path) -> None:
    """Row 32: a flood is throttled by its own pipe: others are heard meanwhile, requests answered, nothing is lost."""
    profile = loud(
        place,
        """
        block = b"".join(b"%01023d\\n" % number for number in range(64))
        for _ in range(4000):
            if os.path.exists("enough"):
                break
            os.write(1, block)
            ctx.progress(1)
        """,
    )
    with engine_on(profile) as engine:
        with unharmed(engine, "quiet"):
            engine.wait_row("loud", lambda row: row.progress == (1, 0), "to flood")
            last = wait_counted(engine, 20, "quiet")
            (place / "p" / "enough").touch()
            engine.wait_state("loud", "finished")
            assert engine.fleet().log.lost == 0
        lines = all_lines(Path(engine.note.log_directory))
        flood = [(at, line) for at, line in enumerate(lines) if b'"worker":"loud"' in line and b'"stdout"' in line]
        assert [decode(line).message for _, line in flood[-64:]] == [f"{number:01023d}" for number in range(64)]
        assert len(flood) % 64 == 0
        assert flood[0][0] < position_of(lines, f"number {last - 10}") < flood[-1][0]


def all_lines(directory: Path) -> list[bytes]:
    return [line for number in segment_numbers(directory) for line in whole_lines(directory, number)]


def position_of(lines: list[bytes], message: str) -> int:
    wanted = f'"message":"{message}"'.encode()
    return next(at for at, line in enumerate(lines) if wanted in line)
