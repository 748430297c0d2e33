"""How the command line talks: data on stdout, narration and complaints on stderr, worker text without its powers."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final

from supervisor.logs.inert import inert

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TextIO

LONGEST_CHARACTERS: Final = 300
"""Of a worker's words on one line."""
MOST_NAMES_SAID: Final = 30


def one_line(text: str, longest: int = LONGEST_CHARACTERS) -> str:
    """Words of a worker, or of whatever it ran: on one line, of bounded length, with nothing a terminal would obey."""
    return inert(text[:longest], keeps_newlines=False)


def tell(text: str) -> None:
    """A line of data."""
    print(text)


def tell_block(text: str) -> None:
    """Many lines of data at once, all of them or a BrokenPipeError.

    With PYTHONUNBUFFERED, Python writes to the pipe only once and drops what did not go in; so this asks again.
    """
    sys.stdout.flush()
    rest = memoryview(text.encode(sys.stdout.encoding, "backslashreplace"))
    while rest:
        rest = rest[sys.stdout.buffer.write(rest) :]
    sys.stdout.flush()


def tell_json(value: object) -> None:
    """A value of the engine's as JSON, on one line."""
    from supervisor.legible import encoded

    tell_block(encoded(value).decode() + "\n")


def narrate(text: str, end: str = "\n") -> None:
    """A line of narration; a stderr that is closed is no reason to stop."""
    try:
        print(text, end=end, file=sys.stderr, flush=True)
    except (BrokenPipeError, ValueError):
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - it stands in until the process ends


def narrate_over(text: str) -> None:
    """Narration in the place of the line that the cursor is in; for a terminal only."""
    narrate(f"\r\x1b[K{text}", end="")


def complain(text: str) -> None:
    """An error: what happened, where, what to do."""
    narrate(f"procdeck: {text}")


def wants_color(stream: TextIO) -> bool:
    """Whether `stream` is a terminal that shows colour, and its user has not said NO_COLOR."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def did_you_mean(word: str, choices: Iterable[str], cutoff: float = 0.7) -> str:
    """``; did you mean "stop"?`` where one of `choices` is close to `word`, else nothing.

    `cutoff`: how much of the two has to be the same, from 0 to 1; short words need less.
    """
    import difflib

    close = difflib.get_close_matches(word, list(choices), n=1, cutoff=cutoff)
    return f'; did you mean "{close[0]}"?' if close else ""


def listed(names: Iterable[str]) -> str:
    """All `names` in order, or those of the workers where there are too many replicas, or some and how many more."""
    known = sorted(set(names))
    if len(known) > MOST_NAMES_SAID:
        known = sorted({name.partition(".")[0] for name in known})
    rest = len(known) - MOST_NAMES_SAID
    return ", ".join(known[:MOST_NAMES_SAID]) + (f" and {rest:,} more" if rest > 0 else "")
