"""`procdeck channels`: what flows between workers and what they share, dead letters, and the ways to be rid of them."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Final

from supervisor.api.letters import ChannelActionName, Letter, LetterList
from supervisor.api.messages import ChannelRow
from tui.cli.exits import ExitCode, UsageError
from tui.cli.locating import client_of, find_engine
from tui.cli.status import table
from tui.cli.telling import narrate, one_line, tell, tell_block
from tui.render.channel_words import FLOWING, dead_letters, depth_figures, oldest_age, state_words, who_is_in
from tui.render.figures import count, duration, plural, rate, size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from supervisor.api.client import EngineClient

_FLOW_HEADINGS: Final = (
    "NAME", "KIND", "DEPTH", "IN/S", "OUT/S", "OLDEST", "PUT", "GOT", "HELD", "REDEL", "DEAD",
)  # fmt: skip
_SHARED_HEADINGS: Final = ("NAME", "KIND", "STATE", "SHARED BY")
_USER_HEADINGS: Final = ("CHANNEL", "DOES", "FOR", "WHO")
_LETTER_HEADINGS: Final = ("ID", "ATTEMPTS", "SIZE", "AGE", "REASON", "ITEM")
_ITEM_HEADINGS: Final = ("ID", "ATTEMPTS", "SIZE", "AGE", "ITEM")
_NOTHING: Final = "-"
_NAMES_SHOWN: Final = 4


def show_channels(project: str | None, *, as_json: bool) -> ExitCode:
    """Print all channels of the engine that is meant."""
    client = client_of(find_engine(project))
    if as_json:
        tell_block(client.channels_json().decode() + "\n")
        return ExitCode.OK
    channels = client.channels()
    if channels:
        tell(channels_text(channels, time.monotonic()))
    else:
        narrate("the profile names no channels; [queues.NAME] makes one, `reads` and `writes` of workers connect it")
    return ExitCode.OK


def channels_text(channels: Sequence[ChannelRow], now_s: float) -> str:
    """Three tables, without those that would be empty: what flows, what is shared, who is in which of them."""
    flowing = [_flow_cells(channel, now_s) for channel in channels if channel.kind in FLOWING]
    shared = [_shared_cells(channel) for channel in channels if channel.kind not in FLOWING]
    users = [cells for channel in channels for cells in _user_cells(channel, now_s)]
    tables = ((_FLOW_HEADINGS, flowing), (_SHARED_HEADINGS, shared), (_USER_HEADINGS, users))
    return "\n\n".join(table(headings, rows) for headings, rows in tables if rows)


def _flow_cells(channel: ChannelRow, now_s: float) -> tuple[str, ...]:
    is_queue = channel.kind == "queue"
    return (
        channel.name,
        ", ".join(word for word in (channel.kind, one_line(state_words(channel))) if word),
        depth_figures(channel),
        rate(channel.put_rate),
        rate(channel.got_rate),
        oldest_age(channel, now_s) or _NOTHING,
        count(channel.put_total),
        count(channel.got_total),
        str(len(channel.holding)) if is_queue else _NOTHING,
        count(channel.redelivered) if is_queue else _NOTHING,
        count(channel.dead_letters) if is_queue else _NOTHING,
    )


def _shared_cells(channel: ChannelRow) -> tuple[str, ...]:
    users = tuple(dict.fromkeys((*channel.writers, *channel.readers)))
    return channel.name, channel.kind, one_line(state_words(channel)) or _NOTHING, _names(users) or _NOTHING


def _user_cells(channel: ChannelRow, now_s: float) -> list[tuple[str, ...]]:
    return [
        (channel.name, one_line(group.operation), group.age(now_s) or _NOTHING, _names(group.names))
        for group in who_is_in(channel)
    ]


def _names(names: Sequence[str]) -> str:
    more = len(names) - _NAMES_SHOWN
    return ", ".join(names[:_NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")


def show_letters(project: str | None, channel: str, *, as_json: bool) -> ExitCode:
    """Print the dead letters of a queue."""
    letters = client_of(find_engine(project)).letters(channel)
    return _show_items(letters, f"{channel} has no dead letters", as_json=as_json)


def show_first(project: str | None, channel: str, *, as_json: bool) -> ExitCode:
    """Print what waits first in a queue, as much of it as can be seen without taking it."""
    letters = client_of(find_engine(project)).peek(channel)
    return _show_items(letters, f"nothing waits in {channel}", as_json=as_json)


def _show_items(letters: LetterList, if_none: str, *, as_json: bool) -> ExitCode:
    if as_json:
        import msgspec

        tell_block(msgspec.json.encode(letters).decode() + "\n")
    elif letters.letters:
        tell(letters_text(letters.letters, time.monotonic()))
    else:
        narrate(if_none)
    return ExitCode.OK


def letters_text(letters: Sequence[Letter], now_s: float) -> str:
    """Items as a table; why each was given up where there is one that was."""
    has_reasons = any(letter.reason for letter in letters)
    rows = []
    for letter in letters:
        age = _NOTHING if letter.put_s is None else duration(now_s - letter.put_s)
        reason = (one_line(letter.reason) or _NOTHING,) if has_reasons else ()
        preview = one_line(letter.preview) or _NOTHING
        rows.append((one_line(letter.id), str(letter.attempts), size(letter.bytes), age, *reason, preview))
    return table(_LETTER_HEADINGS if has_reasons else _ITEM_HEADINGS, rows)


def act_on_letters(
    project: str | None, channel: str, action: ChannelActionName, ids: Sequence[str], *, is_sure: bool
) -> ExitCode:
    """Requeue or discard dead letters, or drain what waits. What throws everything away is asked about first."""
    client = client_of(find_engine(project))
    if action != "requeue" and not ids and not is_sure and not _is_wanted(client, channel, action):
        narrate("nothing was thrown away")
        return ExitCode.OK
    tell(one_line(client.channel_act(channel, action, ids).text))
    return ExitCode.OK


def _is_wanted(client: EngineClient, channel: str, action: ChannelActionName) -> bool:
    """Ask on the terminal whether all of it is to go.

    Raises:
        UsageError: there is nobody to ask.
    """
    row = client.channel(channel)
    count_there = row.dead_letters if action == "discard" else row.depth
    if row.kind != "queue" or count_there == 0:
        return True  # Nothing can be lost, and the engine has the words for it.
    if action == "discard":
        what = f"{dead_letters(row.dead_letters)} of {channel}"
    else:
        what = f"what waits in {channel}" + ("" if row.depth is None else f" ({plural(row.depth, 'item')})")
    if not sys.stdin.isatty():
        raise UsageError(f"{action} would throw away {what} for good; say --yes if that is meant")
    print(f"Throw away {what} for good? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in {"y", "yes"}
