"""One replica in full, for the detail pane: what runs, how it is started and stopped, how its lives ended."""

from __future__ import annotations

from pathlib import Path

from supervisor import proctable
from supervisor.api.messages import TreeProcess, WorkerDetail
from supervisor.masking import mask_environment, mask_text
from supervisor.processes.preparing import choose_method, python_of, runs_text, working_directory
from supervisor.replica import Replica, dependencies_of


def make_detail(replica: Replica, directory: Path, now_s: float, *, group: str = "") -> WorkerDetail:
    """Everything that is known of one replica; secrets masked."""
    worker = replica.worker
    method = choose_method(worker)
    tree = replica.seen.sample.processes if replica.seen.sample and replica.life.pid else ()
    return WorkerDetail(
        row=replica.row(now_s),
        runs=runs_text(worker),
        description=worker.description,
        start_method=method.method,
        start_method_meaning=method.meaning,
        start_method_reason=method.reason,
        python="" if worker.kind == "command" else python_of(worker, directory),
        cwd=str(working_directory(worker, directory)),
        environment=mask_environment(worker.env),
        restart_policy=replica.life.restart.in_words(),
        stop_policy=replica.life.stop.in_words(),
        exits=tuple(replica.exits),
        tree=tuple(
            TreeProcess(
                pid=entry.pid,
                parent_pid=entry.parent_pid,
                command=mask_text(proctable.command_line(entry.pid)),
                rss_bytes=entry.rss_bytes,
            )
            for entry in tree
        ),
        last_traceback=replica.last_traceback,
        depends_on=tuple(dependency.in_words() for dependency in dependencies_of(worker)),
        group=group,
    )
