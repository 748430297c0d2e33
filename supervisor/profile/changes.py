"""What it takes to go from one profile to another while its workers run. Pure: compares, and changes nothing.

::

    before ─┐                             add, remove    a worker, a channel, a group
            ├─ plan ─> Change, Change ─>  update         keys that count from now on, nobody is restarted
    after ──┘                             scale          only the number of replicas
                                          restart        this worker's replicas, and nobody else's
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from supervisor.errors import ProfileError
from supervisor.profile.kinds import CONNECTIONS, NOUNS, a
from supervisor.profile.merging import HIDDEN
from supervisor.profile.model import Profile, WorkerSpec
from supervisor.profile.names import quoted
from supervisor.profile.pools import PoolSpec
from supervisor.profile.table import Table

ChangeKind = Literal["add", "remove", "restart", "scale", "update"]

LIVE_KEYS: Final = frozenset(
    {
        "restart",
        "success_exit_codes",
        "significant",
        "max_age",
        "max_memory",
        "schedule",
        "watch",
        "depends_on",
        "stop_timeout",
        "stop_signal",
        "stop_signal_after",
        "stop_command",
        "heartbeat",
        "hang_after",
        "blocked_after",
        "description",
        "autostart",
        "startup",
        "ready",
        "alive",
        "start_timeout",
        "log_level",
        "traceback_locals",
    }
)
"""The keys of a worker that are applied while it runs. `replicas` is too, by scaling; any other restarts the worker."""
NEXT_START_KEYS: Final = frozenset({"startup", "ready", "alive", "start_timeout", "depends_on", "traceback_locals"})
"""Those of them that a replica takes up when it is started next."""

NEXT_RUN_LOG_KEYS: Final = frozenset({"when_full", "compress", "files", "keep_runs"})
"""The keys of ``[logs]`` that count when an engine starts; the others count at once."""

POOL_LIVE_KEYS: Final = frozenset({"processes"})
"""The keys that only pools have and that are applied while one runs; any other of them restarts it."""


@dataclass(frozen=True, slots=True)
class Change:
    """One step of a plan.

    Attributes:
        subject: the name of a worker, channel or group; the project's for what stands at the top, "logs" for `[logs]`.
        change: what is done to it.
        keys: the keys whose values differ, as the profile has them; none for what is added or removed.
        text: what that means, as the end of a sentence that begins with the subject; holds no value.
        what: what the subject is: "worker", which a pool with items is too, "pool" for one that is for code, "group",
            "profile", "logs", or the kind of a channel, such as "queue".
    """

    subject: str
    change: ChangeKind
    keys: tuple[str, ...] = ()
    text: str = ""
    what: str = "worker"


def plan(before: Profile, after: Profile, replicas: Mapping[str, int]) -> tuple[Change, ...]:
    """The steps from `before`, which runs, to `after`.

    Args:
        before: the profile that the engine runs.
        after: the profile that it is to run.
        replicas: how many replicas each worker has now. What somebody scaled by hand stays so, unless the profile's
            own `replicas` changes; a worker that is not in it has as many as `before` says.

    Returns:
        What goes, then the profile's own keys, channels, groups, and workers in the order of `after`. A worker has at
        most one of "restart" and "update", and beside it at most one "scale".

    Raises:
        ProfileError: the project would have another name, which no reload can give it.
    """
    if before.project != after.project:
        told = (
            f'the project runs as "{before.project}" and a reload cannot rename it to "{after.project}"; keep the '
            "name, or stop it and start it anew"
        )
        raise ProfileError([f"{after.path}: {told}"])
    remade = {name: noun for name, noun, _ in _changed_channels(before, after)}
    steps = [
        *_gone_workers(before, after),
        *_profile_changes(before, after),
        *_channel_changes(before, after),
        *_code_pool_changes(before, after),
        *_group_changes(before, after),
    ]
    for name, worker in after.workers.items():
        old = before.workers.get(name)
        if old is None:
            steps.append(Change(name, "add", text=_arrival(worker)))
        else:
            steps += _worker_changes(old, worker, replicas.get(name, old.replicas), remade)
    return tuple(steps)


def keys_of(table: Table) -> dict[str, str]:
    """The attribute of each key of a table, without those that the loader fills in."""
    keys: dict[str, str] = {}
    for attribute, field in type(table).model_fields.items():
        key = field.validation_alias if isinstance(field.validation_alias, str) else attribute
        if not key.startswith(HIDDEN):
            keys.setdefault(key, attribute)
    return keys


def _differing(before: Table, after: Table) -> tuple[str, ...]:
    return tuple(key for key, name in keys_of(after).items() if getattr(before, name) != getattr(after, name))


def _gone_workers(before: Profile, after: Profile) -> Iterator[Change]:
    for name in before.workers:
        if name not in after.workers:
            yield Change(name, "remove", text="is stopped and forgotten")


def _arrival(worker: WorkerSpec) -> str:
    if not worker.autostart:
        return "is there, and waits until somebody starts it"
    if worker.schedule is not None and not worker.schedule.at_start:
        return "is there, and is started at its next time"
    return "is started" if worker.replicas == 1 else f"is started with {worker.replicas} replicas"


def _worker_changes(
    before: WorkerSpec, after: WorkerSpec, replicas: int, remade: Mapping[str, str]
) -> Iterator[Change]:
    keys = [*_differing(before, after), *_pool_keys(before.pool, after.pool)]
    if before.env_file_digest != after.env_file_digest and "env_file" not in keys:
        keys.append("env_file")
    is_scaled = "replicas" in keys and after.replicas != replicas
    if is_scaled:
        keys.remove("replicas")
    used = [f'the {remade[name]} "{name}"' for name in _channels_of(before) & _channels_of(after) if name in remade]
    live = LIVE_KEYS | POOL_LIVE_KEYS
    needing = [key for key in keys if key not in live and key != "replicas" and not _is_idle(key, before, after)]
    if needing or used:
        reasons = [*_reasons(needing), *([f"{' and '.join(sorted(used))} is made anew"] if used else [])]
        yield Change(after.name, "restart", tuple(keys), f"is restarted: {', and '.join(reasons)}")
    elif keys:
        yield Change(after.name, "update", tuple(keys), _update_text(keys))
    if is_scaled:
        yield Change(after.name, "scale", ("replicas",), f"goes from {replicas} to {after.replicas} replicas")


def _pool_keys(before: PoolSpec | None, after: PoolSpec | None) -> tuple[str, ...]:
    """The differing keys that only a pool has; what it is made of, where a worker becomes one or was one."""
    if before is None and after is None:
        return ()
    if before is None or after is None:
        return ("function",)
    shared = WorkerSpec.model_fields.keys() - {"args"}
    attributes = keys_of(after)
    return tuple(key for key in _differing(before, after) if attributes[key] not in shared)


def _code_pool_changes(before: Profile, after: Profile) -> Iterator[Change]:
    """Pools without items, of which each worker that makes one has its own."""
    old = {name: pool for name, pool in before.pools.items() if pool.items is None}
    new = {name: pool for name, pool in after.pools.items() if pool.items is None}
    for name in old:
        if name not in new and name not in after.workers:
            yield Change(name, "remove", text="can no more be made; those that were made go on", what="pool")
    for name, pool in new.items():
        if name not in old:
            yield Change(name, "add", text="can be made by workers that start from now on", what="pool")
        elif keys := _differing(old[name], pool):
            yield Change(name, "update", keys, "counts for workers that start from now on", "pool")


def _is_idle(key: str, before: WorkerSpec, after: WorkerSpec) -> bool:
    """Whether nothing reads the key, before or after."""
    return key == "preload" and "forkserver" not in {before.start_method, after.start_method}


def _reasons(keys: list[str]) -> list[str]:
    if not keys:
        return []
    return [f"{quoted(keys)} {'counts' if len(keys) == 1 else 'count'} only for a new process"]


def _update_text(keys: list[str]) -> str:
    later = [key for key in keys if key in NEXT_START_KEYS]
    text = "goes on without a restart"
    if "processes" in keys:
        text += '; "processes" counts at once: members are added, or leave after what they have in hand'
    if later:
        text += f"; {quoted(later)} {'counts' if len(later) == 1 else 'count'} from its next start"
    return f'{text}; "autostart" counts when the engine starts' if "autostart" in keys else text


def _channels_of(worker: WorkerSpec) -> set[str]:
    return {channel for connection in CONNECTIONS for channel in getattr(worker, connection).values()}


def _profile_changes(before: Profile, after: Profile) -> Iterator[Change]:
    keys = tuple(key for key in ("name", "description", "result") if getattr(before, key) != getattr(after, key))
    if keys:
        yield Change(after.project, "update", keys, "goes on without a restart", "profile")
    if keys := _differing(before.logs, after.logs):
        waiting = [key for key in keys if key in NEXT_RUN_LOG_KEYS]
        late = f"; {quoted(waiting)} {'counts' if len(waiting) == 1 else 'count'} when the engine starts" * bool(
            waiting
        )
        yield Change("logs", "update", keys, f"go on without a restart{late}", "logs")


def _channels(profile: Profile) -> dict[str, tuple[str, Table]]:
    """Every channel by name: what it is called, and its table."""
    return {name: (noun, table) for kind, noun in NOUNS.items() for name, table in getattr(profile, kind).items()}


def _changed_channels(before: Profile, after: Profile) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Name, kind and differing keys of every channel that is in both and not the same; no keys for another kind."""
    old = _channels(before)
    for name, (noun, table) in _channels(after).items():
        if name in old:
            old_noun, old_table = old[name]
            if old_noun != noun:
                yield name, noun, ()
            elif keys := _differing(old_table, table):
                yield name, noun, keys


