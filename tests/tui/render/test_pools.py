"""The pools' table and one pool in full, to the letter."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from rich.cells import cell_len

from supervisor.api.pools import PoolFailure, PoolMember, PoolReport, PoolRow, SlowTask
from tests.tui.fakes import replica
from tests.tui.pool_fakes import SEEN_AT, SEEN_S, TRACEBACK, detail_of_pool, failures, pools, thumbs
from tui.render.detail import detail_lines
from tui.render.fleet_rows import columns_for, header_line, row_line
from tui.render.glyphs import ASCII, UNICODE, Glyphs
from tui.render.pieces import Tone, line_text, line_width
from tui.render.pool_detail import FAILURES_SHOWN, item_of, pool_page
from tui.render.pool_rows import columns_for_pools, moving_texts, pool_line, pool_matches
from tui.render.pool_shares import share_bar, share_legend, shares
from tui.render.pool_words import (
    numbered_in,
    percent_settled,
    progress_bar,
    progress_line,
    shown_state,
    span,
    took_text,
)
from tui.screens.failures import failure_lines
from tui.screens.pool_questions import kill_member_question, retry_question, size_of, which_member_question

GOLDEN = Path(__file__).parent / "golden"
EVIL = "\x1b[2J\x1b]0;owned\x07[red]x[/red]\n日本 \u202eabc 🎉" * 5


def golden(name: str) -> str:
    """What a person is to see."""
    return (GOLDEN / f"{name}.txt").read_text().rstrip("\n")


def _table(width: int, glyphs: Glyphs = UNICODE) -> str:
    columns = columns_for_pools(width, 13)
    lines = [header_line(columns, width)]
    lines += [pool_line(pool, columns, glyphs, SEEN_S, width) for pool in pools()]
    assert {line_width(line) for line in lines} == {width}
    return "\n".join(line_text(line).rstrip() for line in lines)


def _page(row: PoolRow, width: int = 76, glyphs: Glyphs = UNICODE, *, is_known: bool = True) -> list[str]:
    page = pool_page(row, detail_of_pool(row) if is_known else None, glyphs, SEEN_S, SEEN_AT, width)
    assert {line_width(line) for line in page.lines} == {width}
    return [line_text(line).rstrip() for line in page.lines]


@pytest.mark.parametrize("width", [80, 160])
def test_table_of_pools(width: int) -> None:
    """How far, how fast, what is left and what failed: at 80 columns too."""
    assert golden(f"pools_{width}") == _table(width)


def test_table_of_pools_in_ascii() -> None:
    """PROCDECK_GLYPHS=ascii leaves nothing that a plain terminal cannot show."""
    assert _table(160, ASCII).isascii()
    assert _table(80, ASCII).isascii()
    assert "\n".join(_page(pools()[0], glyphs=ASCII)).isascii()


def test_pool_in_full() -> None:
    """How far it is, where the time goes, members, failures, slowest tasks, advice and set-up, in this order."""
    assert golden("pool") == "\n".join(_page(pools()[0]))


def test_members_and_failures_can_be_chosen() -> None:
    """Each is an item of the page, on the line that tells of it; a failure that failed again is there once."""
    row = pools()[0]
    again = msgspec.structs.replace(failures()[0], error="OSError: gone", at=SEEN_AT)
    page = pool_page(row, detail_of_pool(row, (*failures(), again)), UNICODE, SEEN_S, SEEN_AT, 76)
    told = [(item_of(item.id), line_text(page.lines[item.line])) for item in page.items]
    assert [chosen for chosen, _ in told] == [
        (4711, None), (4712, None), (4713, None), (4714, None), (None, 17), (None, 1002), (None, 44),
    ]  # fmt: skip
    assert all(str(member or failure) in text for (member, failure), text in told)
    assert "OSError: gone" in told[4][1]
    assert item_of(None) == (None, None)


def test_pool_in_full_before_the_engine_has_answered() -> None:
    """What the table knows is there at once; that there is more to come is said."""
    text = "\n".join(_page(pools()[0], is_known=False))
    assert "3 failures, newest first" in text
    assert "asking the engine for them" in text


def test_a_pool_at_rest_says_how_it_went() -> None:
    """No members any more, and the rate it had; one that was stopped or lost is not called finished."""
    _, _, done, _, bad, gone = pools()
    text = "\n".join(_page(done))
    assert "✓ finished after 41 s" in text
    assert "49/s on average" in text
    assert "Members" not in text
    assert "error      its initializer failed" in "\n".join(_page(bad))
    assert shown_state(gone) == "ended"
    stopped = PoolRow(
        name="x", replica="x", is_live=False, report=thumbs(state="finished", error="1,200 of 2,000 done")
    )
    assert shown_state(stopped) == "stopped"
    assert "note       1,200 of 2,000 done" in "\n".join(_page(stopped))


def test_only_so_many_failures_are_drawn() -> None:
    """A flood of failures costs no more than a page; it says how to go on, and how many the engine has forgotten."""
    row = PoolRow(name="x", replica="x", report=thumbs(failed=900))
    many = tuple(PoolFailure(index=at, item=str(at), kind="exception", error="bad") for at in range(200))
    page = pool_page(row, detail_of_pool(row, many), UNICODE, SEEN_S, SEEN_AT, 76)
    text = "\n".join(line_text(line) for line in page.lines)
    assert sum("bad" in line_text(line) for line in page.lines) == FAILURES_SHOWN
    assert "900 failures; the newest 200 of them, newest first" in text
    assert "and 180 older ones: enter reads one" in text
    assert "#199  bad" in text


@pytest.mark.parametrize("width", [60, 80, 119, 120, 140, 200])
def test_hostile_pools_do_not_shift_columns(width: int) -> None:
    """Whatever an item or an error is called, a line is exactly as wide as it may be and holds no control character."""
    members = (PoolMember(pid=4_000_000, state="busy", item=EVIL, index=10**9, since_s=0.0, done=10**9),)
    report = PoolReport(
        pool="x", function=EVIL, method=EVIL, error=EVIL, start_method=EVIL, results=EVIL, members=members,
        total=10**9, done=10**9, failed=10**9, retried=10**9, waiting=10**9, rate=1e12, eta_s=1e12, elapsed_s=1e9,
        slowest=(SlowTask(index=10**9, item=EVIL, took_s=1e9, is_running=True),), advice=(EVIL,),
        history=(10**9,), work_share=7.0, start_share=-1.0, pickle_share=3.0, item_bytes=10**12,
    )  # fmt: skip
    row = PoolRow(name=EVIL, replica=EVIL, report=report)
    failure = PoolFailure(index=10**9, item=EVIL, kind="lost", error=EVIL, traceback=EVIL, at=SEEN_AT)
    columns = columns_for_pools(width, cell_len(EVIL))
    page = pool_page(row, detail_of_pool(row, (failure,)), UNICODE, SEEN_S, SEEN_AT, width)
    lines = [pool_line(row, columns, UNICODE, SEEN_S, width), *page.lines]
    worker = replica("x", kind="pool")
    lines.append(row_line(worker, columns_for(width, 6), {}, UNICODE, SEEN_S, width, 0.0, row))
    assert {line_width(line) for line in lines} == {width}
    lines += failure_lines(failure, "", 0, width)
    assert not {"\x1b", "\x07", "\n", "\u202e"} & set("".join(line_text(line) for line in lines))


def test_a_bar_is_full_only_when_all_is_settled_and_shows_every_failure() -> None:
    """Two steps to a cell; 100 % is all; one failure of a million shows a red cell."""
    told = [
        (settled, line_text(progress_bar(PoolReport(pool="x", total=8, done=settled), 4, ASCII)))
        for settled in range(9)
    ]
    assert told == [
        (0, "...."), (1, "-..."), (2, "#..."), (3, "#-.."), (4, "##.."), (5, "##-."),
        (6, "###."), (7, "###-"), (8, "####"),
    ]  # fmt: skip
    nearly = PoolReport(pool="x", total=1_000_000, done=999_998, failed=1)
    assert percent_settled(nearly) == 99
    assert [len(text) for text, tone in progress_bar(nearly, 10, ASCII) if tone is Tone.RED] == [1]
    assert percent_settled(PoolReport(pool="x", total=0)) == 100
    assert line_text(progress_line(PoolReport(pool="x", done=5, skipped=2), 30, ASCII)) == "7 done"
    assert percent_settled(PoolReport(pool="x", total=10, done=4, skipped=3, failed=3)) == 100


def test_times_of_tasks_are_short() -> None:
    """Milliseconds below a second, tenths below ten, whole seconds above, always rounded up."""
    assert [took_text(seconds) for seconds in (0, 0.0214, 0.9996, 2.34, 9.96, 42.1, 200)] == [
        "0 ms", "21 ms", "1.0 s", "2.3 s", "10 s", "43 s", "3 m 20 s",
    ]  # fmt: skip
    assert [span(seconds) for seconds in (0, 8.2, 60, 7201)] == ["0 s", "9 s", "1 m 00 s", "2 h 01 m"]


def test_of_a_path_its_end_stays() -> None:
    """Items of one pool mostly begin alike; what is no path is cut at its end, by whoever shows it."""
    path = "'/srv/photos/2026/0017.jpg'"
    told = [numbered_in(17, path, width, UNICODE) for width in (40, 31, 20, 8)]
    assert told == [f"#17 {path}", f"#17 {path}", "#17 …/2026/0017.jpg'", f"#17 {path}"]
    assert numbered_in(None, path, 12, ASCII) == "~/0017.jpg'"
    assert numbered_in(17, "17", 9, UNICODE) == "#17"
    assert numbered_in(3, "'a very long word'", 9, UNICODE) == "#3 'a very long word'"


def test_a_running_task_is_counted_on() -> None:
    """The engine says nothing new while nothing changes: a hung task grows older all the same; a lost one does not."""
    row, gone = pools()[0], pools()[5]
    assert moving_texts(row, SEEN_S) == ("12 s 'photos/0017.jpg'",)
    assert moving_texts(row, SEEN_S + 100) == ("1 m 52 s 'photos/0017.jpg'",)
    assert moving_texts(gone, SEEN_S + 100) == moving_texts(gone, SEEN_S)


def test_shares_are_parts_of_all() -> None:
    """Pickling is taken out of the work; the bar is as wide as it may be; what is nothing has no word."""
    parts = shares(PoolReport(pool="x", start_share=0.1, wait_share=0.3, work_share=0.6, pickle_share=0.5), ASCII)
    assert [(part.word, round(part.of_all, 3)) for part in parts] == [
        ("work", 0.3), ("pickle", 0.3), ("start", 0.1), ("wait", 0.3),
    ]  # fmt: skip
    assert line_text(share_bar(parts, 20)) == "######%%%%%%++......"
    assert [line_text(line) for line in share_legend(parts, 30)] == [
        "# work 30 %  % pickle 30 %", "+ start 10 %  . wait 30 %",
    ]  # fmt: skip
    assert shares(PoolReport(pool="x"), ASCII) == ()
    only = shares(PoolReport(pool="x", work_share=1.0), ASCII)
    assert [line_text(line) for line in share_legend(only, 30)] == ["# work 100 %"]


def test_filter_of_pools() -> None:
    """Name, state, function, method and worker; ! inverts."""
    needles = ("TILES", "paused", "shrink", "unordered", "parse.2", "!tiles", "zzz", "", "!")
    assert [pool_matches(pools()[1], needle) for needle in needles] == [True] * 5 + [False, False, True, True]


def test_the_worker_of_a_pool_shows_how_far_it_is() -> None:
    """In the row in place of what it does, unless there is something more urgent; in the detail for all pools."""

    def told(row: PoolRow | None, width: int, warnings: tuple[str, ...] = ()) -> str:
        worker = replica("thumbs", kind="pool", warnings=warnings)
        line = row_line(worker, columns_for(width, 6), {}, UNICODE, SEEN_S, width, 0.0, row)
        return line_text(line)

    running, tiles = pools()[:2]
    assert "1,203/2,000  60 %  3 failed" in told(running, 160)
    assert "1,203/2,000  60 %  3 failed" in told(running, 80)
    assert "paused  340 done" in told(tiles, 80)
    assert "no heartbeat" in told(running, 80, warnings=("no heartbeat for 12 s",))
    assert "1,203" not in told(None, 80)
    lines = detail_lines(replica("thumbs"), None, {}, UNICODE, SEEN_S, 70, 0, 0.0, running)
    assert any("pool" in line_text(line) and "60 %" in line_text(line) for line in lines)


def test_a_failure_in_full() -> None:
    """What it was, what became of it and why, how often it was tried, and the traceback."""
    lines = [line_text(line).rstrip() for line in failure_lines(failures()[0], " (3 of 3)", 0, 70)]
    assert lines[:4] == [
        " item       #17 'photos/bad.jpg' (3 of 3)",
        " error      ValueError: not a photo",
        " kind       it raised an exception",
        " tried      3 times, last by process 4712",
    ]
    assert [line.strip() for line in lines[-4:]] == [line.strip() for line in TRACEBACK.splitlines()]
    assert "There is no traceback" in line_text(failure_lines(failures()[1], "", 0, 70)[-1])


def test_questions_say_what_they_cost() -> None:
    """Which item is lost or tried again; at most nine members to choose from; a size is a number of members."""
    row = pools()[0]
    busy, _, idle, _ = row.report.members
    assert "now item 1217 ('photos/0017.jpg'), is tried again, unless it has been 2 times already" in (
        kill_member_question(row, busy).text
    )
    once = msgspec.structs.replace(row, report=thumbs(retries=1))
    assert "unless it has been once already" in kill_member_question(once, busy).text
    assert "no item is lost" in kill_member_question(row, idle).text
    crowd = tuple(PoolMember(pid=pid, state="idle") for pid in range(100, 120))
    which = which_member_question(msgspec.structs.replace(row, report=thumbs(members=crowd)), SEEN_S)
    assert [choice.key for choice in which.choices] == list("123456789")
    assert "11 more: go to one in the detail (enter)." in which.text
    assert [choice.id for choice in retry_question(row, None).choices] == ["all"]
    assert [choice.id for choice in retry_question(row, failures()[0]).choices] == ["17", "all"]
    assert [size_of(text) for text in ("4", " 12 ", "0", "1025", "", "x", "-3", "²")] == [4, 12] + [None] * 6
