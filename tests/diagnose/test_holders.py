"""Who holds what, from counts and descriptors that the test makes up; and nobody where that cannot be known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from supervisor.diagnose.evidence import (
    Descriptor,
    Dump,
    Frame,
    KernelWait,
    Look,
    Resource,
    Thing,
    ThreadReport,
)
from supervisor.diagnose.holders import find_holders, who_else_to_ask
from tests.diagnose.scenes import (
    both_ends,
    child,
    dump_of,
    lock_wait,
    look_of,
    queue,
    reader,
    report,
    sem,
    semaphore,
)


@dataclass
class _Books:
    """Counts by pid and address, as if read from memory; `asked` are those that were."""

    counts: Mapping[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    asked: list[tuple[int, int]] = field(default_factory=list)

    def read_count(self, pid: int, object_address: int, *, handle: int | None = None) -> tuple[int, int] | None:
        self.asked.append((pid, object_address))
        return self.counts.get((pid, object_address))


def _find(
    reports: Sequence[ThreadReport],
    look: Look,
    dumps: Mapping[int, Dump] | None = None,
    *,
    books: _Books | None = None,
    channels: Mapping[str, Sequence[int]] | None = None,
    file_locks: Mapping[str, int] | None = None,
) -> Mapping[str, list[tuple[int, int | None, str]]]:
    """Pid, thread and confidence of each holder."""
    found = find_holders(
        reports,
        look,
        dumps or {},
        semaphores=books or _Books(),
        channels=channels or {},
        file_locks=(file_locks or {}).get,
    )
    return {name: [(one.pid, one.tid, one.confidence) for one in each] for name, each in found.items()}


# --- locks between processes ---


def test_who_counts_a_lock_while_it_is_taken_holds_it() -> None:
    """One count above 0 among all who have it mapped: likely, since a count is only bookkeeping."""
    reports = [lock_wait(1, 7), report(2, "CPU_BOUND", kernel="running")]
    look = look_of(reports, semaphores={1: [7], 2: [7]})
    dumps = {1: dump_of(1, semaphore(7, 0)), 2: dump_of(2, semaphore(7, 1))}
    assert _find(reports, look, dumps) == {"sem:7": [(2, 2, "likely")]}


def test_lock_that_nobody_counts_has_no_holder() -> None:
    """Everybody who has it mapped has said so; of one who has not, it is possible."""
    reports = [lock_wait(1, 7), report(2, "SLEEPING", kernel="sleep")]
    look = look_of(reports, semaphores={1: [7], 2: [7]})
    both = {1: dump_of(1, semaphore(7, 0)), 2: dump_of(2, semaphore(7, 0))}
    assert _find(reports, look, both) == {"sem:7": []}
    assert _find(reports, look, {1: both[1]}) == {"sem:7": [(2, None, "possible")]}


def test_lock_that_is_free_has_no_holder_to_be_known() -> None:
    """Its value is above 0: whoever waits is about to go on, whatever the counts say."""
    reports = [lock_wait(1, 7)]
    look = look_of(reports, semaphores={1: [7]})
    assert _find(reports, look, {1: dump_of(1, semaphore(7, 1, value=1))}) == {}


def test_count_below_zero_makes_every_count_doubtful() -> None:
    """It was taken in one process and let go of in another: 1 here and -1 there say nothing of who has it now."""
    reports = [lock_wait(1, 7), report(2, "IDLE"), report(3, "IDLE")]
    look = look_of(reports, semaphores={pid: [7] for pid in (1, 2, 3)})
    dumps = {pid: dump_of(pid, semaphore(7, count)) for pid, count in ((1, 0), (2, 1), (3, -1))}
    assert _find(reports, look, dumps) == {"sem:7": [(2, 2, "possible")]}


def test_books_of_a_fork_are_read_where_its_parent_has_them() -> None:
    """A process that does not answer: the same object is at the same address in its relative by fork."""
    reports = [lock_wait(1, 7), report(2, "STOPPED", kernel="stopped")]
    look = look_of(reports, semaphores={1: [7], 2: [7]})
    dumps = {1: dump_of(1, semaphore(7, 0, object_address=4096))}
    books = _Books({(2, 4096): (1, 2)})
    assert _find(reports, look, dumps, books=books) == {"sem:7": [(2, 2, "likely")]}
    assert _find(reports, look, dumps, books=_Books({(2, 4096): (77, 2)})) == {"sem:7": [(2, None, "possible")]}


def test_holder_is_the_thread_that_took_the_lock() -> None:
    """Python's ident of it is the kernel's number by the dump; where nobody knows, no thread is named."""
    reports = [lock_wait(1, 7), report(2, "IDLE"), report(2, "IDLE", tid=22)]
    look = look_of(reports, semaphores={1: [7], 2: [7]})
    holding = dump_of(2, semaphore(7, 1, object_address=4096), threads={2: 0x7F01, 22: 0x7F02})
    dumps = {1: dump_of(1, semaphore(7, 0)), 2: holding}
    assert _find(reports, look, dumps, books=_Books({(2, 4096): (1, 0x7F02)})) == {"sem:7": [(2, 22, "likely")]}
    assert _find(reports, look, dumps, books=_Books()) == {"sem:7": [(2, None, "likely")]}
    mine = dump_of(2, semaphore(7, 1, is_mine=True), threads={2: 0x7F01, 22: 0x7F02})
    assert _find(reports, look, {**dumps, 2: mine}) == {"sem:7": [(2, 2, "likely")]}


def test_the_dead_hold_nothing() -> None:
    """A zombie has its maps no more, but may still be in the table."""
    reports = [lock_wait(1, 7), report(2, "ZOMBIE", kernel="zombie")]
    look = look_of(reports, semaphores={1: [7], 2: [7]}, states={2: "Z"})
    assert _find(reports, look, {1: dump_of(1, semaphore(7, 0))}) == {"sem:7": []}


def test_holder_may_be_one_that_was_not_looked_at() -> None:
    """Nobody is ruled out for whom there was no time, or no permission, if it is of the same replica."""
    reports = [lock_wait(1, 7, replica="a"), report(2, "UNKNOWN", replica="a"), report(3, "UNKNOWN", replica="b")]
    seen = look_of(reports, semaphores={1: [7]})
    dumps = {1: dump_of(1, semaphore(7, 0))}
    hidden = {pid: replace(process, trouble="may not be read") for pid, process in seen.processes.items() if pid > 1}
    assert _find(reports, seen, dumps) == {"sem:7": []}
    look = replace(seen, processes={**seen.processes, **hidden})
    assert _find(reports, look, dumps) == {"sem:7": [(2, None, "possible")]}
    look = replace(seen, left_out=(4,), owners={**seen.owners, 4: "a"})
    assert _find(reports, look, dumps) == {"sem:7": [(4, None, "possible")]}
    joining = report(1, "JOIN", child(4), kernel="child", replica="a")
    assert [one.is_alive for one in find_holders([joining], look, {}, semaphores=_Books(), channels={})["pid:4"]] == [
        True
    ]


# --- queues and pipes ---


def _queue_thing(number: int, **facts: int | str | bool | None) -> Thing:
    link = f"pipe:[{number}]"
    return Thing(f"queue{number}", "mp.Queue", facts={"read_pipe": link, "write_pipe": link, **facts})


def test_full_queue_is_held_up_by_its_reader() -> None:
    """Not by the writer itself, although it has both ends as well."""
    reports = [report(1, "QUEUE_FULL", queue(7), kernel="write"), report(2, "CPU_BOUND", kernel="running")]
    look = look_of(reports, ends={1: both_ends(7), 2: both_ends(7)})
    assert _find(reports, look) == {"pipe:[7] readers": [(2, 2, "likely")]}


def test_a_count_of_places_is_waited_for_like_the_queue() -> None:
    """put() sleeps on a semaphore of the queue; its readers let it go on, not who has the semaphore."""
    waiting = report(1, "QUEUE_FULL", queue(7), kernel=KernelWait("futex-shared", "sem:3"))
    reports = [waiting, report(2, "CPU_BOUND", kernel="running")]
    look = look_of(reports, ends={1: both_ends(7), 2: both_ends(7)}, semaphores={1: [3], 2: [3]})
    assert _find(reports, look) == {"sem:3": [(2, 2, "likely")]}


def test_having_an_end_is_less_than_having_used_it() -> None:
    """A fork inherits both ends; who has fed the queue is likelier to feed it again, who has one end alone means to."""
    reports = [reader(1, 7), *(report(pid, "SLEEPING", kernel="sleep") for pid in (2, 3, 4))]
    one = (Descriptor(6, "pipe:[7]", "w"),)
    look = look_of(reports, ends={1: both_ends(7), 2: both_ends(7), 3: both_ends(7), 4: one})
    dumps = {pid: dump_of(pid, _queue_thing(7, feeder=feeder)) for pid, feeder in ((1, None), (2, None), (3, True))}
    assert _find(reports, look, dumps) == {
        "pipe:[7] writers": [(2, 2, "possible"), (3, 3, "likely"), (4, 4, "likely")],
    }


def test_queue_whose_readers_all_wait_has_no_writer_left() -> None:
    """Each has the writing end, and none can use it: it is blocked, or waits for its turn to be."""
    turn = report(2, "QUEUE_EMPTY", sem(3), kernel="futex-shared", is_idle=True)
    reports = [reader(1, 7), turn]
    look = look_of(reports, ends={1: both_ends(7), 2: both_ends(7)}, semaphores={1: [3], 2: [3]})
    lock = semaphore(3, 1, key="r")
    dumps = {
        1: dump_of(1, _queue_thing(7, rlock="r"), lock),
        2: dump_of(2, _queue_thing(7, rlock="r"), semaphore(3, 0, key="r")),
    }
    assert _find(reports, look, dumps) == {"pipe:[7] writers": [], "sem:3": [(1, 1, "likely")]}


def test_nobody_is_not_said_of_what_was_not_seen_whole() -> None:
    """A process whose descriptors may not be read, a pipe of no queue, or a standard stream: then it is not known."""
    reports = [reader(1, 7)]
    dumps = {1: dump_of(1, _queue_thing(7))}
    assert _find(reports, look_of(reports, ends={1: both_ends(7)}), dumps) == {"pipe:[7] writers": []}
    hidden = look_of([*reports, report(2, "UNKNOWN", replica="w.1")], ends={1: both_ends(7)})
    assert _find(reports, hidden, dumps) == {}
    assert _find(reports, look_of([*reports, report(2, "UNKNOWN")], ends={1: both_ends(7)}), dumps) != {}
    assert _find(reports, look_of(reports, ends={1: both_ends(7)}), {}) == {}
    stdin = (Descriptor(0, "pipe:[7]", "r"),)
    assert _find(reports, look_of(reports, ends={1: stdin}), dumps) == {}


def test_feeder_at_rest_is_no_writer_of_its_own() -> None:
    """It sends what its process puts; when the rest of that waits for an item, nobody writes. Another thread may."""
    frames = (
        Frame("/usr/lib/python3.11/threading.py", 327, "Condition.wait"),
        Frame("/usr/lib/python3.11/multiprocessing/queues.py", 231, "Queue._feed"),
    )
    feeder = report(1, "IDLE", tid=11, name="QueueFeederThread", frames=frames, is_idle=True)
    other = report(1, "SLEEPING", tid=12, name="producer", kernel="sleep")
    dumps = {1: dump_of(1, _queue_thing(7, feeder=True), threads={1: 1, 11: 2, 12: 3})}
    ends = {1: both_ends(7)}
    reports = [reader(1, 7), feeder]
    assert _find(reports, look_of(reports, ends=ends), dumps)["pipe:[7] writers"] == []
    reports = [reader(1, 7), feeder, other]
    assert _find(reports, look_of(reports, ends=ends), dumps)["pipe:[7] writers"] == [(1, 12, "likely")]


def test_message_in_pieces_waits_for_who_is_sending_it() -> None:
    """A writer that is stopped in the middle can go on; that others have the end does not help."""
    broken = report(1, "QUEUE_CORRUPT", queue(7), kernel=KernelWait("read", "pipe:[7]", count=900))
    reports = [broken, report(2, "SLEEPING", kernel="sleep")]
    look = look_of(reports, ends={1: both_ends(7), 2: both_ends(7)})
    assert _find(reports, look) == {"pipe:[7] writers": []}
    sending = report(2, "STOPPED", queue(7), kernel="stopped", frames=(Frame("c.py", 1, "Connection._send_bytes"),))
    assert _find([broken, sending], look) == {"pipe:[7] writers": [(2, 2, "likely")]}


def test_socket_is_followed_to_its_other_end() -> None:
    """The two ends of a pair have different names."""
    here, there = "socket:[7]", "socket:[8]"
    waiting = report(1, "PIPE_EMPTY", Resource("pipe", here), kernel=KernelWait("read", here), is_idle=True)
    reports = [waiting, report(2, "STOPPED", kernel="stopped")]
    ends = {1: [Descriptor(5, here, "rw", peer=there), Descriptor(6, there, "rw")], 2: [Descriptor(4, there, "rw")]}
    assert _find(reports, look_of(reports, ends=ends)) == {f"{here} writers": [(2, 2, "likely")]}
    unknown = {1: [Descriptor(5, here, "rw")], 2: [Descriptor(4, there, "rw")]}
    assert _find(reports, look_of(reports, ends=unknown)) == {}


# --- what is one process's, and the rest ---


def test_child_thread_and_file_are_held_by_themselves() -> None:
    """A child that is not there any more, or a zombie, has ended."""
    reports = [
        report(1, "JOIN", child(2), kernel="child"),
        report(2, "JOIN", child(9), kernel="child"),
        report(3, "THREAD_JOIN", Resource("thread", "thread:3:33"), kernel="futex-private"),
        report(3, "SLEEPING", tid=33, kernel="sleep"),
        report(4, "FLOCK", Resource("file", "/run/x.lock"), kernel=KernelWait("file-lock", "/run/x.lock")),
    ]
    look = look_of(reports)
    assert _find(reports, look, file_locks={"/run/x.lock": 2}) == {
        "pid:2": [(2, None, "certain")],
        "pid:9": [(9, None, "certain")],
        "thread:3:33": [(3, 33, "certain")],
        "/run/x.lock": [(2, None, "certain")],
    }
    holders = find_holders(reports, look, {}, semaphores=_Books(), channels={})
    assert [holder.is_alive for holder in holders["pid:9"]] == [False]


def test_pool_is_held_up_by_its_members_and_manager_by_the_thread_in_a_request() -> None:
    """Members as the pool lists them; a server's threads that only wait for requests do not count."""
    frames = tuple(
        Frame("/usr/lib/python3.11/multiprocessing/managers.py", 1, f"Server.{name}") for name in ("serve_client",)
    )
    inner = Frame("/usr/lib/python3.11/queue.py", 171, "Queue.get")
    resting = Frame("/usr/lib/python3.11/multiprocessing/connection.py", 250, "_ConnectionBase.recv")
    reports = [
        report(1, "POOL_WAIT", Resource("pool", "pool:1:p"), kernel="futex-private"),
        report(2, "IDLE", is_idle=True),
        report(3, "MANAGER_WAIT", Resource("manager", "pid:4"), kernel="read"),
        report(4, "IDLE", is_idle=True),
        report(4, "THREAD_QUEUE_EMPTY", tid=44, frames=(inner, *frames)),
        report(4, "IDLE", tid=45, frames=(resting, *frames)),
    ]
    dumps = {1: dump_of(1, Thing("p", "mp.Pool", facts={"members": [2, 77]}))}
    assert _find(reports, look_of(reports), dumps) == {
        "pool:1:p": [(2, None, "likely"), (77, None, "likely")],
        "pid:4": [(4, 44, "likely")],
    }


