"""What the messages of sd_notify(3) mean, one after the other. Knows the protocol, holds no socket."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final, Protocol

from supervisor.processes.overhearing import one_line

_EXTENSION_LIMIT_S: Final = 86_400.0
"""The most that one message may ask for; it may ask again."""


class Service(Protocol):
    """Who is told what a worker says of itself."""

    def on_service_ready(self) -> None: ...
    def on_service_ping(self) -> None: ...
    def on_service_period(self, period_s: float | None) -> None: ...
    def on_service_trigger(self) -> None: ...
    def on_service_stopping(self) -> None: ...
    def on_service_status(self, text: str) -> None: ...
    def on_service_remark(self, text: str) -> None: ...
    def on_service_extension(self, by_s: float) -> None: ...


class ServiceMessages:
    """Tells a service's messages one from the other; keys that nobody knows mean nothing."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._status = ""
        self._is_reloading = False
        self._remarked: set[str] = set()

    def take(self, fields: Mapping[str, str]) -> None:
        """Obey one message. Words come before deeds, so that a status is known when what it explains happens."""
        self._take_words(fields)
        if (by_s := _seconds(fields.get("EXTEND_TIMEOUT_USEC"))) is not None:
            self._service.on_service_extension(min(by_s, _EXTENSION_LIMIT_S))
        if (period_s := _seconds(fields.get("WATCHDOG_USEC"))) is not None:
            self._service.on_service_period(period_s or None)
        if fields.get("READY") == "1":
            self._service.on_service_ready()
        if (watchdog := fields.get("WATCHDOG")) == "1":
            self._service.on_service_ping()
        elif watchdog == "trigger":
            self._service.on_service_trigger()
        if fields.get("STOPPING") == "1":
            self._service.on_service_stopping()

    def _take_words(self, fields: Mapping[str, str]) -> None:
        before = self._shown()
        if fields.get("RELOADING") == "1":
            self._is_reloading = True
        elif fields.get("READY") == "1":
            self._is_reloading = False
        if "STATUS" in fields:
            self._status = one_line(fields["STATUS"])
        if self._shown() != before:
            self._service.on_service_status(self._shown())
        if (number := fields.get("ERRNO", "")).isdecimal() and len(number) < 6 and int(number):
            self._remark("ERRNO", f"says that it has failed: {os.strerror(int(number)).lower()} (ERRNO={number})")
        if (status := fields.get("EXIT_STATUS", "")).isdecimal() and len(status) < 6:
            self._remark("EXIT_STATUS", f"says that its exit status is {status}")
        if (pid := fields.get("MAINPID", "")).isdecimal() and len(pid) < 12:
            self._remark("MAINPID", f"says that its main process is {pid}; the one that was started stays the leader")

    def _shown(self) -> str:
        if not self._is_reloading:
            return self._status
        return f"reloading: {self._status}" if self._status else "reloading"

    def _remark(self, key: str, text: str) -> None:
        if key not in self._remarked:
            self._remarked.add(key)
            self._service.on_service_remark(text)


def _seconds(microseconds: str | None) -> float | None:
    """A number of microseconds as seconds; None for what is no such number."""
    if microseconds is None or not (microseconds.isascii() and microseconds.isdecimal()) or len(microseconds) > 18:
        return None
    return int(microseconds) / 1e6