def _channel_changes(before: Profile, after: Profile) -> Iterator[Change]:
    old, new = _channels(before), _channels(after)
    for name, (noun, _) in old.items():
        if name not in new:
            yield Change(name, "remove", text="is closed, and what is in it is dropped", what=noun)
    for name, noun, keys in _changed_channels(before, after):
        users = [user for user, worker in before.workers.items() if name in _channels_of(worker)]
        became = "" if keys else f" as {a(noun)}"
        told = (
            f"what is in it would be lost, so this is refused while {quoted(users)} "
            f"{'uses' if len(users) == 1 else 'use'} it"
        )
        text = f"is made anew{became}; {told if users else 'nobody uses it'}"
        yield Change(name, "restart", keys, text, noun)
    for name, (noun, _) in new.items():
        if name not in old:
            yield Change(name, "add", text="is made", what=noun)


def _group_changes(before: Profile, after: Profile) -> Iterator[Change]:
    for name in before.groups:
        if name not in after.groups:
            yield Change(name, "remove", text="is no group any more; its workers go on", what="group")
    for name, group in after.groups.items():
        if name not in before.groups:
            yield Change(name, "add", text="counts from now on", what="group")
        elif keys := _differing(before.groups[name], group):
            yield Change(name, "update", keys, "goes on without a restart", "group")
