"""Made-up pools in which everything occurs that the screens show; and a link that tells of them and takes wishes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from supervisor.api.pools import (
    PoolActionName,
    PoolDetail,
    PoolFailure,
    PoolMember,
    PoolReply,
    PoolReport,
    PoolRequest,
    PoolRow,
    SlowTask,
)
from supervisor.errors import EngineUnreachable, RequestRefused

SEEN_S: Final = 10_000.0
SEEN_AT: Final = 1_795_354_286.0
"""When everything was looked at: the times at which the clocks of the tests stand."""

TRACEBACK: Final = """Traceback (most recent call last):
  File "thumbs.py", line 41, in shrink
    raise ValueError("not a photo")
ValueError: not a photo
"""


def members() -> tuple[PoolMember, ...]:
    """One of each state."""
    return (
        PoolMember(pid=4711, state="busy", item="'photos/0017.jpg'", index=1217, since_s=SEEN_S - 12, done=402,
                   start_share=0.02, wait_share=0.08, work_share=0.9),
        PoolMember(pid=4712, state="busy", item="'photos/0018.jpg'", index=1218, since_s=SEEN_S - 0.1, done=398,
                   work_share=0.71, wait_share=0.2, start_share=0.09, generation=2),
        PoolMember(pid=4713, state="idle", done=400, work_share=0.66),
        PoolMember(pid=4714, state="starting"),
    )  # fmt: skip


def thumbs(**fields: object) -> PoolReport:
    """A pool in the middle of its work."""
    values: dict[str, object] = {
        "pool": "thumbs",
        "function": "thumbs:shrink",
        "method": "imap_unordered",
        "start_method": "forkserver",
        "processes": 4,
        "members": members(),
        "total": 2000,
        "submitted": 1300,
        "done": 1200,
        "failed": 3,
        "retried": 7,
        "retries": 2,
        "waiting": 82,
        "in_flight": 2,
        "replaced": 1,
        "chunksize": 16,
        "rate": 48.2,
        "eta_s": 16.4,
        "elapsed_s": 25.0,
        "history": (0, 20, 48, 50, 52, 47, 49, 50, 30, 48),
        "slowest": (
            SlowTask(index=1217, item="'photos/0017.jpg'", took_s=11.0, pid=4711, is_running=True),
            SlowTask(index=88, item="'photos/panorama.jpg'", took_s=2.34, pid=4712),
            SlowTask(index=3, item="'photos/0003.jpg'", took_s=0.21, pid=4713),
        ),
        "start_share": 0.04,
        "wait_share": 0.16,
        "work_share": 0.8,
        "pickle_share": 0.1,
        "item_bytes": 120,
        "result_bytes": 48_000,
        "advice": ("Results are large (47 K each): let tasks write them to a shared block, and return its name.",),
        "results": "file /srv/thumbs/sizes.ndjson",
    }
    return PoolReport(**(values | fields))  # type: ignore[arg-type]


def pools() -> tuple[PoolRow, ...]:
    """A pool in each state, one that the code of a worker has made, one whose process is gone, one without a total."""
    done = thumbs(pool="hash", state="finished", done=1990, failed=10, waiting=0, in_flight=0, rate=0.0, eta_s=None,
                  members=(), elapsed_s=41.0, slowest=(), retried=0, replaced=0)  # fmt: skip
    return (
        PoolRow(name="thumbs", replica="thumbs", report=thumbs()),
        PoolRow(name="tiles@parse.2", replica="parse.2",
                report=thumbs(pool="tiles", state="paused", total=None, done=340, failed=0, retried=0, replaced=0)),
        PoolRow(name="hash", replica="hash", report=done, is_live=False),
        PoolRow(name="warm", replica="warm", report=PoolReport(pool="warm", state="starting", processes=4, total=100)),
        PoolRow(name="bad", replica="bad", is_live=False,
                report=PoolReport(pool="bad", state="failed", processes=2, error="its initializer failed: OSError")),
        PoolRow(name="gone", replica="gone", report=thumbs(pool="gone"), is_live=False),
    )  # fmt: skip


def failures() -> tuple[PoolFailure, ...]:
    """The newest last."""
    return (
        PoolFailure(index=17, item="'photos/bad.jpg'", kind="exception", error="ValueError: not a photo",
                    traceback=TRACEBACK, attempts=3, pid=4712, at=SEEN_AT - 75),
        PoolFailure(index=44, item="'photos/huge.jpg'", kind="died", error="MemberDied: killed by SIGKILL",
                    attempts=1, pid=4700, at=SEEN_AT - 20),
        PoolFailure(index=1002, item="'photos/slow.jpg'", kind="cancelled", error="cancelled", pid=4713,
                    at=SEEN_AT - 2),
    )  # fmt: skip


def detail_of_pool(row: PoolRow, failed: Sequence[PoolFailure] | None = None) -> PoolDetail:
    """With failures, and what its start method means and costs."""
    return PoolDetail(
        row=row,
        failures=tuple(failures() if failed is None else failed),
        start_method_meaning="A fresh process is forked from a small server that has imported nothing of yours.",
        start_method_cost="a member is up after 48 ms",
    )


class FakePoolLink:
    """A `PoolLink` that remembers what was wished."""

    def __init__(self) -> None:
        self.pool_wishes: list[tuple[str, PoolActionName, PoolRequest]] = []
        self.pool_looks: list[str] = []
        """Which pools were asked about."""
        self.pool_trouble: RequestRefused | EngineUnreachable | None = None
        self.pool_details: dict[str, PoolDetail] = {row.name: detail_of_pool(row) for row in pools()[:1]}

    async def pool_detail(self, name: str) -> PoolDetail | None:
        self.pool_looks.append(name)
        return self.pool_details.get(name)

    async def pool_act(self, name: str, action: PoolActionName, request: PoolRequest) -> PoolReply:
        if self.pool_trouble is not None:
            raise self.pool_trouble
        self.pool_wishes.append((name, action, request))
        return PoolReply(text=f"{action} of [b]{name}[/b] was asked for")
