"""What a thread waits for by the kernel's words alone: its state, its system call and where that sleeps. Pure but for
`polled_in_memory`.

An unknown call, an unknown machine and a thread that may not be read stay unknown: nothing is guessed.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from supervisor.diagnose import proc_files
from supervisor.diagnose.evidence import Descriptor, KernelKind, KernelWait, ProcessFacts, Syscall, ThreadFacts
from supervisor.diagnose.system_calls import name_of

GIL_WAKES_PER_S: Final = 20.0
"""A thread that waits for the interpreter lock wakes each switch interval (`sys.setswitchinterval`), 200 times a second
unless the machine is busy; one that waits for a lock with a timeout does not."""
POLLED_LIMIT: Final = 64
"""Descriptors of one poll that are told."""
ENDLESS_MS: Final = 3_600_000
"""A poll that ends by itself after an hour or later ends in nobody's patience. procdeck's own channels wait for a day
at a time (`supervisor.channels.waiting`), and after a signal for what is left of it."""

_ON_A_DESCRIPTOR: Final = frozenset({"read", "write", "receive", "send", "accept", "connect", "file-lock"})
_MILLISECONDS_AT: Final = {"poll": 2, "epoll_wait": 3, "epoll_pwait": 3}
"""Which argument is the time after which a call ends, where that is no pointer."""
_EPOLLS: Final = frozenset({"epoll_wait", "epoll_pwait", "epoll_pwait2"})
_POLLED: Final = struct.Struct("ihh")  # struct pollfd (poll(2))


_FUTEX_PRIVATE: Final = 128
_FUTEX_WAITS: Final = frozenset({0, 6, 9, 11, 13})  # WAIT, LOCK_PI, WAIT_BITSET, WAIT_REQUEUE_PI, LOCK_PI2 (futex(2))
_GIL_OPERATION: Final = 0x89  # WAIT_BITSET, private, on the monotonic clock: pthread_cond_timedwait
_SET_LOCK_AND_WAIT: Final = frozenset({7, 38})  # F_SETLKW, F_OFD_SETLKW
_P_PID: Final = 1
_P_PIDFD: Final = 3
_RESTARTED: Final = (
    ("futex", "futex"),
    ("hrtimer_nanosleep", "nanosleep"),
    ("do_nanosleep", "nanosleep"),
    ("do_poll", "poll"),
    ("do_sys_poll", "poll"),
    ("poll_schedule_timeout", "poll"),
)
"""Where a call sleeps that goes on after a signal as ``restart_syscall`` (restart_syscall(2)), and which that is."""

_NOBODY: Final = ProcessFacts(pid=0, start_ticks=0, parent_pid=0, name="", state="")

_Reader = Callable[[ProcessFacts, ThreadFacts, tuple[int, ...]], KernelWait]


def kernel_wait(
    process: ProcessFacts,
    thread: ThreadFacts,
    *,
    before: ThreadFacts | None = None,
    elapsed_s: float = 0.0,
    machine: str = "",
) -> KernelWait:
    """What a thread waits for.

    Args:
        before: the same thread `elapsed_s` ago. Without it a wait for the interpreter lock cannot be told from one for
            a lock between threads, with a timeout.
        machine: whose numbers its system calls have; this one's unless given.
    """
    call = thread.syscall
    if thread.state in "ZX":
        return KernelWait("zombie", text="has ended and is not reaped by its parent")
    if thread.state in "Tt":
        who = "a signal (SIGSTOP, SIGTSTP)" if thread.state == "T" else "a debugger"
        return KernelWait("stopped", text=f"stopped by {who}")
    if call is None:
        return _without_call(process, thread)
    found = _of_call(process, thread, call, machine)
    if found.kind == "futex-private" and _wakes_like_the_gil(thread, call, before, elapsed_s):
        found = replace(found, kind="gil", text="the interpreter lock, which another thread of the process holds")
    if thread.state == "D":
        where = "" if found.text.endswith(_in(thread.wchan)) else _in(thread.wchan)
        return replace(found, kind="uninterruptible", text=f"uninterruptible: {found.text}{where}")
    return found


def _without_call(process: ProcessFacts, thread: ThreadFacts) -> KernelWait:
    if thread.state == "D":
        return KernelWait("uninterruptible", text=f"uninterruptible{_in(thread.wchan)}")
    if thread.state != "R" and process.trouble and not process.trouble.startswith("only "):
        where = f"asleep{_in(thread.wchan)}; " if thread.wchan else ""
        return KernelWait("unknown", text=f"{where}{process.trouble}")
    return KernelWait("running", text="runs")


def _in(wchan: str) -> str:
    return f" in the kernel's {wchan}" if wchan else ""


def _of_call(process: ProcessFacts, thread: ThreadFacts, call: Syscall, machine: str) -> KernelWait:
    if call.number < 0:
        return KernelWait("other", text=f"asleep outside of system calls{_in(thread.wchan)}")
    name = _name(thread, call, machine)
    reader = _READERS.get(name)
    if reader is not None and len(call.arguments) == 6:
        return reader(process, thread, call.arguments)
    return KernelWait("other", text=f"system call {name or call.number}{_in(thread.wchan)}")


def _name(thread: ThreadFacts, call: Syscall, machine: str) -> str:
    name = name_of(call.number, machine)
    if name == "restart_syscall":
        return next((real for start, real in _RESTARTED if thread.wchan.startswith(start)), name)
    return name


def _wakes_like_the_gil(thread: ThreadFacts, call: Syscall, before: ThreadFacts | None, elapsed_s: float) -> bool:
    if before is None or elapsed_s <= 0 or before.tid != thread.tid:
        return False
    was = before.syscall
    both = was is not None and was.number == call.number and was.arguments[:2] == call.arguments[:2]
    wakes = thread.voluntary - before.voluntary
    return both and call.arguments[1] == _GIL_OPERATION and wakes >= GIL_WAKES_PER_S * elapsed_s


def is_still(before: ThreadFacts, now: ThreadFacts, *, asked: int = 0) -> bool:
    """Whether a thread is where it was and has not moved in between.

    Args:
        asked: how many questions were put to its process between the looks: each wakes the main thread for an instant.
    """
    if before.tid != now.tid or before.state != now.state:
        return False
    if not asked:
        return _is_same_call(before.syscall, now.syscall) and before.pulse == now.pulse
    if not _is_same_call(_without_rest(before.syscall), _without_rest(now.syscall)):
        return False
    moves = now.voluntary - before.voluntary + now.involuntary - before.involuntary
    return now.cpu_ticks - before.cpu_ticks <= 2 * asked and moves <= 8 * asked


def _is_same_call(before: Syscall | None, now: Syscall | None) -> bool:
    """One that goes on after a signal has another number, and the same words."""
    if before is None or now is None:
        return before is now
    is_restarted = "restart_syscall" in (name_of(before.number), name_of(now.number))
    return before.arguments == now.arguments and (before.number == now.number or is_restarted)


def _without_rest(call: Syscall | None) -> Syscall | None:
    """A call without the milliseconds after which it ends: after a question it goes on with what is left of them."""
    at = _MILLISECONDS_AT.get(name_of(call.number)) if call is not None else None
    if call is None or at is None or len(call.arguments) <= at:
        return call
    return replace(call, arguments=(*call.arguments[:at], 0, *call.arguments[at + 1 :]))


def ends_with_any_signal(call: Syscall | None, machine: str = "") -> bool:
    """Whether a thread is in pause(2), which returns after any signal, also one that was only a question."""
    if call is None:
        return False
    name = name_of(call.number, machine)
    return name in ("pause", "rt_sigsuspend") or (name == "ppoll" and not any(call.arguments[:3]))


# --- which descriptors ---


def polled_in_memory(pid: int, thread: ThreadFacts) -> tuple[int, ...]:
    """The descriptors that a thread's poll, select or epoll waits on, read from its process now; empty if in none.

    Raises:
        OSError: its memory may not be read, or the process is gone.
    """
    call = thread.syscall
    if call is None or len(call.arguments) < 6:
        return ()
    name, words = _name(thread, call, ""), call.arguments
    if name in ("poll", "ppoll"):
        count = min(words[1], POLLED_LIMIT)
        block = proc_files.memory(pid, words[0], count * _POLLED.size) if count else b""
        return tuple(number for number, _, _ in _POLLED.iter_unpack(block) if number >= 0)
    if name in ("select", "pselect6"):
        width = (min(words[0], 1024) + 7) // 8
        sets = [proc_files.memory(pid, place, width) for place in words[1:4] if place and width]
        union = 0
        for bits in sets:
            union |= int.from_bytes(bits, "little")
        return tuple(number for number in range(width * 8) if union >> number & 1)[:POLLED_LIMIT]
    if name in _EPOLLS:
        return proc_files.watched_by_epoll(pid, _signed(words[0]))[:POLLED_LIMIT]
    return ()


def awaited_descriptors(thread: ThreadFacts) -> tuple[int, ...]:
    """The descriptors that a thread waits on, by its call's words and what it polls."""
    call = thread.syscall
    if call is None or not call.arguments:
        return ()
    wait = _of_call(_NOBODY, thread, call, "")
    if wait.kind in _ON_A_DESCRIPTOR and wait.descriptor is not None:
        return (wait.descriptor,)
    return thread.polled if wait.kind == "poll" else ()


