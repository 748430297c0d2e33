"""What a thread waits for by the kernel's words: lines written by hand, and one program that waits in all ways."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator

import pytest

from supervisor.diagnose.evidence import (
    Descriptor,
    KernelWait,
    ProcessFacts,
    SemaphoreMapping,
    Syscall,
    ThreadFacts,
)
from supervisor.diagnose.kernel_words import ends_with_any_signal, is_still, kernel_wait
from supervisor.diagnose.looking import look
from supervisor.diagnose.system_calls import TABLES, machine
from tests.diagnose.programs import first_line, running
from tests.engines import wait_for

PROCESS = ProcessFacts(
    pid=10,
    start_ticks=1,
    parent_pid=1,
    name="python",
    state="S",
    descriptors=(
        Descriptor(3, "pipe:[77]", "r"),
        Descriptor(4, "socket:[78]", "rw", "127.0.0.1:40 to 127.0.0.1:80"),
        Descriptor(5, "/tmp/x.lock", "rw"),
    ),
    semaphores=(SemaphoreMapping(3070, 0x7000, 0x8000),),
)


def thread(
    call: Syscall | None, *, state: str = "S", wchan: str = "", voluntary: int = 5, ticks: int = 0
) -> ThreadFacts:
    return ThreadFacts(10, "python", state, ticks, voluntary, 0, call, wchan)


def waits(number: int, *words: int, machine: str = "x86_64", state: str = "S", wchan: str = "") -> KernelWait:
    call = Syscall(number, (*words, *(0,) * (6 - len(words))))
    return kernel_wait(PROCESS, thread(call, state=state, wchan=wchan), machine=machine)


MINUS_ONE = 0xFFFFFFFF
"""How the kernel shows an int of -1: the register's low half."""


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (waits(0, 3, 1, 4), ("read", "pipe:[77]", "read of 4 bytes from pipe:[77], descriptor 3")),
        (waits(63, 3, 1, 4, machine="aarch64"), ("read", "pipe:[77]", "read of 4 bytes from pipe:[77], descriptor 3")),
        (waits(1, 9, 1, 1), ("write", "", "write of 1 byte to descriptor 9")),
        (
            waits(202, 0x7010, 0x109),
            ("futex-shared", "sem:3070", "a lock or semaphore between processes (semaphore 3070)"),
        ),
        (
            waits(202, 0x9010, 0x109),
            ("futex-shared", "futex:10:0x9010", "a lock between processes (shared futex 0x9010)"),
        ),
        (waits(202, 0x10, 0x189), ("futex-private", "futex:10:0x10", "a lock between threads (futex 0x10)")),
        (
            waits(98, 0x10, 0x189, machine="aarch64"),
            ("futex-private", "futex:10:0x10", "a lock between threads (futex 0x10)"),
        ),
        (waits(202, 0x10, 0x81), ("other", "", "system call futex, operation 0x81")),
        (waits(7, 1, 0, 1000), ("sleep", "", "sleeps, and wakes by itself")),
        (waits(7, 1, 2, MINUS_ONE), ("poll", "", "events on 2 descriptors")),
        (waits(271, 1, 1, 1), ("poll", "", "events on 1 descriptor, with a timeout")),
        (waits(7, 1, 1, 86_399_000), ("poll", "", "events on 1 descriptor")),
        (waits(7, 1, 1, 60_000), ("poll", "", "events on 1 descriptor, with a timeout")),
        (waits(232, 5, 1, 1, MINUS_ONE), ("poll", "", "events on an epoll, descriptor 5")),
        (waits(230, 1, 1), ("sleep", "", "sleeps, and wakes by itself")),
        (waits(61, 4711), ("child", "pid:4711", "the end of process 4711")),
        (waits(61, MINUS_ONE), ("child", "", "the end of any child")),
        (waits(73, 5, 2), ("file-lock", "/tmp/x.lock", "the lock of file /tmp/x.lock, descriptor 5")),
        (waits(72, 5, 7), ("file-lock", "/tmp/x.lock", "the record lock of /tmp/x.lock, descriptor 5")),
        (
            waits(45, 4),
            ("receive", "socket:[78]", "data from socket:[78] (127.0.0.1:40 to 127.0.0.1:80), descriptor 4"),
        ),
        (waits(34), ("signal", "", "a signal")),
        (waits(73, machine="aarch64"), ("signal", "", "a signal")),
        (waits(65), ("other", "", "system call semop")),
        (waits(999), ("other", "", "system call 999")),
        (waits(0, 3, 1, 4, machine="riscv64"), ("other", "", "system call 0")),
        (waits(-1), ("other", "", "asleep outside of system calls")),
        (waits(219, 1, 1, wchan="hrtimer_nanosleep"), ("sleep", "", "sleeps, and wakes by itself")),
        (
            waits(0, 3, 1, 9, state="D", wchan="folio_wait_bit"),
            (
                "uninterruptible",
                "pipe:[77]",
                "uninterruptible: read of 9 bytes from pipe:[77], descriptor 3 in the kernel's folio_wait_bit",
            ),
        ),
        (
            waits(435, 0x7000, 88, state="D", wchan="kernel_clone"),
            ("uninterruptible", "", "uninterruptible: system call clone3 in the kernel's kernel_clone"),
        ),
    ],
)
def test_system_call_is_told_in_words(seen: KernelWait, expected: tuple[str, str, str]) -> None:
    """Kind, resource and sentence; a call or a machine that is not known is named by its number, not guessed."""
    assert (seen.kind, seen.resource, seen.text) == expected


