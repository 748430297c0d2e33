"""What a run in the foreground says of itself, and how log records look in a terminal: all of it on stderr."""

from __future__ import annotations

import logging
import sys
import traceback

from supervisor.agent import levels
from supervisor.agent.standard_logging import STANDARD_FIELDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_LONGEST = 200
"""Characters of an item that are shown."""


def tell(text: str) -> None:
    """A line about the run."""
    sys.stdout.flush()  # what the worker printed comes first where both go to one terminal
    print(text, file=sys.stderr, flush=True)


def tell_traceback(error: BaseException) -> None:
    """A traceback, as the interpreter prints it."""
    sys.stdout.flush()
    traceback.print_exception(error, file=sys.stderr)


def shown(value: object) -> str:
    """A value on one line, cut. Whatever its ``__repr__`` does."""
    try:
        text = repr(value)
    except Exception as error:
        text = f"<{type(value).__name__}, whose repr() raises {type(error).__name__}>"
    text = "".join(character if character.isprintable() else "·" for character in text[: _LONGEST + 1])
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def one_line(error: BaseException) -> str:
    """What an exception says, on one line, cut."""
    try:
        text = " ".join(str(error).split())
    except Exception as trouble:
        text = f"its str() raises {type(trouble).__name__}"
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


class _Lines(logging.Formatter):
    """``parse.1  WARNING  cannot parse ast.py  size=12``, with the traceback below."""

    def __init__(self, whose: Callable[[], str]) -> None:
        super().__init__()
        self._whose = whose

    def format(self, record: logging.LogRecord) -> str:
        extra = {name: value for name, value in record.__dict__.items() if name not in STANDARD_FIELDS}
        fields = "".join(f"  {name}={value}" for name, value in extra.items())
        lines = [f"{self._whose()}  {record.levelname:<8} {record.getMessage()}{fields}"]
        if record.exc_info and record.exc_info[1] is not None:
            lines += "".join(traceback.format_exception(record.exc_info[1])).rstrip("\n").split("\n")
        return "\n    ".join(lines)


def log_here(whose: Callable[[], str]) -> None:
    """Show what `logging` is told in the terminal. `whose`: the name of the worker that says it."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Lines(whose))
    logging.getLogger().addHandler(handler)


def set_level(level: str) -> None:
    """The lowest level that is shown: of a worker's ``log_level``, INFO where it has none."""
    logging.getLogger().setLevel(levels.number_of(level))
