"""A dashboard whose terminal is behind: nothing is painted, everything else goes on, then once all that is new."""

from __future__ import annotations

import os
import pty
import tty
from collections.abc import Callable, Iterator
from typing import Final

import pytest

from tests.engines import wait_for
from tests.tui.fakes import FakeLink, census
from tests.tui.screens.test_fleet import dashboard, shown, until
from tui.outlet import KEPT_PIECES, MOST_PIECES, Outlet
from tui.screens.reading import HelpScreen

PIECE: Final = "x" * 1000
MANY: Final = 100
"""Pieces of which no pty holds so many."""


class Line:
    """A pty of which nobody reads more than is asked for."""

    def __init__(self) -> None:
        self.ours, self.theirs = pty.openpty()
        tty.setraw(self.theirs)
        self.file = open(self.theirs, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 (closed with the line)
        self.outlet = Outlet(self.file)
        self.outlet.start()

    def read(self) -> bytes:
        """What there is, at least a byte."""
        return os.read(self.ours, 65536)

    def read_until(self, is_enough: Callable[[bytes], bool]) -> bytes:
        """Read until it is enough."""
        seen = b""
        while not is_enough(seen):
            seen += self.read()
        return seen

    def fill(self) -> None:
        """Write more than the pty holds, and wait until it is behind."""
        for _ in range(MANY):
            self.outlet.write(PIECE)
        wait_for(lambda: self.outlet.is_behind, "the outlet to be behind")


@pytest.fixture
def line() -> Iterator[Line]:
    """A line, which is taken away at the end."""
    made = Line()
    yield made
    os.close(made.ours)
    made.outlet.stop()
    made.file.close()
    os.close(made.theirs)


def test_all_that_is_written_arrives_in_its_order(line: Line) -> None:
    """Letters of any width, and what nothing can encode, which is spelled out."""
    wanted = ["a", "ä", "漢", "🙂", "\udce4", "z"]
    for text in wanted:
        line.outlet.write(text)
    whole = "aä漢🙂\\udce4z".encode()
    assert line.read_until(lambda seen: len(seen) >= len(whole)) == whole
    wait_for(lambda: line.outlet.is_idle, "all to be taken")
    assert not line.outlet.is_behind


def test_what_the_terminal_takes_at_once_waits_for_no_thread(line: Line) -> None:
    """It is written before there is a thread; what is too much, and what comes after it, is that thread's."""
    outlet = Outlet(line.file)
    outlet.write("first")
    assert (line.read_until(lambda seen: len(seen) == len(b"first")), outlet.is_idle) == (b"first", True)
    for _ in range(MANY):
        outlet.write(PIECE)
    assert not outlet.is_idle
    begun = line.read()
    outlet.write("last")
    outlet.start()
    rest = line.read_until(lambda seen: seen.endswith(b"last"))
    outlet.stop()
    assert begun + rest == (MANY * PIECE + "last").encode()
    assert not outlet.is_alive()


def test_what_has_no_name_among_terminals_gets_all_from_the_thread() -> None:
    """Such as a pipe, or a terminal of another place: all arrives, in its order."""
    reading, writing = os.pipe()
    with open(reading, "rb") as ours, open(writing, "w", encoding="utf-8") as file:
        outlet = Outlet(file)
        outlet.start()
        for number in range(MANY):
            outlet.write(f"{number} ")
        outlet.stop()
        file.close()
        assert ours.read() == "".join(f"{number} " for number in range(MANY)).encode()


def test_who_writes_never_waits_and_is_told_once_when_all_is_taken(line: Line) -> None:
    """A terminal that takes nothing, then everything."""
    told: list[bool] = []
    line.fill()
    line.outlet.tell_when_taken(lambda: told.append(True))
    assert told == []
    line.read_until(lambda seen: len(seen) == MANY * len(PIECE))
    wait_for(lambda: told, "the word that all is taken")
    wait_for(lambda: line.outlet.is_idle, "all to be taken")
    assert (told, line.outlet.is_behind, line.outlet.has_lost) == ([True], False, False)


def test_what_waits_is_bounded_and_what_is_lost_is_known(line: Line) -> None:
    """More than is ever kept: whole pieces are dropped, and the rest arrives."""
    line.fill()
    for _ in range(KEPT_PIECES + 1):
        line.outlet.write("y")
    assert line.outlet.has_lost
    seen = line.read_until(lambda seen: seen.endswith(b"y"))
    assert seen.startswith(PIECE.encode() * MANY)


def test_a_terminal_that_takes_nothing_is_left_in_time_with_room_for_the_last_words(line: Line) -> None:
    """Frames that wait are dropped; what is written after them arrives, behind the end of a broken sequence."""
    line.fill()
    line.outlet.drop_what_waits()
    line.outlet.write("\x1b[?1049l")
    line.outlet.stop()
    assert not line.outlet.is_alive()
    seen = line.read_until(lambda seen: seen.endswith(b"\x1b[?1049l"))
    assert seen.endswith(b"\x18\x1b[?2026l\x1b[?1049l")
    assert len(seen) < MANY * len(PIECE)


def test_a_terminal_that_is_gone_takes_all_for_lost(line: Line) -> None:
    """Nobody waits for it, and it is not behind."""
    os.close(line.ours)
    for _ in range(MANY):
        line.outlet.write(PIECE)
    wait_for(lambda: line.outlet.is_idle, "all to be lost")
    assert not line.outlet.is_behind
    line.ours = os.dup(line.theirs)


async def test_while_it_is_behind_keys_and_news_are_heard_and_then_all_is_painted(line: Line) -> None:
    """What was opened, closed and heard meanwhile is on the screen at once, and nothing before it was painted."""
    link = FakeLink(census())
    app = dashboard(link)
    async with app.run_test() as pilot:
        await shown(pilot, "parse.1")
        frames: list[int] = []
        app.post_display_hook = lambda: frames.append(1)  # type: ignore[method-assign]
        line.fill()
        app._hold(line.outlet)
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.fleet_screen)
        await pilot.press("z")
        await until(pilot, lambda: app.fleet_screen.zoomed() is not None)
        assert app._batch_count == 1
        assert frames == []
        line.read_until(lambda seen: len(seen) == MANY * len(PIECE))
        await until(pilot, lambda: app._batch_count == 0)
        await until(pilot, lambda: bool(frames))


def test_some_frames_may_wait() -> None:
    """Three pieces make a frame: where a terminal knows frames, its begin and its end are pieces too."""
    assert MOST_PIECES >= 2 * 3
