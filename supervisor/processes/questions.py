"""Asks worker processes what they are doing, through the memory file and the signal of `supervisor.agent.asking`.

Nobody is asked who has not armed itself for it: the signal would end a process that does not catch it, or a `pause`
that waits for another. One question at a time for each process; who cannot answer is told in words. The engine's loop
runs on meanwhile::

    pidfd ─► state ─► memory file ─► SigCgt, pause ─► question ─► signal ─► answer number, looked at until the deadline
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from weakref import WeakValueDictionary

import msgspec

from supervisor import proctable
from supervisor.agent import asking
from supervisor.diagnose import proc_files
from supervisor.diagnose.evidence import Dump
from supervisor.diagnose.kernel_words import ends_with_any_signal
from supervisor.processes import fault_text
from supervisor.processes.source_lines import with_sources

DEADLINE_S: Final = 0.3
"""How long a process has to answer."""
AT_ONCE: Final = 16
"""Processes that are asked at the same time: more would only make each other late."""
FIRST_POLL_S: Final = 0.001
LONGEST_POLL_S: Final = 0.01
"""Between two looks for an answer: short at first, since most answers take a millisecond."""
FAULT_QUIET_S: Final = 0.03
"""A dump of faulthandler has no end mark: it is over when no more has come for so long."""
FAULT_LIMIT_BYTES: Final = 1024 * 1024

_QUESTION_NUMBER_AT: Final = 16
_MEMORY_FILE: Final = f"/memfd:{asking.FILE_NAME} (deleted)"
_FAULT_FILE: Final = f"/memfd:{asking.FAULT_FILE_NAME} (deleted)"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a process said, or why it said nothing.

    Attributes:
        trouble: in words, if there is no dump: ``is stopped (SIGSTOP, or a debugger)``.
    """

    dump: Dump | None
    trouble: str = ""
    took_s: float = 0.0


class Unanswered(Exception):
    """A process was not asked, or did not answer; the text says why."""


class _Refusal(msgspec.Struct):
    error: str = ""


class _Release(msgspec.Struct):
    released: bool = False
    text: str = ""
    error: str = ""


_DUMP: Final = msgspec.json.Decoder(Dump)
_REFUSAL: Final = msgspec.json.Decoder(_Refusal)
_RELEASE: Final = msgspec.json.Decoder(_Release)

_places: dict[tuple[int, str], str] = {}
"""Under which number a process had the file the last time: tried first, since a worker may have thousands open."""
_PLACES_LIMIT: Final = 4096

_turns: WeakValueDictionary[tuple[int, int], asyncio.Lock] = WeakValueDictionary()
"""One lock for each process that somebody is asking, by loop and pid."""


async def ask(
    pid: int, want: str = "all", *, deadline_s: float = DEADLINE_S, has_sources: bool = True, **more: object
) -> Answer:
    """Ask one process.

    Args:
        want: ``all``, or ``stacks``: cheap enough to be asked many times a second.
        deadline_s: how long it may take, from the signal on.
        has_sources: whether frames get the text of their lines, which is read here.
    """
    began_s = time.monotonic()
    try:
        body = await _converse(pid, {"want": want, **more}, deadline_s)
        dump = _decode(body)
        return Answer(with_sources(dump) if has_sources else dump, took_s=time.monotonic() - began_s)
    except Unanswered as why:
        return Answer(None, str(why), time.monotonic() - began_s)


async def ask_many(
    pids: Iterable[int], want: str = "all", *, deadline_s: float = DEADLINE_S, at_once: int = AT_ONCE
) -> Mapping[int, Answer]:
    """Ask many processes, `at_once` at a time; each has its own deadline."""
    gate = asyncio.Semaphore(at_once)

    async def ask_one(pid: int) -> Answer:
        async with gate:
            return await ask(pid, want, deadline_s=deadline_s)

    asked = list(dict.fromkeys(pids))
    return dict(zip(asked, await asyncio.gather(*map(ask_one, asked)), strict=True))


async def release(pid: int, sem_inode: int, key: str, *, deadline_s: float = DEADLINE_S) -> str:
    """Have a process let go of a lock whose holder is dead; whether it is, the caller has to know.

    Args:
        key: the lock's `Thing.key` in the last dump of this process.

    Returns:
        A sentence that begins with ``released`` or with ``not released:``.
    """
    try:
        body = await _converse(pid, {"want": "release", "sem": sem_inode, "thing": key}, deadline_s)
        said = _RELEASE.decode(body)
    except Unanswered as why:
        return f"not released: process {pid} {why}"
    except msgspec.MsgspecError:
        return f"not released: the answer of process {pid} cannot be read"
    text = said.text or said.error
    if said.released:
        return text or "released"
    return text if text.startswith("not released") else f"not released: {text or 'no reason was told'}"


