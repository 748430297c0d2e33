"""Who holds up whom where items flow: the bottleneck with its reason, and who waits for it, before and behind it.

A stage is the bottleneck when what it takes from is full, or grows, while what it puts into is not full: whoever is
before it waits to put, whoever is behind it waits for items.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from supervisor.api.messages import ChannelRow
from supervisor.lifecycle.states import LIVE, State
from tui.render.channel_rows import NOTED_FROM_S
from tui.render.channel_words import is_full
from tui.render.figures import duration, rate
from tui.render.glyphs import shown_state
from tui.render.graph import Graph, Stage
from tui.render.pieces import Tone, plain
from tui.render.pool_words import took_text

LAST_S: Final = 5
"""A queue is full when it was so over so many seconds: who waits for it comes and goes many times in one."""
CROWDED: Final = 0.9
"""From this share of its limit on, on average."""
GROWS_FROM: Final = 5.0
"""Items more than before, at least, and a fifth."""

BOTTLENECK: Final = "bottleneck"
WAITS_TO_PUT: Final = "waits to put"
WAITS_FOR_ITEMS: Final = "waits for items"
NOTE_TONES: Final = {BOTTLENECK: Tone.AMBER, WAITS_TO_PUT: Tone.PLAIN, WAITS_FOR_ITEMS: Tone.DIM}

NO_BOTTLENECK: Final = "No bottleneck: whatever is put is taken as fast."
NOTHING_FLOWS: Final = "No bottleneck: nothing flows now."


@dataclass(frozen=True, slots=True)
class Flow:
    """How everything stands in the flow."""

    notes: Mapping[str, str] = field(default_factory=dict)
    """Of a stage: that it is the bottleneck, waits to put or waits for items; others have none."""
    reasons: Mapping[str, str] = field(default_factory=dict)
    """Of a bottleneck the whole sentence."""
    stuck: tuple[str, ...] = ()
    """Sentences about queues that are full though no stage can be blamed."""

    @property
    def sentences(self) -> tuple[str, ...]:
        """One for each bottleneck and each queue that nobody can be blamed for."""
        return (*self.reasons.values(), *self.stuck)


def flow_of(graph: Graph, now_s: float) -> Flow:
    """Judge a whole graph at `now_s` (monotonic)."""
    crowded = {name for name, channel in graph.channels.items() if is_crowded(channel)}
    pressed = {
        name
        for name, channel in graph.channels.items()
        if name in crowded or is_growing(channel) or _is_deserted(graph, channel)
    }
    notes: dict[str, str] = {}
    reasons: dict[str, str] = {}
    blamed: set[str] = set()
    for name, stage in graph.stages.items():
        inputs = [each for each in stage.reads if each in pressed]
        if crowded.intersection(stage.writes):
            notes[name] = WAITS_TO_PUT
        elif inputs:
            notes[name] = BOTTLENECK
            reasons[name] = _reason(graph, stage, inputs, crowded)
            blamed.update(inputs)
        elif _is_starving(graph, stage, now_s):
            notes[name] = WAITS_FOR_ITEMS
    return Flow(notes, reasons, tuple(_unblamed(graph, crowded, notes)))


def verdict(flow: Flow, graph: Graph) -> tuple[str, ...]:
    """What is said above a drawing: the bottlenecks, else that there is none."""
    moves = any(channel.put_rate or channel.got_rate for channel in graph.channels.values())
    return flow.sentences or (NO_BOTTLENECK if moves else NOTHING_FLOWS,)


def is_crowded(channel: ChannelRow) -> bool:
    """It is full, or was nearly so over the last seconds; what only drains is not."""
    if not channel.maxsize or channel.is_ended or channel.depth is None:
        return False
    recent = channel.depth_history[-LAST_S:] or (channel.depth,)
    is_waited_for = any(user.operation.startswith("put") for user in channel.waiting)
    return sum(recent) / len(recent) >= CROWDED * channel.maxsize or (is_full(channel) and is_waited_for)


def is_growing(channel: ChannelRow) -> bool:
    """It has got deeper over the last seconds, and more is put than taken; one that fills its first quarter is not."""
    history = channel.depth_history
    third = len(history) // 3
    if channel.is_ended or third < LAST_S or channel.put_rate <= channel.got_rate or not channel.depth:
        return False
    before, now = sum(history[:third]) / third, sum(history[-third:]) / third
    is_much = now >= channel.maxsize / 4
    return is_much and now - before >= max(GROWS_FROM, before / 5)


def _is_deserted(graph: Graph, channel: ChannelRow) -> bool:
    """Items are put and wait, and of those who take from it nobody is alive."""
    is_fed = bool(channel.depth) and channel.put_rate > 0 and not channel.is_ended
    readers = graph.readers(channel.name)
    return is_fed and bool(readers) and not any(row.state in LIVE for stage in readers for row in stage.rows)


def _reason(graph: Graph, stage: Stage, inputs: Sequence[str], crowded: set[str]) -> str:
    """``parse is the bottleneck: urls is full, fetch waits to put; parse takes 12 ms an item``."""
    words = [_input_words(graph, graph.channels[name], is_full=name in crowded) for name in inputs]
    own = _own_words(graph, stage, inputs)
    return f"{plain(stage.name)} is the bottleneck: {', '.join(words)}{'; ' + own if own else ''}."


def _input_words(graph: Graph, channel: ChannelRow, *, is_full: bool) -> str:
    name = plain(channel.name)
    if not is_full:
        return f"{name} grows, {rate(channel.put_rate)} in and {rate(channel.got_rate)} out a second"
    waiting = {user.replica for user in channel.waiting if user.operation.startswith("put")}
    who = [stage.name for stage in graph.writers(channel.name) if any(row.name in waiting for row in stage.rows)]
    return f"{name} is full" + (f", {_names(who)} {'waits' if len(who) == 1 else 'wait'} to put" if who else "")


def _own_words(graph: Graph, stage: Stage, inputs: Sequence[str]) -> str:
    """Why it does not take more: it does not run, it is stuck, or how long an item takes it."""
    name, live = plain(stage.name), [row for row in stage.rows if row.state in LIVE]
    words = {shown_state(row): row for row in stage.rows}
    if not live:
        return f"{name} is {' and '.join(words)}" if words else ""
    for word in ("hung", "blocked", "stuck", "paused", "stopping"):
        if word in words:
            whose = plain(words[word].name)
            return f"{whose} is {word}"
    out = sum(graph.channels[each].got_rate for each in inputs)
    at_once = stage.size if stage.pool is not None else sum(row.state is State.RUNNING for row in live)
    if out < 0.05 or not at_once:
        return f"{name} takes nothing"
    each = f"each of its {at_once} " if at_once > 1 else f"{name} "
    return f"{each}takes {took_text(at_once / out)} an item"


def _is_starving(graph: Graph, stage: Stage, now_s: float) -> bool:
    """All of its live replicas have waited for a while in what they take from."""
    live = {row.name for row in stage.rows if row.state in LIVE}
    waiting = {
        user.replica
        for name in stage.reads
        for user in graph.channels[name].waiting
        if not user.operation.startswith("put")
        and not graph.channels[name].depth
        and user.since_s is not None
        and now_s - user.since_s >= NOTED_FROM_S
    }
    return bool(live) and live <= waiting


def _unblamed(graph: Graph, crowded: set[str], notes: Mapping[str, str]) -> list[str]:
    """Full queues that nobody takes from, or whose readers all wait to put themselves, round in a ring."""
    sentences = []
    for name in graph.channels:
        if name not in crowded:
            continue
        readers = graph.readers(name)
        if not readers:
            who = [stage.name for stage in graph.writers(name)]
            tail = f", and {_names(who)} cannot go on" if who else ""
            sentences.append(f"Nobody takes from {plain(name)}: it is full{tail}.")
    ring = _ring(graph, crowded, notes)
    if ring:
        sentences.append(f"{_names(ring)} wait for each other to take: every queue between them is full.")
    return sentences


def _ring(graph: Graph, crowded: set[str], notes: Mapping[str, str]) -> list[str]:
    """Stages that wait to put, each into what another of them takes from, where that leads round."""
    waiting = [name for name, note in notes.items() if note == WAITS_TO_PUT]
    for start in waiting:
        path = [start]
        while True:
            full = [each for each in graph.stages[path[-1]].writes if each in crowded]
            nexts = [stage.name for each in full for stage in graph.readers(each) if stage.name in waiting]
            if not nexts:
                break
            if nexts[0] in path:
                ring = path[path.index(nexts[0]) :]
                return ring if len(ring) > 1 else []
            path.append(nexts[0])
    return []


def _names(names: Sequence[str], most: int = 3) -> str:
    """``fetch`` ``fetch and seed`` ``fetch, seed and 3 more``."""
    told = [plain(name) for name in names]
    if len(told) > most:
        told = [*told[: most - 1], f"{len(told) - most + 1} more"]
    return told[0] if len(told) == 1 else ", ".join(told[:-1]) + f" and {told[-1]}"


def since_words(since_s: float | None, now_s: float) -> str:
    """`` for 9s``; empty where it is not worth telling."""
    return "" if since_s is None or now_s - since_s < NOTED_FROM_S else f" for {duration(now_s - since_s)}"
