"""The profile's file as it is now, beside what the engine read: what differs, what is wrong, with secrets masked.

It reads files, so it is for a thread. What it gives holds no secret that gives itself away.

::

    the file ────────────┐                       ┌─ lines with marks: as it was, new, gone
    profile.toml of the ─┴─► ProfileReader.read ─┼─ mistakes, by line
    run's directory                              └─ which table each line is in
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path
from typing import Final, Literal, TypeAlias

from supervisor.paths import loaded_profile_path
from supervisor.profile.formats.toml_lines import key_lines
from supervisor.profile.kinds import NOUNS
from supervisor.profile.outline import outline_of
from tui.cli.masked import mask_profile
from tui.profiles import stamp_of

Mark = Literal["", "+", "-"]
LARGEST_BYTES: Final = 1024 * 1024
"""The loader takes no larger one either."""
LONG_LINES: Final = 2000
"""Of both files: more are taken apart before they are compared."""

_Chain: TypeAlias = "tuple[int, int, _Chain | None]"
"""A place in each of two files, and the one before it."""


@dataclass(frozen=True, slots=True)
class FileLine:
    """A line of the file, or one that is gone from it.

    Attributes:
        number: where it stands in the file, from 1; None: it is gone.
        mark: "+": the engine has not read it; "-": it has, and it is gone; empty: both have it.
        mistakes: what is wrong there, without file and line.
    """

    number: int | None
    text: str
    mark: Mark = ""
    mistakes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Declared:
    """What the table declares that a line is in.

    Attributes:
        kind: "workers", "pools", or the table of a kind of channel, such as "queues".
    """

    kind: str
    name: str
    line: int


@dataclass(frozen=True, slots=True)
class ProfileFile:
    """What a look at the file gave.

    Attributes:
        trouble: why it cannot be shown; what the engine read is shown instead, if that is there.
        is_compared: what the engine read is known, so that marks mean something.
        other_mistakes: those that stand at no line.
    """

    path: Path
    lines: tuple[FileLine, ...] = ()
    trouble: str = ""
    is_compared: bool = False
    other_mistakes: tuple[str, ...] = ()
    declared: tuple[Declared, ...] = field(default=(), repr=False)

    @property
    def mistakes(self) -> int:
        """How many there are."""
        return sum(len(line.mistakes) for line in self.lines) + len(self.other_mistakes)

    @property
    def is_changed(self) -> bool:
        """The engine has read something else."""
        return any(line.mark for line in self.lines)

    def declared_at(self, number: int) -> Declared | None:
        """What the line `number` is about."""
        index = bisect_right([each.line for each in self.declared], number) - 1
        return self.declared[index] if index >= 0 else None


class ProfileReader:
    """Looks at one project's profile again and again; a file that has not changed is not read anew."""

    def __init__(self, path: Path, run_directory: Path | None) -> None:
        self._path = path
        self._loaded = loaded_profile_path(run_directory) if run_directory is not None else None
        self._known: tuple[object, ProfileFile] | None = None

    def read(self) -> ProfileFile:
        """The file now."""
        stamps = stamp_of(self._path), stamp_of(self._loaded) if self._loaded is not None else None
        if self._known is None or self._known[0] != stamps:
            self._known = stamps, self._read()
        return self._known[1]

    def glance(self) -> ProfileFile:
        """The file now, without a look at what is wrong in it, which takes longer the first time."""
        return self._read(is_checked=False)

    def _read(self, *, is_checked: bool = True) -> ProfileFile:
        before, _ = _text(self._loaded) if self._loaded is not None else (None, "")
        now, trouble = _text(self._path)
        if now is None:
            gone = [FileLine(None, text, "-") for text in masked_lines(before or "")]
            return ProfileFile(self._path, tuple(gone), trouble, is_compared=before is not None)
        by_line, others = _by_line(self._path, outline_of(self._path).mistakes if is_checked else ())
        lines = [
            FileLine(line.number, line.text, line.mark, tuple(by_line.get(line.number or 0, ())))
            for line in compared(before, now)
        ]
        return ProfileFile(
            self._path,
            tuple(lines),
            is_compared=before is not None,
            other_mistakes=tuple(others),
            declared=tuple(_declared(now, self._path)),
        )


def compared(before: str | None, now: str) -> list[FileLine]:
    """The lines of `now`, and between them those of `before` that are gone; with secrets masked."""
    new, new_shown = _lines(now), masked_lines(now)
    if before is None:
        return [FileLine(number, text) for number, text in enumerate(new_shown, 1)]
    old, old_shown = _lines(before), masked_lines(before)
    lines: list[FileLine] = []
    for what, old_from, old_to, new_from, new_to in _differences(old, new):
        mark: Mark = "" if what == "equal" else "+"
        if mark:
            lines += [FileLine(None, text, "-") for text in old_shown[old_from:old_to]]
        lines += [FileLine(at + 1, new_shown[at], mark) for at in range(new_from, new_to)]
    return lines


