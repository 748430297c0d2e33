"""The graph against what anybody can count by hand, or a slow search over all ways."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from supervisor.diagnose.evidence import Confidence, Holder, KernelWait, ThreadReport
from supervisor.diagnose.waits import RANK, Graph, side_wanted, wanted
from tests.diagnose.scenes import child, lock_wait, queue, reader, report, sem

_on_any_machine = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
SURE: Sequence[Confidence] = ("certain", "likely", "possible")


def _graph(*reports: ThreadReport, **holders: Sequence[Holder]) -> Graph:
    """Holders by ``sem_1``."""
    return Graph(reports, {name.replace("_", ":"): found for name, found in holders.items()})


def _reach(graph: Graph) -> Mapping[str, set[str]]:
    """Whom each thread waits for, directly or not, by going until nothing new is found."""
    reach = {node: {edge.node for edge in graph.edges(node) if edge.node} for node in graph.reports}
    for _ in reach:
        for found in reach.values():
            found |= {far for near in tuple(found) for far in reach[near]}
    return reach


@st.composite
def _graphs(draw: st.DrawFn) -> Graph:
    """Up to nine threads, of which some wait for semaphores that others hold, or nobody, or someone never seen."""
    size = draw(st.integers(1, 9))
    waits = draw(st.lists(st.none() | st.integers(0, size), min_size=size, max_size=size))
    reports = [
        report(
            pid,
            "RUNNING" if want is None else "LOCK_WAIT",
            *(() if want is None else (sem(want),)),
            kernel="running"
            if want is None
            else KernelWait("futex-shared", f"sem:{want}", has_timeout=draw(st.booleans())),
        )
        for pid, want in enumerate(waits, start=1)
    ]
    holder = st.builds(
        Holder, st.integers(1, size + 2), st.none() | st.integers(1, size), st.booleans(), st.sampled_from(SURE)
    )
    holders = draw(
        st.dictionaries(st.integers(0, size).map(lambda inode: f"sem:{inode}"), st.lists(holder, max_size=3))
    )
    return Graph(reports, holders)


@_on_any_machine
@given(_graphs())
def test_every_cycle_is_found_and_nothing_else(graph: Graph) -> None:
    """Who waits for itself in the end is in a knot, nobody else; who wait for each other are in the same."""
    reach = _reach(graph)
    assert {node for cycle in graph.cycles for node in cycle} == {node for node in reach if node in reach[node]}
    for cycle in graph.cycles:
        for node in cycle:
            assert set(cycle) == {other for other in reach[node] if node in reach[other]}


@_on_any_machine
@given(_graphs())
def test_waiters_are_all_who_wait_in_the_end(graph: Graph) -> None:
    """Directly or through others, each counted once."""
    reach = _reach(graph)
    for node in graph.reports:
        assert graph.waiters(node) == {other for other, found in reach.items() if node in found}
        assert graph.waiters(node, "certain") <= graph.waiters(node, "likely") <= graph.waiters(node)


@_on_any_machine
@given(_graphs())
def test_the_doomed_are_those_whom_nobody_can_help(graph: Graph) -> None:
    """Nobody is doomed who has a living holder outside; everybody is whose holders all are, or are dead."""
    for node, waiting in graph.reports.items():
        living = [edge for edge in graph.edges(node) if edge.holder.is_alive]
        is_helpless = all(edge.node in graph.doomed for edge in living)
        if node in graph.doomed:
            assert is_helpless
            assert not waiting.kernel.has_timeout
        elif graph.is_orphaned(node):
            assert waiting.kernel.has_timeout
    movers = {node for node in graph.reports if node not in graph.doomed}
    for node in movers:
        edges = [edge for edge in graph.edges(node) if edge.holder.is_alive]
        can_move = not edges or any(not edge.node or edge.node in movers for edge in edges)
        assert can_move or graph.reports[node].kernel.has_timeout


@_on_any_machine
@given(_graphs())
def test_chains_and_rings_are_made_of_edges_and_end(graph: Graph) -> None:
    """A chain goes from waiter to holder without a gap; for every knot there is a ring that comes back."""
    for node in graph.reports:
        for path in (graph.chain(node), graph.ring(node)):
            assert all(edge in graph.edges(edge.waiter) for edge in path)
            assert all(before.node == after.waiter for before, after in pairwise(path))
        ring = graph.ring(node)
        assert bool(ring) == bool(graph.cycle_of(node))
        assert not ring or (ring[0].waiter == node == ring[-1].node)
        assert graph.root(node) in graph.reports
        best = [RANK[edge.holder.confidence] for edge in graph.edges(node) if edge.holder.is_alive]
        assert best == sorted(best, reverse=True)


def test_two_who_hold_what_the_other_wants_are_a_deadlock() -> None:
    """ABBA, and a third behind them who is no part of it."""
    graph = _graph(lock_wait(1, 12), lock_wait(2, 11), lock_wait(3, 11), sem_11=[Holder(1)], sem_12=[Holder(2)])
    assert graph.cycles == (("thread:1:1", "thread:2:2"),)
    assert graph.is_deadlock(graph.cycles[0])
    assert graph.doomed == set(graph.reports)
    assert graph.waiters("thread:1:1") == set(graph.reports)
    assert graph.cycle_of("thread:3:3") == ()


def test_thread_that_waits_for_what_it_holds_is_a_ring_of_one() -> None:
    """A lock that is taken twice."""
    graph = _graph(lock_wait(1, 11), sem_11=[Holder(1, 1)])
    assert graph.cycles == (("thread:1:1",),)
    assert [edge.node for edge in graph.ring("thread:1:1")] == ["thread:1:1"]


def test_ring_is_no_deadlock_while_somebody_outside_could_help() -> None:
    """A semaphore of two: its other holder is running."""
    graph = _graph(
        lock_wait(1, 12), lock_wait(2, 11), report(3, "RUNNING", kernel="running"),
        sem_11=[Holder(1), Holder(3)], sem_12=[Holder(2)],
    )  # fmt: skip
    assert graph.cycles == (("thread:1:1", "thread:2:2"),)
    assert not graph.is_deadlock(graph.cycles[0])
    assert graph.doomed == frozenset()


def test_wait_with_a_time_limit_breaks_the_ring() -> None:
    """acquire(timeout=5) lets go in the end."""
    waiting = lock_wait(1, 12)
    timed = report(2, "SEM_WAIT", sem(11), kernel=KernelWait("futex-shared", "sem:11", has_timeout=True))
    graph = _graph(waiting, timed, sem_11=[Holder(1)], sem_12=[Holder(2)])
    assert graph.cycles
    assert not graph.is_deadlock(graph.cycles[0])


def test_nobody_known_and_known_to_be_nobody_are_different() -> None:
    """Without an entry it is not known who holds it; an empty one, or none but the dead, makes an orphan."""
    waiting = lock_wait(1, 11)
    assert not _graph(waiting).is_orphaned(waiting.node)
    assert _graph(waiting, sem_11=[]).is_orphaned(waiting.node)
    assert _graph(waiting, sem_11=[Holder(9, is_alive=False)]).is_orphaned(waiting.node)
    assert not _graph(waiting, sem_11=[Holder(9)]).is_orphaned(waiting.node)


def test_holder_is_its_thread_or_else_its_main_thread() -> None:
    """A thread that was not seen stands for its process."""
    waiting, main, other = lock_wait(1, 11), report(2, "RUNNING"), report(2, "RUNNING", tid=22)
    assert _graph(waiting, main, other, sem_11=[Holder(2, 22)]).root(waiting.node) == "thread:2:22"
    assert _graph(waiting, main, other, sem_11=[Holder(2, 77)]).root(waiting.node) == "thread:2:2"
    assert _graph(waiting, main, other, sem_11=[Holder(2)]).root(waiting.node) == "thread:2:2"
    assert _graph(waiting, sem_11=[Holder(2)]).root(waiting.node) == waiting.node


def test_root_blocker_is_known_with_all_who_wait_for_it() -> None:
    """One lock, held by one who computes; seven wait, two of them through another."""
    waiters = [lock_wait(pid, 11) for pid in range(2, 7)]
    behind = [report(pid, "JOIN", child(2), kernel="child") for pid in (7, 8)]
    graph = Graph(
        [report(1, "CPU_BOUND", kernel="running"), *waiters, *behind], {"sem:11": [Holder(1)], "pid:2": [Holder(2)]}
    )
    assert {graph.root(report.node) for report in (*waiters, *behind)} == {"thread:1:1"}
    assert len(graph.waiters("thread:1:1")) == 7
    assert len(graph.waiters("thread:2:2")) == 2


def test_what_is_wanted_is_what_the_kernel_shows() -> None:
    """A reader behind another waits for the read lock; of a pipe it matters which side must act."""
    assert wanted(reader(1, 7)) == "pipe:[7] writers"
    assert wanted(report(1, "QUEUE_EMPTY", queue(7), kernel=KernelWait("futex-shared", "sem:3"))) == "sem:3"
    assert wanted(report(1, "PIPE_FULL", queue(7), kernel="write")) == "pipe:[7] readers"
    assert wanted(report(1, "UNKNOWN", kernel=KernelWait("write", "pipe:[7]"))) == "pipe:[7] readers"
    assert wanted(report(1, "JOIN", child(2), kernel="child")) == "pid:2"


def test_who_runs_or_is_stopped_waits_for_nobody() -> None:
    """Whatever its stack says: the kernel knows better."""
    for kind in ("running", "sleep", "stopped", "zombie", "uninterruptible"):
        assert wanted(report(1, "LOCK_WAIT", sem(3), kernel=kind)) == ""
    assert wanted(report(1, "IDLE", kernel=KernelWait("read", "pipe:[7]"), is_idle=True)) == ""
    assert side_wanted(report(1, "LOCK_WAIT", sem(3))) == ""
