"""What a process knows of its locks, queues, pipes, pools: where each was made, and what it says of itself."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from supervisor.agent import things
from supervisor.agent.facts import kind_of
from tests.agent.asked import Dump, ask_until, functions, main_thread, of_kind, program, subjects, thing

CENSUS = """
import logging, queue
from concurrent.futures import ProcessPoolExecutor

def nap(_=None):
    time.sleep(1000)

def worker(held):
    nap()

if __name__ == "__main__":
    context = multiprocessing.get_context("fork")
    lock = context.Lock()
    recursive = context.RLock()
    semaphore = context.Semaphore(3)
    condition = context.Condition()
    event = context.Event()
    event.set()
    barrier = context.Barrier(4)
    bounded = context.Queue(5)
    unbounded = context.Queue()
    joinable = context.JoinableQueue()
    simple = context.SimpleQueue()
    reader, writer = context.Pipe(duplex=False)
    lock.acquire()
    recursive.acquire()
    recursive.acquire()
    semaphore.acquire()
    for item in range(2):
        bounded.put(item)
    joinable.put(1)
    pool = context.Pool(2)
    pool.map_async(nap, range(4))
    executor = ProcessPoolExecutor(1, mp_context=context)
    executor.submit(nap)
    manager = context.Manager()
    shared = manager.dict()
    child = context.Process(target=worker, args=(lock,), name="child")
    child.start()
    say(child=child.pid, manager=manager._process.pid, pool=[member.pid for member in pool._pool],
        executor=list(executor._processes))
    stay()
"""


class Census:
    """The dump of the program above, and what it has said of itself."""

    def __init__(self, dump: Dump, said: Dump, source: list[str]) -> None:
        self.dump = dump
        self.said = said
        self._source = source

    def made_by(self, code: str) -> Dump:
        """The thing of the kind that `code` begins with, made where a line of the program begins as the rest does."""
        kind, _, text = code.partition(" ")
        [found] = [thing for thing in of_kind(self.dump, kind) if self._line(thing["place"]).startswith(text)]
        return found

    def facts(self, code: str) -> Dump:
        return dict(self.made_by(code)["facts"])

    def _line(self, place: str) -> str:
        file, _, number = place.partition(":")
        return self._source[int(number) - 1].strip() if file == "program.py" else ""


@pytest.fixture(scope="module")
def census(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Census]:
    folder = tmp_path_factory.mktemp("census")
    with program(CENSUS, folder) as running:
        said = running.heard()
        dump = ask_until(running.pid, "stay")
        yield Census(dump, said, (folder / "program.py").read_text().splitlines())


def test_locks_say_their_place_their_semaphore_and_who_holds_them(census: Census) -> None:
    """The address of the semaphore, where the C object counts, and whether this thread has it."""
    lock = census.facts("mp.Lock lock = context.Lock()")
    assert (lock["value"], lock["count"], lock["is_mine"], lock["maxvalue"]) == (0, 1, True, 1)
    assert lock["handle"] > 0
    assert lock["object_address"] > 0
    recursive = census.facts("mp.RLock recursive =")
    assert (recursive["value"], recursive["count"], recursive["is_mine"]) == (0, 2, True)
    semaphore = census.facts("mp.Semaphore semaphore =")
    assert (semaphore["value"], semaphore["count"]) == (2, 1)


def test_what_is_made_of_locks_names_them(census: Census) -> None:
    """Conditions, events and queues refer to their parts by key, and each part is told."""
    condition = census.facts("mp.Condition condition =")
    assert thing(census.dump, condition["lock"])["kind"] == "mp.RLock"
    assert {thing(census.dump, condition[part])["kind"] for part in ("sleeping", "woken", "wait")} == {"mp.Semaphore"}
    event = census.facts("mp.Event event =")
    assert event["is_set"] is True
    assert thing(census.dump, event["condition"])["kind"] == "mp.Condition"
    assert census.facts("mp.Barrier barrier =") == {"parties": 4, "waiting": 0}


def test_queues_say_how_full_they_are_and_which_pipe_they_use(census: Census) -> None:
    """Both ends have the pipe's one identity; no limit is told as 0."""
    bounded = census.facts("mp.Queue bounded =")
    assert (bounded["maxsize"], bounded["size"], bounded["feeder"], bounded["is_closed"]) == (5, 2, True, False)
    assert bounded["read_pipe"] == bounded["write_pipe"]
    assert bounded["read_pipe"].startswith("pipe:[")
    kinds = [thing(census.dump, bounded[part])["kind"] for part in ("rlock", "wlock", "sem")]
    assert kinds == ["mp.Lock", "mp.Lock", "mp.BoundedSemaphore"]
    unbounded = census.facts("mp.Queue unbounded =")
    assert (unbounded["maxsize"], unbounded["size"], unbounded["feeder"]) == (0, 0, None)
    joinable = census.facts("mp.JoinableQueue joinable =")
    assert joinable["unfinished"] == 1
    assert thing(census.dump, joinable["condition"])["kind"] == "mp.Condition"
    assert census.facts("mp.SimpleQueue simple =")["read_pipe"].startswith("pipe:[")


