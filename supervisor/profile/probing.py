"""Finds the mistakes in the checks of a worker that need more than one key to see: kinds, roles, who can tell.

Works on the tables as parsed, like `supervisor.profile.checking`; what has the wrong type is left to validation.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from supervisor.profile.checks import AGENT_KINDS, CHECK_KINDS, ROLES, SHORT_KINDS, CheckKind
from supervisor.profile.formats.toml_lines import KeyPath
from supervisor.profile.names import did_you_mean
from supervisor.profile.placing import Mistake

_OPTIONS: Final = ("interval", "timeout", "failures", "successes", "delay")


def probe_mistakes(path: KeyPath, worker: dict[str, Any], defaults: object) -> Iterator[Mistake]:
    """Every mistake of this kind in the table of one worker.

    Args:
        path: the worker's table.
        worker: the table as parsed.
        defaults: `[defaults]` as parsed; a heartbeat may stand there.
    """
    for role, kinds in ROLES.items():
        written = worker.get(role)
        items = list(enumerate(written)) if isinstance(written, list) else [(None, written)]
        for index, short in items:
            place: KeyPath = (*path, role) if index is None else (*path, role, index)
            item = {short: True} if isinstance(short, str) and short in SHORT_KINDS else short
            if not isinstance(item, dict):
                continue
            given: list[CheckKind] = [kind for kind in CHECK_KINDS if kind in item]
            yield from _count_mistakes(place, item, given)
            for kind in given:
                if kind not in kinds:
                    fitting = [other for other, allowed in ROLES.items() if kind in allowed]
                    yield Mistake(
                        (*place, kind), f'the check "{kind}" cannot be in {role}; it belongs in {" or ".join(fitting)}'
                    )
            yield from _agent_mistakes(place, worker, defaults, item)


def _count_mistakes(place: KeyPath, item: dict[str, Any], given: list[CheckKind]) -> Iterator[Mistake]:
    worker, role = place[1], place[2]
    for extra in given[1:]:
        yield Mistake(
            (*place, extra),
            f'a check in {role} of worker "{worker}" has both {given[0]} and {extra}; write a list of two checks, '
            "which must both pass",
        )
    known = {*_OPTIONS, *given}
    if not given and not any(did_you_mean(key, CHECK_KINDS) for key in item if key not in known):
        yield Mistake(
            place,
            f'a check in {role} of worker "{worker}" does not say what it checks; give one of {", ".join(CHECK_KINDS)}',
        )


def _agent_mistakes(
    place: KeyPath, worker: dict[str, Any], defaults: object, item: dict[str, Any]
) -> Iterator[Mistake]:
    name, role = place[1], place[2]
    inherited = defaults.get("heartbeat") if isinstance(defaults, dict) else None
    for kind in AGENT_KINDS:
        if kind not in item:
            continue
        if "command" in worker:
            yield Mistake(
                (*place, kind),
                f'the check "{kind}" has no meaning for worker "{name}": a command is executed directly; use notify, '
                "tcp, http, exec or log",
            )
        elif (kind, role, item[kind]) == ("heartbeat", "alive", True) and worker.get("heartbeat", inherited) is None:
            yield Mistake(
                (*place, kind),
                f'the heartbeat check of worker "{name}" does not say how often one comes; give it, such as '
                'alive = { heartbeat = "10s" }',
            )
