"""What the processes of a replica are doing, line by line: their stacks now, over some seconds, and at the end."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from supervisor.api.hangs import ProcessStacks, SampledStack, SampleReply, StackFrame, StacksReply, ThreadStack
from supervisor.diagnose.evidence import Dump, Frame, ProcessFacts, StackThread, ThreadFacts
from supervisor.diagnose.kernel_words import kernel_wait
from supervisor.diagnose.looking import alook
from supervisor.diagnose.signatures import source_line
from supervisor.diagnose.stillness import Stillness
from supervisor.errors import RequestRefused
from supervisor.processes import questions, spying
from supervisor.processes.questions import Answer
from supervisor.replica import Replica

STACK_LIMIT: Final = 200
"""Different stacks of one sample that are told, most often seen first."""
PROCESSES_LIMIT: Final = 64
"""Processes of one tree that are asked for their stacks."""

_Place = tuple[int, str, tuple[tuple[str, int, str], ...], bool]
"""A stack that was sampled: pid, thread, frames from the outside in, whether it slept."""


class StackDesk:
    """Answers for stacks; one sample of a replica at a time."""

    def __init__(self, stillness: Stillness, turn: asyncio.Lock) -> None:
        """`stillness` is told of who is asked, and nobody looks meanwhile who has not the `turn`."""
        self._stillness = stillness
        self._turn = turn
        self._sampled: set[str] = set()

    async def stacks(self, replica: Replica) -> StacksReply:
        """What every thread of the replica's processes does; of one at rest what it did last."""
        began_s = time.monotonic()
        pid = replica.life.pid
        if pid is None or replica.incarnation is None:
            return StacksReply(replica=replica.name, post_mortem=post_mortem(replica))
        look = await alook({pid: replica.name}, has_descriptors=True)
        asked = list(look.processes)[:PROCESSES_LIMIT]
        async with self._turn:
            self._stillness.excuse(asked)
            answers = dict(await questions.ask_many(asked, "stacks"))
            for one in [one for one, answer in answers.items() if answer.dump is None]:
                answers[one] = await ask_otherwise(look.processes[one], answers[one])
        processes = [_stacks_of(process, answers.get(process.pid)) for process in look.processes.values()]
        return StacksReply(
            replica=replica.name,
            processes=tuple(processes),
            took_ms=round(1000 * (time.monotonic() - began_s), 1),
        )

    async def sample(self, replica: Replica, seconds: float, rate_hz: float) -> SampleReply:
        """Look at the stacks `rate_hz` times a second for `seconds`.

        Raises:
            RequestRefused: the replica has no process, or is sampled already.
        """
        pid = replica.life.pid
        if pid is None or replica.incarnation is None:
            raise RequestRefused(f"{replica.name} has no process; start it first")
        if replica.name in self._sampled:
            raise RequestRefused(f"{replica.name} is being sampled already; wait for the end of it")
        self._sampled.add(replica.name)
        try:
            return await self._sample(replica.name, pid, seconds, rate_hz)
        finally:
            self._sampled.discard(replica.name)

    async def _sample(self, name: str, pid: int, seconds: float, rate_hz: float) -> SampleReply:
        counts: Counter[_Place] = Counter()
        samples, trouble = 0, ""
        began_s = time.monotonic()
        while (now_s := time.monotonic()) - began_s < seconds:
            look = await alook({pid: name})
            if not look.processes:
                trouble = f"{name} has ended meanwhile"
                break
            asked = list(look.processes)[:PROCESSES_LIMIT]
            async with self._turn:
                self._stillness.excuse(asked)
                answers = await questions.ask_many(asked, "stacks")
            dumps = [answer.dump for answer in answers.values() if answer.dump is not None]
            samples += bool(dumps)
            for dump in dumps:
                counts.update(_places(dump, look.processes.get(dump.pid)))
            if not dumps:
                trouble = next((f"pid {one} {answer.trouble}" for one, answer in answers.items()), trouble)
            await asyncio.sleep(max(0.0, now_s + 1 / rate_hz - time.monotonic()))
        return SampleReply(
            replica=name,
            seconds=round(time.monotonic() - began_s, 3),
            samples=samples,
            stacks=tuple(_sampled(place, count) for place, count in counts.most_common(STACK_LIMIT)),
            source="agent",
            trouble=trouble,
        )


