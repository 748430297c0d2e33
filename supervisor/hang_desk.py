"""What clients ask about workers that do not move, and the ways out that are no plain actions."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Sequence
from typing import Final

from supervisor.api.hangs import SampleReply, StacksReply, WayOutReply, WhyReply
from supervisor.channel_desk import ChannelDesk
from supervisor.clock import Clock
from supervisor.diagnose.looking import alook, look
from supervisor.diagnose.shared_things import inode_at
from supervisor.diagnose.verdict import Verdict
from supervisor.driving import Driver
from supervisor.errors import RequestRefused
from supervisor.hang_watch import HangWatch
from supervisor.inquiry import Finding, Inquiry
from supervisor.processes import questions, stopping
from supervisor.replica import Replica
from supervisor.stack_desk import StackDesk

SECOND_LOOK_S: Final = 0.05
"""Between the two looks that an answer needs, where the watch has not looked yet."""
_ORDER: Final = ("stuck", "warning", "waiting", "busy", "idle")


class HangDesk:
    """Verdicts, stacks and ways out of one run, and its watch."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        driver: Driver,
        desk: ChannelDesk,
        clock: Clock,
        tell: Callable[[str, str, str], None],
        changed: Callable[[], None],
    ) -> None:
        self._driver = driver
        self._clock = clock
        self._inquiry = Inquiry(driver, desk, clock)
        self._stacks = StackDesk(self._inquiry.stillness, self._inquiry.turn)
        self.watch = HangWatch(loop, self._inquiry, tell, changed)

    async def why(self, replicas: Sequence[Replica], *, is_all: bool) -> WhyReply:
        """A verdict for each of `replicas` at least, worst first; other threads of a replica follow its own."""
        at_s = self._clock.monotonic_s()
        names = {replica.name for replica in replicas}
        finding = await self._examine(names)
        verdicts = [verdict for verdict in finding.verdicts if verdict.replica in names]
        if is_all or len(names) > 1:
            verdicts.sort(key=lambda verdict: _ORDER.index(verdict.severity))
        return WhyReply(
            verdicts=tuple(verdicts),
            took_ms=round(1000 * (self._clock.monotonic_s() - at_s), 1),
            at_s=at_s,
            troubles=(*finding.troubles, *_untold(sorted(names & self._inquiry.simulated()))),
        )

    async def _examine(self, names: set[str]) -> Finding:
        """One examination at a time."""
        async with self._inquiry.turn:
            stillness = self._inquiry.stillness
            if stillness.last is None:
                stillness.note(await alook(self._inquiry.roots()))
                await asyncio.sleep(SECOND_LOOK_S)
                stillness.note(await alook(self._inquiry.roots()))
            owners = self._driver.owners()
            return await self._inquiry.examine(
                [pid for pid, name in owners.items() if name in names], is_asked_for=True
            )

    async def stacks(self, replica: Replica) -> StacksReply:
        """What every thread of the replica's processes does."""
        return await self._stacks.stacks(replica)

    async def sample(self, replica: Replica, seconds: float, rate_hz: float) -> SampleReply:
        """Its stacks, so many times a second. RequestRefused where it has no process, or is sampled already."""
        return await self._stacks.sample(replica, seconds, rate_hz)

    async def release(self, replica: Replica, resource: str) -> WayOutReply:
        """Free a lock whose holder is dead, by the hand of a process of `replica` that waits for it.

        Raises:
            RequestRefused: no verdict offers it; that is: it is not known to be safe.
        """
        finding = await self._examine({replica.name})
        offering = [
            verdict for verdict in finding.verdicts if verdict.replica == replica.name and _offers(verdict, resource)
        ]
        if not offering:
            raise RequestRefused(
                f"{resource} is not released: nothing shows that {replica.name} waits for it, that whoever held it is "
                f"dead, and that what it guards is whole. procdeck why {replica.name} says what is known"
            )
        pid = offering[0].pid
        inode, key = _lock_of(finding, pid, resource)
        return WayOutReply(text=await questions.release(pid, inode, key))

    def kill_process(self, pid: int, start_ticks: int) -> tuple[str, WayOutReply]:
        """Kill one process of a worker's tree; returns whose it was, too.

        Raises:
            RequestRefused: it is none of this run's, or is gone.
        """
        seen = look(self._inquiry.roots())
        process = seen.processes.get(pid)
        if process is None or process.start_ticks != start_ticks:
            raise RequestRefused(
                f"process {pid} is none of this run's workers, or has ended; look again with procdeck why"
            )
        owner = seen.owners.get(pid, "?")
        if not stopping.signal_leader(pid, start_ticks, signal.SIGKILL):
            raise RequestRefused(
                f"process {pid} of {owner} could not be killed: it is gone, or belongs to another user"
            )
        return owner, WayOutReply(text=f"process {pid} of {owner} killed")


def _untold(simulated: list[str]) -> tuple[str, ...]:
    """Why there is no verdict on simulated workers."""
    if not simulated:
        return ()
    what = "is a thread" if len(simulated) == 1 else "are threads"
    text = f"{', '.join(simulated)} {what} of one process (--simulate), whose waits are not examined"
    return (f"{text}; procdeck stacks {simulated[0]} shows what each thread does, by the worker's name",)


def _offers(verdict: Verdict, resource: str) -> bool:
    return any(way.action == "release" and way.resource == resource for way in verdict.ways_out)


def _lock_of(finding: Finding, pid: int, resource: str) -> tuple[int, str]:
    """The inode of a lock, and what the process that is to release it calls it."""
    inode = int(resource.removeprefix("sem:")) if resource.removeprefix("sem:").isdecimal() else 0
    process, dump = finding.look.processes.get(pid), finding.dumps.get(pid)
    if process is not None and dump is not None:
        for thing in dump.things:
            handle = thing.facts.get("handle")
            if isinstance(handle, int) and inode_at(process, handle) == inode:
                return inode, thing.key
    raise RequestRefused(f"{resource} is not released: process {pid} does not know it any more; look again")
