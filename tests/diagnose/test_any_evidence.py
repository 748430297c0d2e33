"""Whatever is missing of the evidence, or contradicts itself, there is a verdict for each replica, and no exception."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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
from supervisor.diagnose.holders import find_holders
from supervisor.diagnose.kinds import KINDS
from supervisor.diagnose.verdict import Verdict
from supervisor.diagnose.verdicts import BoardNote, Limits, judge
from tests.diagnose.scenes import dump_of, look_of, report


class _Unreadable:
    """Memory that may not be read."""

    def read_count(self, pid: int, object_address: int, *, handle: int | None = None) -> tuple[int, int] | None:
        return None


_LINKS = ("pipe:[7]", "pipe:[8]", "socket:[9]")
_RESOURCES = st.one_of(
    st.builds(Resource, st.just("lock"), st.sampled_from(("sem:3", "sem:4", "channel:gate", "futex:1:9", "sem:x", ""))),
    st.builds(Resource, st.sampled_from(("queue", "pipe", "socket")), st.sampled_from((*_LINKS, "channel:paths"))),
    st.builds(Resource, st.sampled_from(("process", "manager")), st.sampled_from(("pid:1", "pid:9", "pid:"))),
    st.builds(Resource, st.just("thread"), st.sampled_from(("thread:1:1", "thread:2:9", "thread:x:y"))),
    st.builds(Resource, st.just("pool"), st.sampled_from(("pool:1:p", "pool:2:", "pool:"))),
    st.builds(Resource, st.just("signal"), st.sampled_from(("sem:3", "channel:met"))),
    st.just(Resource("none", "")),
)  # fmt: skip
_KERNELS = st.builds(
    KernelWait,
    st.sampled_from(("running", "futex-shared", "futex-private", "gil", "read", "write", "poll", "child", "stopped")),
    st.sampled_from(("", "sem:3", "sem:4", "pid:2", "futex:1:9", *_LINKS)),
    count=st.sampled_from((None, 4, 900)),
    has_timeout=st.booleans(),
)
_FRAMES = st.lists(
    st.builds(
        Frame,
        st.sampled_from(("/usr/lib/python3.11/multiprocessing/queues.py", "/home/ada/x.py", "<string>", "")),
        st.integers(0, 99),
        st.sampled_from(("Queue._feed", "Queue.get", "_recv", "work", "serve_client", "worker", "_bootstrap", "")),
        subject=st.sampled_from(("", "r", "q", "p", "thread:2", "gone")),
    ),
    max_size=4,
).map(tuple)
_FACTS = st.dictionaries(
    st.sampled_from(
        ("handle", "value", "count", "maxvalue", "object_address", "is_mine", "rlock", "read_pipe", "members", "pid",
         "owner_ident", "feeder", "link")
    ),
    st.sampled_from((None, 0, 1, -1, 0x7F00_0000_3000, "r", "pipe:[7]", True, [1, 2], ["x"], 1.5)),
)  # fmt: skip
_THINGS = st.lists(
    st.builds(
        Thing,
        st.sampled_from(("r", "q", "p")),
        st.sampled_from(("mp.Lock", "mp.Queue", "mp.Pool", "mp.Manager", "mp.Connection", "thread.RLock", "?")),
        facts=_FACTS,
    ),
    max_size=4,
)


@st.composite
def _worlds(draw: st.DrawFn) -> tuple[list[ThreadReport], Look, dict[int, Dump]]:
    """Reports that need not agree with the look, nor the dumps with either."""
    threads = draw(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 6)), unique=True, max_size=5))
    owners = draw(st.lists(st.sampled_from(("a", "b", "")), min_size=5, max_size=5))
    reports = [
        report(
            pid,
            draw(st.sampled_from((*KINDS, "NEVER_HEARD_OF"))),
            draw(_RESOURCES),
            kernel=draw(_KERNELS),
            tid=tid,
            replica=owners[pid],
            frames=draw(_FRAMES),
            is_idle=draw(st.booleans()),
            unchanged_s=draw(st.sampled_from((0.0, 5.0, 1e6))),
        )
        for pid, tid in threads
    ]
    modes = st.sampled_from(("r", "w", "rw"))
    descriptors = st.lists(st.builds(Descriptor, st.integers(0, 9), st.sampled_from(_LINKS), modes), max_size=3)
    pids = st.integers(1, 5)
    look = look_of(
        reports,
        ends=draw(st.dictionaries(pids, descriptors)),
        semaphores=draw(st.dictionaries(pids, st.lists(st.sampled_from((3, 4)), max_size=2))),
        parents=draw(st.dictionaries(pids, pids)),
        states=draw(st.dictionaries(pids, st.sampled_from("RSDTZ"))),
        more=draw(st.lists(pids, max_size=2)),
    )
    dumps = {pid: dump_of(pid, *draw(_THINGS)) for pid in draw(st.lists(st.integers(1, 6), max_size=4))}
    return reports, look, dumps


_BOARDS = st.dictionaries(
    st.sampled_from(("a", "b", "c")),
    st.builds(
        BoardNote,
        pid=st.sampled_from((None, 1, 9)),
        last_sign_s=st.sampled_from((None, 0.0, 1e6)),
        heartbeat_s=st.sampled_from((None, 1.0)),
        channel=st.sampled_from(("", "gate")),
        operation=st.sampled_from(("", "put")),
        operation_since_s=st.sampled_from((None, 1.0)),
        stopping_since_s=st.sampled_from((None, 1.0)),
        ended_s=st.sampled_from((None, 1.0)),
    ),
)


def _judged(
    world: tuple[list[ThreadReport], Look, dict[int, Dump]], boards: Mapping[str, BoardNote]
) -> tuple[Verdict, ...]:
    reports, look, dumps = world
    channels = {"paths": [1, 2], "gate": []}
    holders = find_holders(
        reports, look, dumps, semaphores=_Unreadable(), channels=channels, file_locks=lambda path: None
    )
    return judge(reports, look, dumps, holders, now_s=1e6, boards=boards, limits={"a": Limits(1.0, 0.5)})


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is slow
@given(_worlds(), _BOARDS)
def test_no_evidence_that_is_missing_or_mad_raises(
    world: tuple[list[ThreadReport], Look, dict[int, Dump]], boards: Mapping[str, BoardNote]
) -> None:
    """Each replica gets a verdict, worst first; idle and busy ones have no warning and no ways out."""
    verdicts = _judged(world, boards)
    assert {verdict.replica for verdict in verdicts} >= {each.replica for each in world[0]} - {""} | boards.keys()
    badness = ["stuck", "warning", "waiting", "busy", "idle"]
    ranks = [min(badness.index(verdict.severity), 3) for verdict in verdicts]
    assert ranks == sorted(ranks)
    for verdict in verdicts:
        assert verdict.sentence.endswith(".")
        assert "{" not in verdict.sentence
        assert bool(verdict.warning) == (verdict.severity in ("warning", "stuck")), verdict
        assert not verdict.is_cycle or verdict.chain
        if verdict.severity in ("idle", "busy"):
            assert not verdict.ways_out
