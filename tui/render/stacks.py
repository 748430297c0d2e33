"""The stacks of a worker's processes and threads as lines, what a worker at rest was doing at its end, and the dump."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from supervisor.api.hangs import ProcessStacks, StackFrame, StacksReply, ThreadStack, Verdict
from tui.render.figures import duration, plural
from tui.render.glyphs import Glyphs
from tui.render.hang_words import frame_lines, kind_words, without_the_way_in
from tui.render.pieces import Line, Piece, Tone, cut_line, plain, wrap

STILL_FROM_S: Final = 2.0
"""A thread whose stack has been the same for so long is said to stand still."""

ThreadKey = tuple[int, int]

_ON_CPU: Final = frozenset({"running", "runs"})
_SOURCES: Final[dict[str, str]] = {
    "agent": "told by itself",
    "py-spy": "read by py-spy",
    "faulthandler": "told by faulthandler",
    "kernel": "only the kernel tells",
}


@dataclass(frozen=True, slots=True)
class Seen:
    """A thread's frames, and since when (monotonic) they have been the same."""

    frames: tuple[StackFrame, ...]
    since_s: float


class Changes:
    """What of the stacks has changed from one look to the next."""

    def __init__(self) -> None:
        self._seen: dict[ThreadKey, Seen] = {}
        self._looks = 0

    def take(self, reply: StacksReply, now_s: float) -> None:
        """This is how they are at `now_s`; threads that are not there any more are forgotten."""
        seen: dict[ThreadKey, Seen] = {}
        for process in reply.processes:
            for key, thread in threads_of(process):
                before = self._seen.get(key)
                is_same = before is not None and before.frames == thread.frames
                seen[key] = before if before is not None and is_same else Seen(thread.frames, now_s)
        self._seen = seen
        self._looks += 1

    def still_s(self, key: ThreadKey, now_s: float) -> float | None:
        """For how long the stack of that thread has been the same; None where there was one look only."""
        seen = self._seen.get(key)
        return None if seen is None or self._looks < 2 else max(now_s - seen.since_s, 0.0)


def threads_of(process: ProcessStacks) -> list[tuple[ThreadKey, ThreadStack]]:
    """The threads, each by what it is the same by in the next look: its place, where its number is not known."""
    return [((process.pid, thread.tid or -at), thread) for at, thread in enumerate(process.threads)]


def stacks_lines(
    reply: StacksReply, changes: Changes, glyphs: Glyphs, now_s: float, width: int, *, is_whole: bool = False
) -> list[Line]:
    """All processes of the worker, their threads, the frames of each innermost first.

    `is_whole`: with those, too, by which a process began.
    """
    lines: list[Line] = []
    if reply.post_mortem:
        lines += post_mortem_lines(reply.post_mortem, width)
    for process in reply.processes:
        lines += _process(process, changes, glyphs, now_s, width, is_whole=is_whole)
    return lines or [(), ((" It has no process, and nothing is known of its last one.", Tone.STRONG),)]


def post_mortem_lines(facts: Sequence[str], width: int) -> list[Line]:
    """What a worker at rest was doing when it ended."""
    lines: list[Line] = [
        (),
        ((" It does not run. This is how it ended, and what it was doing then:", Tone.STRONG),),
        (),
    ]
    before = ""
    for fact in facts:
        label, colon, _ = fact.partition(": ")
        told = plain(fact)
        if colon and label == before:  # the next line of the same thing
            told = " " * (len(label) + 2) + plain(fact[len(label) + 2 :])
        before = label
        for at, part in enumerate(wrap(told, max(width - 5, 12))):
            lines.append(((f"   {'' if at == 0 else '  '}", Tone.PLAIN), (part, Tone.PLAIN)))
    return lines


def _process(
    process: ProcessStacks, changes: Changes, glyphs: Glyphs, now_s: float, width: int, *, is_whole: bool
) -> list[Line]:
    source = _SOURCES.get(process.source, plain(process.source))
    head: Line = ((f" pid {process.pid}  ", Tone.STRONG), (f"{source}  ", Tone.DIM), (plain(process.name), Tone.STRONG))
    lines: list[Line] = [(), cut_line(head, width, glyphs.ellipsis)]
    if process.trouble:
        lines += [((f"   {part}", Tone.AMBER),) for part in wrap(plain(process.trouble), max(width - 4, 12))]
    for key, thread in threads_of(process):
        still_s = changes.still_s(key, now_s)
        lines.append(cut_line(_thread(thread, still_s), width, glyphs.ellipsis))
        shown = thread.frames if is_whole else without_the_way_in(thread.frames)
        lines += frame_lines(shown, width, 5, glyphs.ellipsis)
        if left_out := len(thread.frames) - len(shown):
            lines.append(
                ((f"     {glyphs.ellipsis} and below {plural(left_out, 'call')} by which it began (v)", Tone.DIM),)
            )
    return lines


def _thread(thread: ThreadStack, still_s: float | None) -> Line:
    pieces: list[Piece] = [(f"   {plain(thread.name) or 'thread'}", Tone.ACCENT)]
    if thread.tid:
        pieces.append((f" {thread.tid}", Tone.DIM))
    if still_s is not None and thread.frames:
        is_still = still_s >= STILL_FROM_S
        pieces.append((f"  the same for {duration(still_s)}" if is_still else "  moves", Tone.DIM))
    if not thread.frames:
        pieces.append(("  no Python frames", Tone.DIM))
    if thread.state:
        pieces.append((f"  {plain(thread.state)}", Tone.GOOD if thread.state in _ON_CPU else Tone.PLAIN))
    return tuple(pieces)


# --- for a file ---


def dump_text(title: str, verdicts: Sequence[Verdict], replies: Sequence[StacksReply], troubles: Sequence[str]) -> str:
    """Stacks of many workers for a file, worst verdicts first; nothing in it that a terminal would obey."""
    lines = [title, ""]
    lines += [
        f"{verdict.replica}: {kind_words(verdict.kind)} ({verdict.confidence}): {verdict.sentence}"
        for verdict in verdicts
        if verdict.severity in ("stuck", "warning", "waiting")
    ]
    lines += [f"not seen: {trouble}" for trouble in troubles]
    for reply in replies:
        lines += ["", f"=== {reply.replica} ===", *reply.post_mortem]
        for process in reply.processes:
            lines += ["", f"--- pid {process.pid}: {process.name} ({process.source}) ---"]
            lines += [process.trouble] if process.trouble else []
            for thread in process.threads:
                lines += _dumped(thread)
    return "".join(f"{plain(line)}\n" for line in lines)


def _dumped(thread: ThreadStack) -> list[str]:
    lines = [f"Thread {thread.tid} {thread.name}: {thread.state or 'no state'} (innermost call first)"]
    for frame in without_the_way_in(thread.frames):
        lines.append(f'  File "{frame.file}", line {frame.line}, in {frame.function}')
        lines += [f"    {frame.source}"] if frame.source else []
    return lines
