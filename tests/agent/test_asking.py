"""Questions to a process, wherever its main thread is: it answers, goes on, and is none the worse for it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from supervisor.agent import asking
from tests.agent.asked import (
    Dump,
    ask,
    ask_until,
    functions,
    main_thread,
    own_file,
    program,
    subjects,
    thing,
)
from tests.engines import wait_for

SITUATIONS = """
import re, signal
context = multiprocessing.get_context("fork")
lock = threading.Lock()

def nap():
    time.sleep(1000)

def put():
    queue = context.Queue(1)
    queue.put(1)
    queue.put(2)

def get():
    context.Queue().get()

def process_lock():
    held = context.Lock()
    held.acquire()
    with held:
        pass

def thread_lock():
    lock.acquire()
    with lock:
        pass

def thread_join():
    thread = threading.Thread(target=nap, name="napper", daemon=True)
    thread.start()
    thread.join()

def process_join():
    child = context.Process(target=nap, name="napper", daemon=True)
    child.start()
    child.join()

def send():
    reader, writer = context.Pipe(duplex=False)
    while True:
        writer.send_bytes(b"x" * 65536)

def event():
    context.Event().wait()

def sleep():
    time.sleep(1000)

def regex():
    re.match(r"(a+)+$", "a" * 60 + "b")

def flush():
    queue = context.Queue()
    queue.put(b"x" * 1_000_000)
    del queue
    multiprocessing.util._exit_function()

def shutdown():
    threading.Thread(target=nap, name="napper").start()
    threading._shutdown()

def acquired():
    held = context.Semaphore(1)
    held.acquire()
    held.acquire()

pids = {}
for situation in (put, get, process_lock, thread_lock, thread_join, process_join, send, event, sleep, regex, flush,
                  shutdown, acquired):
    pid = os.fork()
    if not pid:
        situation()
    pids[situation.__name__] = pid
say(**pids)
stay()
"""

INNERMOST = {
    "put": ("Queue.put", "put"),
    "get": ("Connection._recv", "Connection._recv_bytes", "_ConnectionBase.recv_bytes", "Queue.get", "get"),
    "process_lock": ("SemLock.__enter__", "process_lock"),
    "thread_lock": ("thread_lock",),
    "send": ("Connection._send", "Connection._send_bytes", "_ConnectionBase.send_bytes", "send"),
    "event": ("Condition.wait", "Event.wait", "event"),
    "sleep": ("sleep",),
    "process_join": ("Popen.poll", "Popen.wait", "BaseProcess.join", "process_join"),
    "regex": ("match", "regex"),
    "acquired": ("acquired",),
}


@pytest.fixture(scope="module")
def pids(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, int]]:
    """Processes, each in a situation of its own."""
    with program(SITUATIONS, tmp_path_factory.mktemp("situations")) as running:
        yield running.heard()


@pytest.mark.parametrize("situation", INNERMOST)
def test_a_process_answers_where_it_waits_and_waits_on(pids: dict[str, int], situation: str) -> None:
    """Two questions, the same frames: the call that the signal interrupted was resumed."""
    pid = pids[situation]

    dump = ask_until(pid, *INNERMOST[situation])

    assert dump["pid"] == main_thread(dump)["native_id"] == pid
    again = main_thread(ask(pid, "stacks"))
    assert functions(again) == functions(main_thread(dump))


@pytest.mark.parametrize("situation", ["thread_join", "flush", "shutdown"])
def test_a_process_answers_where_it_waits_for_a_thread(pids: dict[str, int], situation: str) -> None:
    """Frames differ between versions of Python there; the waiting call and the thread's number do not."""
    pid = pids[situation]
    call = {"thread_join": "Thread.join", "flush": "Queue._finalize_join", "shutdown": "_shutdown"}[situation]

    def look() -> Dump | None:
        dump = ask(pid)
        return dump if call in functions(main_thread(dump)) and len(dump["threads"]) == 2 else None

    dump = wait_for(look, f"{situation} to be in {call}")
    assert dump is not None
    other = dump["threads"][1]
    assert not other["is_main"]
    assert other["name"] == ("QueueFeederThread" if situation == "flush" else "napper")
    joined = {subject for subject in subjects(main_thread(dump)) if subject}
    assert joined == (set() if situation == "shutdown" else {f"thread:{other['native_id']}"})


def test_what_is_waited_for_is_named_with_the_place_where_it_was_made(pids: dict[str, int]) -> None:
    """The frame's subject leads to the thing: kind, place, state."""
    put = ask_until(pids["put"], *INNERMOST["put"])
    queue = thing(put, subjects(main_thread(put))[0])
    assert queue["kind"] == "mp.Queue"
    assert queue["place"].startswith("program.py:")
    assert (queue["facts"]["maxsize"], queue["facts"]["size"], queue["facts"]["feeder"]) == (1, 1, True)

    held = ask_until(pids["process_lock"], *INNERMOST["process_lock"])
    lock = thing(held, subjects(main_thread(held))[0])
    assert (lock["kind"], lock["facts"]["value"], lock["facts"]["count"]) == ("mp.Lock", 0, 1)

    by_name = ask_until(pids["thread_lock"], *INNERMOST["thread_lock"])
    mutex = thing(by_name, subjects(main_thread(by_name))[0])
    assert (mutex["kind"], mutex["name"], mutex["facts"]["is_locked"]) == ("thread.Lock", "lock", True)

    acquired = ask_until(pids["acquired"], "acquired")
    semaphore = thing(acquired, subjects(main_thread(acquired))[0])
    assert (semaphore["kind"], semaphore["name"]) == ("mp.Semaphore", "held")


def test_a_child_that_is_joined_is_told_with_its_pid(pids: dict[str, int]) -> None:
    """As the frame's subject and among the children; the look does not reap it."""
    dump = ask_until(pids["process_join"], *INNERMOST["process_join"])

    [child] = dump["children"]
    joined = [thing(dump, subject) for subject in subjects(main_thread(dump)) if subject]
    assert {process["facts"]["pid"] for process in joined} == {child["pid"]}
    assert (child["name"], child["is_daemon"], child["start_method"]) == ("napper", True, "fork")
    assert functions(main_thread(ask_until(child["pid"], "nap")))[0] == "nap"


def test_a_queue_that_only_its_feeder_keeps_alive_is_told(pids: dict[str, int]) -> None:
    """The flush at exit: user code has let go of the queue, its thread still writes."""

    def look() -> Dump | None:
        dump = ask(pids["flush"])
        feeders = [t for t in dump["threads"] if functions(t)[0] == "Connection._send"]
        return thing(dump, subjects(feeders[0])[functions(feeders[0]).index("Queue._feed")]) if feeders else None

    queue = wait_for(look, "the feeder to be in its pipe")
    assert queue is not None
    assert queue["kind"] == "mp.Queue"
    assert queue["place"].startswith("program.py:")
    assert queue["facts"]["write_pipe"].startswith("pipe:[")


def test_the_kernel_and_the_agent_agree_on_the_main_thread_and_the_memory_file(pids: dict[str, int]) -> None:
    """Each forked process has a file of its own, with its own pid in it, and not its parent's."""
    files = set()
    for pid in pids.values():
        path = own_file(pid)
        with open(path, "rb") as file:
            magic, owner, *_ = asking.HEADER.unpack(file.read(asking.HEADER.size))
        assert (magic, owner) == (asking.MAGIC, pid)
        files.add(os.stat(path).st_ino)
    assert len(files) == len(pids)
