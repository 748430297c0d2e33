"""Pure: what the engine knows of a replica, made into the rows and details that clients show."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from supervisor.api.messages import ChannelRow, ChannelUser, ReplicaRow
from supervisor.api.pools import PoolReport
from supervisor.channels import BoardPage
from supervisor.diagnose.flow import Flow
from supervisor.diagnose.metrics import TreeSample
from supervisor.lifecycle.events import Timer
from supervisor.lifecycle.life import Life
from supervisor.lifecycle.states import LIVE, State
from supervisor.pool_words import doing, progress_of
from supervisor.processes.plumbing import ChannelCount, ChannelUse
from supervisor.processes.sharing import SharedState
from supervisor.profile.model import WorkerSpec

CPU_HISTORY_LENGTH = 30


@dataclass(frozen=True, slots=True)
class Seen:
    """What was observed of a replica, beside its life."""

    started_s: float | None = None
    started_at: float | None = None
    sample: TreeSample | None = None
    cpu_history: tuple[int, ...] = ()
    page: BoardPage | None = None
    last_error: str = ""
    log_backlog_bytes: int = 0
    """What waits in its lanes."""
    is_log_full: bool = False
    """A lane is full: the worker waits when it goes on writing."""


def make_row(
    worker: WorkerSpec,
    replica: int,
    life: Life,
    seen: Seen,
    now_s: float,
    *,
    group: str = "",
    waits_for: str = "",
    status: str = "",
    log_level: str = "",
    closed: tuple[str, ...] = (),
    hangs: tuple[str, ...] = (),
    pool: PoolReport | None = None,
) -> ReplicaRow:
    """The table's row of one replica; `status` is what it says of itself where its board says nothing, `closed` are the
    lanes that it has closed while it lives, `hangs` why it does not move, `pool` is the one that it runs."""
    is_live = life.state in LIVE
    activity, activity_since_s = describe_activity(seen.page) if is_live and pool is None else ("", None)
    if pool is not None:
        status = doing(pool)
    sample = seen.sample if is_live else None
    return ReplicaRow(
        name=life.name,
        worker=worker.name,
        replica=replica,
        kind=worker.kind,
        group=group,
        state=life.state,
        since_s=life.since_s,
        incarnation=life.incarnation,
        pid=life.pid,
        started_s=seen.started_s if is_live else None,
        started_at=seen.started_at if is_live else None,
        restarts=life.restarts,
        cpu_percent=round(sample.cpu_percent, 1) if sample else None,
        rss_bytes=sample.rss_bytes if sample and sample.rss_bytes else None,  # a thread has none of its own
        processes=len(sample.processes) if sample else 0,
        cpu_history=seen.cpu_history,
        activity=activity or (status if is_live else ""),
        activity_since_s=activity_since_s,
        progress=progress_of(pool) if pool is not None else seen.page.progress if seen.page else None,
        log_level=log_level,
        reads=tuple(worker.reads.values()),
        writes=tuple(worker.writes.values()),
        last_error=seen.last_error,
        exit_cause=life.cause.text if life.cause else "",
        exit_code=life.cause.exit_code if life.cause else None,
        next_step=next_step_of(life),
        next_step_s=life.next_step_s,
        kill_s=life.since_s + life.stop.timeout_s if life.next_step is Timer.TERM else None,
        log_backlog_bytes=seen.log_backlog_bytes if is_live else 0,
        waits_for=waits_for,
        warnings=(
            *(hangs if is_live else ()),
            *warnings_of(worker, life, seen, now_s),
            *(f"has closed its {name}" for name in closed),
        ),
    )


def next_step_of(life: Life) -> str:
    """What happens by itself next, as people call it: a stop sends the worker's own signal."""
    if life.next_step is None:
        return ""
    return life.stop.signal_name if life.next_step is Timer.TERM else life.next_step.value


def describe_activity(page: BoardPage | None) -> tuple[str, float | None]:
    """What a worker is doing now, and since when: a channel operation it waits in, else its own words."""
    if page is None:
        return "", None
    if page.operation:
        return f"{page.operation} {page.channel}", page.operation_since_s
    return page.activity, page.activity_since_s


