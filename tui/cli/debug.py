"""`procdeck debug`: one worker in this terminal, and where its input comes from. The code itself runs in a child.

::

    --feed FILE ────────────┐
    --letters QUEUE ────────┼─► plan ─► supervisor.processes.foreground ─► a process with pdb
    running engine: copies ─┘
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from supervisor.errors import EngineUnreachable, RequestRefused
from supervisor.paths import check_project_name, engine_note
from tui.cli.choosing import profile_named, profile_of_directory
from tui.cli.exits import UsageError
from tui.cli.locating import client_of, find_engine
from tui.cli.telling import did_you_mean, listed, narrate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from supervisor.paths import EngineNote
    from supervisor.profile.model import Profile, WorkerSpec

_PICKLES: Final = (".pickle", ".pkl")


@dataclass(frozen=True, slots=True)
class DebugWish:
    """What is to be debugged, and with what.

    Attributes:
        item: only this one, counted from 0; None for all.
        feeds: ``inbox=items.ndjson``.
        letters: ``inbox`` or ``inbox:ID``.
        outs: ``out=results.ndjson``.
        has_pdb: whether an uncaught exception opens pdb.
    """

    worker: str
    item: int | None = None
    feeds: tuple[str, ...] = ()
    letters: tuple[str, ...] = ()
    outs: tuple[str, ...] = ()
    has_pdb: bool = True
    profile: str | None = None
    project: str | None = None


def debug_worker(wish: DebugWish) -> int:
    """Run the worker in the foreground; its exit code.

    Raises:
        UsageError: there is no such worker, parameter or item.
        ProcdeckError: it cannot be debugged.
    """
    from supervisor.processes.foreground import output_place, run_in_foreground
    from supervisor.processes.foreground_plans import debug_plan

    profile, note = _meant(wish)
    worker = _worker(profile, wish.worker)
    ends = Ends.of(worker, profile)
    with output_place(profile.project, f"debug-{worker.name}") as output:
        plan = debug_plan(profile, worker, output)
        feeds = _feeds(wish, profile, ends, note)
        is_source = worker.kind == "pool" and not ends.queues
        if wish.item is not None and not is_source:
            _choose(wish.item, worker, ends, feeds)
        outs = {ends.written(name): os.path.abspath(path) for name, path in _pairs(wish.outs, "--out out=FILE")}
        plan.update(feeds=feeds, outs=outs, has_pdb=wish.has_pdb, item=wish.item if is_source else None)
        _introduce(profile, worker, ends, feeds)
        return run_in_foreground(plan)


# --- which worker ---


def _meant(wish: DebugWish) -> tuple[Profile, EngineNote | None]:
    """The profile that is meant, and its engine where it runs."""
    from supervisor.profile.loading import load_profile

    if wish.project is not None:
        check_project_name(wish.project)
    path = profile_named(wish.profile) if wish.profile is not None else None
    if path is None and wish.project is None:
        path = profile_of_directory()
    if path is None:
        try:
            path = Path(find_engine(wish.project).profile_path)
        except EngineUnreachable as error:
            raise UsageError(f"which profile is meant? Name it with --profile PROFILE ({error})") from None
    profile = load_profile(path, wish.project)
    note = engine_note(profile.project)
    is_its = note is not None and Path(note.profile_path).resolve() == path.resolve()
    return profile, note if is_its else None


def _worker(profile: Profile, name: str) -> WorkerSpec:
    workers = profile.workers
    base, _, number = name.rpartition(".")
    if name not in workers and base in workers and number.isdecimal():
        narrate(f"{name} is a replica of {base}; the first one is run, as all are alike")
        name = base
    if name not in workers:
        hint = did_you_mean(name, workers, 0.6) or f"; there are {listed(workers)}"
        raise UsageError(f'no worker of {profile.path.name} is called "{name}"{hint}')
    return workers[name]


@dataclass(frozen=True, slots=True)
class Ends:
    """The streams of a worker, by its parameters."""

    worker: str
    reads: dict[str, str]
    """What can be fed; pipes that it writes too, where they go both ways."""
    writes: dict[str, str]
    queues: tuple[str, ...]
    """The parameters that read a queue or pipe."""

    @classmethod
    def of(cls, worker: WorkerSpec, profile: Profile) -> Ends:
        pipes = profile.pipes
        both = {name: channel for name, channel in worker.writes.items() if channel in pipes and pipes[channel].duplex}
        return cls(worker.name, {**worker.reads, **both}, dict(worker.writes), tuple(worker.reads))

    def read(self, name: str) -> str:
        """The parameter that `name` means, which is its own name or its channel's. UsageError when there is none."""
        return _one(name, self.reads, f"{self.worker} reads")

    def written(self, name: str) -> str:
        """The same of what it writes."""
        return _one(name, self.writes, f"{self.worker} writes")


