"""Which toasts stay: the newest news about something takes the place of what was said of it before, and few are shown.

It does not know what is said, nor when; a toast lies over the table and moves nothing below it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from textual.app import App
from textual.notifications import Notification, Notify
from textual.widgets._toast import ToastRack

Result = TypeVar("Result")

MOST: Final = 3
"""Toasts that are shown at once. More of them hide the table, and nobody reads so many."""

_ID: Final = "--textual-toast-"
"""How the id of a toast's holder begins; that of its notification follows. Textual's ``ToastRack``."""

Subject = frozenset[str]
"""The names of what a sentence is about: workers, a pool, a channel; empty: nothing that comes up again."""

NOTHING: Final[Subject] = frozenset()


@dataclass
class News(Notification):
    """A notification that knows what it is about."""

    about: Subject = NOTHING


def outdone(shown: Iterable[Notification], new: Notification) -> list[Notification]:
    """Those of the `shown`, oldest first, that go as soon as `new` comes: what is said anew, then all above `MOST`.

    Errors stay longest.
    """
    before = list(shown)
    gone = [old for old in before if old.message == new.message or (_about(old) and _about(old) == _about(new))]
    stay = [old for old in before if old not in gone]
    stay.sort(key=lambda old: old.severity == "error")
    return gone + stay[: max(0, len(stay) + 1 - MOST)]


def _about(notification: Notification) -> Subject:
    return notification.about if isinstance(notification, News) else NOTHING


class FewToasts(App[Result]):
    """An app on which so few are shown at once."""

    def on_notify(self, message: Notify) -> None:
        """Make room for what is to be said; Textual shows it then."""
        gone = outdone(self._notifications, message.notification)
        for notification in gone:
            self._unnotify(notification, refresh=False)
        take_down(self, gone)


def take_down(app: App[Any], gone: Iterable[Notification]) -> None:
    """Take the toasts of what is `gone` off all screens, with the holders that Textual would leave there, empty."""
    identities = {f"{_ID}{notification.identity}" for notification in gone}
    racks = [child for screen in app.screen_stack for child in screen.children if isinstance(child, ToastRack)]
    for holder in [holder for rack in racks for holder in rack.children]:
        if holder.id in identities:
            holder.remove()
