"""Times as people type them: ``14:02``, ``5m ago``, ``yesterday 9:30``, ``2026-11-22 14:02:11``. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from tui.render.zone import Offset, ahead_s, local

_UNITS_S: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
_AGO: Final = re.compile(r"-?\s*(\d+(?:\.\d+)?)\s*(s|m|h|d|w)[a-z]*(?:\s+ago)?")
_CLOCK: Final = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,6}))?)?")
_DATE: Final = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[ t]|$)")

_STORED: Final = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]*Z?$")

EXAMPLES: Final = "14:02, 14:02:11, 5m ago, yesterday 9:30, 2026-11-22 14:02"


def moment(text: str, now_s: float, utc_offset_s: Offset) -> float:
    """The Unix time that a person means at `now_s`; a time of day is the latest one that is not in the future.

    Raises ValueError, with what can be typed, where it is none.
    """
    typed = text.strip().lower()
    if found := _AGO.fullmatch(typed):
        return now_s - float(found[1]) * _UNITS_S[found[2]]
    local_now = local(now_s, utc_offset_s)
    day, typed = _day(typed, local_now)
    if day is None and typed == "now":
        return now_s
    found = _CLOCK.fullmatch(typed)
    if found is None and not (day is not None and not typed):
        raise ValueError(f'"{text.strip()}" is no time; try {EXAMPLES}')
    try:
        at = _on(day or local_now, found)
    except ValueError:
        raise ValueError(f'"{text.strip()}" is no time of day; try {EXAMPLES}') from None
    if day is None and at > local_now:
        at -= timedelta(days=1)
    by_now_s = at.timestamp() - ahead_s(now_s, utc_offset_s)
    return at.timestamp() - ahead_s(by_now_s, utc_offset_s)


def stored_moment(text: str, now_s: float, utc_offset_s: Offset) -> str:
    """The same as the store writes times, ``2026-11-22T13:31:26.123456Z``; what is written so already stays.

    Raises ValueError as `moment` does.
    """
    if _STORED.match(text):
        return text
    return f"{datetime.fromtimestamp(moment(text, now_s, utc_offset_s), UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


def end_of_span(since: str, until: str, typed_until: str) -> str:
    """`until`, or the same time a day later where it is a mere time of day that is before `since`, which nobody means.

    So at 14:00 "15:00" after "13:00" is today's. `since` and `until` as the store writes them.
    """
    if not (since and until) or until >= since or not _CLOCK.fullmatch(typed_until.strip()):
        return until
    return f"{datetime.fromisoformat(until) + timedelta(days=1):%Y-%m-%dT%H:%M:%S.%fZ}"


def _day(typed: str, local_now: datetime) -> tuple[datetime | None, str]:
    """The day that stands before a time of day, and the rest."""
    for word, days in (("today", 0), ("yesterday", 1)):
        if typed == word or typed.startswith(word + " "):
            return local_now - timedelta(days=days), typed[len(word) :].strip()
    found = _DATE.match(typed)
    if found is None:
        return None, typed
    try:
        day = datetime(int(found[1]), int(found[2]), int(found[3]), tzinfo=UTC)
    except ValueError:
        raise ValueError(f'"{found[0].strip()}" is no day; try {EXAMPLES}') from None
    return day, typed[found.end() :].strip()


def _on(day: datetime, clock: re.Match[str] | None) -> datetime:
    if clock is None:
        return day.replace(hour=0, minute=0, second=0, microsecond=0)
    hour, minute, second, fraction = clock.groups(default="0")
    return day.replace(hour=int(hour), minute=int(minute), second=int(second), microsecond=int(fraction.ljust(6, "0")))