def masked_lines(text: str) -> list[str]:
    """The lines of a profile with secrets masked, and as many of them as before: a mask may join lines."""
    raw, masked = _lines(text), _lines(mask_profile(text))
    if len(raw) == len(masked):
        return masked
    kept: list[str] = []
    for what, raw_from, raw_to, from_, to in _differences(raw, masked):
        shown = raw[raw_from:raw_to] if what == "equal" else masked[from_:to]
        room = raw_to - raw_from
        kept += [*shown[:room], *[""] * (room - len(shown))]
    return kept


def _differences(old: list[str], new: list[str]) -> Iterator[tuple[str, int, int, int, int]]:
    """What turns `old` into `new`, as `SequenceMatcher.get_opcodes` has it.

    That compares each of a line's equals with each, which takes minutes for thousands of lines that are much the same.
    So long files are taken apart first, at lines that each of them has once.
    """
    if len(old) + len(new) <= LONG_LINES:
        yield from SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
        return
    old_at = new_at = 0
    for old_to, new_to in [*_fixed_points(old, new), (len(old), len(new))]:
        gap = SequenceMatcher(None, old[old_at:old_to], new[new_at:new_to])
        for what, old_from, old_end, new_from, new_end in gap.get_opcodes():
            yield what, old_at + old_from, old_at + old_end, new_at + new_from, new_at + new_end
        if old_to < len(old) and new_to < len(new):
            yield "equal", old_to, old_to + 1, new_to, new_to + 1
        old_at, new_at = old_to + 1, new_to + 1


def _fixed_points(old: list[str], new: list[str]) -> list[tuple[int, int]]:
    """Where lines stand that both have once, as many of them as stand in one order in both: a patience diff."""
    places, often = {line: at for at, line in enumerate(new)}, Counter(new)
    once = Counter(old)
    ends: list[int] = []
    """For each length of a chain: the least place in `new` where one may end."""
    chains: list[_Chain] = []
    for at, line in enumerate(old):
        if once[line] == often[line] == 1:
            length = bisect_left(ends, places[line])
            chain = (at, places[line], chains[length - 1] if length else None)
            ends[length : length + 1] = [places[line]]
            chains[length : length + 1] = [chain]
    found: list[tuple[int, int]] = []
    last = chains[-1] if chains else None
    while last is not None:
        found.append(last[:2])
        last = last[2]
    return found[::-1]


def _lines(text: str) -> list[str]:
    """As TOML counts them: Python's own `splitlines` knows more ends of lines."""
    lines = text.replace("\r\n", "\n").split("\n")
    return lines[:-1] if not lines[-1] else lines


def _text(path: Path) -> tuple[str | None, str]:
    """What is in a file, or why that cannot be told."""
    try:
        if not path.is_file():
            return None, f"{path} is gone: moved, renamed or deleted" if not path.exists() else f"{path} is no file"
        with path.open("rb") as file:
            content = file.read(LARGEST_BYTES + 1)
    except OSError as error:
        return None, f"{path} cannot be read: {error.strerror or error}"
    if len(content) > LARGEST_BYTES:
        return None, f"{path} is larger than 1 MiB; this is hardly a profile"
    return content.decode("utf-8-sig", "replace"), ""


def _by_line(path: Path, mistakes: tuple[str, ...]) -> tuple[dict[int, list[str]], list[str]]:
    """The mistakes at each line, without file and line; and those that stand at none."""
    placed: dict[int, list[str]] = {}
    others: list[str] = []
    for mistake in mistakes:
        number, _, text = mistake.removeprefix(f"{path}:").partition(": ")
        if mistake.startswith(f"{path}:") and number.isdecimal():
            placed.setdefault(int(number), []).append(text)
        else:
            others.append(mistake)
    return placed, others


def _declared(text: str, path: Path) -> list[Declared]:
    """What has a table of its own, in the order of the file."""
    prefix: tuple[str, ...] = ("tool", "procdeck") if path.name == "pyproject.toml" else ()
    kinds = {"workers", "pools", *NOUNS}
    found: list[Declared] = []
    for keys, line in key_lines(text.replace("\r\n", "\n")).items():
        own = keys[len(prefix) :] if keys[: len(prefix)] == prefix else ()
        if len(own) == 2 and own[0] in kinds:
            found.append(Declared(str(own[0]), str(own[1]), line))
    return sorted(found, key=lambda each: each.line)