# --- one reader for each kind of call ---


def _descriptor(process: ProcessFacts, number: int) -> Descriptor | None:
    return next((one for one in process.descriptors if one.number == number), None)


def _signed(word: int) -> int:
    """An int of C, of which the kernel shows the whole register."""
    low = word & 0xFFFFFFFF
    return low - (1 << 32) if low & 0x80000000 else low


def _on_descriptor(kind: KernelKind, verb: str, *, count_at: int | None = None) -> _Reader:
    """A call whose first word is a descriptor, and maybe another a number of bytes."""

    def read(process: ProcessFacts, thread: ThreadFacts, words: tuple[int, ...]) -> KernelWait:  # noqa: ARG001
        number = _signed(words[0])
        known = _descriptor(process, number)
        count = words[count_at] if count_at is not None else None
        amount = "" if count is None else f" of {count} byte{'' if count == 1 else 's'}"
        return KernelWait(
            kind,
            resource=known.link if known is not None else "",
            descriptor=number,
            count=count,
            text=f"{verb.format(amount=amount)} {_written(known, number)}",
        )

    return read


def _written(known: Descriptor | None, number: int) -> str:
    if known is None:
        return f"descriptor {number}"
    what = f" ({known.what})" if known.what else ""
    return f"{known.link}{what}, descriptor {number}"


