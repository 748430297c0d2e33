"""What is told below a drawing of what the cursor is on: in a few lines, in the words of the tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from supervisor.api.messages import ReplicaRow
from tui.render.channel_rows import depth_sparkline, who_line
from tui.render.channel_words import FLOWING, dead_letters, depth_figures, is_full, oldest_age, state_words
from tui.render.figures import percent, plural, rate
from tui.render.glyphs import Glyphs, shown_state
from tui.render.graph import Graph, Key, Stage
from tui.render.graph_flow import NOTE_TONES, Flow, since_words
from tui.render.graph_looks import counts_line
from tui.render.pieces import Line, Piece, Tone, cut_line, plain

TOLD_LINES: Final = 3
REPLICAS_TOLD: Final = 4


def told(graph: Graph, flow: Flow, key: Key | None, glyphs: Glyphs, now_s: float, width: int) -> list[Line]:
    """Exactly `TOLD_LINES` lines of at most `width` cells."""
    lines: list[Line] = []
    if key is not None and key.kind == "worker" and key.name in graph.stages:
        lines = _stage(graph.stages[key.name], flow, glyphs, now_s, width)
    elif key is not None and key.kind == "channel":
        lines = _channel(graph, key.name, glyphs, now_s)
    lines = [cut_line(line, width, glyphs.ellipsis) for line in lines[:TOLD_LINES]]
    return lines + [()] * (TOLD_LINES - len(lines))


def _stage(stage: Stage, flow: Flow, glyphs: Glyphs, now_s: float, width: int) -> list[Line]:
    many = f" x{stage.size}" if stage.size > 1 else ""
    kind = f"pool of {stage.size}" if stage.pool is not None else stage.rows[0].kind if stage.rows else "worker"
    head: list[Piece] = [(f" {plain(stage.name)}{'' if stage.pool is not None else many}", Tone.STRONG)]
    head += [(f"  {kind}  ", Tone.DIM), *counts_line(stage, glyphs, max(width // 2, 12))]
    if note := flow.notes.get(stage.name, ""):
        head.append((f"  {note}", NOTE_TONES[note]))
    ways = [f"takes from {_names(stage.reads)}"] if stage.reads else []
    ways += [f"puts into {_names(stage.writes)}"] if stage.writes else []
    ways = ways or ["takes from no queue and puts into none"]
    ways += [f"its pool{'s' if len(stage.made) > 1 else ''} {made_words(stage)}"] if stage.made else []
    connections = "; ".join(ways)
    return [tuple(head), ((f" {connections}", Tone.PLAIN),), _doing(stage, now_s)]


def _doing(stage: Stage, now_s: float) -> Line:
    """What its replicas do, in their own words or those of their channel operation; who is not running says why."""
    pieces: list[Piece] = []
    for row in stage.rows[:REPLICAS_TOLD]:
        word = shown_state(row)
        what = row.activity + since_words(row.activity_since_s, now_s) if row.activity else _busy_words(row)
        if word != "running":
            what = (
                f"{word}: {row.warnings[0]}" if row.warnings else f"{word} {row.last_error or row.exit_cause}".strip()
            )
        gap = "  " if pieces else " "
        name = f"{gap}{plain(row.name)} " if len(stage.rows) > 1 else gap
        pieces += [(name, Tone.DIM), (plain(what), Tone.PLAIN)]
    if len(stage.rows) > REPLICAS_TOLD:
        pieces.append((f"  and {len(stage.rows) - REPLICAS_TOLD} more", Tone.DIM))
    return tuple(pieces)


def made_words(stage: Stage) -> str:
    """The pools that its code has made: ``hash 4/4 busy``; whose each is, where it has replicas."""
    told = []
    for pool in stage.made[:REPLICAS_TOLD]:
        name = pool.name if len(stage.rows) > 1 else pool.name.partition("@")[0]
        busy = sum(member.state == "busy" for member in pool.report.members)
        told.append(f"{plain(name)} {busy}/{pool.report.processes} busy")
    more = len(stage.made) - REPLICAS_TOLD
    return ", ".join(told) + (f" and {more} more" if more > 0 else "")


def _busy_words(row: ReplicaRow) -> str:
    """Of one that does not say what it does: how busy it is."""
    cpu = "" if row.cpu_percent is None else f" {percent(row.cpu_percent)} % cpu"
    return shown_state(row) + cpu


def _channel(graph: Graph, name: str, glyphs: Glyphs, now_s: float) -> list[Line]:
    channel = graph.channels.get(name) or next((each for each in graph.shared if each.name == name), None)
    if channel is None:
        return []
    head: list[Piece] = [(f" {plain(name)}", Tone.STRONG), (f"  {channel.kind}  ", Tone.DIM)]
    if channel.kind not in FLOWING:
        users = tuple(dict.fromkeys((*channel.writers, *channel.readers)))
        head.append((plain(state_words(channel)), Tone.PLAIN))
        shared = f" shared by {_names(users)}" if users else " nobody shares it"
        return [tuple(head), ((shared, Tone.PLAIN),), ((" ", Tone.PLAIN), *who_line(channel, now_s))]
    full = ", full: producers wait" if is_full(channel) else ""
    head.append((f"{depth_figures(channel)} inside{full}", Tone.AMBER if full else Tone.PLAIN))
    oldest = oldest_age(channel, now_s)
    head.append((f"  oldest {oldest}" if oldest else "", Tone.PLAIN))
    if channel.dead_letters:
        head.append((f"  {dead_letters(channel.dead_letters)}", Tone.AMBER))
    flow: list[Piece] = [(f" in {rate(channel.put_rate)}/s, out {rate(channel.got_rate)}/s", Tone.PLAIN)]
    if channel.depth_history:
        seconds = len(channel.depth_history)
        flow += [(f"   {depth_sparkline(channel, (seconds + 1) // 2, glyphs)} ", Tone.GOOD)]
        flow.append((f"depth over {plural(seconds, 'second')}", Tone.DIM))
    who = who_line(channel, now_s)
    nobody: Line = (("nobody waits in it or holds of it", Tone.DIM),)
    return [tuple(head), tuple(flow), ((" ", Tone.PLAIN), *(who or nobody))]


def _names(names: Sequence[str]) -> str:
    shown = ", ".join(plain(name) for name in names[:REPLICAS_TOLD])
    return shown + (f" and {len(names) - REPLICAS_TOLD} more" if len(names) > REPLICAS_TOLD else "")


NO_PIPELINE: Final[tuple[tuple[str, Tone], ...]] = (
    ("", Tone.PLAIN),
    (" No two workers are joined by a queue yet. In the profile:", Tone.STRONG),
    ("", Tone.PLAIN),
    ("   [queues.urls]", Tone.ACCENT),
    ("   maxsize = 100", Tone.ACCENT),
    ("", Tone.PLAIN),
    ("   [workers.fetch]", Tone.ACCENT),
    ('   target = "app:fetch"', Tone.ACCENT),
    ('   writes = { out = "urls" }        # the parameter `out` of fetch', Tone.ACCENT),
    ("", Tone.PLAIN),
    ("   [workers.parse]", Tone.ACCENT),
    ('   target = "app:parse"', Tone.ACCENT),
    ('   reads = { inbox = "urls" }       # the parameter `inbox` of parse', Tone.ACCENT),
)
"""What teaches where there is nothing to draw."""


def no_pipeline_lines(width: int, ellipsis: str) -> list[Line]:
    """The few lines of a profile that join two workers by a queue."""
    return [cut_line(((text, tone),), width, ellipsis) for text, tone in NO_PIPELINE]