def _decode(body: bytes) -> Dump:
    try:
        return _DUMP.decode(body)
    except msgspec.MsgspecError as error:
        try:
            refusal = _REFUSAL.decode(body).error
        except msgspec.MsgspecError:
            refusal = ""
        raise Unanswered(
            f"could not answer: {refusal}" if refusal else f"gave an answer that cannot be read: {error}"
        ) from None


# --- one process ---


class _Listener:
    """A process that can be asked: its pidfd, so that the signal reaches nobody else, and its memory file.

    Raises:
        Unanswered: it cannot be.
    """

    def __init__(self, pid: int, file: str, number: int) -> None:
        self._pid = pid
        self._number = number
        self.descriptor = -1
        try:
            self._pidfd = os.pidfd_open(pid)
        except OSError:
            raise Unanswered("has ended") from None
        try:
            self._check_state()
            self.descriptor = _open_memory_file(pid, file)
            self._is_asked_already = self._check_signal()
        except BaseException:
            self.close()
            raise

    def _check_state(self) -> None:
        entry = proctable.read_entry(self._pid)
        if entry is None or entry.state in "ZX":
            raise Unanswered("has ended")
        if entry.state in "Tt":
            raise Unanswered("is stopped (SIGSTOP, or a debugger)")

    def _check_signal(self) -> bool:
        """Whether a signal is under way already, which will do for this question too."""
        try:
            status = proc_files.status(self._pid, self._pid)
        except OSError:
            raise Unanswered("has ended") from None
        bit = 1 << (self._number - 1)
        if not status.caught_signals & bit:
            raise Unanswered("does not listen: user code has taken its handler for questions away")
        if status.blocked_signals & bit:
            raise Unanswered("does not listen: its main thread blocks signals")
        if self._is_pausing():
            raise Unanswered("is not asked: it waits in signal.pause(), which any signal ends")
        return bool(status.pending_signals & bit)

    def _is_pausing(self) -> bool:
        try:
            return ends_with_any_signal(proc_files.syscall(self._pid, self._pid))
        except OSError:
            return False  # it may not be seen: everything but this call goes on after a question

    def signal(self) -> None:
        """Say that there is a question. Real-time signals queue: one that waits is not sent again."""
        if self._is_asked_already:
            return
        try:
            signal.pidfd_send_signal(self._pidfd, self._number)
        except OSError as error:
            raise Unanswered(f"cannot be asked: {error.strerror}") from None

    def why_silent(self, deadline_s: float) -> str:
        """Why there is no answer, as far as can be seen."""
        entry = proctable.read_entry(self._pid)
        if entry is None or entry.state in "ZX":
            return "has ended"
        if entry.state in "Tt":
            return "is stopped (SIGSTOP, or a debugger)"
        if entry.state == "D":
            return f"did not answer within {deadline_s:g} s: it is in an uninterruptible system call"
        return (
            f"did not answer within {deadline_s:g} s: C code keeps its main thread from Python, or the machine is busy"
        )

    def close(self) -> None:
        if self.descriptor >= 0:
            os.close(self.descriptor)
        os.close(self._pidfd)


