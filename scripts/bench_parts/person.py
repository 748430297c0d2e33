"""A person at the dashboard of a storm: goes through table and log, key by key, and notes how long each takes."""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable, Iterator
from types import TracebackType

from scripts.bench_parts import engines, report
from scripts.bench_parts.keyboard import Keyboard, Screen

PATIENCE_S = 5.0
KEYS_OF_A_ROUND = 20
"""After so many all has been gone through once."""
_NAME_COLUMNS = 12
"""What of a line of the table does not change by itself."""
_LOG_COLUMNS = 90
"""What of a line is surely the log and not the detail beside it."""


class Keys:
    """How long each key took, by what it was for.

    Attributes:
        took_ms: milliseconds from the key to the paint of its effect.
        missing: keys whose effect did not come within `PATIENCE_S`.
    """

    def __init__(self) -> None:
        self.took_ms: dict[str, list[float]] = {}
        self.missing = 0

    @property
    def every(self) -> list[float]:
        """Of all keys."""
        return [each for found in self.took_ms.values() for each in found]


class Person:
    """Goes through table and log, key by key, for as long as it is asked to."""

    def __init__(self, keyboard: Keyboard, keys: Keys) -> None:
        self._keyboard = keyboard
        self._keys = keys
        self._chance = random.Random(11)
        self._cursor_ground = ""

    def press(self, what: str, key: str, is_seen: Callable[[Screen], bool]) -> None:
        """Press one key, note how long it took, and rest for a moment."""
        took_s = self._keyboard.press(key, is_seen, PATIENCE_S)
        if took_s is None:
            self._keys.missing += 1
        self._keys.took_ms.setdefault(what, []).append((PATIENCE_S if took_s is None else took_s) * 1e3)
        self._keyboard.rest(self._chance.uniform(0.05, 0.2))

    def steps(self) -> Iterator[None]:
        """One key for each turn, for ever; begins and stays with the table focused between two rounds."""
        self._learn_cursor()
        while True:
            for key in ("\x1b[B", "\x1b[B", "\x1b[B", "\x1b[A", "\x1b[A", "\x1b[A"):
                self.press("table: cursor", key, self._has_moved(_NAME_COLUMNS))
                yield
            yield from self._in_log()
            yield from self._in_filter()

    def _in_log(self) -> Iterator[None]:
        self.press("tab to the log", "\t", lambda screen: screen.has("f Follow"))
        yield
        self.press("log: pause", "f", lambda screen: screen.has(" PAUSED "))
        yield
        for key in ("\x1b[5~", "\x1b[5~", "\x1b[6~"):
            self.press("log: page", key, self._has_turned())
            yield
        for key in ("\x1b[A", "\x1b[A", "\x1b[B"):
            self.press("log: cursor", key, self._has_moved(_LOG_COLUMNS))
            yield
        self.press("log: follow", "f", lambda screen: screen.has(" FOLLOW "))
        yield
        self.press("esc to the table", "\x1b", lambda screen: screen.has("s Stop"))
        yield

    def _in_filter(self) -> Iterator[None]:
        """Typed letters; the table keeps all its rows, because all names have them."""
        self.press("table: filter", "/", lambda screen: screen.has("Keep the filter"))
        yield
        for letter in ("w", "."):
            self.press("table: letter", letter, lambda screen, text=letter: _box(screen).endswith(text))  # type: ignore[misc]
            yield
        self.press("table: filter", "\x1b", lambda screen: not screen.has("Keep the filter"))
        yield

    def _learn_cursor(self) -> None:
        """The ground of the row under the cursor is another one than that of the rows below."""
        self._keyboard.watch(lambda screen: screen.has("◉ w.1 ") and screen.has("◉ w.2 "), PATIENCE_S)
        screen = self._keyboard.screen
        first, second = (next(y for y, row in enumerate(screen.rows) if f"◉ {name} " in row) for name in ("w.1", "w.2"))
        self._cursor_ground = screen.grounds[first]
        if self._cursor_ground == screen.grounds[second]:
            raise ValueError("the row under the cursor cannot be told from others")

    def _under_cursor(self, columns: int) -> list[tuple[int, str]]:
        """The line under the cursor: where it is, and how it begins."""
        screen = self._keyboard.screen
        grounds = enumerate(screen.grounds)
        return [(y, screen.rows[y][:columns]) for y, ground in grounds if ground == self._cursor_ground]

    def _has_moved(self, columns: int) -> Callable[[Screen], bool]:
        before = self._under_cursor(columns)
        return lambda _: self._under_cursor(columns) not in (before, [])

    def _has_turned(self) -> Callable[[Screen], bool]:
        """A page goes to the edge of what is in sight first, and turns it then."""
        moved, before = self._has_moved(_LOG_COLUMNS), self._keyboard.screen.rows[-4][:_LOG_COLUMNS]
        return lambda screen: moved(screen) or screen.rows[-4][:_LOG_COLUMNS] != before


def _box(screen: Screen) -> str:
    """What is typed in the table's filter: the line below its title."""
    title = next((y for y, row in enumerate(screen.rows) if row.startswith(" Workers ")), 0)
    return screen.rows[title + 1].strip()


class dashboard:  # noqa: N801 (used like a function)
    """The real program, attached to the engine of `project`, in a terminal of its own."""

    def __init__(self, project: str) -> None:
        self._project = project

    def __enter__(self) -> Keyboard:
        self._keyboard = Keyboard([str(engines.PROCDECK), "attach", "--project", self._project])
        return self._keyboard

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._keyboard.close()


def latency(what: str, found: list[float]) -> list[str]:
    """A line of a table: number, median, 95th percentile, longest."""
    numbers = (statistics.median(found), report.p95(found), max(found))
    return [what, str(len(found)), *(f"{number:.1f} ms" for number in numbers)]
