"""Answers the engine's questions from inside: the stacks of all threads, and what it knows of locks, queues and pools.

A question and its answer lie in a memory file; a signal says that there is a question. No thread, no lock, no wait::

    engine ── question, number ──► memory file ◄── answer, length, number (last) ── handler in the main thread
           └─ ASK_SIGNAL ────────────────────────────────────────────────────────────────►┘

Layout, little endian: 0 magic, 8 pid u32, 16 question number u64, 24 answer number u64, 32 answer length u32, 36 flags
u32, 64 the question as JSON, ended by a zero byte, 4096 the answer as JSON.

The handler runs between two steps of Python. A system call that the main thread is in is interrupted for it and then
resumed (PEP 475), with what is left of its timeout; only `signal.pause`, and a sleep inside C code that is not
Python's own, end early. While C code keeps the interpreter to itself there is no answer; `faulthandler`, on
FAULT_SIGNAL, then writes the stacks into a memory file of its own. Blocked signals, or a handler of user code for
ASK_SIGNAL: no answer, and nothing else changes.
"""

from __future__ import annotations

import faulthandler
import gc
import json
import os
import signal
import struct
import sys
import time

from supervisor.agent.interrupted import is_interruption
from supervisor.agent.stacks import Census, thread_stacks

TYPE_CHECKING = False  # typing itself would cost every worker 3 ms
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Any

    Question = dict[str, Any]
    Reply = dict[str, Any]

_LAST_SIGNAL = int(getattr(signal, "SIGRTMAX", 64))
ASK_SIGNAL = _LAST_SIGNAL - 5
FAULT_SIGNAL = _LAST_SIGNAL - 6
FILE_NAME = "procdeck-answers"
"""``/proc/PID/fd`` shows it as ``/memfd:procdeck-answers (deleted)``."""
FAULT_FILE_NAME = "procdeck-fault"
MAGIC = b"pdanswr1"
FILE_BYTES = 1024 * 1024
QUESTION_AT = 64
QUESTION_BYTES = 448
ANSWER_AT = 4096
ANSWER_BYTES = FILE_BYTES - ANSWER_AT
HEADER = struct.Struct("<8sIxxxxQQII")
"""Magic, pid, question number, answer number, answer length, flags."""
_LENGTH_AT = 32
_NUMBER_AT = 24
_NUMBER = struct.Struct("<Q")
_LENGTH = struct.Struct("<I")

_MOST_IN_A_ROW = 3
_PYTHON = ".".join(map(str, sys.version_info[:3]))
_encode = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":")).encode


class _File:
    """A memory file of this process, which user code may close at any time, and its number then be another's."""

    def __init__(self, name: str) -> None:
        self.fd = os.memfd_create(name, os.MFD_CLOEXEC)
        made = os.fstat(self.fd)
        self._identity = made.st_dev, made.st_ino

    def is_open(self) -> bool:
        try:
            seen = os.fstat(self.fd)
        except OSError:
            return False
        return (seen.st_dev, seen.st_ino) == self._identity

    def close(self) -> None:
        if self.is_open():
            os.close(self.fd)


class _Agent:
    """This process's end of the conversation."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.is_answering = False
        self.is_collecting = False
        """Whether garbage was collected before the answer was begun, during which none is."""
        self.answers: _File | None = None
        self.faults: _File | None = None

    def is_open(self) -> bool:
        """Whether this process can be asked already: somebody may have put a question into its file."""
        return self.pid == os.getpid() and self.answers is not None and self.answers.is_open()

    def open(self) -> None:
        """Make this process's own files, and forget those of the process that it was forked from."""
        inherited = self.answers, self.faults
        self.answers = self.faults = None
        self.pid = os.getpid()
        if self.is_answering:  # another thread has forked meanwhile
            self.end_answer()
        try:
            if signal.getsignal(FAULT_SIGNAL) == signal.SIG_DFL:  # faulthandler's own is not seen there
                self.faults = _fault_file()
            if signal.getsignal(ASK_SIGNAL) is _on_ask:
                self.answers = answers = _File(FILE_NAME)  # set first: with the pid in it, it may be asked at once
                os.ftruncate(answers.fd, FILE_BYTES)
                os.pwrite(answers.fd, HEADER.pack(MAGIC, self.pid, 0, 0, 0, 0), 0)
        finally:
            for file in inherited:
                if file is not None:
                    file.close()

    def give_up(self, number: int) -> None:
        """Be asked no more by this signal."""
        if number == ASK_SIGNAL and self.answers is not None:
            self.answers.close()
            self.answers = None
        if number == FAULT_SIGNAL and self.faults is not None:
            faulthandler.unregister(FAULT_SIGNAL)
            self.faults.close()
            self.faults = None

    def begin_answer(self) -> None:
        self.is_answering = True
        self.is_collecting = gc.isenabled()
        gc.disable()

    def end_answer(self) -> None:
        self.is_answering = False
        if self.is_collecting:
            gc.enable()


def _fault_file() -> _File:
    try:
        file = _File(FAULT_FILE_NAME)
    except OSError:
        faulthandler.unregister(FAULT_SIGNAL)  # it would write into whatever has the number of its closed file
        raise
    faulthandler.register(FAULT_SIGNAL, file.fd, all_threads=True, chain=False)
    return file


_agent: _Agent | None = None


