"""Verdicts, stacks and samples as plain text, for a terminal or a file, and the waits-for graph as Graphviz has it.

The dashboard's pages of the same things are in `tui.render.why` and beside it. All of this is pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from shlex import join
from typing import Final

from msgspec.structs import replace

from supervisor.api.hangs import (
    ChainLink,
    ProcessStacks,
    SampledStack,
    SampleReply,
    StackFrame,
    StacksReply,
    Verdict,
    WayOut,
)
from tui.cli.telling import one_line
from tui.render.figures import duration, plural
from tui.render.hang_words import without_the_way_in

CONCERNS: Final = ("stuck", "warning")
"""The severities that are told unasked."""
_SEVERITIES: Final = ("stuck", "warning", "waiting", "busy", "idle")
_COLOURS: Final = {"stuck": "1;31", "warning": "1;33"}
_LEAST_SHARE: Final = 0.02
"""A branch of a sample that is thinner is left out of the text."""
_DEEPEST: Final = 60
_WORDS: Final = 2000
"""Characters of a sentence; they are ours, but names in them are a worker's."""


def worst_first(verdicts: Iterable[Verdict]) -> tuple[Verdict, ...]:
    """Sorted by how bad they are, then by how many wait for them; else in their order."""
    return tuple(sorted(verdicts, key=lambda each: (_SEVERITIES.index(each.severity), -len(each.blocks))))


def counts_text(verdicts: Iterable[Verdict]) -> str:
    """``1 stuck, 3 busy, 5 idle``."""
    counts = Counter(verdict.severity for verdict in verdicts)
    words = {"warning": "to look at"}
    return ", ".join(f"{counts[name]} {words.get(name, name)}" for name in _SEVERITIES if counts[name])


def troubles_text(troubles: Iterable[str]) -> list[str]:
    """What could not be seen, a line for each reason: ``pid 12 (walk) and 3 others: it may not be looked into``."""
    reasons: dict[str, list[str]] = {}
    for trouble in troubles:
        who, colon, reason = trouble.partition(": ")
        reasons.setdefault(reason if colon else who, []).append(who if colon else "")
    lines = []
    for reason, whose in reasons.items():
        others = f" and {plural(len(whose) - 1, 'other')}" if len(whose) > 1 else ""
        lines.append(one_line(f"{whose[0]}{others}: {reason}" if whose[0] else reason, _WORDS))
    return lines


def verdict_text(
    verdict: Verdict,
    now_s: float,
    *,
    is_brief: bool = False,
    colours: bool = False,
    width: int = 0,
    project: str | None = None,
) -> str:
    """The cause first; below it how sure that is, who waits for whom, the evidence, what to do, and the ways out.

    Args:
        verdict: what is told.
        now_s: monotonic.
        is_brief: only the cause, how sure that is, and who waits for it.
        colours: with ANSI colours by how bad it is.
        width: cells of a line, after which sentences go on in the next; 0 for lines as long as they are.
        project: the project that commands have to name; None where it goes without saying.
    """
    sgr = _COLOURS.get(verdict.severity, "1") if colours else ""
    head = _folded("", f"{one_line(verdict.replica)}: {one_line(verdict.sentence, _WORDS)}", width, hang=2)
    lines = [*(_coloured(line, sgr) for line in head), *_folded("  ", _facts(verdict, now_s), width)]
    if verdict.blocks:
        names = ", ".join(map(one_line, verdict.blocks))
        many = f"{plural(len(verdict.blocks), 'worker')} {_waits(verdict.blocks)} for it: {names}"
        lines += _folded("  ", many, width)
    if is_brief:
        return "\n".join(lines)
    lines += _chain(verdict, width)
    if not verdict.chain and verdict.stack:
        lines += ["  its stack, innermost first:", *_frames(verdict.stack, 4)]
    for at, text in enumerate(verdict.evidence):
        lines += _folded("  evidence: " if at == 0 else " " * 12, one_line(text, _WORDS), width)
    if verdict.remedy:
        lines += _folded("  what to do: ", one_line(verdict.remedy, _WORDS), width)
    for at, way in enumerate(way for way in verdict.ways_out if way.text):
        lines += _folded("  ways out: " if at == 0 else " " * 12, one_line(way.text, _WORDS), width)
        if command := command_of(way, verdict, project):
            lines.append(f"{' ' * 14}{command}")
    return "\n".join(lines)


