"""`procdeck channels` and what is below it."""

from __future__ import annotations

import io
import time
from typing import TYPE_CHECKING

import msgspec
import pytest

from supervisor.api.letters import LetterList
from supervisor.api.messages import ChannelList, ChannelRow, ChannelUser
from tests.api.fake_port import FakeEngine, a_fleet, a_letter, a_row
from tui.cli.channels import channels_text, letters_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.conftest import Command

NOW_S = 1000.0

PATHS = ChannelRow(
    name="paths",
    kind="queue",
    depth=120,
    maxsize=200,
    put_total=1512,
    got_total=1392,
    put_rate=1234.0,
    got_rate=11.2,
    oldest_s=NOW_S - 9,
    waiting=(
        ChannelUser(replica="parse.2", operation="get", since_s=NOW_S - 3),
        *(ChannelUser(replica=f"parse.{at}", operation="get", since_s=NOW_S - 1) for at in range(3, 9)),
    ),
    holding=(ChannelUser(replica="parse.1", pid=4711, operation="holds", since_s=NOW_S - 64),),
    redelivered=2,
    dead_letters=3,
    writers=("walk",),
    readers=("parse.1", "parse.2"),
)
CHANNELS = (
    PATHS,
    ChannelRow(name="back", kind="pipe", put_total=1_310_000, got_total=1_310_000, is_ended=True),
    ChannelRow(name="guard", kind="lock", state="held by \x1b[2Jparse.2", readers=("parse.1", "parse.2")),
    ChannelRow(name="ready", kind="event"),
)

GOLDEN = """\
NAME   KIND           DEPTH  IN/S  OUT/S  OLDEST    PUT    GOT  HELD  REDEL  DEAD
paths  queue        120/200  1.2k     11      9s  1,512  1,392     1      2     3
back   pipe, ended        ?     0      0       -   1.3M   1.3M     -      -     -

NAME   KIND   STATE            SHARED BY
guard  lock   held by parse.2  parse.1, parse.2
ready  event  -                -

CHANNEL  DOES   FOR  WHO
paths    get     3s  parse.2, parse.3, parse.4, parse.5 and 3 more
paths    holds   1m  parse.1"""

LETTERS = """\
ID  ATTEMPTS   SIZE  AGE  REASON                     ITEM
7          3  1.2 K   9s  its consumer died 3 times  str 'bad-7.py'
8          3  1.2 K    -  its consumer died 3 times  dict with 2 keys"""


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[FakeEngine]:
    """A fake engine with a queue that has dead letters, and a lock."""
    fleet = a_fleet(a_row("walk"), channels=(PATHS, CHANNELS[2]))
    with FakeEngine(fleet, tmp_path / "logs") as engine:
        engine.port.dead = {"paths": [a_letter("7"), a_letter("8", preview="dict \x1b]0;owned\x07[red]\n2 keys")]}
        yield engine


class Terminal(io.StringIO):
    """A stdin that somebody sits at."""

    def isatty(self) -> bool:
        return True


def test_channels_as_tables() -> None:
    """The golden text: what flows, what is shared, who is in which; worker text cannot do anything to the terminal."""
    text = channels_text(CHANNELS, NOW_S)
    assert text == GOLDEN
    assert max(len(line) for line in channels_text((PATHS,), NOW_S).splitlines()) <= 80


def test_channels_command_tells_what_the_engine_says(command: Command, engine: FakeEngine) -> None:
    """For people as tables, for programs as one object, as the engine sent it."""
    outcome = command("channels")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.splitlines()[1].startswith("paths  queue  120/200  1.2k     11")
    outcome = command("channels", "--json", "--project", "census")
    assert msgspec.json.decode(outcome.out, type=ChannelList).channels == engine.port.now.channels


def test_a_profile_without_channels_says_how_to_make_one(command: Command, tmp_path: Path) -> None:
    """stdout is empty, for there is no data."""
    with FakeEngine(a_fleet(channels=()), tmp_path / "logs"):
        outcome = command("channels")
    assert (outcome.code, outcome.out) == (0, "")
    assert "[queues.NAME]" in outcome.err


