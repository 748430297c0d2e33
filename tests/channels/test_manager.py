"""Dict, List and Namespace: the standard names, one clear error when the manager dies, and nothing left behind."""

from __future__ import annotations

import gc
import json
import os
import signal
import stat
import threading
from collections.abc import Callable, Iterator
from multiprocessing import active_children
from multiprocessing.managers import DictProxy, SyncManager
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest

from supervisor.channels import Dict, List, Namespace, Pipe, Queue, SharedStateLost, announce_stop, set_interrupt
from supervisor.channels import manager as managers
from tests.channels.conftest import Crew, until
from tests.channels.sharing_actors import fill, keep, make_and_exit, make_and_wait, use_then_wait, use_until_lost

NAMES = {"seen": "dict", "results": "list", "settings": "namespace"}


class Keeper:
    """A manager as the engine runs it, which a test can kill and start again."""

    def __init__(self, crew: Crew, place: Path) -> None:
        self.address = str(place / "manager.sock")
        self.key_fd = managers.make_authkey()
        self.crew = crew
        self.process: BaseProcess | None = None
        self.initial: dict[str, Any] = {}

    def start(self) -> int:
        """The pid of the manager, once it can be used."""
        listener, teller = self.crew.context.Pipe(duplex=False)
        key = managers.read_authkey(self.key_fd)
        self.process = self.crew.start(keep, self.address, key, NAMES, self.initial, teller)
        teller.close()
        assert listener.recv_bytes() == b"ready"
        listener.close()
        assert self.process.pid is not None
        return self.process.pid

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.join()

    def share(self, name: str) -> Any:
        """As the agent makes what the engine handed over."""
        description = json.loads(json.dumps({"kind": NAMES[name], "name": name, "address": self.address}))
        return managers.from_description(description, [os.dup(self.key_fd)])


@pytest.fixture
def keeper(forked: Crew, place: Path) -> Iterator[Keeper]:
    """A manager that runs."""
    place.chmod(0o700)
    keeper = Keeper(forked, place)
    keeper.start()
    yield keeper
    os.close(keeper.key_fd)


def manager_of(shared: Any) -> Any:
    """The private manager's process."""
    return shared._manager._process


def test_dict_does_what_a_dict_does() -> None:
    """Every operation of multiprocessing's DictProxy; iteration works on a copy."""
    with Dict({"a": 1}, b=2) as shared:
        shared["c"] = [3]
        del shared["b"]
        shared |= {"d": 4}
        assert (len(shared), "a" in shared, "b" in shared, list(shared)) == (3, True, False, ["a", "c", "d"])
        assert (shared.keys(), shared.values()) == (["a", "c", "d"], [1, [3], 4])
        assert shared.items() == [("a", 1), ("c", [3]), ("d", 4)]
        assert (shared.get("x"), shared.get("x", 0), shared.pop("d"), shared.pop("d", None)) == (None, 0, 4, None)
        assert (shared.setdefault("e", 5), shared.popitem(), shared.copy()) == (5, ("e", 5), {"a": 1, "c": [3]})
        for key in shared:
            shared[f"{key}2"] = 0
        shared.update({"f": 6}, g=7)
        assert str(shared) == "{'a': 1, 'c': [3], 'a2': 0, 'c2': 0, 'f': 6, 'g': 7}"
        shared.clear()
        with pytest.raises(KeyError, match="gone"):
            shared["gone"]
        with pytest.raises(TypeError, match="unhashable"):
            shared[[]] = 1


def test_list_does_what_a_list_does() -> None:
    """Every operation of multiprocessing's ListProxy."""
    with List([3, 1]) as shared:
        shared.append(2)
        shared.extend((2, 5))
        shared += [4]
        shared.insert(0, 9)
        assert (shared[0], shared[-1], shared[1:3], len(shared), 5 in shared) == (9, 4, [3, 1], 7, True)
        assert (shared.count(2), shared.index(5), shared.pop(), shared.pop(0)) == (2, 5, 4, 9)
        shared.sort()
        assert (list(shared), list(reversed(shared))) == ([1, 2, 2, 3, 5], [5, 3, 2, 2, 1])
        shared.sort(key=abs, reverse=True)
        shared.reverse()
        shared.remove(2)
        shared[0] = 7
        del shared[1]
        zero = [0]
        assert (shared.copy(), shared + zero, shared * 2, 2 * shared) == (
            [7, 3, 5],
            [7, 3, 5, 0],
            [7, 3, 5, 7, 3, 5],
            [7, 3, 5, 7, 3, 5],
        )
        shared *= 2
        assert str(shared) == "[7, 3, 5, 7, 3, 5]"
        shared.clear()
        with pytest.raises(IndexError, match="out of range"):
            shared[0]


