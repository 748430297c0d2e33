"""What the processes of the channel tests run; a module of its own, so that spawned ones can import it."""

from __future__ import annotations

import os
import pickle
import signal
import sys
import time
from typing import Any

from supervisor.channels import PipeConnection, Queue, StatusBoard
from supervisor.channels.desk import Desk
from supervisor.channels.parcel import TRAYED, press
from supervisor.channels.places import Places
from supervisor.channels.trays import Trays
from supervisor.channels.words import GETS, HOLD_NUMBER, PUTS


def forward(inbox: Queue, outbox: Queue) -> None:
    """Hand every item on until the end of the stream."""
    for item in inbox:
        outbox.put(item)


def forward_until_none(inbox: Queue, outbox: Queue) -> None:
    """A consumer as people write it for multiprocessing."""
    while (item := inbox.get()) is not None:
        outbox.put(item)


def produce(queue: Queue, first: int, count: int) -> None:
    for number in range(first, first + count):
        queue.put(number)


def put_one(queue: Queue, item: object) -> None:
    queue.put(item)


def put_until_killed(queue: Queue) -> None:
    number = 0
    while True:
        queue.put((os.getpid(), number))
        number += 1


def take_a_place_and_die(queue: Queue) -> None:
    """Die between the place and the item, as a kill at the worst moment would have it."""
    places = queue._conduit.places
    assert places is not None
    assert places.take(queue._my_desk())
    os.kill(os.getpid(), signal.SIGKILL)


def receive_and_die(queue: Queue) -> None:
    """Die between the item and counting it."""
    conduit, desk = queue._conduit, queue._my_desk()
    conduit.open_hold(desk)
    desk.slot[HOLD_NUMBER] = desk.slot[GETS] + 1
    assert conduit.pull(desk.landing)
    os.kill(os.getpid(), signal.SIGKILL)


def die_in_get(queue: Queue, phase: str) -> None:
    """SIGKILL in one phase of a get(), as exactly as a kill can be aimed."""

    def die(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def free_and_die(places: Places, *_: object) -> None:
        places._step_out()
        die()

    if phase == "received":
        receive_and_die(queue)
    if phase == "counted":
        Places.free = die  # type: ignore[method-assign,assignment]
    if phase == "freed":
        Places.free = free_and_die  # type: ignore[method-assign,assignment]
    queue.get()
    die()


def take_and(end: str, queue: Queue, told: Any) -> None:
    """Take one item, say so, and end in one of the ways there are."""
    queue.get()
    told.send(os.getpid())
    if end == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if end == "terminate":
        os.kill(os.getpid(), signal.SIGTERM)
    if end == "exception":
        raise LookupError("this process fails on purpose")
    if end == "exit 3":
        sys.exit(3)
    if end == "exit 0":
        sys.exit(0)
    if end == "os._exit":
        os._exit(0)
    if end == "task_done, then kill":
        queue.task_done()
        os.kill(os.getpid(), signal.SIGKILL)
    if end == "close, then kill":
        queue.close()
        os.kill(os.getpid(), signal.SIGKILL)
    if end == "sleep":
        time.sleep(3600)


def spill_and_die(queue: Queue) -> None:
    """Die between the file of a big item and the message that names it."""
    desk = queue._my_desk()
    queue._envelopes.seal(press(b"x" * 100_000), desk.index)
    os.kill(os.getpid(), signal.SIGKILL)


def work_off(queue: Queue, count: int) -> None:
    for _ in range(count):
        queue.get()
        queue.task_done()


def answer_lengths(inbox: Queue, outbox: Queue) -> None:
    for item in inbox:
        outbox.put(len(item))


def echo(connection: PipeConnection) -> None:
    """Send back what comes until the other end is closed."""
    try:
        while True:
            connection.send(connection.recv())
    except EOFError:
        pass


def shut_and_echo(mine: PipeConnection, theirs: PipeConnection) -> None:
    theirs.close()
    echo(mine)


def write_without_end(board: StatusBoard) -> None:
    """Texts that a reader can check: one letter, over and over."""
    number = 0
    while True:
        board.doing("abcdefghijklmnopqrstuvwxyz"[number % 26] * (number % 200 + 1))
        board.progress(number, number)
        number += 1


def attach_and_write(fd: int) -> None:
    write_without_end(StatusBoard.attach(os.dup(fd)))


class Blob:
    """A stand-in for an array: its bytes stay beside the pickle."""

    def __init__(self, data: Any) -> None:
        self.data = memoryview(data)

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return Blob, (pickle.PickleBuffer(self.data),)


class Spoiled:
    """Can be pickled, cannot be unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _refuse, ()


def _refuse() -> None:
    raise LookupError("this object cannot be rebuilt")


def sleep_for_ever(_: object) -> None:
    time.sleep(3600)


def count_a_put_and_die(queue: Queue) -> None:
    """Die in a put(), between counting the item and sending it."""
    desk = queue._my_desk()
    desk.puts = desk.slot[PUTS] = desk.puts + 1
    os.kill(os.getpid(), signal.SIGKILL)


def put_and_die_before_it_is_counted(queue: Queue) -> None:
    """Die in a put(), between sending the item and saying that it is sent."""
    desk = queue._my_desk()
    desk.puts = desk.slot[PUTS] = desk.puts + 1
    assert queue._conduit.send_back(queue._envelopes.seal(press("item"), desk.index))
    os.kill(os.getpid(), signal.SIGKILL)


def lay_on_a_tray_and_die(queue: Queue) -> None:
    """Die between the tray and the record that names it."""
    desk = queue._my_desk()
    assert queue._envelopes.seal(press(b"x" * 5000), desk.index)[0] == TRAYED
    os.kill(os.getpid(), signal.SIGKILL)


def fetch_and_die(queue: Queue, phase: str) -> None:
    """SIGKILL around the look at an item on its tray."""

    def die(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    if phase == "not seen":
        Trays.open = die  # type: ignore[method-assign,assignment]
    queue.get()
    if phase == "tray not freed":
        Desk.acknowledge = die  # type: ignore[method-assign,assignment]
        queue.task_done()
    die()
