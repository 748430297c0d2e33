"""One replica in full, for the detail pane: what runs, how it is started and stopped, how its lives ended."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from supervisor import proctable
from supervisor.api.messages import CheckState, Origin, TreeProcess, Variable, WorkerDetail
from supervisor.masking import mask_environment, mask_text
from supervisor.processes.preparing import (
    choose_method,
    python_of,
    runs_text,
    shown_environment,
    working_directory,
)
from supervisor.profile.limits import UNLIMITED
from supervisor.profile.model import WorkerSpec
from supervisor.replica import Replica, dependencies_of, schedule_of


def make_detail(
    replica: Replica, directory: Path, now_s: float, *, said: Mapping[str, str], group: str = ""
) -> WorkerDetail:
    """Everything that is known of one replica; secrets masked. `said` is what the engine says to it by variables."""
    worker = replica.worker
    method = choose_method(worker)
    rule = schedule_of(worker)
    sample = replica.seen.sample if replica.life.pid else None
    tree, shares = (sample.processes, sample.cpu_percents) if sample is not None else ((), {})
    shown = shown_environment(worker, directory)
    return WorkerDetail(
        row=replica.row(now_s),
        runs=runs_text(worker),
        description=worker.description,
        start_method=method.method,
        start_method_meaning=method.meaning,
        start_method_reason=method.reason,
        python="" if worker.kind == "command" else python_of(worker, directory),
        cwd=str(working_directory(worker, directory)),
        environment=shown,
        variables=variables_of(worker, shown, said),
        restart_policy=replica.life.restart.in_words(),
        stop_policy=replica.life.stop.in_words(),
        exits=tuple(replica.exits),
        tree=tuple(
            TreeProcess(
                pid=entry.pid,
                parent_pid=entry.parent_pid,
                command=mask_text(proctable.command_line(entry.pid)),
                rss_bytes=entry.rss_bytes,
                cpu_percent=shares.get(entry.pid),
                threads=entry.threads,
                state=_STATES.get(entry.state, entry.state),
            )
            for entry in tree
        ),
        last_traceback=replica.last_traceback,
        depends_on=tuple(dependency.in_words() for dependency in dependencies_of(worker)),
        group=group,
        checks=tuple(
            CheckState(role=check.role, what=check.what, is_passing=check.is_passing, text=check.text)
            for check in (replica.attendance.checks if replica.attendance is not None else ())
        ),
        schedule=rule.in_words() if rule is not None else "",
        advice=replica.last_advice,
        log_levels=dict(replica.levels),
        follows_log_levels=replica.incarnation is None or replica.incarnation.board.has_taken_up_levels,
        limits=limits_text(worker),
    )


_STATES: Final = {
    "R": "running",
    "S": "sleeping",
    "D": "disk wait",
    "T": "stopped",
    "t": "traced",
    "Z": "zombie",
    "I": "idle",
}
"""What the kernel's letters mean (proc_pid_stat(5))."""


def variables_of(worker: WorkerSpec, shown: Mapping[str, str], said: Mapping[str, str]) -> tuple[Variable, ...]:
    """What a process of the worker gets, by name: `shown` by its profile, masked; `said` is what each one is told."""
    own = mask_environment(os.environ)
    layers: dict[str, tuple[str, Origin]] = {name: (value, "engine") for name, value in own.items()}
    layers |= {name: (value, "procdeck") for name, value in said.items()}
    layers |= {name: (value, "profile" if name in worker.env else "env-file") for name, value in shown.items()}
    return tuple(
        Variable(name=name, value=value, origin=origin, engine_value=own.get(name, "") if origin != "engine" else "")
        for name, (value, origin) in sorted(layers.items())
    )


def limits_text(worker: WorkerSpec) -> tuple[str, ...]:
    """What a worker's processes may use and who they are: ``nofile 1024``, ``user www-data``."""
    told = []
    for name, (soft, hard) in worker.limits.items():
        shown = [("unlimited" if limit == UNLIMITED else str(limit)) for limit in dict.fromkeys((soft, hard))]
        told.append(f"{name} {'..'.join(shown)}")
    for name, value in (("nice", worker.nice), ("user", worker.user), ("group", worker.group)):
        if value is not None:
            told.append(f"{name} {value}")
    if worker.umask is not None:
        told.append(f"umask {worker.umask:03o}")
    if worker.max_memory_bytes is not None:
        told.append(f"max_memory {worker.max_memory_bytes / 2**20:.0f} MiB")
    if worker.max_age_s is not None:
        told.append(f"max_age {worker.max_age_s:g} s")
    return tuple(told)