def _futex(process: ProcessFacts, thread: ThreadFacts, words: tuple[int, ...]) -> KernelWait:  # noqa: ARG001
    address, operation = words[0], words[1] & 0xFFFFFFFF
    if operation & 0x7F not in _FUTEX_WAITS:
        return KernelWait("other", address=address, text=f"system call futex, operation {operation:#x}")
    has_timeout = words[3] != 0
    limit = ", with a timeout" if has_timeout else ""
    resource = f"futex:{process.pid}:{address:#x}"
    if operation & _FUTEX_PRIVATE:
        text = f"a lock between threads{limit} (futex {address:#x})"
        return KernelWait("futex-private", resource, has_timeout=has_timeout, address=address, text=text)
    mapping = next((one for one in process.semaphores if one.start <= address < one.end), None)
    if mapping is not None:
        resource = f"sem:{mapping.inode}"
        text = f"a lock or semaphore between processes{limit} (semaphore {mapping.inode})"
    else:
        text = f"a lock between processes{limit} (shared futex {address:#x})"
    return KernelWait("futex-shared", resource, has_timeout=has_timeout, address=address, text=text)


def _poll(process: ProcessFacts, thread: ThreadFacts, has_timeout: bool, among: str) -> KernelWait:
    polled = thread.polled
    limit = ", with a timeout" if has_timeout else ""
    if len(polled) == 1:
        known = _descriptor(process, polled[0])
        return KernelWait(
            "poll",
            resource=known.link if known is not None else "",
            descriptor=polled[0],
            has_timeout=has_timeout,
            text=f"events on {_written(known, polled[0])}{limit}",
        )
    return KernelWait("poll", has_timeout=has_timeout, text=f"events on {among}{limit}")


def _plural(count: int) -> str:
    return f"{count} descriptor{'' if count == 1 else 's'}"


def _on_poll(timeout_at: int, *, is_pointer: bool) -> _Reader:
    def read(process: ProcessFacts, thread: ThreadFacts, words: tuple[int, ...]) -> KernelWait:
        has_timeout = words[timeout_at] != 0 if is_pointer else 0 <= _signed(words[timeout_at]) < ENDLESS_MS
        if words[1] == 0:  # nothing to poll: a sleep, or how pause(3) is made where the kernel has none
            return _sleep(process, thread, words) if has_timeout else _A_SIGNAL
        return _poll(process, thread, has_timeout, _plural(words[1]))

    return read


def _select(process: ProcessFacts, thread: ThreadFacts, words: tuple[int, ...]) -> KernelWait:
    if words[0] == 0 and words[4]:
        return _sleep(process, thread, words)
    return _poll(process, thread, words[4] != 0, "some descriptors (select)")


