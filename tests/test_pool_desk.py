"""What is kept and told of pools, by what their processes say; without a process."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any, cast

import msgspec
import pytest

from supervisor.api.pools import PoolReport, PoolRequest
from supervisor.driving import Driver
from supervisor.errors import RequestRefused
from supervisor.pool_desk import FAILURES_KEPT, POOLS_LIMIT, PoolDesk
from supervisor.profile.model import WorkerSpec
from supervisor.profile.pools import PoolSpec
from supervisor.replica import Replica
from tests.api.samples import a_failure, a_report


@dataclass
class Process:
    """Stands for an incarnation: it hears wishes, or is deaf."""

    number: int
    heard: list[dict[str, Any]] = field(default_factory=list)
    is_deaf: bool = False
    closed_streams: tuple[str, ...] = ()

    def ask_pool(self, wish: dict[str, Any]) -> bool:
        if not self.is_deaf:
            self.heard.append(wish)
        return not self.is_deaf


class Fleet:
    """Stands for the driver: replicas, whose processes begin and end as the test says."""

    def __init__(self) -> None:
        self.replicas: dict[str, Replica] = {}
        self.told: list[tuple[str, str, str]] = []
        self.desk = PoolDesk(cast("Driver", self), lambda *words: self.told.append(words))

    def add(self, name: str, pool: str = "") -> Replica:
        """A replica that runs the pool `pool`, or one whose code may make pools."""
        spec = PoolSpec(name=pool, function="census:hash_file", processes=2) if pool else None
        replica = Replica(WorkerSpec(name=name, target=None if pool else "census:walk", pool=spec), 1)
        self.replicas[name] = replica
        return replica

    def begin(self, replica: Replica) -> Process:
        """The next incarnation."""
        replica.life = replace(replica.life, incarnation=replica.life.incarnation + 1)
        process = Process(replica.life.incarnation)
        replica.incarnation = cast("Any", process)
        replica.pool = None
        return process

    def end(self, replica: Replica) -> None:
        replica.incarnation = None

    def report(self, replica: Replica, pool: str = "hash", **changes: object) -> bool:
        """The replica says how far a pool of its is."""
        return self.desk.hear(replica, "pool", {"report": _json(a_report(pool, **changes))})

    def fail(self, replica: Replica, index: int, pool: str = "hash", **changes: object) -> bool:
        """The replica says that an item has failed."""
        return self.desk.hear(replica, "pool-failure", {"pool": pool, "failure": _json(a_failure(index, **changes))})

    def sentences(self) -> list[str]:
        return [f"{level} {replica}: {text}" for level, replica, text in self.told]


def _json(message: msgspec.Struct) -> Any:
    return json.loads(msgspec.json.encode(message))


@pytest.fixture
def fleet() -> Fleet:
    return Fleet()


def test_pool_of_the_profile_has_a_row_before_it_says_anything(fleet: Fleet) -> None:
    """So that it is not missed where it waits for others; it is not live."""
    fleet.add("hash", pool="hash")
    (row,) = fleet.desk.rows()
    assert (row.name, row.replica, row.is_live, row.report.processes) == ("hash", "hash", False, 2)


def test_rows_are_named_after_the_pool_and_whose_it_is(fleet: Fleet) -> None:
    """``hash`` where the replica is the pool, ``hash@parse`` where its code has made it; by the one name too where only
    one has it."""
    own, parse = fleet.add("hash", pool="hash"), fleet.add("parse")
    for replica in (own, parse):
        fleet.begin(replica)
    fleet.report(own)
    fleet.report(parse, "words")
    assert [row.name for row in fleet.desk.rows()] == ["hash", "words@parse"]
    detail = fleet.desk.detail("words")
    assert detail is not None
    assert detail.row.name == "words@parse"
    assert fleet.desk.detail("wrods") is None


def test_name_that_several_workers_have_is_refused(fleet: Fleet) -> None:
    """It says which names there are."""
    for name in ("left", "right"):
        replica = fleet.add(name)
        fleet.begin(replica)
        fleet.report(replica, "words")
    with pytest.raises(RequestRefused, match="words@left, words@right") as refusal:
        fleet.desk.detail("words")
    assert refusal.value.suggestions == ("words@left", "words@right")


def test_last_report_is_kept_after_the_end(fleet: Fleet) -> None:
    """It is not live any more, and its failures can still be read; the next incarnation begins anew."""
    replica = fleet.add("hash", pool="hash")
    fleet.begin(replica)
    fleet.report(replica)
    fleet.fail(replica, 3)
    fleet.end(replica)
    detail = fleet.desk.detail("hash")
    assert detail is not None
    assert (detail.row.is_live, detail.row.report.done, [each.index for each in detail.failures]) == (False, 38, [3])
    fleet.begin(replica)
    assert not fleet.desk.rows()[0].is_live, "it has said nothing yet"
    fleet.report(replica, done=0, failed=0)
    detail = fleet.desk.detail("hash")
    assert detail is not None
    assert (detail.row.is_live, detail.row.report.done, detail.failures) == (True, 0, ())


def test_replica_that_is_no_more_takes_its_pools_along(fleet: Fleet) -> None:
    """Scaled or reloaded away."""
    replica = fleet.add("parse")
    fleet.begin(replica)
    fleet.report(replica)
    del fleet.replicas["parse"]
    fleet.desk.each_second()
    fleet.replicas["parse"] = replica
    assert fleet.desk.rows() == ()


def test_failures_are_kept_up_to_a_limit(fleet: Fleet) -> None:
    """The newest ones, newest last."""
    replica = fleet.add("hash", pool="hash")
    fleet.begin(replica)
    for index in range(FAILURES_KEPT + 5):
        assert fleet.fail(replica, index)
    detail = fleet.desk.detail("hash")
    assert detail is not None
    assert [failure.index for failure in detail.failures] == list(range(5, FAILURES_KEPT + 5))


@pytest.mark.parametrize(
    "frame",
    [
        {},
        {"report": []},
        {"report": {"state": "running"}},
        {"report": {"pool": "../x"}},
        {"report": {"pool": "hash", "state": "glad"}},
        {"report": {"pool": "hash", "rate": float("nan")}},
        {"report": {"pool": "hash", "eta_s": float("inf")}},
        {"report": {"pool": "hash", "done": 10**400}},
        {"report": {"pool": "hash", "done": "9"}},
        {"report": {"pool": "hash", "members": [{"pid": 1, "state": "busy", "item": {"a": {"b": {}}}}]}},
    ],
    ids=["empty", "list", "no name", "odd name", "unknown state", "NaN", "endless", "huge", "text", "deep"],
)
def test_what_is_no_report_is_garbage(fleet: Fleet, frame: dict[str, Any]) -> None:
    """The control pipe counts it; nothing is shown of it."""
    replica = fleet.add("parse")
    fleet.begin(replica)
    assert not fleet.desk.hear(replica, "pool", frame)
    assert not fleet.desk.hear(replica, "pool-failure", frame)
    assert fleet.desk.rows() == ()


def test_words_of_workers_are_cut_masked_and_made_storable(fleet: Fleet) -> None:
    """Any client can read what becomes of them, and no secret is in it."""
    replica = fleet.add("hash", pool="hash")
    fleet.begin(replica)
    assert fleet.fail(replica, 1, item="x" * 50_000, error="password=hunter2-hunter2", traceback="t" * 50_000)
    frame = {"report": {"pool": "hash", "error": "a lone \udcff", "history": list(range(500))}}
    assert fleet.desk.hear(replica, "pool", frame)
    detail = fleet.desk.detail("hash")
    assert detail is not None
    assert len(detail.failures[0].item) < 2000
    assert len(detail.failures[0].traceback) < 10_000
    assert "hunter2" not in detail.failures[0].error
    assert (detail.row.report.error, len(detail.row.report.history)) == ("a lone \\udcff", 64)
    msgspec.json.decode(msgspec.json.encode(detail), type=type(detail))


def test_replica_with_too_many_pools_is_not_understood(fleet: Fleet) -> None:
    """A worker that makes names up fills no memory; those that it had in another life make room."""
    replica = fleet.add("parse")
    fleet.begin(replica)
    heard = [fleet.report(replica, f"p{number}") for number in range(POOLS_LIMIT + 3)]
    assert heard.count(True) == POOLS_LIMIT
    fleet.begin(replica)
    assert fleet.report(replica, "fresh")
    assert len(fleet.desk.rows()) == POOLS_LIMIT
    assert fleet.desk.detail("fresh") is not None


def test_events_tell_of_the_start_the_end_and_the_dead(fleet: Fleet) -> None:
    """Members that died are counted, and told with the second, not one by one."""
    replica = fleet.add("hash", pool="hash")
    fleet.begin(replica)
    fleet.report(replica, state="running", replaced=0)
    for replaced in (1, 2, 5):
        fleet.report(replica, replaced=replaced)
    assert len(fleet.told) == 1
    fleet.desk.each_second()
    fleet.desk.each_second()
    fleet.report(replica, replaced=6)
    fleet.report(replica, state="finished", done=98, replaced=6, retried=3)
    fleet.report(replica, state="finished", done=98, replaced=6, retried=3)
    assert fleet.sentences() == [
        "INFO hash: pool: census:hash_file on 100 items in 2 processes (forkserver)",
        "WARNING hash: pool: 5 members have died and were replaced",
        "WARNING hash: pool: a member has died and was replaced (6 so far)",
        "WARNING hash: pool: finished, 98 done, 2 failed, 3 retried in 4.0 s",
    ]


def test_failed_pool_of_code_is_told_with_its_name_and_reason(fleet: Fleet) -> None:
    """In the events of the replica that has made it; a second pool of the same name is told of again."""
    replica = fleet.add("parse")
    fleet.begin(replica)
    fleet.report(replica, "words", state="failed", error="more than 1 failure", retried=0, replaced=0)
    fleet.fail(replica, 7, "words")
    fleet.report(replica, "words", state="running", failed=0, replaced=0, total=None, processes=1)
    assert fleet.sentences() == [
        "INFO parse: pool words: census:hash_file on 100 items in 2 processes (forkserver)",
        "ERROR parse: pool words: failed, 38 of 100 done, 2 failed in 4.0 s: more than 1 failure",
        "INFO parse: pool words: census:hash_file in 1 process (forkserver)",
    ]
    detail = fleet.desk.detail("words")
    assert detail is not None
    assert detail.failures == ()


def test_pool_that_was_stopped_says_so_itself(fleet: Fleet) -> None:
    """Its state is finished, and its words are how far it was."""
    replica = fleet.add("hash", pool="hash")
    fleet.begin(replica)
    fleet.report(replica, replaced=0)
    fleet.report(replica, state="finished", error="stopped, 38 of 100 done", replaced=0, failed=0, retried=0)
    assert fleet.sentences()[-1] == "INFO hash: pool: stopped, 38 of 100 done in 4.0 s"


@pytest.mark.parametrize(
    ("action", "request_", "wish"),
    [
        ("resize", PoolRequest(processes=8), {"processes": 8}),
        ("pause", PoolRequest(), {}),
        ("resume", PoolRequest(), {}),
        ("retry-failed", PoolRequest(), {}),
        ("retry-failed", PoolRequest(index=3), {"index": 3}),
        ("cancel", PoolRequest(index=0), {"index": 0}),
        ("kill-member", PoolRequest(pid=4801), {"pid": 4801}),
    ],
)
def test_wishes_reach_the_process(fleet: Fleet, action: Any, request_: PoolRequest, wish: dict[str, int]) -> None:
    """With the pool's name in the profile, and what was given."""
    replica = fleet.add("parse")
    process = fleet.begin(replica)
    fleet.report(replica)
    fleet.fail(replica, 3)
    fleet.fail(replica, 4)
    reply = fleet.desk.act("hash@parse", action, request_)
    assert reply is not None
    assert reply.text.startswith("hash@parse: ")
    assert process.heard == [{"pool": "hash", "do": action, **wish}]