def test_namespace_has_attributes() -> None:
    """Set, read and deleted by name; a name of its own methods is refused in words."""
    with Namespace(x=1) as shared:
        shared.y = [2]
        assert (shared.x, shared.y, str(shared)) == (1, [2], "Namespace(x=1, y=[2])")
        del shared.x
        with pytest.raises(AttributeError, match="no attribute 'x'"):
            _ = shared.x
        with pytest.raises(AttributeError, match="'close' is a method of every namespace"):
            shared.close = 1  # type: ignore[method-assign,assignment]


def test_objects_pass_to_processes_of_every_start_method(crew: Crew, monkeypatch: pytest.MonkeyPatch) -> None:
    """As arguments of a Process; what one process stores another sees."""
    monkeypatch.setattr("supervisor.channels.serving.get_context", lambda: crew.context)
    seen, results, settings = Dict(), List(), Namespace()
    assert manager_of(seen) is manager_of(results) is manager_of(settings)
    pids = []
    for _ in range(2):
        child = crew.start(fill, seen, results, settings)
        child.join()
        pids.append(child.pid)
    assert crew.join() == [0, 0]
    assert (seen.copy(), results.copy(), settings.last) == (dict.fromkeys(pids, "here"), pids, pids[-1])
    process = manager_of(seen)
    for shared in (seen, results, settings):
        shared.close()
    assert process.exitcode == 0


def test_object_inside_another_lives_as_long_as_it_is_there() -> None:
    """The idiom `d["l"] = List()`, whose own object is gone at once."""
    shared = Dict()
    shared["inner"] = List([1])
    shared["inner"].append(2)
    inner = shared["inner"]
    assert str(inner) == "[1, 2]"
    del shared["inner"]
    with pytest.raises(Exception, match="is not kept here: the process that made it has closed it"):
        inner.append(3)
    shared.close()


def test_item_that_cannot_be_pickled_raises_here_and_changes_nothing() -> None:
    """The connection stays in order, too."""
    with Dict(a=1) as shared:
        with pytest.raises(TypeError, match="cannot pickle"):
            shared["lock"] = threading.Lock()
        assert shared.copy() == {"a": 1}


def append_ones(shared: List, count: int) -> None:
    for _ in range(count):
        shared.append(1)