async def ask_otherwise(process: ProcessFacts, answer: Answer) -> Answer:
    """Get the stacks of a process that did not answer by py-spy, where it is installed, or else by faulthandler."""
    if process.state in "ZTtD":
        return answer
    if spying.is_installed():
        spied = await spying.spy(process.pid)
        if spied.dump is not None:
            return spied
    fault = await questions.fault_dump(process.pid)
    return fault if fault.dump is not None else answer


def _stacks_of(process: ProcessFacts, answer: Answer | None) -> ProcessStacks:
    dump = answer.dump if answer is not None else None
    trouble = process.trouble if dump is not None or answer is None else f"pid {process.pid} {answer.trouble}"
    if dump is None:
        threads: Iterable[ThreadStack] = (
            ThreadStack(
                tid=one.tid, name=one.name, is_main=one.tid == process.pid, state=kernel_wait(process, one).text
            )
            for one in process.threads
        )
        return ProcessStacks(
            pid=process.pid, name=process.name, source="kernel", threads=tuple(threads), trouble=trouble
        )
    known = {thread.tid: thread for thread in process.threads}
    return ProcessStacks(
        pid=process.pid,
        name=process.name,
        source=dump.source,
        threads=tuple(_thread_stack(thread, process, known) for thread in dump.threads),
        trouble="; ".join(text for text in (trouble, *dump.notes) if text),
    )


def _thread_stack(thread: StackThread, process: ProcessFacts, known: Mapping[int, ThreadFacts]) -> ThreadStack:
    facts = known.get(thread.native_id)
    return ThreadStack(
        tid=thread.native_id,
        name=thread.name,
        is_main=thread.is_main,
        state=kernel_wait(process, facts).text if facts is not None else "",
        frames=tuple(_shown(frame) for frame in thread.frames),
    )


def _shown(frame: Frame) -> StackFrame:
    source = frame.source or source_line(frame.file, frame.line)
    return StackFrame(file=frame.file, line=frame.line, function=frame.function, source=source)


def _places(dump: Dump, process: ProcessFacts | None) -> Iterable[_Place]:
    asleep = {thread.tid for thread in process.threads if thread.state != "R"} if process is not None else set()
    for thread in dump.threads:
        frames = tuple((frame.file, frame.line, frame.function) for frame in reversed(thread.frames))
        yield dump.pid, thread.name, frames, thread.native_id in asleep


def _sampled(place: _Place, count: int) -> SampledStack:
    pid, thread, frames, is_waiting = place
    return SampledStack(
        pid=pid,
        thread=thread,
        frames=tuple(
            StackFrame(file=file, line=line, function=function, source=source_line(file, line))
            for file, line, function in frames
        ),
        count=count,
        is_waiting=is_waiting,
    )


def post_mortem(replica: Replica) -> tuple[str, ...]:
    """What a replica at rest was doing when it ended, a sentence each."""
    told: list[str] = []
    if replica.exits:
        last = replica.exits[-1]
        told.append(f"incarnation {last.incarnation} (pid {last.pid}) ended: {last.cause}")
    page = replica.seen.page
    if page is not None:
        if page.operation:
            told.append(f"it was in {page.operation} of {page.channel}")
        if page.activity:
            told.append(f"it said last: {page.activity}")
        if page.progress is not None:
            done, total = page.progress
            told.append(f"it had done {done} of {total}" if total else f"it had done {done}")
    if replica.last_held:
        told.append(f"it had an item in hand of {', '.join(replica.last_held)}")
    told.extend(f"traceback: {line}" for line in replica.last_traceback.splitlines()[-12:])
    return tuple(told)
