"""Follows every action to its outcome: a job opens with a wish and settles when the replica's life has answered it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import msgspec

from supervisor.api.messages import ACTION_NAMES, ActionName, Job
from supervisor.errors import RequestRefused
from supervisor.lifecycle.life import Life, StopStep, Wish
from supervisor.lifecycle.states import AT_REST, State

Judgement = tuple[Literal["running", "done", "failed"], str]

KEPT_JOBS = 1000
"""How many settled jobs can still be asked for."""


@dataclass(frozen=True, slots=True)
class _Open:
    job: Job
    incarnation: int
    """The incarnation that lived when it was wished."""
    is_held: bool = False
    """It waits for its turn; nothing has been wished yet."""


class JobBook:
    """All jobs of an engine, by id. `when_changed` hears of each that says something new."""

    def __init__(self, when_changed: Callable[[Job], None]) -> None:
        self._when_changed = when_changed
        self._jobs: dict[int, Job] = {}
        self._open: dict[tuple[str, ActionName], _Open] = {}
        self._settled: dict[int, asyncio.Event] = {}
        self._next_id = 1

    def get(self, job_id: int) -> Job | None:
        return self._jobs.get(job_id)

    def open(self, action: ActionName, before: Life, now_s: float, *, held_text: str = "") -> Job:
        """The job for this wish: the one that is under way, or a new one; with `held_text`, one that waits its turn."""
        under_way = self._open.get((before.name, action))
        if under_way is not None:
            return under_way.job
        job = Job(
            id=self._next_id, action=action, target=before.name, state="running", requested_s=now_s, text=held_text
        )
        self._next_id += 1
        self._open[before.name, action] = _Open(job, before.incarnation, bool(held_text))
        self._keep(job)
        return job

    def begin(self, job: Job, before: Life) -> None:
        """The turn of a held job has come."""
        if (before.name, job.action) in self._open:
            self._open[before.name, job.action] = _Open(job, before.incarnation)

    def fail(self, job: Job, text: str) -> None:
        """Give up a job that nothing will settle."""
        entry = self._open.get((job.target, job.action))
        if entry is not None and entry.job.id == job.id:
            self._change(entry, "failed", text)

    def _keep(self, job: Job) -> None:
        self._jobs[job.id] = job
        while len(self._jobs) > KEPT_JOBS:
            del self._jobs[next(iter(self._jobs))]

    def settle(self, life: Life, now_s: float) -> None:
        """Tell of the jobs of this replica that have changed with its life."""
        for entry in self._of(life.name):
            state, text = judge(entry.job.action, life, entry.incarnation, now_s)
            if not entry.is_held and (state, text) != (entry.job.state, entry.job.text):
                self._change(entry, state, text)

    def forget(self, name: str, text: str) -> None:
        """A replica is no more: what was open on it ends."""
        for entry in self._of(name):
            is_meant = entry.job.action in ("stop", "kill")
            self._change(entry, "done" if is_meant else "failed", text)

    def _of(self, name: str) -> Iterator[_Open]:
        for action in ACTION_NAMES:
            entry = self._open.get((name, action))
            if entry is not None:
                yield entry

    def _change(self, entry: _Open, state: Literal["running", "done", "failed"], text: str) -> None:
        job = msgspec.structs.replace(entry.job, state=state, text=text)
        key = (job.target, job.action)
        if state == "running":
            self._open[key] = _Open(job, entry.incarnation)
        else:
            del self._open[key]
            settled = self._settled.pop(job.id, None)
            if settled is not None:
                settled.set()
        self._keep(job)
        self._when_changed(job)

    async def wait(self, job_id: int, timeout_s: float) -> Job:
        """The job when it is over, or as it is after `timeout_s`.

        Raises:
            RequestRefused: there is no such job.
        """
        job = self._jobs.get(job_id)
        if job is None:
            raise RequestRefused(f"no job {job_id}; it was never opened or is long over")
        if job.state == "running":
            settled = self._settled.setdefault(job_id, asyncio.Event())
            try:
                await asyncio.wait_for(settled.wait(), timeout_s)
            except TimeoutError:
                pass
        return self._jobs.get(job_id) or job


def judge(action: ActionName, life: Life, incarnation_before: int, now_s: float) -> Judgement:
    """Where an action stands: (running, done or failed; what happens or happened)."""
    if action in ("stop", "kill"):
        return _judge_stop(life, incarnation_before, now_s)
    if action in ("pause", "resume"):
        return _judge_pause(action, life)
    return _judge_start(action, life, incarnation_before, now_s)


def _judge_stop(life: Life, incarnation_before: int, now_s: float) -> Judgement:
    if life.state in AT_REST:
        if life.incarnation == 0:
            return "done", "was not started"
        return "done", f"{life.state}: {life.cause.text}" if life.cause else str(life.state)
    if life.state is State.STUCK:
        return "failed", f"pid {life.pid} does not die of SIGKILL (uninterruptible sleep?); it is left as STUCK"
    if life.incarnation > incarnation_before:
        return "failed", "it was started again meanwhile"
    return "running", _stopping_text(life, now_s)


def _judge_pause(action: ActionName, life: Life) -> Judgement:
    if action == "pause":
        if life.state is State.PAUSED:
            return "done", f"paused, pid {life.pid} and its tree"
        return "failed", f"only what runs can be paused; it is {life.state}"
    if life.state in {State.RUNNING, State.UNREADY}:
        return "done", f"goes on, pid {life.pid}"
    return "failed", f"it was not paused; it is {life.state}"


def _judge_start(action: ActionName, life: Life, incarnation_before: int, now_s: float) -> Judgement:
    if life.state is State.STUCK:
        return "failed", f"pid {life.pid} does not die; no second copy is started"
    cause = life.cause.text if life.cause else "unknown"
    if life.state is State.SKIPPED:
        return "failed", f"skipped: {cause}"
    if life.wish is Wish.REST and life.incarnation > 0 and life.state is not State.RUNNING:
        return "failed", "a stop was wished meanwhile"
    if life.state is State.SCHEDULED:
        return "done", "scheduled; start it once more to run it now"
    if life.incarnation == incarnation_before:
        if action == "start" and life.state in {State.RUNNING, State.UNREADY, State.PAUSED}:
            return "done", f"runs already, pid {life.pid}"
        return "running", _stopping_text(life, now_s)
    if life.state in {State.RUNNING, State.FINISHED}:
        verb = "started" if action == "start" else "restarted"
        return "done", f"{verb}, pid {life.pid}" if life.pid else f"{verb} and finished"
    if life.state is State.BACKOFF:
        return "failed", f"ended at once: {cause}; it is tried again"
    if life.state is State.FAILED:
        return "failed", cause
    return "running", "runs, not ready yet" if life.state is State.UNREADY else "starting"


def _stopping_text(life: Life, now_s: float) -> str:
    if life.state is State.WAITING:
        return "waits for what it depends on"
    if life.state is not State.STOPPING:
        return str(life.state)
    if life.stop_step is StopStep.KILL:
        return "SIGKILL sent"
    kill_s = max(0.0, life.since_s + life.stop.timeout_s - now_s)
    name = life.stop.signal_name
    if life.stop_step is StopStep.TERM:
        return f"stopping: {name} sent, SIGKILL in {kill_s:.1f} s"
    term_s = max(0.0, (life.next_step_s or now_s) - now_s)
    return f"stopping: asked, {name} in {term_s:.1f} s, SIGKILL in {kill_s:.1f} s"