def test_timeouts_are_seen() -> None:
    """A wait that ends by itself is told from one that does not: by a pointer, or by an int that is not negative."""
    assert waits(202, 0x7010, 0x109, 0, 0x7FFF).has_timeout
    assert not waits(202, 0x7010, 0x109).has_timeout
    assert waits(7, 1, 2, 500).has_timeout
    assert waits(232, 5, 1, 1, 0).has_timeout
    assert waits(270, 4, 1, 0, 0, 0x7FFF).has_timeout


def test_states_come_before_system_calls() -> None:
    """Who is stopped or dead waits for nothing."""
    for state, kind in (("T", "stopped"), ("t", "stopped"), ("Z", "zombie"), ("X", "zombie")):
        assert waits(0, 3, 1, 4, state=state).kind == kind
    assert kernel_wait(PROCESS, thread(None, state="R")).kind == "running"
    assert kernel_wait(PROCESS, thread(None, state="D", wchan="io_schedule")).kind == "uninterruptible"


def test_what_may_not_be_read_is_unknown() -> None:
    """With the reason, not "running"."""
    denied = ProcessFacts(10, 1, 1, "x", "S", trouble="may not be looked into: permission denied (another user)")
    seen = kernel_wait(denied, thread(None))
    assert (seen.kind, seen.text) == ("unknown", "may not be looked into: permission denied (another user)")
    assert kernel_wait(PROCESS, thread(None)).kind == "running"


def test_interpreter_lock_shows_in_two_looks() -> None:
    """A wait with a timeout that wakes 200 times a second is for the interpreter lock."""
    call = Syscall(202, (0x10, 0x89, 0, 0x7FFF, 0, 0))
    before = thread(call, voluntary=100)
    after_a_second = thread(call, voluntary=296)
    assert kernel_wait(PROCESS, after_a_second, machine="x86_64").kind == "futex-private"
    assert kernel_wait(PROCESS, after_a_second, before=before, elapsed_s=1.0, machine="x86_64").kind == "gil"
    assert kernel_wait(PROCESS, before, before=before, elapsed_s=1.0, machine="x86_64").kind == "futex-private"
    assert kernel_wait(PROCESS, after_a_second, before=before, elapsed_s=60.0, machine="x86_64").kind == "futex-private"


