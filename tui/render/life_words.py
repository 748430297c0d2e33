"""What is said of a replica's life, for the dashboard and the command line alike: what it waits for, what comes next.

Whoever shows it again and again has countdowns that anyone can see: every deadline of a life is said with its rest.
"""

from __future__ import annotations

from datetime import UTC, datetime

from supervisor.api.messages import ReplicaRow
from supervisor.lifecycle.events import Timer
from supervisor.lifecycle.states import State
from tui.actions import with_keys
from tui.render.figures import duration, time_left
from tui.render.zone import Offset, ahead_s

_STEPS: dict[str, str] = {
    Timer.GRACE.value: "SIGKILL was sent",
    Timer.AGE.value: "",
    Timer.SCHEDULE.value: "next run",
}
"""What a deadline of policy is called here, where that is another word; one that is far away is not counted down."""


def local_clock(at_s: float, now_s: float, local_offset_s: Offset) -> str:
    """A monotonic time as people say it: ``14:05``; ``14:05:10`` where seconds matter, ``Tue 14:05`` on another day.

    `local_offset_s` is what makes a monotonic time a local one: wall clock minus monotonic clock plus UTC offset.
    """
    moment, today = (
        datetime.fromtimestamp(round(time_s + ahead_s(time_s, local_offset_s)), UTC) for time_s in (at_s, now_s)
    )
    clock = f"{moment:%H:%M:%S}" if moment.second and at_s - now_s < 3600 else f"{moment:%H:%M}"
    if moment.date() == today.date():
        return clock
    return f"{moment:%a} {clock}" if abs((moment.date() - today.date()).days) < 7 else f"{moment:%Y-%m-%d} {clock}"


def next_words(row: ReplicaRow, now_s: float, local_offset_s: Offset) -> str:
    """What happens by itself next, and when: ``SIGTERM in 0.8 s, SIGKILL in 4.8 s``; empty where nothing does soon."""
    step = _STEPS.get(row.next_step, row.next_step)
    if row.next_step_s is None or not step or row.next_step == Timer.GRACE.value:
        return step
    left = time_left(row.next_step_s - now_s)
    if row.next_step == Timer.SCHEDULE.value:
        return f"{step} {local_clock(row.next_step_s, now_s, local_offset_s)}, in {left}"
    then = ""
    if row.kill_s is not None:
        then = f", SIGKILL in {time_left(row.kill_s - now_s)}"
    return f"{step} in {left}{then}"


def waiting_words(row: ReplicaRow) -> str:
    """For what it cannot go on: ``waits for redis to be ready`` ``unready: tcp 127.0.0.1:6390 connection refused``."""
    what = obstacle(row)
    if not what:
        return ""
    return f"unready: {what}" if row.state is State.UNREADY else f"waits for {what}"


def obstacle(row: ReplicaRow) -> str:
    """What it waits for, without the role of a check where the state says that already."""
    return row.waits_for.removeprefix("ready: ") if row.state is State.UNREADY else row.waits_for


def held_words(row: ReplicaRow, now_s: float) -> str:
    """Of one that was paused: how long it has stood still."""
    return f"paused for {duration(now_s - row.since_s)}" if row.state is State.PAUSED else ""


_ADVICE: dict[State, str] = {
    State.WAITING: "It starts by itself as soon as that is there.",
    State.SCHEDULED: "{start} runs it now.",
    State.UNREADY: "The checks below say why. What depends on it waits.",
    State.PAUSED: "{resume} lets it go on. A stop or a kill works too.",
    State.BACKOFF: "{start} starts it now, {stop} leaves it stopped.",
    State.FAILED: "{start} starts it again, once its cause is mended.",
    State.SKIPPED: "{start} starts it once what it depends on is there again.",
    State.STUCK: "The kernel does not let it die: it sits in a system call, most often of a disk or a network file "
    "system. It goes when that answers; no second copy is started before.",
}


def advice(row: ReplicaRow, *, can_act: bool = True) -> str:
    """What a person at the dashboard can do about the state of a replica; empty where there is nothing to do.

    Who cannot act is told no keys that do.
    """
    told = _ADVICE.get(row.state, "")
    return with_keys(told) if can_act or "{" not in told else ""
