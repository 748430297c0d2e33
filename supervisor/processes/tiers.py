"""How a process tree can be ended on this machine, strongest first. It looks, and changes nothing."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import Literal

from supervisor.processes import cgroups, linux

TierName = Literal["cgroup", "subreaper", "session", "PDEATHSIG", "pidfd"]


@dataclass(frozen=True, slots=True)
class KillTier:
    """One means, and whether this machine has it."""

    name: TierName
    is_available: bool
    text: str
    """What it is good for, or why it is not there and what to do."""


def kill_tiers(place: cgroups.Place | None = None) -> tuple[KillTier, ...]:
    """All tiers, found out now (well below 5 ms).

    Args:
        place: our own cgroup; None to look for it.
    """
    return (_cgroup(cgroups.find_place() if place is None else place), *_from_kernel())


def available_tiers(tiers: tuple[KillTier, ...]) -> tuple[str, ...]:
    """The names of those that are there, for `Health.kill_tiers`."""
    return tuple(tier.name for tier in tiers if tier.is_available)


def _cgroup(place: cgroups.Place) -> KillTier:
    if not place.obstacle:
        return KillTier("cgroup", is_available=True, text=f"a tree is ended at once, in {place.directory}")
    as_user = "" if os.geteuid() == 0 else "--user "
    advice = f"start procdeck with `systemd-run {as_user}--scope -p Delegate=yes procdeck ...` to have it"
    return KillTier("cgroup", is_available=False, text=f"{place.obstacle}; {advice}")


def _from_kernel() -> tuple[KillTier, ...]:
    system = sys.platform
    found: list[tuple[TierName, bool, str, str]] = [
        (
            "subreaper",
            linux.has_subreapers(),
            "orphans and daemons of a worker come to the engine and are ended with it",
            f"{system} does not give orphans to the engine: a process that leaves its session may escape",
        ),
        (
            "session",
            hasattr(os, "setsid"),
            "each worker leads a session and process group, which is signalled at once",
            f"{system} has no sessions: run procdeck on a POSIX system",
        ),
        (
            "PDEATHSIG",
            linux.has_death_signals(),
            "the engine is told at once when its guardian is killed",
            f"{system} has no parent death signal: an engine does not notice that its guardian was killed",
        ),
        (
            "pidfd",
            _has_pidfds(),
            "a signal never reaches a stranger who got the pid of a dead process",
            "this kernel or sandbox has no pidfd_open (Linux 5.3): a process is identified by pid and start time",
        ),
    ]
    return tuple(
        KillTier(name, is_available=is_there, text=good if is_there else bad) for name, is_there, good, bad in found
    )


def _has_pidfds() -> bool:
    try:
        os.close(os.pidfd_open(os.getpid()))
    except (AttributeError, OSError):
        return False
    return True
