"""What a worker may use and as whom it runs: the profile's words turned into numbers, at each launch.

Looks users and groups up and refuses what cannot be; `supervisor.agent.limiting` sets them in the new process.
"""

from __future__ import annotations

import grp
import os
import pwd
from dataclasses import dataclass, field
from typing import Any

from supervisor.profile.model import WorkerSpec


class UnknownIdentity(Exception):
    """The profile's user or group cannot be used; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """Limits as numbers, and what the environment says about the user."""

    limits: dict[str, Any] = field(default_factory=dict)
    """What `supervisor.agent.limiting.apply` takes; empty where nothing is limited."""
    environment: dict[str, str] = field(default_factory=dict)
    """HOME, USER and LOGNAME of another user."""


def resolve(worker: WorkerSpec) -> Resolved:
    """The limits of one worker now.

    Raises:
        UnknownIdentity: its user or group does not exist, or may not be had.
    """
    limits: dict[str, Any] = {}
    if worker.limits:
        limits["rlimits"] = {name: list(pair) for name, pair in worker.limits.items()}
    if worker.nice is not None:
        limits["nice"] = worker.nice
    if worker.umask is not None:
        limits["umask"] = worker.umask
    if worker.user is None and worker.group is None:
        return Resolved(limits)
    entry = _user(worker.user)
    identity, is_needed = _identity(worker, entry)
    if is_needed:
        limits["identity"] = identity
    return Resolved(limits, _said_of(entry))


def _user(user: str | int | None) -> pwd.struct_passwd | None:
    """The user's entry; None for a number that has none."""
    if user is None:
        return None
    try:
        return pwd.getpwuid(user) if isinstance(user, int) else pwd.getpwnam(user)
    except KeyError:
        if isinstance(user, int):
            return None
        raise UnknownIdentity(
            f'cannot run as user "{user}": there is no such user on this machine; create it, or correct user'
        ) from None


def _group(group: str | int) -> int:
    if isinstance(group, int):
        return group
    try:
        return grp.getgrnam(group).gr_gid
    except KeyError:
        raise UnknownIdentity(
            f'cannot run with group "{group}": there is no such group on this machine; create it, or correct group'
        ) from None


def _identity(worker: WorkerSpec, entry: pwd.struct_passwd | None) -> tuple[dict[str, Any], bool]:
    """Whom to become, and whether that is anybody else than now."""
    uid = None if worker.user is None else entry.pw_uid if entry else int(worker.user)
    if worker.group is not None:
        gid = _group(worker.group)
    elif entry is not None:
        gid = entry.pw_gid
    else:
        raise UnknownIdentity(
            f"cannot run as user {uid}: no entry of this machine names its group; say which with group"
        )
    groups = sorted({*os.getgrouplist(entry.pw_name, gid)} if entry else {gid})
    name = _called(worker, entry, uid, gid)
    if uid in (None, os.geteuid()) and gid == os.getegid() and os.geteuid() != 0:
        return {}, False
    if os.geteuid() != 0:
        raise UnknownIdentity(
            f"cannot run as {name}: procdeck runs as uid {os.geteuid()}, and only root may run a worker as somebody "
            "else; start procdeck as that user, or leave user and group out"
        )
    return {"name": name, "uid": uid, "gid": gid, "groups": groups}, True


def _called(worker: WorkerSpec, entry: pwd.struct_passwd | None, uid: int | None, gid: int) -> str:
    if uid is None:
        return f'group "{worker.group}" (gid {gid})'
    return f'user "{entry.pw_name if entry else uid}" (uid {uid}, gid {gid})'


def _said_of(entry: pwd.struct_passwd | None) -> dict[str, str]:
    if entry is None:
        return {}
    said = {"HOME": entry.pw_dir, "USER": entry.pw_name, "LOGNAME": entry.pw_name}
    return {name: value for name, value in said.items() if value}