def test_thread_lock_is_held_by_the_thread_that_it_names() -> None:
    """Only recursive ones do."""
    frames = (Frame("/home/ada/x.py", 3, "work", "with lock:", "rlock#1"),)
    waiting = report(1, "THREAD_LOCK", Resource("lock", "futex:1:64"), kernel="futex-private", frames=frames)
    reports = [waiting, report(1, "SLEEPING", tid=11)]
    named = dump_of(1, Thing("rlock#1", "thread.RLock", facts={"owner_ident": 5}), threads={1: 4, 11: 5})
    silent = dump_of(1, Thing("rlock#1", "thread.Lock", facts={}), threads={1: 4, 11: 5})
    assert _find(reports, look_of(reports), {1: named}) == {"futex:1:64": [(1, 11, "certain")]}
    assert _find(reports, look_of(reports), {1: silent}) == {}


def test_channels_of_ours_are_held_by_whom_the_engine_knows() -> None:
    """A lock's holder for certain; a queue's users possibly, but not those that wait on the same side."""
    reports = [
        report(1, "LOCK_WAIT", Resource("lock", "channel:gate"), kernel="poll"),
        report(2, "QUEUE_FULL", Resource("queue", "channel:paths"), kernel="poll"),
        report(3, "QUEUE_FULL", Resource("queue", "channel:paths"), kernel="poll"),
        report(4, "SLEEPING", kernel="sleep"),
        report(5, "BARRIER_WAIT", Resource("signal", "channel:meeting"), kernel="poll"),
    ]
    channels = {"gate": [4], "paths": [2, 3, 4], "meeting": []}
    assert _find(reports, look_of(reports), channels=channels) == {
        "channel:gate": [(4, None, "certain")],
        "channel:paths readers": [(4, None, "possible")],
    }
    assert _find(reports, look_of(reports)) == {}


def test_those_who_share_what_is_waited_for_are_worth_asking() -> None:
    """Who has the semaphore, or the pipe; not who has said something already, nor who is dead."""
    reports = [lock_wait(1, 7), reader(2, 8)]
    look = look_of(
        reports,
        semaphores={1: [7], 3: [7], 4: [9], 6: [7]},
        ends={2: both_ends(8), 5: both_ends(8)},
        states={6: "Z"},
        more=[3, 4, 5, 6],
    )
    assert who_else_to_ask(reports, look, {1: dump_of(1), 2: dump_of(2)}) == {3, 5}
