"""Who could read or write a pipe, and so let those on its other side go on.

A fork inherits every end, so that to have one says little; to have used one, or to have nothing but the end asked for,
says more. A thread that is blocked on the same side as the waiters can do nothing for them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final, Literal

from supervisor.diagnose.evidence import Confidence, Dump, Holder, Look, ThreadReport
from supervisor.diagnose.shared_things import SharedThings, number
from supervisor.diagnose.waits import wanted

DEAD_STATES: Final = frozenset("ZX")
USED: Final = ("it reads there", "it has written there")
"""Why a holder is one that was seen to use its end."""
_STANDARD_STREAMS: Final = 3
_WRITING: Final = ("put", "_feed", "_send_bytes", "send", "send_bytes")
_READING: Final = ("get", "_recv_bytes", "recv", "recv_bytes")

Side = Literal["readers", "writers"]


class Ends:
    """The ends of all pipes that were seen, and who has them."""

    def __init__(
        self,
        reports: Iterable[ThreadReport],
        look: Look,
        dumps: Mapping[int, Dump],
        things: SharedThings,
    ) -> None:
        self._look = look
        self._dumps = dumps
        self._things = things
        self._threads: Mapping[int, list[ThreadReport]] = defaultdict(list)
        for report in reports:
            self._threads[report.pid].append(report)
        self._modes: dict[str, dict[int, set[str]]] = {}
        self._standard: set[str] = set()
        self._peers: dict[str, str] = {}
        for pid, process in look.processes.items():
            for descriptor in process.descriptors:
                modes = self._modes.setdefault(descriptor.link, {}).setdefault(pid, set())
                modes.update(descriptor.mode)
                if descriptor.peer:
                    self._peers[descriptor.link] = descriptor.peer
                if descriptor.number < _STANDARD_STREAMS:
                    self._standard.add(descriptor.link)

    def holders(self, link: str, side: Side) -> tuple[Holder, ...] | None:
        """The threads that could act on one side of a pipe; None where that cannot be known.

        That there is nobody is only said of a pipe of `multiprocessing`'s when all descriptors were seen: the other end
        of any other may be with a process that was not looked at, the engine say.
        """
        mode = "r" if side == "readers" else "w"
        end = self._peers.get(link, "") if link.startswith("socket:") else link
        having = [pid for pid, modes in self._modes.get(end, {}).items() if mode in modes and self._is_alive(pid)]
        acting = {pid: threads for pid in having if (threads := self._acting(pid, link, side))}
        if not acting and not self._may_say_nobody(link):
            return None
        is_sole = len(acting) == 1
        found = []
        for pid, threads in acting.items():
            confidence, why = self._evidence(pid, end, side, is_sole=is_sole)
            found += [Holder(pid, thread.tid, True, confidence, why) for thread in threads]
        return tuple(found)

    def senders(self, link: str) -> tuple[Holder, ...]:
        """The threads that are in the middle of sending a message into a pipe."""
        found = []
        for threads in self._threads.values():
            for thread in threads:
                functions = {frame.function.rpartition(".")[2] for frame in thread.frames}
                is_on_it = link in (thread.resource.id, thread.kernel.resource)
                if is_on_it and functions & {"_send_bytes", "_send"} and self._is_alive(thread.pid):
                    found.append(Holder(thread.pid, thread.tid, True, "likely", "it is in the middle of sending"))
        return tuple(found)

    def _may_say_nobody(self, link: str) -> bool:
        if not link.startswith("pipe:") or link not in self._things.pipes or link in self._standard:
            return False
        kin = kin_of(self._look, self._modes.get(link, ()))
        return all(self._look.processes[pid].descriptors for pid in kin if self._is_alive(pid)) and not (
            kin - self._look.processes.keys()
        )

    def _is_alive(self, pid: int) -> bool:
        process = self._look.processes.get(pid)
        return process is not None and process.state not in DEAD_STATES

    def _acting(self, pid: int, link: str, side: Side) -> list[ThreadReport]:
        """The threads of a process that are not blocked themselves on this side, and act on their own."""
        return [thread for thread in self.actors(pid) if self._side_of(thread, link) != side]

    def actors(self, pid: int) -> list[ThreadReport]:
        """The threads of a process that could do something for others: those of Python, or the main thread.

        The feeder of a queue that has nothing to send does only what another thread tells it.
        """
        dump = self._dumps.get(pid)
        known = {thread.native_id for thread in dump.threads} if dump is not None else set()
        return [
            thread
            for thread in self._threads.get(pid, ())
            if (thread.is_main or thread.tid in known) and not is_resting_feeder(thread)
        ]

    def _side_of(self, thread: ThreadReport, link: str) -> str:
        """The side that a thread itself waits for on this pipe; empty when it waits for something else."""
        want = wanted(thread)
        if want.startswith("sem:"):
            part = self._things.parts.get(int(want.removeprefix("sem:")))
            if part is not None and part.pipe == link:
                return "writers" if part.part == "rlock" else "readers"
            if thread.resource.id == link:
                return "writers" if thread.kind == "QUEUE_EMPTY" else "readers"
        return want.removeprefix(f"{link} ") if want.startswith(f"{link} ") else ""

    def _evidence(self, pid: int, link: str, side: Side, *, is_sole: bool) -> tuple[Confidence, str]:
        end = "reading" if side == "readers" else "writing"
        if self._has_used(pid, link, side):
            return "likely", USED[0] if side == "readers" else USED[1]
        if link.startswith("pipe:") and self._modes[link][pid] != {"r", "w"}:
            return "likely", f"it has nothing but the {end} end"
        if is_sole:
            return "likely", f"it alone has the {end} end"
        return "possible", f"it has the {end} end"

    def _has_used(self, pid: int, link: str, side: Side) -> bool:
        queues = [owned.thing for owned in self._things.queues.get(link, ()) if owned.pid == pid]
        if side == "writers" and any(
            queue.facts.get("feeder") is not None or (number(queue, "buffered") or 0) > 0 for queue in queues
        ):
            return True
        dump = self._dumps.get(pid)
        connections = dump.things if dump is not None else ()
        keys = {queue.key for queue in queues} | {thing.key for thing in connections if thing.facts.get("link") == link}
        names = _READING if side == "readers" else _WRITING
        return any(
            frame.subject in keys and frame.function.rpartition(".")[2] in names
            for thread in self._threads.get(pid, ())
            for frame in thread.frames
        )


def kin_of(look: Look, pids: Iterable[int]) -> set[int]:
    """All processes of the replicas to which some belong, those for which a look had no time included.

    What a replica's processes share, a queue or a lock of `multiprocessing`'s, no other has.
    """
    names = {look.owners.get(pid, "") for pid in pids}
    return {pid for pid, name in look.owners.items() if name in names}


def is_resting_feeder(thread: ThreadReport) -> bool:
    """A queue's feeder thread that has nothing to send: it acts for other threads only."""
    functions = [frame.function.rpartition(".")[2] for frame in thread.frames]
    return "_feed" in functions and functions.index("_feed") > 0 and "wait" in functions[: functions.index("_feed")]