def _one(name: str, ends: Mapping[str, str], whose: str) -> str:
    for parameter, channel in ends.items():
        if name in (parameter, channel):
            return parameter
    if not ends:
        raise UsageError(f'{whose} no channel; "{name}" cannot be one')
    shown = ", ".join(f"{parameter} ({channel})" for parameter, channel in ends.items())
    raise UsageError(f'{whose} no "{name}"{did_you_mean(name, [*ends, *ends.values()])}; there is {shown}')


# --- what it reads ---


def _feeds(wish: DebugWish, profile: Profile, ends: Ends, note: EngineNote | None) -> list[dict[str, Any]]:
    """The parts of the plan that fill the input channels."""
    feeds = [_file(ends.read(name), path) for name, path in _pairs(wish.feeds, "--feed inbox=FILE")]
    for text in wish.letters:
        name, _, letter = text.partition(":")
        parameter = ends.read(name)
        feeds.append(_letters(parameter, ends.reads[parameter], letter, profile, note))
    fed = {feed["parameter"] for feed in feeds}
    if note is not None:
        left = {parameter: channel for parameter, channel in ends.reads.items() if parameter not in fed}
        feeds += [
            _waiting(parameter, channel, note) for parameter, channel in left.items() if channel in profile.queues
        ]
    return feeds


def _pairs(texts: Sequence[str], form: str) -> list[tuple[str, str]]:
    pairs = [text.partition("=") for text in texts]
    for name, sign, path in pairs:
        if not (name and sign and path):
            raise UsageError(f'"{name}{sign}{path}" is not a name and a file; it reads {form}')
    return [(name, path) for name, _, path in pairs]


def _file(parameter: str, path: str) -> dict[str, Any]:
    if not Path(path).is_file():
        raise UsageError(f"no such file: {path}")
    kind = "pickles" if path.endswith(_PICKLES) else "ndjson"
    return {"parameter": parameter, "kind": kind, "path": os.path.abspath(path), "what": f" of {path}"}


def _waiting(parameter: str, channel: str, note: EngineNote) -> dict[str, Any]:
    """Copies of what waits in the running profile."""
    from supervisor.processes.foreground_feeds import raw_items

    reply = client_of(note).items(channel)
    items, gone = raw_items((item.pickled, item.path) for item in reply.items)
    more = reply.left_out + gone
    what = f", copied from {channel} of the running {note.project}" + (f"; {more:,} more wait there" if more else "")
    return {"parameter": parameter, "kind": "raw", "items": items, "what": what}


def _letters(parameter: str, channel: str, letter: str, profile: Profile, note: EngineNote | None) -> dict[str, Any]:
    """The dead letters of a queue, of the running engine's run or of the last one."""
    from supervisor.processes.foreground_feeds import NoLetters, raw_letters

    try:
        run, items = raw_letters(profile.project, note.run_id if note else None, channel, letter)
    except NoLetters as error:
        raise RequestRefused(str(error)) from None
    what = f" from the dead letters of {channel} in run {run}"
    return {"parameter": parameter, "kind": "raw", "items": items, "what": what}


def _choose(item: int, worker: WorkerSpec, ends: Ends, feeds: list[dict[str, Any]]) -> None:
    """Let only one of the items in, those of the only channel that has any."""
    if item < 0:
        raise UsageError(f"items are counted from 0: there is no item {item}")
    if not ends.queues:
        raise UsageError(f"{worker.name} reads no queue and is no pool: --item has nothing to choose from")
    if not feeds:
        raise UsageError(
            f"nothing waits for {worker.name}, so there is no item {item}; give it items with --feed or --letters"
        )
    if len(feeds) > 1:
        shown = ", ".join(feed["parameter"] for feed in feeds)
        raise UsageError(f"--item chooses from one channel, and {worker.name} is fed at {shown}; feed one of them")
    feeds[0]["only"] = item


def _introduce(profile: Profile, worker: WorkerSpec, ends: Ends, feeds: Sequence[Mapping[str, Any]]) -> None:
    narrate(f"{worker.name} of {profile.project} runs here, alone: breakpoint() opens pdb, Ctrl-C ends it")
    if worker.user is not None or worker.group is not None:
        narrate(f"it runs as you, not as {worker.user or worker.group}")
    if worker.limits or worker.nice is not None:
        narrate("its limits are not set here")
    fed = {feed["parameter"] for feed in feeds}
    for parameter in ends.queues:
        channel = ends.reads[parameter]
        if parameter not in fed:
            narrate(f"{parameter}: {channel} is empty here, and at its end; --feed {parameter}=items.ndjson fills it")
