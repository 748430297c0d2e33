"""Levels of loggers that change while the worker runs, without a thread, a signal, or a question to anybody.

The engine writes which level each logger shall have into the worker's status board, and counts up a number there. Every
call of a logger looks at that number, which costs one memory read; so do the children that the worker forks.

::

    engine ── board: number, {"": 10, "urllib3": 30} ──► look at a log call ──► setLevel ──► number taken up
"""

from __future__ import annotations

import logging

TYPE_CHECKING = False  # typing itself would cost every worker 3 ms
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from supervisor.channels.board import StatusBoard

    Hear = Callable[[str, int], None]

NUMBERS = {"TRACE": 5, "DEBUG": 10, "INFO": 20, "SUCCESS": 25, "WARNING": 30, "ERROR": 40, "CRITICAL": 50}
"""The levels that a profile or a person names, as `logging` and loguru have them."""

_board: StatusBoard | None = None
_wish: Sequence[int] = (0,)
_seen = 0
_hearers: list[Hear] = []
_own_logger = ""


def number_of(level: str) -> int:
    """The number of a level's name; INFO's for one that nobody knows."""
    return NUMBERS.get(level.upper(), logging.INFO)


def watch() -> None:
    """Look for a wish at every call of a logger of `logging`."""
    logging.Logger.isEnabledFor = _is_enabled_for  # type: ignore[method-assign]


def follow(board: StatusBoard, own_logger: str) -> None:
    """From now on do what `board` says. A level for all loggers is also given to `own_logger`, that of ``ctx.log``."""
    global _board, _wish, _own_logger
    _board, _wish, _own_logger = board, board.level_number, own_logger
    look()


def tell(hear: Hear) -> None:
    """Have `hear` called with a logger's name ("" for all) and its level's number, at every change."""
    _hearers.append(hear)


def look() -> None:
    """Do what the engine wishes, where it has wished something since the last look."""
    if _wish[0] != _seen:
        _obey()


def _obey() -> None:
    global _seen  # noqa: PLW0603 - as above
    if _board is None:
        return
    number = _wish[0]
    wished = _board.read_levels()
    if wished is None:
        return  # it is being written just now: the next call looks again
    _seen = number
    for name, level in wished.items():
        set_level(name, level)
    _board.take_up_levels(number)


def set_level(name: str, level: int) -> None:
    """Give the logger `name`, "" for all, another level now."""
    logging.getLogger(name or None).setLevel(level)
    if not name and _own_logger:
        logging.getLogger(_own_logger).setLevel(level)
    for hear in _hearers:
        try:
            hear(name, level)
        except Exception:  # a library that is not as it is known keeps its level
            pass


_original_is_enabled_for = logging.Logger.isEnabledFor


def _is_enabled_for(self: logging.Logger, level: int) -> bool:
    if _wish[0] != _seen:
        _obey()
    if self.disabled:
        return False
    try:
        return self._cache[level]  # type: ignore[attr-defined,no-any-return]
    except KeyError:
        return _original_is_enabled_for(self, level)
