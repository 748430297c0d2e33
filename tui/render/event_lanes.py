"""The lives of workers over the last minutes, a lane for each: starts, exits and restarts as signs over time.

A worker that crashes again and again is a row of the same signs. Workers to which nothing has happened have no lane.

::

    parse.1      ◉⠤⠤⠤⟳▹◉⠤⠤⟳▹◉⠤⠤⟳                      3 exits
    walk         ▹◉⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤✓                1 exit
                 5m ago                      now
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from rich.cells import cell_len

from supervisor.api.messages import Event
from tui.render.figures import duration, plural
from tui.render.glyphs import STATE_TONES, Glyphs
from tui.render.pieces import Line, Piece, Tone, fit, fit_line, plain

NAME_CELLS: Final = 12
_TOLD_CELLS: Final = 10
_UP: Final = frozenset({"running", "unready", "paused"})
_ENDS: Final = frozenset({"backoff", "failed", "finished", "stopped", "scheduled", "stuck"})
_TROUBLES: Final = frozenset({"backoff", "failed", "stuck", "unready"})
_RANKS: Final[dict[str, int]] = {
    "stuck": 9,
    "failed": 9,
    "backoff": 8,
    "unready": 6,
    "paused": 5,
    "finished": 5,
    "stopped": 5,
    "scheduled": 5,
    "skipped": 5,
    "starting": 3,
    "stopping": 2,
    "running": 1,
}
"""Of several events in one cell the one that tells most is shown."""
_WISH_RANK: Final = 7


@dataclass(slots=True)
class _Lane:
    """One worker's changes of state, oldest first."""

    name: str
    changes: list[tuple[float, str]] = field(default_factory=list)
    wishes: list[float] = field(default_factory=list)
    before: str = ""
    """The state that it was in when the time that is shown began."""
    exits: int = 0
    troubles: int = 0


def lane_lines(
    events: Sequence[Event], now_at: float, span_s: float, width: int, most: int, glyphs: Glyphs
) -> list[Line]:
    """At most `most` lanes of `span_s` seconds up to `now_at`, then a line of times; empty where nothing happened.

    Whoever has the most trouble is first.
    """
    lanes = _lanes(events, now_at - span_s)
    shown = sorted((lane for lane in lanes if lane.changes), key=lambda lane: (-lane.troubles, -lane.changes[-1][0]))
    if not shown:
        return []
    shown, hidden = shown[:most], len(shown) - most
    name_cells = min(max(6, *(cell_len(lane.name) for lane in shown)), NAME_CELLS)
    cells = max(width - name_cells - _TOLD_CELLS - 4, 10)
    lines = [_lane_line(lane, now_at, span_s, cells, name_cells, width, glyphs) for lane in shown]
    left = f"{duration(span_s)} ago"
    times = left + "now".rjust(cells - len(left))
    more = f"  +{hidden} more" if hidden > 0 else ""
    return [*lines, fit_line(((" " * (name_cells + 2) + times + more, Tone.DIM),), width)]


def _lanes(events: Sequence[Event], since_at: float) -> list[_Lane]:
    """Those to whom something has happened since then; what was before is looked at no further than it has to be."""
    lanes: dict[str, _Lane] = {}
    unknown: set[str] = set()
    for event in reversed(events):
        is_state = event.kind == "state"
        if event.at < since_at:
            if not unknown:
                break
            if is_state and event.subject in unknown:
                unknown.discard(event.subject)
                lanes[event.subject].before = event.to_state or ""
        elif is_state or event.step == "accepted":
            lane = lanes.get(event.subject)
            if lane is None:
                lane = lanes[event.subject] = _Lane(plain(event.subject))
            if not is_state:
                lane.wishes.append(event.at)
            elif event.to_state is not None:
                lane.changes.append((event.at, event.to_state))
                unknown.add(event.subject)
    for lane in lanes.values():
        lane.changes.reverse()
        states = [state for _, state in lane.changes]
        lane.exits = sum(state in _ENDS for state in states)
        lane.troubles = sum(state in _TROUBLES for state in states)
    return list(lanes.values())


def _lane_line(
    lane: _Lane, now_at: float, span_s: float, cells: int, name_cells: int, width: int, glyphs: Glyphs
) -> Line:
    def cell_of(at: float) -> int:
        return min(max(int(cells * (at - now_at + span_s) / span_s), 0), cells - 1)

    signs: list[tuple[int, str, Tone]] = [(0, " ", Tone.PLAIN)] * cells
    state, begin = lane.before, 0
    for at, after in [*lane.changes, (now_at, "")]:
        end = cell_of(at) if after else cells
        for cell in range(begin, end):
            if not signs[cell][0]:
                signs[cell] = (0, *_between(state, glyphs))
        if after:
            rank = _RANKS.get(after, 1)
            if rank >= signs[end][0]:
                signs[end] = (rank, glyphs.states.get(after, glyphs.bullet), STATE_TONES.get(after, Tone.PLAIN))
            state, begin = after, end + 1
    for at in lane.wishes:
        if signs[cell_of(at)][0] < _WISH_RANK:
            signs[cell_of(at)] = (_WISH_RANK, glyphs.points, Tone.ACCENT)
    told = plural(lane.exits, "exit") if lane.exits else ""
    head: Piece = (f" {fit(lane.name, name_cells, ellipsis=glyphs.ellipsis)} ", Tone.STRONG)
    tail: Piece = (f"  {told}", Tone.RED if lane.troubles else Tone.DIM)
    return fit_line((head, *_joined(signs), tail), width, glyphs.ellipsis)


def _between(state: str, glyphs: Glyphs) -> tuple[str, Tone]:
    """What a cell shows in which nothing happens."""
    if state in _UP:
        return ("-" if glyphs.is_ascii else "⠤"), STATE_TONES[state]
    if state == "backoff":
        return ("." if glyphs.is_ascii else "⠄"), Tone.AMBER
    return " ", Tone.PLAIN


def _joined(signs: Iterable[tuple[int, str, Tone]]) -> list[Piece]:
    """Neighbours of the same tone as one piece."""
    pieces: list[Piece] = []
    for _, sign, tone in signs:
        if pieces and pieces[-1][1] is tone:
            pieces[-1] = (pieces[-1][0] + sign, tone)
        else:
            pieces.append((sign, tone))
    return pieces
