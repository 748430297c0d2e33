"""Turns a worker of the profile into a launch order: which program, where, with what, by which start method."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from supervisor import masking
from supervisor.errors import ProfileError
from supervisor.masking import mask_words
from supervisor.processes.launching import METHOD_MEANING
from supervisor.processes.limits import Resolved, UnknownIdentity, resolve
from supervisor.processes.orders import ChannelEnd, LaunchOrder, Method, Refusal
from supervisor.profile.env_files import read_env_files
from supervisor.profile.model import WorkerSpec
from supervisor.profile.pools import ItemsSpec, PoolSpec
from supervisor.profile.simulating import real_method


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all orders of a run have in common."""

    profile_directory: Path
    output_directory: Path
    pipe_bytes: int
    environment: Mapping[str, str]
    """Said to every worker: ``PROCDECK_PROJECT`` and the like."""


@dataclass(frozen=True, slots=True)
class MethodChoice:
    """The start method in use, what it means, and why it is this one."""

    method: Method
    meaning: str
    reason: str


def choose_method(worker: WorkerSpec) -> MethodChoice:
    """The start method of a worker. A fork of the engine cannot run another interpreter: that worker is spawned."""
    method: Method = worker.start_method
    reason = worker.start_method_reason
    if worker.kind == "command":
        method, reason = "exec", "a command is a program of its own"
    elif method == "fork" and worker.python is not None:
        method = "spawn"
        reason = f"fork was wished ({reason}), but a fork of the engine cannot become {worker.python}"
    elif method == "fork" and worker.user is not None:
        method = "spawn"
        reason = f"fork was wished ({reason}), but a copy of the engine's memory is not for user {worker.user}"
    return MethodChoice(method, METHOD_MEANING[method], reason)


def said_to(name: str, incarnation: int, around: Surroundings) -> dict[str, str]:
    """What a process is told by variables, beside those of its profile."""
    return {
        **around.environment,
        "PROCDECK_WORKER": name,
        "PROCDECK_INCARNATION": str(incarnation),
        "PROCDECK_OUTPUT": str(around.output_directory),
    }


def prepare(
    worker: WorkerSpec,
    replica: int,
    incarnation: int,
    channels: tuple[ChannelEnd, ...],
    around: Surroundings,
    name: str = "",
) -> LaunchOrder:
    """The order for one incarnation of one replica.

    What its files and the system say is read now: environment files, users and groups. What is wrong with them becomes
    the order's refusal. `name` is the replica's, which keeps its own when its worker has got more replicas since.
    """
    name = name or worker.replica_name(replica)
    directory = around.profile_directory
    refusal, variables, resolved = None, {}, Resolved()
    try:
        variables = read_env_files(env_files_of(worker, directory))
        resolved = resolve(worker)
    except ProfileError as error:
        refusal = Refusal(f"cannot read its env_file: {'; '.join(error.mistakes)}", is_permanent=False)
    except UnknownIdentity as error:
        refusal = Refusal(str(error), is_permanent=True)
    masking.remember(variables, all_are_secret=True)
    masking.remember(worker.env)
    if isinstance(worker.args, dict):
        masking.remember(worker.args)
    if worker.pool is not None:
        masking.remember(worker.pool.args)
    return LaunchOrder(
        name=name,
        worker=worker.name,
        replica=replica,
        incarnation=incarnation,
        method=choose_method(worker).method,
        cwd=str(working_directory(worker, directory)),
        environment={
            **said_to(name, incarnation, around),
            **resolved.environment,
            **variables,
            **worker.env,
        },
        output_dir=str(around.output_directory),
        pipe_bytes=around.pipe_bytes,
        python=python_of(worker, directory),
        python_path=(str(directory), *(str(directory / entry) for entry in worker.python_path)),
        preload=tuple(worker.preload),
        subject=_subject(worker, around),
        argv=_argv(worker, around),
        channels=channels,
        log_level=worker.log_level or "",
        traceback_locals=worker.traceback_locals,
        limits=resolved.limits,
        success_exit_codes=tuple(worker.success_exit_codes),
        is_shell_line=worker.kind == "command" and isinstance(worker.command, str),
        simulates=real_method(worker),
        refusal=refusal,
    )


def env_files_of(worker: WorkerSpec, directory: Path) -> list[Path]:
    """The worker's environment files, seen from the profile's directory."""
    return [directory / Path(path).expanduser() for path in worker.env_file]


def shown_environment(worker: WorkerSpec, directory: Path) -> dict[str, str]:
    """What a worker's environment has beside the engine's own, for people: nothing of an environment file is shown."""
    try:
        names = read_env_files(env_files_of(worker, directory))
    except ProfileError:
        names = {}
    return {**dict.fromkeys(names, masking.MASK), **masking.mask_environment(worker.env)}


def working_directory(worker: WorkerSpec, directory: Path) -> Path:
    """Where the worker runs: its ``cwd`` seen from the profile's directory, or that directory."""
    return directory / Path(worker.cwd).expanduser() if worker.cwd else directory


def python_of(worker: WorkerSpec, directory: Path) -> str:
    """The interpreter that runs the worker; a relative path is seen from the profile's directory."""
    if worker.python is None:
        return sys.executable
    return str(directory / Path(worker.python).expanduser()) if os.sep in worker.python else worker.python


