"""What can be taken back, and what cannot: each thing done leaves a note of the way back, in honest words.

It does nothing itself, and no note promises lost state: what a process held in memory is gone with it.

::

    stop, scale, a filter cleared ──> way_back(), Done ──> History ──> pop() ──> whoever goes the way back
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

from supervisor.api.messages import ActionName
from supervisor.api.pools import PoolActionName
from tui.render.figures import plural
from tui.situation import Pane

REMEMBERED: Final = 32


@dataclass(frozen=True, slots=True)
class Act:
    """Wish `action` for `names`."""

    action: ActionName
    names: tuple[str, ...]
    label: str


@dataclass(frozen=True, slots=True)
class Scale:
    """So many replicas more of a worker, or fewer."""

    worker: str
    by: int


@dataclass(frozen=True, slots=True)
class SetLevel:
    """Another least level for the loggers of a replica."""

    name: str
    level: str


@dataclass(frozen=True, slots=True)
class OnPool:
    """Wish `action` of a pool; `processes` only where it is about how many members there are."""

    pool: str
    action: PoolActionName
    processes: int | None = None


@dataclass(frozen=True, slots=True)
class MarkAgain:
    """The marks that were taken away."""

    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class FilterAgain:
    """The filter that was cleared."""

    pane: Pane
    text: str


Step = Act | Scale | SetLevel | OnPool | MarkAgain | FilterAgain


@dataclass(frozen=True, slots=True)
class Done:
    """Something that was done."""

    what: str
    """As a sentence without its full stop: ``parse.1 was stopped``."""
    step: Step | None = None
    """The way back; None where there is none."""
    way: str = ""
    """What the key of undo does then: ``starts it again``; where there is no way, why not."""


class History:
    """What was done, the newest last; the oldest is forgotten."""

    def __init__(self) -> None:
        self._done: deque[Done] = deque(maxlen=REMEMBERED)

    def push(self, done: Done) -> None:
        """Something was done."""
        self._done.append(done)

    def pop(self) -> Done | None:
        """What was done last, which is then no more in here; None where there is nothing."""
        return self._done.pop() if self._done else None

    @property
    def newest(self) -> Done | None:
        """What was done last."""
        return self._done[-1] if self._done else None


_BACK: Final[dict[ActionName, tuple[str, ActionName | None, str]]] = {
    "stop": ("stopped", "start", "starts {them} again"),
    "kill": ("killed", "start", "starts {them} again"),
    "start": ("started", "stop", "stops {them} again"),
    "pause": ("paused", "resume", "lets {them} go on"),
    "resume": ("resumed", "pause", "pauses {them} again"),
    "restart": ("restarted", None, "what {they} held in memory is gone"),
}
"""What was done, what takes it back, and what that does."""


def way_back(action: ActionName, names: tuple[str, ...], label: str) -> Done:
    """The note of an action that was taken on for `names`, which are called `label` in sentences."""
    did, back, way = _BACK[action]
    is_one = len(names) == 1
    told = way.format(them="it" if is_one else f"the {len(names)}", they="it" if is_one else "they")
    what = f"{label} {'was' if is_one else 'were'} {did}"
    return Done(what, Act(back, names, label) if back is not None else None, told)


def way_back_of_scale(worker: str, before: int, after: int) -> Done:
    """The note of a worker that had `before` replicas and gets `after`."""
    told = f"goes back to {plural(before, 'replica')}"
    return Done(f"{worker} was scaled from {before} to {after}", Scale(worker, before - after), told)


def way_back_of_level(name: str, before: str, level: str) -> Done:
    """The note of a replica whose loggers wrote from `before` on, and now from `level`."""
    return Done(f"the log level of {name} was set to {level}", SetLevel(name, before), f"goes back to {before}")


def way_back_on_pool(pool: str, action: PoolActionName, before: int | None) -> Done:
    """The note of what was wished of a pool; `before` is how many members were wished for until then."""
    match action:
        case "pause":
            return Done(f"{pool} was paused", OnPool(pool, "resume"), "lets it go on")
        case "resume":
            return Done(f"{pool} was resumed", OnPool(pool, "pause"), "pauses it again")
        case "resize" if before is not None:
            told = f"goes back to {plural(before, 'member')}"
            return Done(f"{pool} was resized", OnPool(pool, "resize", before), told)
        case "retry-failed":
            return Done(f"items of {pool} were tried again", way="they cannot be made untried")
        case "cancel":
            return Done(f"a task of {pool} was cancelled", way="what it had done so far is gone")
    return Done(f"a member of {pool} was killed", way="what it held in memory is gone")


def way_back_on_channel(channel: str, action: str) -> Done:
    """The note of what was done to a queue's items: there is no way back from any of it."""
    if action == "requeue":
        return Done(f"dead letters of {channel} were put into it again", way="a consumer may have them already")
    gone = "what waited in" if action == "drain" else "dead letters of"
    return Done(f"{gone} {channel} {'was' if action == 'drain' else 'were'} thrown away", way="it is kept nowhere")