def test_still_is_who_has_not_moved() -> None:
    """Same call, same counters; a question moves its main thread a little, which can be allowed for."""
    call = Syscall(0, (3, 1, 4, 0, 0, 0))
    now = thread(call)
    assert is_still(now, now)
    assert not is_still(now, thread(call, voluntary=6))
    assert is_still(now, thread(call, voluntary=7), asked=1)
    assert not is_still(now, thread(call, voluntary=60), asked=1)
    assert not is_still(now, thread(Syscall(1, call.arguments)), asked=1)
    assert not is_still(now, thread(call, state="T"))


def test_question_leaves_the_rest_of_a_poll_to_wait() -> None:
    """Which is shorter, and the same wait; for other descriptors, or unasked, it is another one."""
    number = next(number for number, name in TABLES[machine()].items() if name == "epoll_pwait")
    now, later = (thread(Syscall(number, (5, 0x70, 1, rest, 0, 0))) for rest in (86_400_000, 86_399_000))
    assert is_still(now, later, asked=1)
    assert not is_still(now, later)
    assert not is_still(now, thread(Syscall(number, (6, 0x70, 1, 86_400_000, 0, 0))), asked=1)


def test_a_pause_is_known_by_its_call() -> None:
    """Where the kernel has none, the C library polls nothing without a timeout."""
    nothing = (0,) * 6
    assert ends_with_any_signal(Syscall(34, nothing), "x86_64")
    assert ends_with_any_signal(Syscall(73, nothing), "aarch64")
    assert not ends_with_any_signal(Syscall(73, (1, 1, 0, 0, 0, 0)), "aarch64")
    assert not ends_with_any_signal(Syscall(34, nothing), "aarch64")
    assert not ends_with_any_signal(None)


def test_tables_agree_on_names() -> None:
    """A name that one machine knows under two numbers would be a slip."""
    for table in TABLES.values():
        assert len(set(table.values())) == len(table)


KEEPS_THE_INTERPRETER = """
    import collections, itertools, threading
    threading.Thread(target=lambda: [None for _ in itertools.count()], daemon=True).start()
    print("up", flush=True)
    collections.deque(itertools.repeat(0), maxlen=0)
"""


def test_a_real_wait_for_the_interpreter_lock_is_told() -> None:
    """A thread that wants to run while C code keeps the interpreter."""
    with running(KEEPS_THE_INTERPRETER) as process:
        first_line(process)
        before = look({process.pid: "w"})

        def kinds() -> set[str]:
            nonlocal before
            time.sleep(0.2)
            now = look({process.pid: "w"})
            facts, was = now.processes[process.pid], before.processes[process.pid]
            elapsed_s, before = now.at_s - before.at_s, now
            return {
                kernel_wait(facts, one, before=was.thread(one.tid), elapsed_s=elapsed_s).kind
                for one in facts.threads
                if one.tid != process.pid
            }

        wait_for(lambda: "gil" in kinds(), "a thread that waits for the interpreter lock")