def _on_epoll(*, is_pointer: bool) -> _Reader:
    def read(process: ProcessFacts, thread: ThreadFacts, words: tuple[int, ...]) -> KernelWait:
        has_timeout = words[3] != 0 if is_pointer else 0 <= _signed(words[3]) < ENDLESS_MS
        many = f" for {_plural(len(thread.polled))}" if thread.polled else ""
        return _poll(process, thread, has_timeout, f"an epoll{many}, descriptor {_signed(words[0])}")

    return read


def _sleep(process: ProcessFacts, thread: ThreadFacts, words: tuple[int, ...]) -> KernelWait:  # noqa: ARG001
    return KernelWait("sleep", has_timeout=True, text="sleeps, and wakes by itself")


_A_SIGNAL: Final = KernelWait("signal", text="a signal")


def _on_signal(timeout_at: int | None = None) -> _Reader:
    def read(process: ProcessFacts, thread: ThreadFacts, words: tuple[int, ...]) -> KernelWait:  # noqa: ARG001
        has_timeout = timeout_at is not None and words[timeout_at] != 0
        return KernelWait("signal", has_timeout=True, text="a signal, with a timeout") if has_timeout else _A_SIGNAL

    return read


def _wait4(process: ProcessFacts, thread: ThreadFacts, words: tuple[int, ...]) -> KernelWait:  # noqa: ARG001
    pid = _signed(words[0])
    return _child(pid) if pid > 0 else KernelWait("child", text="the end of any child")


def _child(pid: int) -> KernelWait:
    return KernelWait("child", resource=f"pid:{pid}", text=f"the end of process {pid}")


def _waitid(process: ProcessFacts, thread: ThreadFacts, words: tuple[int, ...]) -> KernelWait:
    kind, number = words[0], _signed(words[1])
    if kind == _P_PID:
        return _child(number)
    if kind == _P_PIDFD:
        known = _descriptor(process, number)
        return KernelWait("child", descriptor=number, text=f"the end of the child behind {_written(known, number)}")
    return _wait4(process, thread, (0,) * 6)


def _fcntl(process: ProcessFacts, thread: ThreadFacts, words: tuple[int, ...]) -> KernelWait:
    if words[1] in _SET_LOCK_AND_WAIT:
        return _on_descriptor("file-lock", "the record lock of")(process, thread, words)
    return KernelWait("other", descriptor=_signed(words[0]), text=f"system call fcntl, command {words[1]}")


_READERS: Final[Mapping[str, _Reader]] = {
    "read": _on_descriptor("read", "read{amount} from", count_at=2),
    "pread64": _on_descriptor("read", "read{amount} from", count_at=2),
    **dict.fromkeys(("readv", "preadv", "preadv2"), _on_descriptor("read", "read from")),
    "write": _on_descriptor("write", "write{amount} to", count_at=2),
    "pwrite64": _on_descriptor("write", "write{amount} to", count_at=2),
    **dict.fromkeys(("writev", "pwritev", "pwritev2"), _on_descriptor("write", "write to")),
    "futex": _futex,
    "poll": _on_poll(2, is_pointer=False),
    "ppoll": _on_poll(2, is_pointer=True),
    **dict.fromkeys(("select", "pselect6"), _select),
    **dict.fromkeys(("epoll_wait", "epoll_pwait"), _on_epoll(is_pointer=False)),
    "epoll_pwait2": _on_epoll(is_pointer=True),
    **dict.fromkeys(("nanosleep", "clock_nanosleep"), _sleep),
    "wait4": _wait4,
    "waitid": _waitid,
    "flock": _on_descriptor("file-lock", "the lock of file"),
    "fcntl": _fcntl,
    "recvfrom": _on_descriptor("receive", "data from"),
    **dict.fromkeys(("recvmsg", "recvmmsg"), _on_descriptor("receive", "data from")),
    **dict.fromkeys(("sendto", "sendmsg", "sendmmsg"), _on_descriptor("send", "room to send to")),
    **dict.fromkeys(("accept", "accept4"), _on_descriptor("accept", "a connection to")),
    "connect": _on_descriptor("connect", "the other side to accept"),
    **dict.fromkeys(("pause", "rt_sigsuspend"), _on_signal()),
    "rt_sigtimedwait": _on_signal(2),
    **{
        name: _on_descriptor("other", f"system call {name} on")
        for name in ("close", "fsync", "fdatasync", "ftruncate", "fallocate", "getdents64", "ioctl", "shutdown")
    },
}