def _open_memory_file(pid: int, link: str) -> int:
    """A descriptor of ours for the memory file of that name in a process."""
    folder = f"/proc/{pid}/fd"
    try:
        names = [_places.get((pid, link), ""), *os.listdir(folder)]
    except PermissionError:
        entry = proctable.read_entry(pid)
        has_ended = entry is None or entry.state in "ZX"
        raise Unanswered("has ended" if has_ended else proc_files.why_not(pid, _uid(pid))) from None
    except OSError:
        raise Unanswered("has ended") from None
    for name in filter(None, names):
        try:
            if os.readlink(f"{folder}/{name}") != link:
                continue
            descriptor = os.open(f"{folder}/{name}", os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            continue
        if link == _FAULT_FILE or _is_its_own(descriptor, pid):
            if len(_places) >= _PLACES_LIMIT:
                _places.clear()
            _places[pid, link] = name
            return descriptor
        os.close(descriptor)
    raise Unanswered("has no agent: it is no Python process of ours, or has not got that far")


def _uid(pid: int) -> int | None:
    try:
        return proc_files.status(pid, pid).uid
    except OSError:
        return None


def _is_its_own(descriptor: int, pid: int) -> bool:
    """Whether the file is this process's, not one that it has inherited through a fork."""
    try:
        magic, owner, *_ = asking.HEADER.unpack(os.pread(descriptor, asking.HEADER.size, 0))
    except Exception:
        return False
    return bool(magic == asking.MAGIC and owner == pid)


async def _converse(pid: int, question: Mapping[str, object], deadline_s: float) -> bytes:
    """One question and its answer.

    Raises:
        Unanswered: there is none.
    """
    words = msgspec.json.encode(question)
    if len(words) >= asking.QUESTION_BYTES:
        raise Unanswered(f"cannot be asked that: the question has {len(words)} bytes, more than its file takes")
    async with _turn(pid):
        listener = _Listener(pid, _MEMORY_FILE, asking.ASK_SIGNAL)
        try:
            number = _put_question(listener.descriptor, words)
            listener.signal()
            return await _answer(listener, number, deadline_s)
        except OSError as error:
            raise Unanswered(f"cannot be asked: {error.strerror}") from None
        finally:
            listener.close()


def _turn(pid: int) -> asyncio.Lock:
    key = id(asyncio.get_running_loop()), pid
    turn = _turns.get(key)
    if turn is None:
        turn = _turns[key] = asyncio.Lock()
    return turn


def _put_question(descriptor: int, words: bytes) -> int:
    """Write a question, its number last; the number."""
    _, _, asked, answered, _, _ = asking.HEADER.unpack(os.pread(descriptor, asking.HEADER.size, 0))
    number = max(asked, answered) + 1
    os.pwrite(descriptor, words + b"\0", asking.QUESTION_AT)
    os.pwrite(descriptor, number.to_bytes(8, "little"), _QUESTION_NUMBER_AT)
    return int(number)


async def _answer(listener: _Listener, number: int, deadline_s: float) -> bytes:
    """The answer with that number, once it is there."""
    descriptor = listener.descriptor
    began_s = time.monotonic()
    pause_s = FIRST_POLL_S
    has_repeated = False
    while True:
        waited_s = time.monotonic() - began_s
        is_late = waited_s >= deadline_s
        _, _, _, answered, length, _ = asking.HEADER.unpack(os.pread(descriptor, asking.HEADER.size, 0))
        if answered == number:
            return os.pread(descriptor, min(length, asking.ANSWER_BYTES), asking.ANSWER_AT)
        if is_late:
            raise Unanswered(listener.why_silent(deadline_s))
        if waited_s >= deadline_s / 3 and not has_repeated:
            # A signal between the last step of Python and the system call is heard only with the next one.
            has_repeated = True
            listener.signal()
        await asyncio.sleep(pause_s)
        pause_s = min(pause_s * 1.5, LONGEST_POLL_S)


# --- while the interpreter is kept by C code ---


async def fault_dump(pid: int, *, deadline_s: float = DEADLINE_S) -> Answer:
    """The stacks as `faulthandler` in the process writes them, which needs no interpreter: no names, no things."""
    began_s = time.monotonic()
    try:
        async with _turn(pid):
            listener = _Listener(pid, _FAULT_FILE, asking.FAULT_SIGNAL)
            try:
                text = await _fault_text(listener, deadline_s)
            finally:
                listener.close()
    except Unanswered as why:
        return Answer(None, str(why), time.monotonic() - began_s)
    except OSError as error:
        return Answer(None, f"cannot be asked: {error.strerror}", time.monotonic() - began_s)
    return Answer(with_sources(fault_text.parse(text, pid, at_s=began_s)), took_s=time.monotonic() - began_s)


async def _fault_text(listener: _Listener, deadline_s: float) -> str:
    """What faulthandler appends to its file from now on."""
    start = os.fstat(listener.descriptor).st_size
    listener.signal()
    now_s = time.monotonic()
    ends_s, grew_s, seen = now_s + deadline_s, now_s, start
    while True:
        await asyncio.sleep(0.002)
        now_s, size = time.monotonic(), os.fstat(listener.descriptor).st_size
        if size != seen:
            grew_s, seen = now_s, size
        elif seen > start and now_s - grew_s >= FAULT_QUIET_S:
            break
        elif now_s >= ends_s and seen == start:
            raise Unanswered(listener.why_silent(deadline_s))
    return os.pread(listener.descriptor, min(seen - start, FAULT_LIMIT_BYTES), start).decode(errors="replace")
