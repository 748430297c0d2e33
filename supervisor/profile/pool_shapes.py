"""The shapes that the keys of a pool may have where TOML allows more than one: a number, text, a list, a table.

Raises ValueError, the only kind that validation gathers, with a sentence that goes on from the key's name.
"""

from __future__ import annotations

from typing import Final

from supervisor.profile.names import did_you_mean

MOST_PROCESSES: Final = 1000
_RANGE_RULE: Final = (
    "must be whole numbers: where to stop, or start and stop, or start, stop and step, such as [0, 1000, 2]"
)
_LARGEST: Final = 2**63 - 1


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def items_table(value: object) -> object:
    """Text is short for a function, a number for a range, a list for the values themselves."""
    if isinstance(value, str):
        return {"function": value}
    if _is_whole(value):
        return {"range": [value]}
    if isinstance(value, list):
        return {"values": value}
    return value


def number_range(value: object) -> tuple[int, int, int] | None:
    """Start, stop and step of a range. Raises ValueError."""
    if value is None:
        return None
    given = list(value) if isinstance(value, list | tuple) else [value]
    numbers = [number for number in given if isinstance(number, int) and not isinstance(number, bool)]
    if not 1 <= len(numbers) <= 3 or len(numbers) != len(given) or any(abs(number) > _LARGEST for number in numbers):
        raise ValueError(_RANGE_RULE)
    start, stop, step = (*([0] if len(numbers) == 1 else []), *numbers, 1)[:3]
    if step == 0:
        raise ValueError("must have a step that is not 0")
    if not range(start, stop, step):
        raise ValueError("has no numbers in it: it stops where it starts, or steps the other way")
    return start, stop, step


def results_table(value: object) -> object:
    """Text is short for a file."""
    return {"file": value} if isinstance(value, str) else value


def retries_table(value: object) -> object:
    """A number is short for the most retries."""
    return {"max": value} if _is_whole(value) else value


def processes(value: object) -> int | str:
    """A number of processes, or "cpus". Raises ValueError."""
    return _count_or(value, "cpus", "whole number of processes such as 4", MOST_PROCESSES)


def chunksize(value: object) -> int | str:
    """A number of items, or "auto". Raises ValueError."""
    return _count_or(value, "auto", "whole number of items such as 16", 2**31 - 1)


def _count_or(value: object, word: str, what: str, most: int) -> int | str:
    if value == word:
        return word
    if isinstance(value, int) and not isinstance(value, bool):
        if 1 <= value <= most:
            return value
        raise ValueError(f'must be from 1 to {most}, or "{word}"')
    near = did_you_mean(value, (word,)) if isinstance(value, str) else ""
    raise ValueError(f'must be a {what}, or "{word}"{near}')