def runs_text(worker: WorkerSpec) -> str:
    """What a worker runs, for people: secrets masked."""
    if worker.pool is not None:
        return _pool_text(worker.pool)
    if worker.kind == "command":
        command = worker.command or ""
        return masking.mask_text(command) if isinstance(command, str) else shlex.join(mask_words(command))
    what = worker.target or worker.script or f"-m {worker.module}"
    if isinstance(worker.args, list):
        return shlex.join([what, *mask_words(worker.args)]) if worker.args else what
    shown = mask_words([f"{name}={value}" for name, value in worker.args.items()])
    return f"{what}({', '.join(shown)})" if shown else str(what)


def _pool_text(pool: PoolSpec) -> str:
    items = pool.items.text if pool.items is not None else "what code gives it"
    shown = ", ".join(mask_words([f"{name}={value}" for name, value in pool.args.items()]))
    return f"pool of {pool.function} over {masking.mask_text(items)}{f'({shown})' if shown else ''}"


def _subject(worker: WorkerSpec, around: Surroundings) -> dict[str, Any]:
    if worker.kind == "command":
        return {}
    subject: dict[str, Any]
    if worker.pool is not None:
        subject = {"kind": "pool", "target": worker.pool.function, "pool": pool_order(worker.pool, around)}
    elif worker.kind == "target":
        subject = {"kind": "target", "target": worker.target, "args": fill(worker.args, around)}
    elif worker.kind == "script":
        subject = {"kind": "script", "script": str(around.profile_directory / str(worker.script))}
    else:
        subject = {"kind": "module", "module": worker.module}
    return {**subject, "pools": {name: pool_order(pool, around) for name, pool in worker.pools.items()}}


def pool_order(pool: PoolSpec, around: Surroundings) -> dict[str, Any]:
    """A pool as its process gets it: paths absolute, "cpus" a number, "auto" 0."""
    return {
        "name": pool.name,
        "function": pool.function or "",
        "items": None if pool.items is None else _items(pool, pool.items, around),
        "processes": processes_of(pool),
        "method": pool.method,
        "chunksize": 0 if pool.chunksize == "auto" else pool.chunksize,
        "timeout_s": pool.timeout_s,
        "retries": pool.retries.max,
        "backoff_min_s": pool.retries.backoff_min_s,
        "backoff_max_s": pool.retries.backoff_max_s,
        "maxtasksperchild": pool.maxtasksperchild,
        "initializer": pool.initializer,
        "initargs": fill(pool.initargs, around),
        "finalizer": pool.finalizer,
        "on_result": pool.on_result,
        "on_error": pool.on_error,
        "on_complete": pool.on_complete,
        "results": _results(pool, around),
        "max_failures": pool.max_failures,
        "resume": pool.resume,
        "start_method": pool.start_method,
        "preload": list(pool.preload),
    }


def _items(pool: PoolSpec, items: ItemsSpec, around: Surroundings) -> dict[str, Any]:
    match items.kind:
        case "function":
            return {"kind": "target", "target": items.function, "args": fill(pool.args, around)}
        case "range":
            start, stop, step = items.range or (0, 0, 1)
            return {"kind": "range", "start": start, "stop": stop, "step": step}
        case "lines":
            return {"kind": "lines", "path": _placed(str(items.lines), pool, around)}
        case "files":
            return {"kind": "files", "pattern": _placed(str(items.files), pool, around)}
        case "values":
            return {"kind": "list", "values": fill(items.values, around)}
        case "queue":
            return {"kind": "queue"}


def _results(pool: PoolSpec, around: Surroundings) -> dict[str, Any] | None:
    if pool.results is None:
        return None
    if pool.results.file is None:
        return {"kind": "queue"}
    return {"kind": "file", "path": _placed(pool.results.file, pool, around)}


def _placed(path: str, pool: PoolSpec, around: Surroundings) -> str:
    """`path` seen from the profile's directory; ``@stdlib`` of another interpreter is left for it to fill."""
    if path.startswith("@stdlib/") and pool.python is None:
        return os.path.dirname(os.__file__) + path[len("@stdlib") :]
    if path.startswith("@stdlib/"):
        return path
    return str(around.profile_directory / Path(fill(path, around)).expanduser())


def processes_of(pool: PoolSpec) -> int:
    """How many members a pool is to have."""
    return process_count() if pool.processes == "cpus" else pool.processes


def process_count() -> int:
    """The processors that a process of ours may use: what "cpus" stands for."""
    count = getattr(os, "process_cpu_count", None)  # from Python 3.13 on
    found = count() if count is not None else len(os.sched_getaffinity(0))
    return found or 1


def _argv(worker: WorkerSpec, around: Surroundings) -> tuple[str, ...]:
    if worker.kind != "command":
        return tuple(str(word) for word in fill(worker.args, around)) if isinstance(worker.args, list) else ()
    if isinstance(worker.command, str):
        return ("/bin/sh", "-c", worker.command)
    return tuple(str(word) for word in fill(list(worker.command or ()), around))


def fill(value: Any, around: Surroundings) -> Any:
    """`value` with ``@profile`` and ``@output`` in place; ``@stdlib`` is the worker's own to fill."""
    if isinstance(value, str):
        for mark, directory in (("@output", around.output_directory), ("@profile", around.profile_directory)):
            if value == mark or value.startswith(mark + "/"):
                return str(directory) + value[len(mark) :]
        return value
    if isinstance(value, list):
        return [fill(item, around) for item in value]
    if isinstance(value, dict):
        return {name: fill(item, around) for name, item in value.items()}
    return value
