"""A person's wishes on their way to the engine: each is said at once, and its outcome when it comes."""

from __future__ import annotations

from collections.abc import Awaitable, Container, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from supervisor.api.hangs import WayOutReply
from supervisor.api.letters import ChannelActionName
from supervisor.api.messages import ActionName, Job
from supervisor.api.pools import PoolActionName, PoolReply, PoolRequest
from supervisor.api.requests import LevelReply, ReloadReply
from supervisor.errors import EngineUnreachable, RequestRefused
from tui.actions import key_of
from tui.command_keys import in_keys
from tui.link.engine_link import EngineLink
from tui.render.pieces import plain
from tui.toasts import NOTHING, Subject
from tui.undo import (
    Done,
    History,
    way_back,
    way_back_of_level,
    way_back_of_scale,
    way_back_on_channel,
    way_back_on_pool,
)

Severity = Literal["information", "warning", "error"]

_DOING: dict[ActionName, str] = {
    "start": "Starting",
    "stop": "Stopping",
    "restart": "Restarting",
    "kill": "Killing",
    "pause": "Pausing",
    "resume": "Resuming",
}
_DONE: dict[ActionName, str] = {
    "start": "Started",
    "stop": "Stopped",
    "restart": "Restarted",
    "kill": "Killed",
    "pause": "Paused",
    "resume": "Resumed",
}

_POOL_VERBS: dict[PoolActionName, str] = {
    "resize": "resize",
    "pause": "pause",
    "resume": "resume",
    "retry-failed": "retry what failed in",
    "cancel": "cancel a task of",
    "kill-member": "kill a member of",
}

REMEMBERED_JOBS = 512


class Say(Protocol):
    """Shows a sentence for a few seconds; its text is never parsed.

    It takes the place of what is still shown `about` the same.
    """

    def __call__(self, sentence: str, severity: Severity = "information", about: Subject = NOTHING) -> None: ...


@dataclass(frozen=True, slots=True)
class Mistakes:
    """Why a profile was not taken, a line each."""

    lines: tuple[str, ...]


@dataclass
class _Wish:
    """One key press: the jobs it became."""

    action: ActionName
    label: str
    open_jobs: set[int]
    failures: list[str] = field(default_factory=list)
    last_text: str = ""
    about: Subject = NOTHING
    done: Done | None = None
    """What is remembered of it, with its way back."""
    preface: str = ""
    """What it takes back, where it does."""
    is_for_one: bool = True