def install() -> None:
    """Answer questions from now on, also in the children that this process forks. Never raises."""
    global _agent  # noqa: PLW0603 - handlers of a process are the process's
    try:
        is_first = _agent is None
        _agent = _agent or _Agent()
        if signal.getsignal(ASK_SIGNAL) == signal.SIG_DFL:
            signal.signal(ASK_SIGNAL, _on_ask)
        if not _agent.is_open():
            _agent.open()
        if is_first:
            os.register_at_fork(after_in_child=_after_fork)
            _give_way()
    except Exception:  # not the main thread, no memory files: nobody can ask then
        pass


def _after_fork() -> None:
    try:
        if _agent is not None:
            _agent.open()
    except Exception:  # a child must not fail because nobody can ask it
        pass


def _give_way() -> None:
    """Have nobody ask any more once user code takes a signal of ours: the question would reach its handler."""
    original: Callable[..., Any] = signal.signal

    def set_handler(signalnum: Any, handler: Any) -> Any:
        if signalnum in (ASK_SIGNAL, FAULT_SIGNAL) and handler is not _on_ask and _agent is not None:
            _agent.give_up(signalnum)
        return original(signalnum, handler)

    for name in ("__module__", "__name__", "__qualname__", "__doc__"):
        setattr(set_handler, name, getattr(original, name))
    set_handler.__wrapped__ = original  # type: ignore[attr-defined]
    signal.signal = set_handler


# --- one question ---


def _on_ask(number: int, frame: FrameType | None) -> None:
    """Answer what is asked. Raises only what a signal handler of user code has raised meanwhile."""
    agent = _agent
    if agent is None or agent.is_answering or agent.pid != os.getpid():
        return
    agent.begin_answer()
    try:
        for _ in range(_MOST_IN_A_ROW):
            if not _answer_next(agent, frame):
                break
    except Exception as error:
        if is_interruption(error):
            raise
    finally:
        agent.end_answer()


def _answer_next(agent: _Agent, frame: FrameType | None) -> bool:
    """Answer the question in the file, if there is a new one."""
    file = agent.answers
    if file is None or not file.is_open():
        return False
    head = os.pread(file.fd, QUESTION_AT + QUESTION_BYTES, 0)
    _, _, asked, answered, _, _ = HEADER.unpack_from(head)
    if asked == answered:
        return False
    try:
        reply = _reply(json.loads(head[QUESTION_AT:].partition(b"\0")[0]), frame)
    except Exception as error:
        if is_interruption(error):
            raise
        reply = {"error": f"{type(error).__name__}: {error}"}
    _write(file.fd, asked, reply)
    return True


def _write(fd: int, asked: int, reply: Reply) -> None:
    body = _fitting(reply)
    os.pwrite(fd, body, ANSWER_AT)
    os.pwrite(fd, _LENGTH.pack(len(body)), _LENGTH_AT)
    os.pwrite(fd, _NUMBER.pack(asked), _NUMBER_AT)


def _fitting(reply: Reply) -> bytes:
    """`reply` as JSON, with less of it where all would not fit."""
    for frames, most_things in ((None, None), (20, 500), (5, 0)):
        if frames is not None:
            for thread in reply.get("threads", ()):
                thread["frames"] = thread["frames"][:frames]
            reply["things"] = reply.get("things", [])[:most_things]
            reply["notes"] = [*reply.get("notes", ()), f"cut to {frames} frames a thread and {most_things} things"]
        body = _encode(reply).encode("utf-8", "replace")
        if len(body) <= ANSWER_BYTES:
            return body
    return b'{"error": "the answer is too long"}'


def _reply(question: Question, frame: FrameType | None) -> Reply:
    want = question.get("want")
    if want == "all":
        return _everything(frame)
    if want == "stacks":
        threads, left_out = thread_stacks(frame, None)
        return _dump(threads, _notes(left_out, 0))
    if want == "release":
        from supervisor.agent.releasing import release  # rare enough to cost no worker's start anything

        return release(question.get("sem"), question.get("thing"))
    return {"error": f"asked for {want!r}; this agent answers all, stacks and release"}


def _everything(frame: FrameType | None) -> Reply:
    census = Census()
    threads, left_out = thread_stacks(frame, census)
    notes = _notes(left_out, census.add_known())
    return {**_dump(threads, notes), "things": census.things(), "children": _children()}


def _dump(threads: list[Reply], notes: list[str]) -> Reply:
    return {"pid": os.getpid(), "python": _PYTHON, "at_s": time.monotonic(), "threads": threads, "notes": notes}


def _notes(threads_left_out: int, things_left_out: int) -> list[str]:
    notes = []
    if threads_left_out:
        notes.append(f"{threads_left_out} more threads")
    if things_left_out:
        notes.append(f"{things_left_out} more locks, queues and the like")
    return notes


def _children() -> list[Reply]:
    """The children as `multiprocessing` knows them; none is reaped by the look."""
    module = sys.modules.get("multiprocessing.process")
    own = os.getpid()
    told = []
    for child in list(module._children) if module is not None else ():  # noqa: SLF001
        started = getattr(child, "_popen", None)
        if started is None or getattr(child, "_parent_pid", own) != own:
            continue
        told.append(
            {
                "pid": started.pid,
                "name": str(child._name),  # noqa: SLF001
                "is_daemon": bool(child._config.get("daemon")),  # noqa: SLF001
                "exit_code": started.returncode,
                "start_method": str(getattr(started, "method", "")),
            }
        )
    return told
