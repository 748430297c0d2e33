"""`procdeck status`: the fleet as a plain table, or as the engine's own JSON."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from supervisor.api.messages import ChannelRow, Fleet, ReplicaRow
from supervisor.lifecycle.states import AT_REST, State
from tui.cli.exits import ExitCode
from tui.cli.locating import client_of, find_engine
from tui.cli.telling import one_line, tell, tell_block
from tui.render.channel_words import FLOWING, depth_figures, state_words
from tui.render.figures import duration, percent, size
from tui.render.life_words import held_words, next_words, waiting_words

if TYPE_CHECKING:
    from collections.abc import Sequence

REPLICA_HEADINGS: Final = ("NAME", "STATE", "PID", "UPTIME", "RESTARTS", "CPU%", "MEMORY", "DOING")
CHANNEL_HEADINGS: Final = ("CHANNEL", "KIND", "DEPTH", "IN", "OUT", "WRITERS", "READERS")
NUMBERS: Final = frozenset(
    {"PID", "UPTIME", "RESTARTS", "CPU%", "MEMORY", "DEPTH", "IN", "OUT", "IN/S", "OUT/S", "OLDEST", "PUT", "GOT"}
    | {"HELD", "REDEL", "DEAD", "FOR", "ATTEMPTS", "SIZE", "AGE"}
    | {
        "RATE",
        "LEFT",
        "FAILED",
        "RETRIED",
        "MEMBERS",
        "DONE",
        "LIFE",
        "START%",
        "WAIT%",
        "WORK%",
        "TOOK",
        "NUMBER",
        "TRIES",
    }
)
_NOTHING: Final = "-"


def show_status(project: str | None, *, as_json: bool) -> ExitCode:
    """Print the fleet of the engine that is meant."""
    client = client_of(find_engine(project))
    if as_json:
        tell_block(client.fleet_json().decode() + "\n")
    else:
        tell(status_text(client.fleet(), time.time() - time.monotonic() + time.localtime().tm_gmtoff))
    return ExitCode.OK


def status_text(fleet: Fleet, local_offset_s: float = 0.0) -> str:
    """The fleet as lines for people: a summary, the replicas, the channels.

    `local_offset_s` makes a time of the monotonic clock one that people read off the wall.
    """
    rows = [replica_cells(row, fleet.now_s, local_offset_s) for row in fleet.rows]
    parts = [_summary(fleet), table(REPLICA_HEADINGS, rows)]
    if fleet.channels:
        parts.append(table(CHANNEL_HEADINGS, [channel_cells(channel) for channel in fleet.channels]))
    return "\n\n".join(parts)


def _summary(fleet: Fleet) -> str:
    age = duration(fleet.now_s - fleet.started_s)
    words = [f"{fleet.project}: {fleet.phase}, engine {fleet.engine.pid} up {age}, {one_line(fleet.profile_path)}"]
    if fleet.simulation:
        words.append(f"simulated with {fleet.simulation}: Python workers share one process, and nothing is parallel")
    if fleet.outcome:
        words.append(one_line(fleet.outcome))
    if fleet.exit_code is not None and not fleet.outcome:
        words.append(f"a significant worker has ended the run, exit code {fleet.exit_code}")
    if fleet.log.trouble:
        words.append(f"log records are not stored: {one_line(fleet.log.trouble)}")
    if fleet.log.lost:
        words.append(f"{fleet.log.lost:,} log records could not be stored in {one_line(fleet.log.directory)}")
    return "\n".join(words)


def replica_cells(row: ReplicaRow, now_s: float, local_offset_s: float) -> tuple[str, ...]:
    """What stands below `REPLICA_HEADINGS`."""
    return (
        row.name,
        row.state.value,
        _NOTHING if row.pid is None else str(row.pid),
        _NOTHING if row.started_s is None else duration(now_s - row.started_s),
        str(row.restarts),
        _NOTHING if row.cpu_percent is None else percent(row.cpu_percent),
        _NOTHING if row.rss_bytes is None else size(row.rss_bytes),
        one_line(_doing(row, now_s, local_offset_s)) or _NOTHING,
    )


def _doing(row: ReplicaRow, now_s: float, local_offset_s: float) -> str:
    """What it does, or how it ended, or what comes next: the most telling of them, warnings first."""
    if row.state in AT_REST:
        return row.exit_cause
    words = [*row.warnings] if row.state is not State.PAUSED else [held_words(row, now_s)]
    words += [waiting_words(row), next_words(row, now_s, local_offset_s)]
    if row.state in (State.BACKOFF, State.SCHEDULED):
        words.append(row.exit_cause)
    elif row.activity:
        since = row.activity_since_s
        words.append(row.activity if since is None else f"{row.activity} ({duration(now_s - since)})")
    if row.progress is not None:
        done, total = row.progress
        words.append(f"{done:,} of {total:,}" if total else f"{done:,} done")
    return "; ".join(word for word in words if word)


def channel_cells(channel: ChannelRow) -> tuple[str, ...]:
    """What stands below `CHANNEL_HEADINGS`."""
    is_flowing = channel.kind in FLOWING
    return (
        channel.name,
        ", ".join(word for word in (channel.kind, one_line(state_words(channel))) if word),
        depth_figures(channel) or _NOTHING,
        f"{channel.put_total:,}" if is_flowing else _NOTHING,
        f"{channel.got_total:,}" if is_flowing else _NOTHING,
        ", ".join(channel.writers) or _NOTHING,
        ", ".join(channel.readers) or _NOTHING,
    )


def table(headings: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Columns of text as wide as they need to be, two blanks apart; numbers stand at the right."""
    widths = [max(len(cell) for cell in column) for column in zip(headings, *rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if heading in NUMBERS else cell.ljust(width)
            for cell, width, heading in zip(row, widths, headings, strict=True)
        ).rstrip()
        for row in (headings, *rows)
    )