class Wishes:
    """Sends actions and follows their jobs. Several jobs of one wish are told as one."""

    def __init__(self, link: EngineLink, say: Say) -> None:
        self._link = link
        self._say = say
        self.history = History()
        """What was done here, with the ways back."""
        self._by_job: dict[int, _Wish] = {}
        self._early: dict[int, Job] = {}

    async def make(
        self, action: ActionName, names: Sequence[str], label: str, *,
        affected: Container[str] | None = None, undoes: str = "",
    ) -> None:  # fmt: skip
        """Wish `action` for `names`; `label` is how they are called in sentences.

        To those that are not `affected` nothing is done, so there is nothing to take back; None: all are. `undoes` is
        what it takes back itself, as a sentence.
        """
        about = frozenset(names)
        try:
            jobs = await self._link.act(action, names)
        except RequestRefused as refused:
            hint = f" Did you mean {', '.join(refused.suggestions)}?" if refused.suggestions else ""
            self._say(f"{in_keys(plain(str(refused)))}{hint}", "error", about)
            return
        except EngineUnreachable as gone:
            self._say(f"Cannot {action} {label}: {plain(str(gone))}", "error", about)
            return
        if not jobs:
            self._say(f"Nothing to {action}: {label}", about=about)
            return
        preface = f"{undoes} " if undoes else ""
        wish = _Wish(action, label, {job.id for job in jobs}, about=about, preface=preface, is_for_one=len(jobs) == 1)
        taken_on = [job.target for job in jobs if job.state != "failed"]
        undone = tuple(name for name in taken_on if affected is None or name in affected)
        if undone and not undoes:
            wish.done = way_back(action, undone, undone[0] if len(undone) == 1 else label)
            self.history.push(wish.done)
        if any(job.state == "running" for job in jobs):
            self._say(f"{wish.preface}{_intent(wish, jobs)}{self._way_of(wish.done)}", about=about)
        for job in jobs:
            self._by_job[job.id] = wish
        for job in jobs:
            self.heard(self._early.pop(job.id, job))

    def _note(self, done: Done) -> str:
        """Remember `done`; what is said of its way back, where there is one, after what is said of it."""
        self.history.push(done)
        return self._way_of(done)

    def _way_of(self, done: Done | None) -> str:
        """What the key of undo does about `done`; nothing where it would take back something else by now."""
        is_next = done is not None and done is self.history.newest
        return f"; {key_of('undo')} {done.way}" if done is not None and is_next and done.step is not None else ""

    async def signal(self, name: str, signal_name: str) -> None:
        """Send a signal to the leader of a replica's tree."""
        about = frozenset({name})
        try:
            reply = await self._link.signal(name, signal_name)
        except RequestRefused as refused:
            self._say(in_keys(plain(str(refused))), "error", about)
        except EngineUnreachable as gone:
            self._say(f"Cannot signal {name}: {plain(str(gone))}", "error", about)
        else:
            self._say(plain(reply.text), about=about)
            self._note(Done(f"{signal_name} was sent to {name}", way="a signal cannot be called back"))

    async def set_level(self, name: str, level: str, before: str = "", *, is_undo: bool = False) -> None:
        """Give the loggers of a replica another least level; it was `before`."""
        done = way_back_of_level(name, before, level) if before and before != level and not is_undo else None
        await self._tell(self._link.set_level(name, level), f"Cannot set the log level of {name}", name, done)

    async def release(self, name: str, resource: str) -> None:
        """Free a lock whose holder is dead, by the hand of a replica that waits for it."""
        await self._tell(self._link.release(name, resource), "Cannot release the lock", name)

    async def kill_process(self, pid: int, start_ticks: int) -> None:
        """SIGKILL one process of a worker's tree."""
        await self._tell(self._link.kill_process(pid, start_ticks), f"Cannot kill process {pid}", "")

    async def _tell(
        self, reply: Awaitable[LevelReply | WayOutReply | PoolReply], cannot: str, name: str, done: Done | None = None,
        *, is_elsewhere: bool = False,
    ) -> bool:  # fmt: skip
        """Say what the engine answers; `cannot` begins the sentence where it does not. Whether it does as wished.

        `name` is whom it is about, `done` what is remembered then; `is_elsewhere`: it is not said among the workers.
        """
        about = frozenset({name}) if name else NOTHING
        try:
            text = (await reply).text
        except RequestRefused as refused:
            self._say(in_keys(plain(str(refused)), is_elsewhere=is_elsewhere), "error", about)
        except EngineUnreachable as gone:
            self._say(f"{cannot}: {plain(str(gone))}", "error", about)
        else:
            self._say(plain(f"{text.rstrip('.')}{self._note(done)}" if done is not None else text), about=about)
            return True
        return False

    async def scale(self, worker: str, by: int, *, is_undo: bool = False) -> None:
        """Have so many replicas of a worker more, or fewer."""
        about = frozenset({worker})
        try:
            reply = await self._link.scale(worker, by)
        except RequestRefused as refused:
            self._say(in_keys(plain(str(refused))), "error", about)
        except EngineUnreachable as gone:
            self._say(f"Cannot scale {worker}: {plain(str(gone))}", "error", about)
        else:
            is_new = reply.before != reply.after and not is_undo
            way = self._note(way_back_of_scale(worker, reply.before, reply.after)) if is_new else ""
            self._say(plain(f"{reply.text.rstrip('.')}{way}"), about=about)

    async def reload(self, *, is_dry_run: bool) -> ReloadReply | Mistakes | None:
        """Have the profile read again and applied, or only planned; None where the engine could not be asked."""
        try:
            reply = await self._link.reload(is_dry_run=is_dry_run)
        except RequestRefused as refused:
            return Mistakes(tuple(in_keys(line, is_elsewhere=True) for line in str(refused).splitlines()))
        except EngineUnreachable as gone:
            self._say(f"Cannot reload: {plain(str(gone))}", "error")
            return None
        if reply.is_applied or not reply.plan:
            self._say(plain(reply.text))
        return reply

    async def make_on_channel(self, channel: str, action: ChannelActionName, ids: Sequence[str]) -> None:
        """Requeue or discard dead letters of `channel` (none named: all), or drain it; its outcome is said at once."""
        about = frozenset({channel})
        try:
            reply = await self._link.channel_act(channel, action, ids)
        except RequestRefused as refused:
            self._say(in_keys(plain(str(refused)), is_elsewhere=True), "error", about)
        except EngineUnreachable as gone:
            self._say(f"Cannot {action} {channel}: {plain(str(gone))}", "error", about)
        else:
            self._say(plain(reply.text), about=about)
            if reply.count:
                self._note(way_back_on_channel(channel, action))

    async def make_on_pool(
        self, pool: str, action: PoolActionName, request: PoolRequest, before: int | None = None, *,
        is_undo: bool = False,
    ) -> bool:  # fmt: skip
        """Wish something of a pool; what was asked of it is said. Whether it could be asked.

        `before` is how many members were wished for until then.
        """
        done = None if is_undo else way_back_on_pool(pool, action, before)
        reply = self._link.pool_act(pool, action, request)
        return await self._tell(reply, f"Cannot {_POOL_VERBS[action]} {pool}", pool, done, is_elsewhere=True)

    def heard(self, job: Job) -> None:
        """A job moved."""
        wish = self._by_job.get(job.id)
        if wish is None:
            # The stream may be quicker than the answer to the request; jobs of other clients end here too.
            self._early[job.id] = job
            if len(self._early) > REMEMBERED_JOBS:
                del self._early[next(iter(self._early))]
            return
        if job.state == "running" or job.id not in wish.open_jobs:
            return
        del self._by_job[job.id]
        wish.open_jobs.discard(job.id)
        wish.last_text = job.text
        if job.state == "failed":
            wish.failures.append(f"{job.target}: {job.text}")
        if not wish.open_jobs:
            self._tell_outcome(wish)

    def _tell_outcome(self, wish: _Wish) -> None:
        if wish.failures:
            more = f" and {len(wish.failures) - 3} more" if len(wish.failures) > 3 else ""
            failures = in_keys(plain("; ".join(wish.failures[:3])))
            self._say(f"Could not {wish.action} {failures}{more}", "error", wish.about)
            return
        aside = _aside(wish.last_text, wish) if wish.is_for_one else ""  # what one of them did is not what all did
        outcome = f"{_DONE[wish.action]} {wish.label}{aside}"
        self._say(f"{wish.preface}{outcome}{self._way_of(wish.done)}", about=wish.about)


def _intent(wish: _Wish, jobs: Sequence[Job]) -> str:
    aside = _aside(jobs[0].text, wish) if wish.is_for_one else ""
    return f"{_DOING[wish.action]} {wish.label}{aside}"


def _aside(text: str, wish: _Wish) -> str:
    """What a job says beyond the verb that the sentence has already: `` (SIGTERM in 1.0 s, SIGKILL in 5.0 s)``."""
    said = plain(text)
    for word in (_DOING[wish.action].lower(), _DONE[wish.action].lower()):
        if said.lower().startswith(word):
            said = said[len(word) :].lstrip(" :,")
    return f" ({said})" if said and len(said) < 120 else ""
