"""Which lock a frame waits for in C is read from its byte code, and nothing is kept alive by the look."""

from __future__ import annotations

import opcode
import queue
import sys
import threading
import weakref
from collections.abc import Callable

import pytest

from supervisor.agent import waited_locks
from supervisor.agent.local_values import local_value
from supervisor.agent.waited_locks import waited_object
from tests.engines import wait_for

shared = threading.Lock()


class Owner:
    on_class = threading.Lock()

    def __init__(self) -> None:
        self.lock = threading.Lock()

    @property
    def computed(self) -> threading.Lock:
        raise AssertionError("no property is asked")

    def enter(self) -> None:
        with self.lock:
            pass

    def enter_class(self) -> None:
        with self.on_class:
            pass

    def acquire(self) -> None:
        if self.lock.acquire(timeout=1000):
            self.lock.release()


def enter_global() -> None:
    with shared:
        pass


def acquire_global() -> None:
    shared.acquire()
    shared.release()


def enter_parameter(mine: threading.Lock) -> None:
    with mine:
        pass


def acquire_closed_over(mine: threading.Lock) -> Callable[[], None]:
    def inner() -> None:
        mine.acquire(True, 1000)
        mine.release()

    return inner


owner = Owner()


@pytest.mark.parametrize(
    ("wait", "lock", "name"),
    [
        (owner.enter, owner.lock, "self.lock"),
        (owner.enter_class, Owner.on_class, "self.on_class"),
        (owner.acquire, owner.lock, "self.lock"),
        (enter_global, shared, "shared"),
        (acquire_global, shared, "shared"),
        (lambda: enter_parameter(shared), shared, "mine"),
        (acquire_closed_over(shared), shared, "mine"),
    ],
)
def test_the_lock_that_is_waited_for_is_found(wait: Callable[[], None], lock: threading.Lock, name: str) -> None:
    """As a local, a parameter, a global, an attribute, or from the function around."""
    with lock:
        thread = threading.Thread(target=wait)
        thread.start()

        def look() -> tuple[object, str]:
            frame = sys._current_frames().get(thread.ident or 0)
            found = (None, "") if frame is None else waited_object(frame)
            return found if found[0] is not None else ()  # type: ignore[return-value]

        assert wait_for(look, "the thread to wait") == (lock, name)
    thread.join(60)


def test_the_numbers_of_the_instructions_are_this_pythons() -> None:
    """They are written down, since the module that knows them would cost every worker its import."""
    assert sys.version_info[:2] in waited_locks._NUMBERS
    real = {name: opcode.opmap.get(name, -1) for name in waited_locks.OPERATIONS}
    real["LOAD_METHOD"] = real["LOAD_METHOD"] if real["LOAD_METHOD"] < 256 else -1  # above: it is in no code
    assert real == waited_locks.OPERATIONS


def test_a_frame_that_waits_for_something_else_gives_nothing() -> None:
    """Also where the function acquires a lock elsewhere."""
    end: queue.SimpleQueue[None] = queue.SimpleQueue()

    def wait_elsewhere() -> None:
        shared.acquire()
        shared.release()
        end.get()

    last_line = wait_elsewhere.__code__.co_firstlineno + 3
    thread = threading.Thread(target=wait_elsewhere)
    thread.start()

    def look() -> bool:
        frame = sys._current_frames().get(thread.ident or 0)
        return frame is not None and frame.f_lineno == last_line and waited_object(frame) == (None, "")

    wait_for(look, "the thread to be past the lock")
    end.put(None)
    thread.join(60)


class Item:
    pass


def test_a_look_at_a_local_keeps_nothing_alive() -> None:
    """Not even what the function lets go of while it runs on."""
    started, go_on, dropped, end = (threading.Event() for _ in range(4))
    seen: list[weakref.ref[Item]] = []

    def work() -> None:
        item = Item()
        seen.append(weakref.ref(item))
        started.set()
        go_on.wait()
        del item
        dropped.set()
        end.wait()

    thread = threading.Thread(target=work)
    thread.start()
    started.wait(60)
    frame = sys._current_frames()[thread.ident or 0]
    while frame.f_code is not work.__code__:
        assert frame.f_back is not None
        frame = frame.f_back
    assert isinstance(local_value(frame, "item"), Item)
    assert local_value(frame, "nothing") is None
    go_on.set()
    dropped.wait(60)
    assert seen[0]() is None
    end.set()
    thread.join(60)


def test_what_locals_has_given_to_user_code_stays_as_it_is() -> None:
    """It may be the very copy that the frame keeps."""

    def work() -> dict[str, object]:
        number = 7
        given = locals()
        assert local_value(sys._getframe(), "number") == number
        return given

    assert work()["number"] == 7