WAITS_IN_ALL_WAYS = """
    import ctypes, fcntl, json, mmap, multiprocessing, os, select, signal, socket, sys, threading, time

    folder, tids = sys.argv[1], {}

    def in_thread(name):
        def start(function):
            def run():
                tids[name] = threading.get_native_id()
                function()
            threading.Thread(target=run, daemon=True).start()
        return start

    reading, writing = os.pipe()
    listener = socket.create_server(("127.0.0.1", 0))
    here, there = socket.socketpair()
    locks = [open(f"{folder}/{name}", "w") for name in ("a", "a", "b")]
    fcntl.flock(locks[0], fcntl.LOCK_EX)
    lock, shared = threading.Lock(), multiprocessing.get_context("fork").Lock()
    lock.acquire(), shared.acquire()
    child = os.fork()
    if child == 0:
        fcntl.lockf(locks[2], fcntl.LOCK_EX)
        os.write(writing, b"x")
        signal.pause()
        os._exit(0)
    os.read(reading, 1)
    full_reading, full = os.pipe()
    epoll = select.epoll()
    epoll.register(reading, select.EPOLLIN)

    in_thread("read")(lambda: os.read(reading, 4))
    in_thread("write")(lambda: os.write(full, bytes(1 << 20)))
    in_thread("futex-private")(lock.acquire)
    in_thread("futex-shared")(shared.acquire)
    in_thread("poll")(lambda: [p := select.poll(), p.register(reading, select.POLLIN), p.poll()])
    in_thread("select")(lambda: select.select([reading], [], []))
    in_thread("epoll")(lambda: epoll.poll())
    in_thread("sleep")(lambda: time.sleep(1000))
    in_thread("child")(lambda: os.waitpid(child, 0))
    in_thread("flock")(lambda: fcntl.flock(locks[1], fcntl.LOCK_EX))
    in_thread("record-lock")(lambda: fcntl.lockf(locks[2], fcntl.LOCK_EX))
    in_thread("receive")(lambda: here.recv(10))
    in_thread("accept")(lambda: listener.accept())
    in_thread("signal")(lambda: signal.sigwait({signal.SIGUSR2}))
    ends = {"read": os.readlink(f"/proc/self/fd/{reading}"), "write": os.readlink(f"/proc/self/fd/{full}")}
    port = listener.getsockname()[1]
    while len(tids) < 14:
        time.sleep(0.01)
    print(json.dumps({"tids": tids, "ends": ends, "child": child, "port": port}), flush=True)
    try:
        signal.pause()
    finally:
        os.kill(child, signal.SIGKILL)
"""


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[dict[str, KernelWait], dict[str, object]]]:
    """What is seen of each thread of a program that waits in all ways, once all do."""
    folder = tmp_path_factory.mktemp("waits")
    with running(WAITS_IN_ALL_WAYS, str(folder)) as process:
        told = json.loads(first_line(process))
        names = {tid: name for name, tid in told["tids"].items()}

        def all_waits() -> dict[str, KernelWait]:
            facts = look({process.pid: "w"}, has_descriptors=True).processes[process.pid]
            found = {names[one.tid]: kernel_wait(facts, one) for one in facts.threads if one.tid in names}
            return found if {name: wait.kind for name, wait in found.items()} == KINDS else {}

        try:
            yield wait_for(all_waits, "all threads to wait"), {**told, "folder": str(folder)}
        finally:
            os.kill(told["child"], signal.SIGKILL)


KINDS = {
    **{kind: kind for kind in ("read", "write", "futex-private", "futex-shared", "sleep", "child")},
    **{kind: kind for kind in ("receive", "accept", "signal")},
    **dict.fromkeys(("poll", "select", "epoll"), "poll"),
    **dict.fromkeys(("flock", "record-lock"), "file-lock"),
}
"""What each thread is in, once all of them are."""


def test_real_waits_are_told(seen: tuple[dict[str, KernelWait], dict[str, object]]) -> None:
    """A program of 14 threads, each in another wait: kind and resource of each, from outside."""
    waits, told = seen
    assert len(waits) == 14
    ends, folder = told["ends"], told["folder"]
    assert isinstance(ends, dict)
    assert (waits["read"].resource, waits["read"].count) == (ends["read"], 4)
    assert (waits["write"].resource, waits["write"].count) == (ends["write"], 1 << 20)
    assert {waits[name].resource for name in ("poll", "select", "epoll")} == {ends["read"]}
    assert waits["futex-shared"].resource.startswith("sem:")
    assert waits["child"].resource == f"pid:{told['child']}"
    assert (waits["flock"].resource, waits["record-lock"].resource) == (f"{folder}/a", f"{folder}/b")
    assert f"listens on 127.0.0.1:{told['port']}" in waits["accept"].text
    assert "unix" in waits["receive"].text