def test_threads_work_at_the_same_time() -> None:
    """Each thread has a connection of its own."""
    with List() as shared:
        threads = [threading.Thread(target=append_ones, args=(shared, 50)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(shared) == 200


def test_closed_object_says_so() -> None:
    """Later uses raise ValueError; closing twice is fine."""
    shared = Dict()
    shared.close()
    shared.close()
    with pytest.raises(ValueError, match="this dict is closed"):
        shared["a"] = 1
    assert repr(shared) == "<Dict closed>"


def test_killed_private_manager_is_one_clear_error() -> None:
    """Its objects are lost for good, and say so; a new one works."""
    shared, other = Dict(a=1), List()
    process = manager_of(shared)
    process.kill()
    with pytest.raises(SharedStateLost, match=rf"manager of dict \(pid {process.pid}\) died; .* make a new Dict"):
        shared["a"]
    with pytest.raises(SharedStateLost, match=r"manager of list .*; its content is lost: make a new List"):
        other.append(1)
    with Dict(a=2) as new:
        assert new["a"] == 2
    shared.close()
    other.close()
    assert process not in active_children()


def test_manager_ends_with_a_killed_maker(crew: Crew) -> None:
    """No orphan is left, however the maker's processes were started."""
    listener, teller = crew.context.Pipe(duplex=False)
    maker = crew.start(make_and_wait, teller)
    assert listener.poll(60)
    value, manager_pid = listener.recv()
    assert value == 1
    maker.kill()
    maker.join()
    until(lambda: not Path(f"/proc/{manager_pid}").exists() or _is_zombie(manager_pid), "the end of the manager")
    listener.close()
    teller.close()


def _is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_maker_that_closes_nothing_exits_in_order(crew: Crew) -> None:
    """The exit of a process ends its manager, with exit code 0 and no complaint."""
    crew.start(make_and_exit, 5)
    assert crew.join() == [0]


def test_manager_outlives_its_maker_while_somebody_uses_it(forked: Crew) -> None:
    """close() in the maker takes its objects, not the connections of the others; then the manager ends."""
    first, second = Dict(), Dict()
    process = manager_of(first)
    listener, teller = forked.context.Pipe(duplex=False)
    user = forked.start(use_then_wait, first, teller)
    assert listener.recv_bytes() == b"used"
    second.close()
    assert first["user"] == user.pid
    first.close()
    assert process.is_alive()
    user.kill()
    process.join(60)
    assert process.exitcode == 0
    listener.close()
    teller.close()


def test_manager_holds_no_copy_of_its_makers_pipes() -> None:
    """A pipe's end is seen although a manager was forked while it was open."""
    mine, theirs = Pipe()
    with Dict() as shared:
        shared["a"] = 1
        theirs.close()
        with pytest.raises(EOFError):
            mine.recv()
    mine.close()


def test_named_objects_are_found_by_description(keeper: Keeper) -> None:
    """As in a supervised run: two users of the same names share their content."""
    seen, again = keeper.share("seen"), keeper.share("seen")
    seen["a"] = 1
    keeper.share("results").append(2)
    keeper.share("settings").level = 3
    assert (again["a"], keeper.share("results")[0], keeper.share("settings").level) == (1, 2, 3)
    assert (repr(seen), str(again)) == ("<Dict 'seen'>", "{'a': 1}")
    seen.close()
    assert again["a"] == 1


def test_named_objects_begin_with_what_is_declared(keeper: Keeper) -> None:
    """A restarted manager begins with it as well, and nobody sees it without."""
    keeper.kill()
    keeper.initial = {"seen": {"a": 1}, "results": [2], "settings": {"level": 3}}
    for _ in range(2):
        keeper.start()
        assert keeper.share("seen").copy() == {"a": 1}
        assert (keeper.share("results").copy(), keeper.share("settings").level) == ([2], 3)
        keeper.kill()


def test_named_objects_pass_on_to_children(keeper: Keeper, crew: Crew) -> None:
    """A worker's own processes use what the worker was given."""
    shares = [keeper.share(name) for name in NAMES]
    child = crew.start(fill, *shares)
    assert crew.join() == [0]
    assert (shares[0].copy(), shares[1].copy()) == ({child.pid: "here"}, [child.pid])


def test_clients_of_the_standard_library_find_the_names(keeper: Keeper) -> None:
    """get_dict(name) over the standard protocol."""

    class Client(SyncManager):
        pass

    Client.register("get_dict", proxytype=DictProxy)
    client = Client(keeper.address, managers.read_authkey(keeper.key_fd))
    client.connect()
    keeper.share("seen")["a"] = 1
    assert client.get_dict("seen").items() == [("a", 1)]  # type: ignore[attr-defined]


def test_loss_is_told_once_to_each_user(keeper: Keeper) -> None:
    """Then the restarted, empty one is used; each object and each process learns of it by itself."""
    seen, again, results = keeper.share("seen"), keeper.share("seen"), keeper.share("results")
    seen["a"] = again["b"] = 1
    results.append(1)
    pid = keeper.process.pid if keeper.process else 0
    keeper.kill()
    keeper.start()
    told = rf"the manager of dict 'seen' \(pid {pid}\) died; its content is lost: it is being restarted empty"
    for share in (seen, again):
        with pytest.raises(SharedStateLost, match=told):
            share.get("a")
    assert seen.copy() == again.copy() == {}
    with pytest.raises(SharedStateLost, match=rf"list 'results' \(pid {pid}\)"):
        results.append(2)
    results.append(3)
    assert (results.copy(), keeper.share("seen").copy()) == ([3], {})


def test_loss_is_told_once_to_all_threads(keeper: Keeper) -> None:
    """Threads with old connections go on with the new manager once one of them was told."""
    seen = keeper.share("seen")
    seen["a"] = 1
    is_lost, is_restarted = threading.Event(), threading.Event()
    outcomes: list[object] = []

    def use() -> None:
        outcomes.append(seen["a"])
        is_lost.wait(60)
        is_restarted.wait(60)
        outcomes.append(seen.copy())

    thread = threading.Thread(target=use)
    thread.start()
    until(lambda: outcomes == [1], "the thread's connection")
    keeper.kill()
    is_lost.set()
    with pytest.raises(SharedStateLost):
        seen["a"]
    keeper.start()
    is_restarted.set()
    thread.join()
    assert outcomes == [1, {}]


def test_use_waits_for_the_restart(keeper: Keeper) -> None:
    """A user that was told does not spin: its next use is answered by the new manager, however late that comes."""
    seen = keeper.share("seen")
    listener, teller = Pipe(duplex=False)
    keeper.crew.start(use_until_lost, seen, teller)
    teller.close()
    while listener.recv() != 3:
        pass
    keeper.kill()
    while not isinstance(news := listener.recv(), str):
        pass
    assert "its content is lost" in news
    assert not listener.poll(0.2)
    keeper.start()
    assert listener.recv() == 1
    listener.close()


def test_killed_users_leave_the_manager_in_order(keeper: Keeper) -> None:
    """SIGKILL in the middle of uses: the others go on, and the manager lets go of the dead ones' connections."""
    seen = keeper.share("seen")
    pid = keeper.process.pid if keeper.process else 0
    seen["uses"] = 0
    before = len(os.listdir(f"/proc/{pid}/fd"))
    for _ in range(20):
        listener, teller = Pipe(duplex=False)
        user = keeper.crew.start(use_until_lost, seen, teller)
        teller.close()
        while listener.recv() % 10:
            pass
        user.kill()
        listener.close()
        user.join()
    assert seen["uses"] > 100
    until(lambda: len(os.listdir(f"/proc/{pid}/fd")) <= before, "the end of the dead users' connections")


def test_absent_manager_is_the_same_error(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that was never started, or does not come back in time."""
    monkeypatch.setattr("supervisor.channels.managed._PATIENCE_S", 0.05)
    shared = Dict.from_description({"kind": "dict", "name": "seen", "address": str(place / "nobody.sock")}, b"key")
    with pytest.raises(SharedStateLost, match=r"manager of dict 'seen' does not answer at .*nobody.sock since 0.05 s"):
        len(shared)


def test_wrong_key_is_refused(keeper: Keeper) -> None:
    """Who does not know the key does not get in, and does not take it for a loss."""
    shared = Dict.from_description({"kind": "dict", "name": "seen", "address": keeper.address}, b"guessed")
    with pytest.raises(Exception, match="digest"):
        len(shared)


def test_key_is_never_in_what_is_sent(keeper: Keeper) -> None:
    """An object put into a queue carries its address only; whoever was not given the key is told."""
    seen = keeper.share("seen")
    queue = Queue()
    queue.put(seen)
    assert queue.get().copy() == {}
    queue.close()
    stranger = Dict.from_description({"kind": "dict", "name": "seen", "address": f"{keeper.address}2"}, None)
    with pytest.raises(RuntimeError, match="never given the key of the manager of 'seen'"):
        stranger.copy()


def test_descriptor_without_a_key_is_refused() -> None:
    """A wrong descriptor is an error at the start; it is not kept open."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    with pytest.raises(ValueError, match="holds no key of a manager: 32 bytes are expected"):
        managers.from_description({"kind": "dict", "name": "seen", "address": "/nowhere"}, [nothing])
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(nothing)


def test_stopped_manager_removes_its_path_and_exits_in_order(keeper: Keeper) -> None:
    """StopRequested, as the agent raises it, ends serve_manager; a user was connected."""
    keeper.share("seen")["a"] = 1
    assert stat.S_ISSOCK(os.stat(keeper.address).st_mode)
    assert keeper.process is not None
    keeper.process.terminate()
    keeper.process.join()
    assert keeper.process.exitcode == 0
    assert not os.path.exists(keeper.address)


def test_second_manager_does_not_take_a_living_ones_place(keeper: Keeper) -> None:
    """A path is taken over from a dead manager only."""
    from supervisor.channels.serving import serve_manager

    with pytest.raises(OSError, match=r"a manager is serving at .* already"):
        serve_manager(keeper.address, b"key", lambda: None, {})
    assert len(keeper.share("seen")) == 0


def test_use_of_a_hanging_manager_hears_a_stop(keeper: Keeper) -> None:
    """A worker that waits for a stopped manager can be asked to stop, and its next connection is in order."""
    seen = keeper.share("seen")
    seen["a"] = 1
    assert keeper.process is not None
    assert keeper.process.pid is not None
    os.kill(keeper.process.pid, signal.SIGSTOP)
    reader, writer = os.pipe()
    set_interrupt(reader, lambda: False)
    announce_stop()
    try:
        with pytest.raises(SystemExit):
            seen["a"]
    finally:
        set_interrupt(None)
        os.close(reader)
        os.close(writer)
        os.kill(keeper.process.pid, signal.SIGCONT)
    assert seen["a"] == 1


def _leavings() -> tuple[list[str], list[str], int, int]:
    return (
        os.listdir("/proc/self/fd"),
        [name for name in os.listdir("/dev/shm") if f"-{os.getpid()}" in name],
        Path("/proc/self/maps").read_text().count("procdeck"),
        len(active_children()),
    )


def _rounds_with_one_manager(count: int) -> None:
    with List() as first:
        for number in range(count):
            with Dict() as shared:
                shared[number] = number
                assert shared[number] == number
        first.append(0)


def _rounds_of_managers(count: int) -> None:
    for number in range(count):
        with Namespace() as shared:
            shared.number = number


@pytest.mark.parametrize(("rounds", "count"), [(_rounds_with_one_manager, 1000), (_rounds_of_managers, 50)])
def test_rounds_leave_nothing(rounds: Callable[[int], None], count: int) -> None:
    """Made, used and closed: descriptors, mappings, /dev/shm and processes are as before."""
    rounds(1)
    gc.collect()  # what earlier tests have left must not go meanwhile
    before = _leavings()
    rounds(count)
    assert _leavings() == before
