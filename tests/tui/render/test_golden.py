"""Rows, log lines and the header, to the letter: what a person reads is a contract."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from rich.cells import cell_len

from supervisor.api.messages import ReplicaRow, WorkerDetail
from supervisor.lifecycle.states import State
from supervisor.logs.record import decode
from tests.tui.fakes import NOW_AT, NOW_S, census, checks, detail_of, lives, replica, stored_line
from tui.render.detail import detail_lines
from tui.render.fleet_rows import columns_for, header_line, matches, row_line, time_texts
from tui.render.glyphs import ASCII, UNICODE, Glyphs
from tui.render.header import completed_banner, header, lost_banner, stopped_banner, stopping_banner
from tui.render.log_lines import Form, record_lines
from tui.render.pieces import line_text, line_width
from tui.render.record import record_view

GOLDEN = Path(__file__).parent / "golden"


def golden(name: str) -> str:
    """What a person is to see."""
    return (GOLDEN / f"{name}.txt").read_text().rstrip("\n")


def _table(width: int, glyphs: Glyphs = UNICODE, rows: tuple[ReplicaRow, ...] = ()) -> list[str]:
    fleet = census()
    columns = columns_for(width, 7)
    channels = {channel.name: channel for channel in fleet.channels}
    lines = [header_line(columns, width)]
    lines += [row_line(row, columns, channels, glyphs, NOW_S, width, NOW_AT - NOW_S) for row in (rows or fleet.rows)]
    assert {line_width(line) for line in lines} == {width}
    return [line_text(line).rstrip() for line in lines]


def test_table_at_80_columns() -> None:
    """Everything that matters fits the smallest usual terminal."""
    assert golden("table_80") == "\n".join(_table(80))


def test_table_at_160_columns() -> None:
    """A wide terminal also shows kind, history, depths and the last error."""
    assert golden("table_160") == "\n".join(_table(160))


@pytest.mark.parametrize("width", [80, 120, 160])
def test_table_of_all_states(width: int) -> None:
    """Each has a sign and a word of its own; what is waited for is named, every deadline counts down."""
    assert {row.state for row in lives()} == set(State)
    assert golden(f"states_{width}") == "\n".join(_table(width, rows=lives()))


def test_long_sentences_run_on_through_columns_that_are_empty() -> None:
    """Why a worker does not move is read in the table; what it has in queues and its last error keep their columns."""
    sentence = "DEADLOCK: abba holds the lock made at locks.py:23 (A) and waits for the lock made at locks.py:23 (B)"
    stuck = replica("abba", warnings=(sentence,), reads=(), writes=(), last_error="")
    alone, reading, failed = _table(
        160,
        rows=(
            stuck,
            msgspec.structs.replace(stuck, reads=("paths",)),
            msgspec.structs.replace(stuck, last_error="OSError: no"),
        ),
    )[1:]
    assert sentence[:70] in alone
    assert sentence[:34] not in reading
    assert "paths" in reading
    assert sentence[:50] in failed
    assert failed.endswith("OSError: no")


def test_states_in_ascii() -> None:
    """No two states that can be mistaken for each other share a sign."""
    assert "\n".join(_table(80, ASCII, lives())).isascii()
    for glyphs in (UNICODE, ASCII):
        signs = [glyphs.states[state] for state in State if state is not State.STUCK]
        assert len(set(signs)) == len(signs)


def test_a_row_whose_texts_stand_still_is_not_painted_again() -> None:
    """A countdown changes its row every tenth of a second, and an uptime of minutes does not."""
    asked, api = lives()[6], lives()[4]
    assert time_texts(asked, NOW_S) != time_texts(asked, NOW_S + 0.1)
    assert time_texts(api, NOW_S) == time_texts(api, NOW_S + 0.5)


def test_table_in_ascii() -> None:
    """PROCDECK_GLYPHS=ascii leaves nothing that a plain terminal cannot show."""
    lines = _table(160, ASCII)
    assert "\n".join(lines).isascii()
    assert lines[4].startswith(" ~ parse.3 backoff")
    assert "#####... paths 120/200" in lines[1]


def test_wide_and_hostile_names_do_not_shift_columns() -> None:
    """Wide characters and escapes in worker text leave every row exactly as wide as the table."""
    for text in ("日本語ワーカー名前とても長い", "\x1b[31mred\x1b[2J", "[bold]x[/bold]", "🎉" * 40, "a\nb\tc"):
        row = replica("walk", activity=text, last_error=text)
        for width in (60, 80, 133, 160, 200):
            line = row_line(row, columns_for(width, cell_len(text)), {}, UNICODE, NOW_S, width)
            assert line_width(line) == width
            assert "\x1b" not in line_text(line)


def test_filter_looks_at_name_state_kind_and_activity() -> None:
    """What a person sees in a row can be searched; ! inverts."""
    row = replica("parse.1", activity="get paths")
    assert [matches(row, needle) for needle in ("PARSE", "run", "target", "paths", "!parse", "!x", "zzz", "", "!")] == [
        True, True, True, True, False, True, False, True, True,
    ]  # fmt: skip


def test_header_sheds_what_does_not_fit() -> None:
    """The counts of states and errors stay; engine figures and the words go first."""
    fleet = census()
    lines = [header(fleet, "census", "14:02:11", width, UNICODE) for width in (160, 120, 80, 60)]
    lines.append(header(None, "census", "14:02:11", 60, UNICODE))
    assert [line_width(line) for line in lines] == [160, 120, 80, 60, 60]
    assert golden("header") == "\n".join(line_text(line).rstrip() for line in lines)


def test_the_header_says_that_its_figures_are_old() -> None:
    """A lost engine, and one that has stopped everything: neither is still running or stopping."""
    assert " lost  " in line_text(header(census(), "census", "14:02:11", 80, UNICODE, is_lost=True))
    ended = line_text(header(census(phase="stopping"), "census", "14:02:11", 80, UNICODE, is_lost=True))
    assert (" stopped  " in ended, "stopping" in ended.partition("stopped")[0]) == (True, False)


def test_banners_say_what_happened_and_where_to_look() -> None:
    """Cause, age, next attempt and place of the logs; the result of a completed run; who a stop waits for."""
    assert lost_banner("it closed the connection", 12.0, 1.2, "/runs/1/logs") == (
        "Engine lost: it closed the connection. Last seen 12s ago. Trying again in 2s. Logs: /runs/1/logs"
    )
    assert lost_banner("killed by SIGKILL", 3.0, 1.2, "/runs/1/logs", is_ended=True) == (
        "Engine lost: killed by SIGKILL. Every worker has ended with it. Last seen 3s ago, as below. "
        "q quits; when it is started again, it is shown here. Logs: /runs/1/logs"
    )
    assert completed_banner("4 finished. Result: /x/census.json") == "Completed: 4 finished. Result: /x/census.json"
    assert stopping_banner(census()) == "Stopping all: waiting for 4 workers: parse.1, parse.2, tally, disk"
    ended = census(phase="stopping", exit_code=3, outcome="walk has ended, for which the run is: exit code 3", rows=())
    why = "walk has ended, for which the run is: exit code 3 (exit code 3). "
    assert stopping_banner(ended) == f"{why}Stopping all: every worker is at rest; the engine ends now."
    assert stopped_banner(ended) == f"{why}Stopped: the engine stopped everything and has ended. q quits."


def test_log_lines() -> None:
    """Time, worker, level, message; an exception in short that a long message cannot hide."""
    exception = {
        "type": "ValueError",
        "message": "bad input",
        "traceback": "Traceback\n  File\nValueError: bad input\n",
    }
    lines = [
        stored_line("parsed ast.py", second=1),
        stored_line("first\nsecond\nthird", level="WARNING", second=2, worker="tally"),
        stored_line("cannot parse bad.py", level="ERROR", second=3, exception=exception),
        stored_line("x" * 300, level="ERROR", second=4, exception=exception),
        stored_line("\x1b[31mred\x1b[0m [bold]no markup[/bold]", level="DEBUG", second=5),
        b"no record at all",
    ]
    shown = [line for stored in lines for line in record_lines(decode(stored), Form(80, 8, 3600))]
    assert {line_width(line) for line in shown} == {80}
    assert golden("log_lines") == "\n".join(line_text(line).rstrip() for line in shown)


def test_a_record_in_full_holds_everything() -> None:
    """The record view shows each field, the whole message and the whole traceback."""
    exception = {"type": "ValueError", "message": "bad", "traceback": "Traceback\n  File x\nValueError: bad\n"}
    stored = stored_line("one\ntwo", level="ERROR", logger="census", place="census.py:41 parse", pid=7,
                         extra={"file": "bad.py"}, exception=exception)  # fmt: skip
    assert golden("record") == "\n".join(line_text(line).rstrip() for line in record_view(decode(stored), 70, 0))


def test_detail_in_full() -> None:
    """What runs, the start method with its meaning and reason, rules, processes, exits and the last traceback."""
    fleet = census()
    row = fleet.rows[1]
    channels = {channel.name: channel for channel in fleet.channels}
    detail = msgspec.structs.replace(detail_of(row), checks=checks())
    lines = detail_lines(row, detail, channels, UNICODE, NOW_S, 70, 0)
    assert max(line_width(line) for line in lines) <= 70
    assert golden("detail") == "\n".join(line_text(line).rstrip() for line in lines)


@pytest.mark.parametrize(
    ("is_live", "words"),
    [(True, "asking the engine for the rest"), (False, "the engine is lost, and with it the rest")],
)
def test_detail_asks_nobody_who_is_gone(is_live: bool, words: str) -> None:
    """What has not come before the engine was lost never comes."""
    row = census().rows[1]
    lines = detail_lines(row, None, {}, UNICODE, NOW_S, 70, 0, is_live=is_live)
    assert line_text(lines[-1]).strip() == words


def test_detail_says_which_log_level_counts_and_whether_it_counts_yet() -> None:
    """The level of all loggers, those with one of their own, and a mark until the worker has taken it up."""
    row = replica("parse.1", log_level="DEBUG")
    detail = msgspec.structs.replace(detail_of(row), log_levels={"": "DEBUG", "urllib3": "ERROR"})

    def told(detail: WorkerDetail) -> str:
        return "\n".join(line_text(line) for line in detail_lines(row, detail, {}, UNICODE, NOW_S, 90, 0))

    assert "log level  DEBUG, urllib3 ERROR  (v changes it)" in told(detail)
    assert "not taken up yet" not in told(detail)
    assert "not taken up yet: it does so when it logs next" in told(
        msgspec.structs.replace(detail, follows_log_levels=False)
    )
    assert "log level" not in told(detail_of(replica("disk", kind="command")))


def test_detail_says_what_is_waited_for_and_what_a_person_can_do() -> None:
    """An obstacle and its deadline in full, each on a line of its own; advice where there is something to do."""

    def told(row: ReplicaRow) -> list[str]:
        return [line_text(line).strip() for line in detail_lines(row, None, {}, UNICODE, NOW_S, 90, 0, NOW_AT - NOW_S)]

    by_name = {row.name: told(row) for row in lives()}
    assert by_name["redis"][1:3] == [
        "doing      unready: tcp 127.0.0.1:6390 (connection refused)",
        "next       start timeout in 57 s",
    ]
    assert "advice     The checks below say why. What depends on it waits." in by_name["redis"]
    assert "doing      waits for redis to be ready" in by_name["web"]
    assert "doing      next run 13:34:46, in 3 m 20 s  exit code 0" in by_name["backup"]
    assert "next       a fresh process in 50 m 00 s (max_age)" in by_name["api"]
    assert "advice     p lets it go on. A stop or a kill works too." in by_name["still"]
    assert "doing      SIGTERM in 0.8 s, SIGKILL in 4.8 s" in by_name["asked"]
    assert "doing      SIGKILL was sent" in by_name["killed"]
    assert "doing      broken failed: exit code 1" in by_name["migrate"]
    assert not any(line.startswith("advice") for name in ("done", "rest", "api", "ends") for line in by_name[name])
