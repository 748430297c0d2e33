"""Events for tests of what shows them: a crash loop, a wish with two outcomes, a refusal, hostile words."""

from __future__ import annotations

from supervisor.api.messages import Event
from tests.tui.fakes import NOW_AT

ADA = "uid 1000 (ada), command line"
RESTART = "procdeck restart parse --project census"


def event(cursor: int, ago_s: float, subject: str, what: str, **fields: object) -> Event:
    """Something that happened `ago_s` before now."""
    return Event(cursor=cursor, at=NOW_AT - ago_s, subject=subject, what=what, **fields)  # type: ignore[arg-type]


def state(cursor: int, ago_s: float, subject: str, to: str, what: str = "", **fields: object) -> Event:
    """A replica's life went on."""
    level = "WARNING" if to in ("backoff", "failed") else "INFO"
    values: dict[str, object] = {"kind": "state", "to_state": to, "from_state": "running", "level": level}
    return event(cursor, ago_s, subject, what or to, **(values | fields))


def history() -> tuple[Event, ...]:
    """What had happened when a person looks, oldest first."""
    return (
        event(1, 130.0, "engine", "run run-1 of census.toml"),
        state(2, 129.5, "parse.1", "running", "running, pid 4007", pid=4007, incarnation=1),
        state(3, 129.0, "日本語", "running", "running, pid 4100", pid=4100),
        *crash_loop(4, "parse.3"),
        event(16, 30.0, "parse", "restart wished", kind="action", by=ADA, step="accepted", command=RESTART, outcomes=2),
        state(17, 29.9, "parse.1", "stopping", by=ADA),
        state(18, 29.0, "parse.1", "running", "exit code 0; running, pid 4008", by=ADA, pid=4008, incarnation=2),
        event(
            19, 28.9, "parse.1", "restart done: restarted, pid 4008", kind="action", by=ADA, step="done", answers=(16,)
        ),
        event(
            20,
            28.0,
            "parse.2",
            "restart failed: exit code 3",
            kind="action",
            by=ADA,
            step="failed",
            answers=(16,),
            level="WARNING",
        ),
        event(
            21,
            20.0,
            "engine",
            "stop refused: no worker is named '[b]x\x1b[2J'",
            kind="action",
            by=ADA,
            step="refused",
            command="procdeck stop x --project census",
            level="WARNING",
        ),
        state(22, 10.0, "walk", "finished", "finished: exit code 0"),
    )


def crash_loop(cursor: int, subject: str) -> list[Event]:
    """Four lives of two seconds each, ten seconds apart."""
    told: list[Event] = []
    for turn in range(4):
        ago_s = 100.0 - 10.0 * turn
        told += [
            state(cursor + 3 * turn, ago_s, subject, "starting", f"starting (incarnation {turn + 1})", by="policy"),
            state(cursor + 3 * turn + 1, ago_s - 0.5, subject, "running", "running, pid 4711"),
            state(cursor + 3 * turn + 2, ago_s - 2.5, subject, "backoff", "exit code 3; restart in 7.5 s", by="policy"),
        ]
    return told
