"""`procdeck start | stop | restart | kill | pause | resume`: says what is meant, waits, and says what happened."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from tui.cli.exits import ExitCode, UsageError
from tui.cli.locating import client_of, find_engine
from tui.cli.telling import complain, narrate, one_line, tell, tell_json

if TYPE_CHECKING:
    from supervisor.api.client import EngineClient
    from supervisor.api.messages import ActionName, Job

WAIT_STEP_S: Final = 30.0
"""How long one request waits for a job. There are as many requests as it takes: the engine bounds every job itself."""

_PROCESS: Final = re.compile(r"(\d{1,10}):(\d{1,20})", re.ASCII)


def act(
    project: str | None,
    action: ActionName,
    names: tuple[str, ...],
    *,
    is_for_all: bool,
    as_json: bool = False,
    max_unavailable: int = 0,
) -> ExitCode:
    """Have the engine do `action` to workers or replicas; an outcome on stdout for each replica.

    `max_unavailable` is for a restart: so many replicas of a worker at a time, 0 all at once.
    """
    if bool(names) == is_for_all:
        complain(f"name the workers to {action}, or say --all" if not names else "name workers or say --all, not both")
        return ExitCode.USAGE
    client = client_of(find_engine(project))
    jobs = client.act(action, ("*",) if is_for_all else names, max_unavailable=max_unavailable)
    for job in jobs:
        if job.state == "running":
            narrate(f"{job.target}: {one_line(job.text)}")
    outcomes = []
    for job in jobs:
        outcomes.append(_outcome(client, job))
        if not as_json:
            mark = "failed: " if outcomes[-1].state == "failed" else ""
            tell(f"{job.target}: {mark}{one_line(outcomes[-1].text)}")
    if as_json:
        tell_json(outcomes)
    return ExitCode.FAILED if any(job.state == "failed" for job in outcomes) else ExitCode.OK


def _outcome(client: EngineClient, job: Job) -> Job:
    """The job when it is over."""
    while job.state == "running":
        job = client.job(job.id, WAIT_STEP_S)
    return job


def kill_process(project: str | None, process: str, *, is_alone: bool, as_json: bool = False) -> ExitCode:
    """Have one process of the run's trees killed: ``4711:123456``, its pid and when the kernel has started it.

    Raises:
        UsageError: it is not written so, or there is something else to kill beside it (not `is_alone`).
    """
    found = _PROCESS.fullmatch(process)
    if not is_alone:
        raise UsageError("name the workers to kill or one --process, not both")
    if found is None:
        raise UsageError(f'"{process}" names no process; `procdeck why` says which: 4711:123456, its pid and its start')
    reply = client_of(find_engine(project)).kill_process(int(found[1]), int(found[2]))
    if as_json:
        tell_json(reply)
    else:
        tell(one_line(reply.text))
    return ExitCode.OK
