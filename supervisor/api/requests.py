"""Requests, and replies beside those of actions: signals, scale, reload, events. Says which of them mean something."""

from __future__ import annotations

from typing import Final, Literal

from supervisor.api.message import Message
from supervisor.api.messages import ActionName, Event

SIGNAL_NAMES: Final = (
    "HUP", "INT", "QUIT", "USR1", "USR2", "TERM", "CONT", "STOP", "WINCH", "ABRT", "ALRM", "KILL", "TTIN", "TTOU",
)  # fmt: skip
"""The signals that may be sent through the socket."""

REPLICAS_LIMIT: Final = 1000
"""The most replicas of one worker."""

LEVEL_NAMES: Final = ("TRACE", "DEBUG", "INFO", "SUCCESS", "WARNING", "ERROR", "CRITICAL")
"""The levels that a logger may be given."""

LOGGER_NAME_LIMIT: Final = 200
"""Bytes of a logger's name."""

EVENTS_LIMIT: Final = 1000
"""Events in one answer; as many as an engine keeps at hand."""


CLIENT_HEADER: Final = "X-Procdeck-Client"
"""A request may say in it with what it is made: one of `CLIENT_TOOLS`. It is for people to read, and allows nothing."""
CLIENT_TOOLS: Final = ("dashboard", "command line")


def full_signal_name(text: str) -> str:
    """``SIGHUP`` for ``HUP``, ``hup`` and ``SIGHUP``.

    Raises:
        ValueError: no signal that may be sent has this name; the message says what to do.
    """
    name = text.strip().upper().removeprefix("SIG")
    if name in SIGNAL_NAMES:
        return f"SIG{name}"
    if name.removeprefix("-").isdecimal():
        raise ValueError(f"signal {text[:20]!r}: a signal is named, not numbered; there are {', '.join(SIGNAL_NAMES)}")
    raise ValueError(f"no signal {text[:20]!r} can be sent; there are {', '.join(SIGNAL_NAMES)}")


class ActionRequest(Message, frozen=True, kw_only=True):
    action: ActionName
    names: tuple[str, ...]
    """Workers or replicas; ``*`` is all of them."""
    max_unavailable: int = 0
    """For ``restart``: one after another, so many at a time, each ready before the next; 0 is all at once."""


class SignalRequest(Message, frozen=True, kw_only=True):
    """Send one signal to the leader of each named replica's tree."""

    names: tuple[str, ...]
    signal: str
    """``SIGHUP`` or ``HUP``; a number is refused."""


class SignalReply(Message, frozen=True, kw_only=True):
    signalled: tuple[str, ...]
    """The replicas that got it; those without a process did not."""
    text: str


class LevelRequest(Message, frozen=True, kw_only=True):
    """The body of ``POST /v1/log-level``."""

    names: tuple[str, ...]
    """Workers or replicas; ``*`` is all of them."""
    level: str
    """One of `LEVEL_NAMES`, in capitals or not."""
    logger: str = ""
    """The name of a logger of `logging`; empty for all of them, and for loguru."""


class LevelReply(Message, frozen=True, kw_only=True):
    told: tuple[str, ...]
    """The replicas whose level it is now; those at rest have it from their next start."""
    text: str


def full_level_name(text: str) -> str:
    """``DEBUG`` for ``debug``, ``WARNING`` for ``warn``.

    Raises:
        ValueError: there is no such level; the message says what to do.
    """
    name = {"WARN": "WARNING", "FATAL": "CRITICAL"}.get(text.strip().upper(), text.strip().upper())
    if name not in LEVEL_NAMES:
        raise ValueError(f"no level {text[:20]!r}; there are {', '.join(LEVEL_NAMES)}")
    return name


class ScaleRequest(Message, frozen=True, kw_only=True):
    """The body of ``POST /v1/workers/{name}/scale``; give `replicas`, or `by` (+1, -1)."""

    replicas: int | None = None
    by: int = 0


class ScaleReply(Message, frozen=True, kw_only=True):
    worker: str
    before: int
    after: int
    text: str


def check_scale(wish: ScaleRequest) -> None:
    """See that `wish` asks for one thing.

    Raises:
        ValueError: it does not; the message says what to do.
    """
    if (wish.replicas is None) == (wish.by == 0):
        raise ValueError("give either replicas, how many there are to be, or by, how many more (+1) or fewer (-1)")
    if wish.replicas is not None and not 0 <= wish.replicas <= REPLICAS_LIMIT:
        raise ValueError(f"replicas is a number from 0 to {REPLICAS_LIMIT}, not {wish.replicas}")
    if abs(wish.by) > REPLICAS_LIMIT:
        raise ValueError(f"by is a number from -{REPLICAS_LIMIT} to {REPLICAS_LIMIT}, not {wish.by}")


class ReloadRequest(Message, frozen=True, kw_only=True):
    dry_run: bool = False


class PlanStep(Message, frozen=True, kw_only=True):
    """What a reload would do, or did, to one worker or channel."""

    subject: str
    change: Literal["add", "remove", "restart", "scale", "update"]
    """``update``: applied without a restart."""
    keys: tuple[str, ...] = ()
    """The keys that differ."""
    text: str = ""


class ReloadReply(Message, frozen=True, kw_only=True):
    plan: tuple[PlanStep, ...]
    is_applied: bool
    text: str


class EventList(Message, frozen=True, kw_only=True):
    events: tuple[Event, ...]
    next_cursor: int
    """Ask with ``after`` this to go on."""
    missed: int = 0
    """Events after the asked cursor that are no longer kept; the journal file has them."""