@pytest.mark.parametrize(
    ("action", "request_", "changes", "why"),
    [
        ("pause", PoolRequest(), {"state": "finished"}, "has finished; procdeck restart parse runs it again"),
        ("kill-member", PoolRequest(pid=77), {}, "77 is no member of hash@parse; its members are 4801, 4802"),
        ("cancel", PoolRequest(index=100), {}, "has no item 100; its items are 0 to 99"),
        ("retry-failed", PoolRequest(), {"failed": 0}, "nothing of hash@parse has failed"),
        ("retry-failed", PoolRequest(index=9), {}, "item 9 of hash@parse has not failed; those that have: 3, 4"),
    ],
)
def test_wishes_that_cannot_be_followed_are_refused(
    fleet: Fleet, action: Any, request_: PoolRequest, changes: dict[str, Any], why: str
) -> None:
    """With the reason, and nothing is said to the process."""
    replica = fleet.add("parse")
    process = fleet.begin(replica)
    fleet.fail(replica, 3)
    fleet.fail(replica, 4)
    fleet.report(replica, **changes)
    with pytest.raises(RequestRefused, match=why):
        fleet.desk.act("hash", action, request_)
    assert process.heard == []


def test_process_that_is_gone_or_does_not_read_is_told_to_the_asker(fleet: Fleet) -> None:
    """Nobody waits for it."""
    replica = fleet.add("hash", pool="hash")
    with pytest.raises(RequestRefused, match="does not run"):
        fleet.desk.act("hash", "pause", PoolRequest())
    process = fleet.begin(replica)
    fleet.report(replica)
    process.is_deaf = True
    with pytest.raises(RequestRefused, match="does not read what is asked of it now"):
        fleet.desk.act("hash", "pause", PoolRequest())
    fleet.end(replica)
    with pytest.raises(RequestRefused, match="does not run"):
        fleet.desk.act("hash", "pause", PoolRequest())
    assert fleet.desk.act("nobody", "pause", PoolRequest()) is None


