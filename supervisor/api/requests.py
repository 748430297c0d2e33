"""Requests and replies beside the plain actions: signals, scale, reload, events."""

from __future__ import annotations

from typing import Literal

from supervisor.api.messages import Event, Message


class SignalRequest(Message, frozen=True, kw_only=True):
    """Send one signal to the leader of each named replica's tree."""

    names: tuple[str, ...]
    signal: str
    """``SIGHUP`` or ``HUP``; a number is refused."""


class SignalReply(Message, frozen=True, kw_only=True):
    signalled: tuple[str, ...]
    """The replicas that got it; those without a process did not."""
    text: str


class ScaleRequest(Message, frozen=True, kw_only=True):
    """The body of ``POST /v1/workers/{name}/scale``; give `replicas`, or `by` (+1, -1)."""

    replicas: int | None = None
    by: int = 0


class ScaleReply(Message, frozen=True, kw_only=True):
    worker: str
    before: int
    after: int
    text: str


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