def test_connections_say_their_direction(census: Census) -> None:
    """Two ends of one pipe, made by one line."""
    ends = [end["facts"] for end in of_kind(census.dump, "mp.Connection")]
    pairs = [(a, b) for a in ends for b in ends if (a["mode"], b["mode"]) == ("r", "w") and a["link"] == b["link"]]
    assert len(pairs) >= 5


def test_pools_and_managers_say_who_works_for_them(census: Census) -> None:
    """Members, jobs, the threads that keep a pool going; the process of a manager."""
    pool = census.facts("mp.Pool pool =")
    assert sorted(pool["members"]) == sorted(census.said["pool"])
    assert (pool["jobs"], pool["state"]) == (1, "RUN")
    assert (pool["task_handler"], pool["result_handler"], pool["worker_handler"]) == (True, True, True)
    assert thing(census.dump, pool["inqueue"])["kind"] == "mp.SimpleQueue"
    executor = census.facts("cf.ProcessPoolExecutor executor =")
    assert (executor["members"], executor["pending"]) == (census.said["executor"], 1)
    manager = census.facts("mp.Manager manager =")
    assert manager["pid"] == census.said["manager"]
    child = census.facts("mp.Process child =")
    assert (child["pid"], child["name"], child["exitcode"]) == (census.said["child"], "child", None)
    assert census.said["child"] in [child["pid"] for child in census.dump["children"]]


def test_a_forked_child_knows_what_it_has_inherited_but_not_its_parents_children(census: Census) -> None:
    """The lock with the place of its making, at the same address; no pool, no process, no frame's subject of the
    parent's."""
    dump = ask_until(census.said["child"], "nap", "worker")

    lock = census.made_by("mp.Lock lock = context.Lock()")
    [inherited] = [thing for thing in of_kind(dump, "mp.Lock") if thing["place"] == lock["place"]]
    assert inherited["facts"]["handle"] == lock["facts"]["handle"]
    assert inherited["facts"]["count"] == 0
    for kind in ("mp.Pool", "mp.Process", "cf.ProcessPoolExecutor"):
        assert of_kind(dump, kind) == []
    assert dump["children"] == []
    frames = main_thread(dump)
    below = functions(frames).index("BaseProcess._bootstrap")
    assert set(subjects(frames)[below:]) == {""}


def test_a_spawned_child_knows_what_came_to_it_by_the_semaphores_name(tmp_path: Path) -> None:
    """Made by nobody here, so without a place; its parent, which has the place, has the same name for it."""
    code = """
    def worker(lock, queue, event, reader):
        with lock:
            pass

    if __name__ == "__main__":
        context = multiprocessing.get_context("spawn")
        lock, queue, event, (reader, writer) = context.Lock(), context.Queue(), context.Event(), context.Pipe()
        lock.acquire()
        child = context.Process(target=worker, args=(lock, queue, event, reader))
        child.start()
        say(child=child.pid)
        stay()
    """
    with program(code, tmp_path) as running:
        child = running.heard()["child"]
        dump = ask_until(child, "SemLock.__enter__", "worker")
        here = {thing["facts"]["name"]: thing["place"] for thing in of_kind(ask_until(running.pid, "stay"), "mp.Lock")}

        assert {thing["place"] for thing in dump["things"]} == {""}
        waited = thing(dump, subjects(main_thread(dump))[0])
        assert here[waited["facts"]["name"]].startswith("program.py:")
        kinds = {thing["kind"] for thing in dump["things"]}
        assert {"mp.Lock", "mp.Queue", "mp.Condition", "mp.Connection"} <= kinds


def test_what_is_known_keeps_nothing_alive() -> None:
    """The entry goes with the thing; another at the same address is another."""

    class Box:
        pass

    box = Box()
    things.add(box, place="here.py:1", name="box", kind="box")
    entry = things.find(box)
    assert entry is not None
    assert (entry.place, entry.name, entry.kind, entry()) == ("here.py:1", "box", "box", box)
    things.add(box, place="there.py:2")
    assert things.find(box) is entry

    del box
    gc.collect()
    assert entry() is None
    assert entry not in things.known()


def test_what_nothing_can_refer_to_weakly_is_no_trouble() -> None:
    """A bare number of ctypes, say: it is simply not known."""
    number = 12345678901234567890
    things.add_channel(number, "value", "total")
    assert things.find(number) is None


def test_only_what_can_be_waited_for_has_a_kind() -> None:
    """Everything else is passed over when a frame's first argument is looked at."""
    assert [kind_of(value) for value in (None, 1, "text", [], object(), Path("."))] == [""] * 6