def test_wished_size_outlives_the_process(fleet: Fleet) -> None:
    """It is said again after the first report of the next one, once; and by whom it was wished is told."""
    replica = fleet.add("hash", pool="hash")
    fleet.begin(replica)
    fleet.report(replica)
    fleet.desk.act("hash", "resize", PoolRequest(processes=8), "uid 1000 (ada)")
    fleet.report(replica, processes=8)
    fleet.desk.act("hash", "resize", PoolRequest(processes=5), "uid 1000 (ada)")
    process = fleet.begin(replica)
    fleet.report(replica)
    fleet.report(replica, processes=5)
    assert process.heard == [{"pool": "hash", "do": "resize", "processes": 5}]
    assert fleet.sentences()[-1] == "INFO hash: pool: 5 processes again, as uid 1000 (ada) has asked"


def test_wished_size_is_forgotten_when_the_profile_says_another(fleet: Fleet) -> None:
    """A reload that changes `processes` is the newer wish."""
    replica = fleet.add("hash", pool="hash")
    fleet.begin(replica)
    fleet.report(replica)
    fleet.desk.act("hash", "resize", PoolRequest(processes=8))
    process = fleet.begin(replica)
    fleet.report(replica, processes=3)
    again = fleet.begin(replica)
    fleet.report(replica)
    assert (process.heard, again.heard) == ([], [])


def test_detail_says_what_the_start_method_means_and_costs(fleet: Fleet) -> None:
    """The cost is what was observed of its members here."""
    replica = fleet.add("hash", pool="hash")
    fleet.begin(replica)
    fleet.report(replica)
    detail = fleet.desk.detail("hash")
    assert detail is not None
    assert "forks of a small single-threaded server" in detail.start_method_meaning
    assert detail.start_method_cost == "a member is up after 50 ms (median of 2)"


def test_row_of_a_pool_shows_how_far_it_is(fleet: Fleet) -> None:
    """In the table of workers too: items with an outcome of all, the state and the rate."""
    replica = fleet.add("hash", pool="hash")
    fleet.begin(replica)
    assert replica.row(0.0).progress is None
    fleet.report(replica, skipped=10)
    assert isinstance(replica.pool, PoolReport)
    assert (replica.row(0.0).progress, replica.row(0.0).kind) == ((50, 100), "pool")