def warnings_of(worker: WorkerSpec, life: Life, seen: Seen, now_s: float) -> tuple[str, ...]:
    """What a person should know now: a heartbeat that is late, a paused process."""
    warnings = []
    is_standing = seen.sample is not None and seen.sample.processes[0].state in "Tt"
    if is_standing and life.state in LIVE and life.state is not State.PAUSED:
        warnings.append("paused by a signal (SIGSTOP); SIGCONT lets it go on")
    elif life.state is State.RUNNING and worker.heartbeat_s is not None and seen.started_s is not None:
        silent_s = now_s - last_sign_of_life_s(seen)
        is_waiting = seen.page is not None and bool(seen.page.operation)
        if silent_s > worker.heartbeat_s and not is_waiting:
            warnings.append(f"no heartbeat for {math.floor(silent_s)} s")
    if seen.is_log_full and life.state in LIVE:
        warnings.append(f"waits to write to the log queue: {seen.log_backlog_bytes // 1024} KiB are not stored yet")
    return tuple(warnings)


def last_sign_of_life_s(seen: Seen) -> float:
    """When the replica last showed that it works: a heartbeat, a word, or its start."""
    page = seen.page
    signs = [seen.started_s or 0.0]
    if page is not None:
        signs += [sign for sign in (page.heartbeat_s, page.activity_since_s) if sign is not None]
    return max(signs)


def make_stream_row(
    count: ChannelCount,
    use: ChannelUse,
    flow: Flow,
    waiting: tuple[ChannelUser, ...],
    replica_of: Mapping[int, str],
    now_s: float,
) -> ChannelRow:
    """The row of a queue or pipe."""
    holding = tuple(
        ChannelUser(replica=replica_of.get(pid, "?"), pid=pid, operation="holds", since_s=round(since_s, 1))
        for pid, since_s in count.held
    )
    return ChannelRow(
        name=count.name,
        kind=count.kind,
        depth=count.depth,
        maxsize=count.maxsize,
        put_total=count.put_total,
        got_total=count.got_total,
        put_rate=flow.put_rate,
        got_rate=flow.got_rate,
        depth_history=flow.depth_history,
        bytes_total=count.bytes_total,
        oldest_s=None if count.oldest_age_s is None else round(now_s - count.oldest_age_s, 1),
        waiting=waiting,
        holding=holding,
        delivery=count.delivery,
        redelivered=count.redelivered,
        dead_letters=count.dead_letters,
        lacking=count.lacking,
        writers=use.writers,
        readers=use.readers,
        is_ended=count.is_ended,
    )


def make_shared_row(
    state: SharedState, use: ChannelUse, waiting: tuple[ChannelUser, ...], replica_of: Mapping[int, str]
) -> ChannelRow:
    """The row of a lock, a value or the like."""
    holding = tuple(
        ChannelUser(replica=replica_of.get(held.pid, "?"), pid=held.pid, operation="holds", since_s=held.since_s)
        for held in state.holding
    )
    return ChannelRow(
        name=state.name,
        kind=state.kind,  # type: ignore[arg-type]  # the profile's word is the message's
        state=state.state,
        waiting=waiting,
        holding=holding,
        readers=use.readers,
    )


def waiting_by_channel(seen: Iterable[tuple[Life, Seen]]) -> dict[str, tuple[ChannelUser, ...]]:
    """Who waits in which channel, as the workers' boards say."""
    waiting: dict[str, tuple[ChannelUser, ...]] = {}
    for life, what in seen:
        page = what.page
        if page is None or not page.operation or life.state not in LIVE:
            continue
        user = ChannelUser(replica=life.name, pid=life.pid, operation=page.operation, since_s=page.operation_since_s)
        waiting[page.channel] = (*waiting.get(page.channel, ()), user)
    return waiting


def outcome_text(lives: Sequence[Life], result: str | None) -> str:
    """A sentence on a run that has completed."""
    counts = {
        state: sum(1 for life in lives if life.state is state)
        for state in (State.FINISHED, State.FAILED, State.SKIPPED, State.STOPPED)
    }
    told = ", ".join(f"{number} {state}" for state, number in counts.items() if number)
    failed = [life.name for life in lives if life.state is State.FAILED]
    text = f"{told}." if told else ""
    if failed:
        text += f" Failed: {', '.join(failed[:5])}{' …' if len(failed) > 5 else ''}."
    if result:
        text += f" Result: {result}"
    return text.strip()