def test_letters_as_a_table() -> None:
    """The golden text; ages where they can be told."""
    letters = [a_letter("7", put_s=NOW_S - 9), a_letter("8", preview="dict with 2 keys")]
    assert letters_text(letters, NOW_S) == LETTERS
    assert "REASON" not in letters_text([a_letter("9", reason="")], NOW_S)


def test_letters_and_peek_show_items_without_their_powers(command: Command, engine: FakeEngine) -> None:
    """An item's preview is a stranger's text: no escape, no second line."""
    outcome = command("channels", "letters", "paths")
    assert (outcome.code, len(outcome.out.splitlines())) == (0, 3)
    assert "dict [red]⏎2 keys" in outcome.out
    assert "\x1b" not in outcome.out
    outcome = command("channels", "letters", "paths", "--json")
    assert [letter.id for letter in msgspec.json.decode(outcome.out, type=LetterList).letters] == ["7", "8"]
    outcome = command("channels", "peek", "paths")
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "nothing waits in paths\n")
    engine.do(lambda port: port.first.update(paths=[a_letter("9", put_s=time.monotonic(), reason="")]))
    assert "str 'bad-9.py'" in command("channels", "peek", "paths").out


def test_requeue_and_discard_of_some_ask_nothing(command: Command, engine: FakeEngine) -> None:
    """Requeueing destroys nothing, and named letters are meant."""
    assert command("channels", "requeue", "paths", "8").out == "requeue: 1 dead letters of paths\n"
    assert command("channels", "discard", "paths", "7").out == "discard: 1 dead letters of paths\n"
    assert command("channels", "requeue", "paths").code == 0
    assert engine.port.channel_wishes == [
        ("paths", "requeue", ("8",)),
        ("paths", "discard", ("7",)),
        ("paths", "requeue", ()),
    ]


@pytest.mark.parametrize(
    ("action", "what"), [("drain", "what waits in paths (120 items)"), ("discard", "3 dead letters of paths")]
)
def test_throwing_all_away_needs_yes_where_nobody_can_be_asked(
    command: Command, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, action: str, what: str
) -> None:
    """Exit code 2 and what it would cost; with --yes it is done."""
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    outcome = command("channels", action, "paths")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == f"procdeck: {action} would throw away {what} for good; say --yes if that is meant\n"
    assert engine.port.channel_wishes == []
    assert command("channels", action, "paths", "--yes").code == 0
    assert engine.port.channel_wishes == [("paths", action, ())]


@pytest.mark.parametrize(("answer", "wishes"), [("y\n", 1), ("\n", 0), ("n\n", 0), ("", 0)])
def test_drain_asks_on_a_terminal_and_no_is_the_default(
    command: Command, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, answer: str, wishes: int
) -> None:
    """The question names the count; anything but yes keeps the items."""
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    outcome = command("channels", "drain", "paths")
    assert outcome.code == 0
    assert outcome.err.startswith("Throw away what waits in paths (120 items) for good? [y/N] ")
    assert len(engine.port.channel_wishes) == wishes
    assert ("nothing was thrown away" in outcome.err) is (wishes == 0)


def test_mistakes_are_told_with_what_was_meant(command: Command, engine: FakeEngine) -> None:
    """A channel, a command below `channels`, a kind that has no items."""
    outcome = command("channels", "peek", "pahts")
    assert (outcome.code, outcome.err) == (4, "procdeck: no channel 'pahts'; did you mean \"paths\"?\n")
    outcome = command("channels", "requeu", "paths")
    assert (outcome.code, outcome.err) == (
        2,
        'procdeck: there is no command "channels requeu"; did you mean "requeue"?\n',
    )
    assert "there are discard, drain, letters, peek, requeue" in command("channels", "zzz").err
    assert "guard is a lock" in command("channels", "drain", "guard").err
    assert command("chanels").err == 'procdeck: there is no command "chanels"; did you mean "channels"?\n'