def _folded(lead: str, text: str, width: int, hang: int = 0) -> list[str]:
    """`text` after `lead`, and on lines below it as far in, or `hang` cells further than `lead`."""
    from textwrap import wrap

    if not width:
        return [lead + text]
    return wrap(
        text,
        max(width, 40),
        initial_indent=lead,
        subsequent_indent=" " * (len(lead) + hang),
        break_long_words=False,
        break_on_hyphens=False,
    ) or [lead]


def _waits(names: Sequence[str]) -> str:
    return "waits" if len(names) == 1 else "wait"


def _facts(verdict: Verdict, now_s: float) -> str:
    kind = verdict.warning or verdict.kind.replace("_", " ")
    since = "" if verdict.since_s is None else f", for {duration(now_s - verdict.since_s)}"
    sure = {"certain": "certain", "likely": "likely", "possible": "possible, no more than that"}[verdict.confidence]
    who = f"pid {verdict.pid} {one_line(verdict.thread)}".rstrip()
    return f"{one_line(kind)} ({verdict.severity}){since}; {sure}; {who}"


def _chain(verdict: Verdict, width: int) -> list[str]:
    if not verdict.chain:
        return []
    lines = ["  who waits for whom, a ring:" if verdict.is_cycle else "  who waits for whom:"]
    for link in verdict.chain:
        lines += _folded("    ", f"{who_text(link)}: {one_line(link.does, _WORDS)}", width, hang=2)
        if link.frame is not None:
            lines += _frames((link.frame,), 6)
    if verdict.is_cycle:
        lines.append(f"    and so on with {one_line(verdict.chain[0].replica) or f'pid {verdict.chain[0].pid}'}")
    return lines


def who_text(link: ChainLink) -> str:
    """``left, pid 4711 MainThread``."""
    name = one_line(link.replica) or "no worker of ours"
    return f"{name}, pid {link.pid} {one_line(link.thread)}".rstrip()


def _frames(frames: Sequence[StackFrame], indent: int) -> list[str]:
    """A line for each frame: place, function, source, in columns; how a worker was started is left out."""
    own = without_the_way_in(frames)
    places = [place_text(frame) for frame in own]
    widths = max(map(len, places)), max(len(one_line(frame.function)) for frame in own)
    return [
        f"{' ' * indent}{place.ljust(widths[0])}  {one_line(frame.function).ljust(widths[1])}  "
        f"{one_line(frame.source.strip())}".rstrip()
        for place, frame in zip(places, own, strict=True)
    ]


def place_text(frame: StackFrame) -> str:
    """``/app/etl.py:14``; what is below the standard library or installed packages without the way there."""
    file = one_line(frame.file, 1000)
    for mark in ("/site-packages/", "/dist-packages/"):
        file = file.rpartition(mark)[2]
    head, mark, tail = file.partition("/lib/python3.")
    if mark:
        file = tail.partition("/")[2] or head
    return f"{file}:{frame.line}" if frame.line else file


def command_of(way: WayOut, verdict: Verdict, project: str | None = None) -> str:
    """What to type for a way out; empty where there is no such command."""
    name = way.replica or verdict.replica
    match way.action:
        case "restart" | "kill" | "resume":
            words = [way.action, name]
        case "kill-process" if way.pid is not None and way.start_ticks is not None:
            words = ["kill", "--process", f"{way.pid}:{way.start_ticks}"]
        case "release" if way.resource:
            words = ["release", name, way.resource]
        case "dump":
            words = ["stacks", name]
        case "report":
            words = ["report"]
        case _:
            return ""
    if project is not None:
        words += ["--project", project]
    return one_line(f"procdeck {join(words)}")


def stacks_text(reply: StacksReply) -> str:
    """All threads of a replica's processes, innermost frame first; what it was doing, for one at rest."""
    lines = [f"{one_line(reply.replica)}:{'' if reply.processes else ' it has no process'}"]
    for process in reply.processes:
        lines += _process(process)
    if reply.post_mortem:
        lines += ["  what it was doing last:", *(f"    {one_line(text, _WORDS)}" for text in reply.post_mortem)]
    return "\n".join(lines)


def _process(process: ProcessStacks) -> list[str]:
    told = {"kernel": "by the kernel only, which knows no Python"}.get(process.source, f"by {process.source}")
    lines = [f"  process {process.pid} {one_line(process.name)}, {told}"]
    if process.trouble:
        lines.append(f"    {one_line(process.trouble, _WORDS)}")
    for thread in process.threads:
        state = f": {one_line(thread.state)}" if thread.state else ""
        number = f"thread {thread.tid}" if thread.tid else "a thread"
        lines.append(f"    {number} {one_line(thread.name)}".rstrip() + state)
        if thread.frames:
            lines += _frames(thread.frames, 6)
    return lines


