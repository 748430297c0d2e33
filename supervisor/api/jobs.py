"""Follows every action to its outcome: a job opens with a wish and settles when the replica's life has answered it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import msgspec

from supervisor.api.messages import ACTION_NAMES, ActionName, Job
from supervisor.lifecycle.machine import Life, StopStep, Wish
from supervisor.lifecycle.states import AT_REST, State

Judgement = tuple[Literal["running", "done", "failed"], str]

KEPT_JOBS = 1000
"""How many settled jobs can still be asked for."""


@dataclass(frozen=True, slots=True)
class _Open:
    job: Job
    incarnation: int
    """The incarnation that lived when it was wished."""


class JobBook:
    """All jobs of an engine, by id."""

    def __init__(self) -> None:
        self._jobs: dict[int, Job] = {}
        self._open: dict[tuple[str, ActionName], _Open] = {}
        self._next_id = 1

    def get(self, job_id: int) -> Job | None:
        return self._jobs.get(job_id)

    def open(self, action: ActionName, before: Life, now_s: float) -> Job:
        """The job for this wish: the one that is under way, or a new one."""
        under_way = self._open.get((before.name, action))
        if under_way is not None:
            return under_way.job
        job = Job(id=self._next_id, action=action, target=before.name, state="running", requested_s=now_s, text="")
        self._next_id += 1
        self._open[before.name, action] = _Open(job, before.incarnation)
        self._keep(job)
        return job

    def _keep(self, job: Job) -> None:
        self._jobs[job.id] = job
        while len(self._jobs) > KEPT_JOBS:
            del self._jobs[next(iter(self._jobs))]

    def settle(self, life: Life, now_s: float) -> Iterator[Job]:
        """The jobs of this replica that have changed with its life."""
        for action in ACTION_NAMES:
            entry = self._open.get((life.name, action))
            if entry is None:
                continue
            state, text = judge(action, life, entry.incarnation, now_s)
            if (state, text) == (entry.job.state, entry.job.text):
                continue
            job = msgspec.structs.replace(entry.job, state=state, text=text)
            if state == "running":
                self._open[life.name, action] = _Open(job, entry.incarnation)
            else:
                del self._open[life.name, action]
            self._keep(job)
            yield job


def judge(action: ActionName, life: Life, incarnation_before: int, now_s: float) -> Judgement:
    """Where an action stands: (running, done or failed; what happens or happened)."""
    if action in ("stop", "kill"):
        return _judge_stop(life, incarnation_before, now_s)
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


def _judge_start(action: ActionName, life: Life, incarnation_before: int, now_s: float) -> Judgement:
    if life.state is State.STUCK:
        return "failed", f"pid {life.pid} does not die; no second copy is started"
    if life.wish is Wish.REST and life.incarnation > 0 and life.state is not State.RUNNING:
        return "failed", "a stop was wished meanwhile"
    if life.incarnation == incarnation_before:
        if action == "start" and life.state is State.RUNNING:
            return "done", f"runs already, pid {life.pid}"
        return "running", _stopping_text(life, now_s)
    cause = life.cause.text if life.cause else "unknown"
    if life.state in {State.RUNNING, State.FINISHED}:
        verb = "started" if action == "start" else "restarted"
        return "done", f"{verb}, pid {life.pid}" if life.pid else f"{verb} and finished"
    if life.state is State.BACKOFF:
        return "failed", f"ended at once: {cause}; it is tried again"
    if life.state is State.FAILED:
        return "failed", cause
    return "running", "starting"


def _stopping_text(life: Life, now_s: float) -> str:
    if life.state is not State.STOPPING:
        return str(life.state)
    if life.stop_step is StopStep.KILL:
        return "SIGKILL sent"
    kill_s = max(0.0, life.since_s + life.stop.timeout_s - now_s)
    if life.stop_step is StopStep.TERM:
        return f"stopping: SIGTERM sent, SIGKILL in {kill_s:.1f} s"
    term_s = max(0.0, (life.next_step_s or now_s) - now_s)
    return f"stopping: asked, SIGTERM in {term_s:.1f} s, SIGKILL in {kill_s:.1f} s"
