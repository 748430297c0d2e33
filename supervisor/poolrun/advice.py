"""Says what would make a pool faster or safer: what travels and need not, what is too small to travel alone. Pure."""

from __future__ import annotations

import sys
from dataclasses import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

BIG_BYTES = 256 * 1024
HUGE_BYTES = 1024 * 1024
PICKLE_SHARE = 0.2
PLAIN_BYTES = 4096
"""Smaller values cannot be made much plainer."""
TINY_S = 0.001
NOTHING_S = 0.00002
SHARED_BYTES = 64 * 1024
"""An object of an item that is at least so big, and is in the next item too, is worth a sentence."""
ENOUGH = 20
"""So many items are looked at before anything is said."""
_LOOKS = 200


@dataclass(frozen=True, slots=True)
class Measures:
    """What advice is taken from.

    Attributes:
        done: items.
        item_bytes, result_bytes: on average, as they travel.
        pickle_share: of the work.
        mean_s: an item's work; None while nobody knows.
        is_chunk_fixed: the profile has set `chunksize`.
        repeated: what is in one item after another, in words; empty for nothing.
        has_file: results go into a file.
    """

    done: int
    item_bytes: float = 0.0
    result_bytes: float = 0.0
    pickle_share: float = 0.0
    mean_s: float | None = None
    chunksize: int = 1
    is_chunk_fixed: bool = False
    repeated: str = ""
    has_file: bool = False


def advise(seen: Measures) -> tuple[str, ...]:
    """Sentences, the weightiest first; none before `ENOUGH` items are done."""
    if seen.done < ENOUGH:
        return ()
    found = []
    if seen.repeated:
        found.append(
            f"{seen.repeated} travels with each item: give it to the members once, in an initializer, or put it into "
            "a shared block ([blocks.X])"
        )
    elif seen.item_bytes > BIG_BYTES:
        found.append(
            f"an item is {size(seen.item_bytes)} on average: give names or numbers of what is to be done and let "
            "members read it themselves, or put the data into a shared block ([blocks.X])"
        )
    if seen.result_bytes > HUGE_BYTES and seen.has_file:
        found.append(
            f"a result is {size(seen.result_bytes)} on average and goes into a text file: let the function write it "
            "and return the file's name, or return less"
        )
    elif seen.result_bytes > BIG_BYTES:
        found.append(f"a result is {size(seen.result_bytes)} on average: return less, or write into a shared block")
    if seen.pickle_share > PICKLE_SHARE and seen.item_bytes + seen.result_bytes > PLAIN_BYTES and not found:
        found.append(
            f"{seen.pickle_share:.0%} of the members' work is pickling: give and return plainer or smaller values, "
            "numpy arrays rather than lists of numbers"
        )
    if seen.mean_s is not None and seen.mean_s < TINY_S and seen.chunksize == 1 and seen.is_chunk_fixed:
        found.append(f'an item takes {seen.mean_s * 1e6:,.0f} µs: set chunksize = "auto", so that many travel together')
    elif seen.mean_s is not None and seen.mean_s < NOTHING_S:
        found.append(
            f"an item takes {seen.mean_s * 1e6:,.0f} µs, less than it costs to bring it to a member: let an item stand "
            "for many (a range of numbers, a list of names)"
        )
    return tuple(found)


def size(count: float) -> str:
    """``12 kB``, ``3.4 MB``."""
    if count < 1e6:
        return f"{count / 1e3:,.0f} kB"
    return f"{count / 1e6:,.1f} MB"


class RepeatWatch:
    """Looks at the first items for big objects that are in each of them.

    Attributes:
        repeated: ``the ndarray of 8.0 MB at [1]``; empty when there is none.
    """

    def __init__(self) -> None:
        self.repeated = ""
        self._looks = 0
        self._before: list[tuple[object, Any]] = []

    def look(self, item: object) -> None:
        """The next item."""
        if self._looks >= _LOOKS or self.repeated:
            self._before = []
            return
        self._looks += 1
        parts = _parts(item)
        for (place, part), (_, before) in zip(parts, self._before, strict=False):
            if part is before and (bytes_ := _bytes_of(part)) >= SHARED_BYTES:
                self.repeated = f"the same {type(part).__name__} of {size(bytes_)}" + (
                    f" at [{place!r}]" if parts else ""
                )
                return
        self._before = parts


def _parts(item: object) -> list[tuple[object, Any]]:
    if isinstance(item, (tuple, list)):
        return list(enumerate(item[:10]))
    if isinstance(item, dict):
        return list(item.items())[:10]
    return [("", item)]


def _bytes_of(value: Any) -> int:
    """About how big it is; what only looks at the outside of a container."""
    found = getattr(value, "nbytes", None)
    return found if isinstance(found, int) else sys.getsizeof(value, 0)