def sample_text(reply: SampleReply) -> str:
    """Where the time goes: a tree of functions from the outermost in, each with its share of the samples."""
    waiting = sum(stack.count for stack in reply.stacks if stack.is_waiting)
    total = sum(stack.count for stack in reply.stacks)
    by = f", by {reply.source}" if reply.source else ""
    lines = [f"{one_line(reply.replica)}: {plural(reply.samples, 'sample')} over {reply.seconds:g} s{by}"]
    if reply.trouble:
        lines.append(f"  {one_line(reply.trouble, _WORDS)}")
    if total:
        lines.append(f"  {_share(waiting, total)} of them asleep in the kernel")
    threads: dict[tuple[int, str], list[SampledStack]] = {}
    for stack in reply.stacks:
        own = replace(stack, frames=tuple(without_the_way_in(stack.frames[::-1])[::-1]))
        threads.setdefault((stack.pid, stack.thread), []).append(own)
    for (pid, name), stacks in sorted(threads.items(), key=lambda each: -sum(stack.count for stack in each[1])):
        count = sum(stack.count for stack in stacks)
        lines.append(f"  {_share(count, total)}  pid {pid} {one_line(name)}")
        lines += _tree(stacks, total, 0)
    return "\n".join(lines)


def _tree(stacks: Sequence[SampledStack], total: int, depth: int) -> list[str]:
    """The callees at `depth` of these stacks, which are the same down to there."""
    callees: dict[str, list[SampledStack]] = {}
    for stack in stacks:
        if depth < min(len(stack.frames), _DEEPEST):
            callees.setdefault(_call(stack.frames[depth]), []).append(stack)
    lines = []
    for call, below in sorted(callees.items(), key=lambda each: -sum(stack.count for stack in each[1])):
        count = sum(stack.count for stack in below)
        if count >= _LEAST_SHARE * total:
            lines.append(f"  {_share(count, total)}  {'  ' * (depth + 1)}{call}")
            lines += _tree(below, total, depth + 1)
    return lines


def _call(frame: StackFrame) -> str:
    return f"{one_line(frame.function)} ({place_text(frame)})"


def _share(count: int, total: int) -> str:
    return f"{100 * count / total:3.0f} %"


def folded_text(reply: SampleReply) -> str:
    """A line for each stack, ``pid 4711 MainThread;main (a.py:1);work (a.py:9) 12``: the input of flamegraph.pl."""
    lines = []
    for stack in reply.stacks:
        words = [f"pid {stack.pid} {one_line(stack.thread)}".rstrip(), *map(_call, stack.frames)]
        lines.append(f"{';'.join(word.replace(';', ',') for word in words)} {stack.count}")
    return "\n".join(lines)


def waits_dot(verdicts: Iterable[Verdict]) -> str:
    """Who waits for whom, over all verdicts, as a Graphviz digraph; ``dot -Tsvg`` draws it."""
    nodes: dict[str, ChainLink] = {}
    edges: dict[tuple[str, str], bool] = {}
    for verdict in verdicts:
        chain = verdict.chain
        for link in chain:
            nodes.setdefault(_node(link), link)
        pairs = list(pairwise(chain))
        if verdict.is_cycle and chain:
            pairs.append((chain[-1], chain[0]))
        for waiter, holder in pairs:
            edge = _node(waiter), _node(holder)
            edges[edge] = edges.get(edge, False) or verdict.is_cycle
    lines = ["digraph waits {", "  node [shape=box, fontname=monospace];"]
    for name, link in nodes.items():
        place = f"\n{place_text(link.frame)} {link.frame.function}" if link.frame is not None else ""
        lines.append(f"  {_quoted(name)} [label={_quoted(f'{who_text(link)}{place}')}, tooltip={_quoted(link.does)}];")
    for (begin, end), is_ring in edges.items():
        lines.append(f"  {_quoted(begin)} -> {_quoted(end)}{' [color=red]' if is_ring else ''};")
    return "\n".join([*lines, "}"])


def _node(link: ChainLink) -> str:
    return f"{link.pid}:{link.tid or 0}"


def _quoted(text: str) -> str:
    """A string of the dot language; ``\\n`` ends a line in it."""
    lines = (one_line(line, _WORDS).replace("\\", "\\\\").replace('"', '\\"') for line in text.split("\n"))
    return '"' + "\\n".join(lines) + '"'


def _coloured(text: str, sgr: str) -> str:
    return f"\x1b[{sgr}m{text}\x1b[0m" if sgr else text
