"""`procdeck scale | signal | reload`: what a running engine is asked to change, and what it answers."""

from __future__ import annotations

import re
import signal
import sys
from typing import TYPE_CHECKING, Final

from supervisor.errors import RequestRefused
from tui.cli.exits import ExitCode, UsageError
from tui.cli.locating import client_of, find_engine
from tui.cli.status import table
from tui.cli.telling import complain, did_you_mean, narrate, one_line, tell, tell_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from supervisor.api.requests import PlanStep

_SCALE: Final = re.compile(r"(?P<worker>[^=]+)=(?P<wish>[+-]?\d{1,6})")
_HAS_LINE_NUMBER: Final = re.compile(r":\d+: ")
_PLAN_HEADINGS: Final = ("SUBJECT", "CHANGE", "KEYS", "WHAT")
_NOTHING: Final = "-"


def scale(project: str | None, wishes: tuple[str, ...], *, as_json: bool) -> ExitCode:
    """Have so many replicas of each worker: ``parse=5``, ``parse=+1``; an answer on stdout for each.

    A worker whose scaling is refused is told, and does not keep the others from theirs.
    """
    asked = [_scale_of(wish) for wish in wishes]
    if not asked:
        raise UsageError("say which worker is to have how many replicas: `procdeck scale parse=5`")
    client = client_of(find_engine(project))
    replies = []
    refused = False
    for worker, replicas, by in asked:
        try:
            replies.append(client.scale(worker, replicas, by))
        except RequestRefused as refusal:
            complain(str(refusal))
            refused = True
        else:
            if not as_json:
                tell(one_line(replies[-1].text))
    if as_json:
        tell_json(replies)
    return ExitCode.REFUSED if refused else ExitCode.OK


def _scale_of(wish: str) -> tuple[str, int | None, int]:
    """The worker, how many replicas it is to have, or how many more.

    Raises:
        UsageError: the words do not say so.
    """
    found = _SCALE.fullmatch(wish)
    if found is None:
        hint = f'; did you mean "{wish}=2"?' if "=" not in wish else ""
        raise UsageError(f"cannot scale by {wish!r}: WORKER=N sets the number of replicas, WORKER=+N adds some{hint}")
    text = found["wish"]
    if text[0] not in "+-":
        return found["worker"], int(text), 0
    if int(text) == 0:
        raise UsageError(
            f"{wish!r} changes nothing: {found['worker']}=+1 adds a replica, {found['worker']}=-1 ends one"
        )
    return found["worker"], None, int(text)


def send_signal(project: str | None, name: str, workers: tuple[str, ...], *, as_json: bool) -> ExitCode:
    """Send a signal to the leader of each replica's tree; exit code 1 where nobody got it."""
    if not workers:
        raise UsageError(f"say which workers are to get the signal: `procdeck signal {name} WORKER`")
    wanted = name.upper().removeprefix("SIG")
    known = [each.name.removeprefix("SIG") for each in signal.Signals]
    if wanted not in known and not wanted.removeprefix("-").isdecimal():
        if wanted.lower() in {worker.lower() for worker in workers} or any(w.upper() in known for w in workers):
            raise UsageError(f"the signal comes first: `procdeck signal HUP {name}`")
        raise UsageError(f'there is no signal "{name}"{did_you_mean(wanted, known, 0.6)}')
    reply = client_of(find_engine(project)).signal(workers, wanted)
    if as_json:
        tell_json(reply)
    else:
        tell(one_line(reply.text))
    return ExitCode.OK if reply.signalled else ExitCode.FAILED


def reload(project: str | None, *, is_dry_run: bool, as_json: bool) -> ExitCode:
    """Have the profile read again: its plan as a table on stdout, or every mistake and exit code 1."""
    client = client_of(find_engine(project))
    try:
        reply = client.reload(is_dry_run)
    except RequestRefused as refusal:
        mistakes = str(refusal).splitlines()
        if not any(_HAS_LINE_NUMBER.search(line) for line in mistakes):
            raise
        for mistake in mistakes:
            narrate(one_line(mistake, longest=2000))
        complain("nothing was changed: the profile has to be mended first")
        return ExitCode.FAILED
    if as_json:
        tell_json(reply)
        return ExitCode.OK
    if reply.plan:
        tell(plan_text(reply.plan))
    narrate(one_line(reply.text))
    if reply.plan and not reply.is_applied:
        narrate("nothing was changed; `procdeck reload` does it")
    sys.stdout.flush()
    return ExitCode.OK


def plan_text(plan: Sequence[PlanStep]) -> str:
    """The steps of a plan as a table."""
    return table(
        _PLAN_HEADINGS,
        [
            (
                one_line(step.subject),
                step.change,
                one_line(", ".join(step.keys)) or _NOTHING,
                one_line(step.text) or _NOTHING,
            )
            for step in plan
        ],
    )
