"""`procdeck screenshot`: pictures of the dashboard as SVG files, of a running engine or of a recording.

Textual is imported inside, as in `tui.app`.
"""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tui.cli.exits import ExitCode, UsageError
from tui.cli.locating import client_of, find_engine
from tui.cli.stacks import write_file
from tui.cli.telling import narrate, tell
from tui.render.figures import size as size_words

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from supervisor.clock import Clock
    from tui.link.engine_link import EngineLink
    from tui.link.view import FleetView
    from tui.screenshot import Shot

LEAST: Final = (60, 15)
"""What the dashboard needs."""
MOST: Final = (500, 200)


@dataclass(frozen=True, slots=True)
class PictureWish:
    """What the command line says.

    Attributes:
        size: columns and lines, ``120x34``.
        output: the file; with several places each one's name is put into its own. None: a name is found.
    """

    places: tuple[str, ...]
    size: str
    output: Path | None
    keys: tuple[str, ...]
    theme: str


def write_pictures(project: str | None, wish: PictureWish, *, recording: Path | None, at: str | None) -> ExitCode:
    """Write a picture of each place and tell where it is."""
    size = size_of(wish.size)
    if at is not None and recording is None:
        raise UsageError("--at is a time in a --recording; without one the picture is of now")
    if recording is not None:
        if project is not None:
            raise UsageError("give either --project or --recording")
        name, drawn = _of_recording(recording, at, wish, size)
    else:
        name, drawn = _of_engine(project, wish, size)
    total_bytes = 0
    for place, svg in drawn:
        path = path_of(wish.output, name, place, is_alone=len(drawn) == 1)
        content = svg.encode("utf-8", "replace")
        write_file(path, content)
        tell(str(path))
        total_bytes += len(content)
    narrate(f"{size_words(total_bytes)}, readable by you alone; any browser shows it")
    return ExitCode.OK


def size_of(text: str) -> tuple[int, int]:
    """Columns and lines.

    Raises:
        UsageError: it is no size, or one in which the dashboard cannot be drawn.
    """
    found = re.fullmatch(r"(\d{1,4})[x×](\d{1,4})", text.strip())
    if found is None:
        raise UsageError(f"--size is columns and lines, such as 120x34, not {text!r}")
    columns, lines = int(found[1]), int(found[2])
    if not (LEAST[0] <= columns <= MOST[0] and LEAST[1] <= lines <= MOST[1]):
        raise UsageError(f"--size is from {LEAST[0]}x{LEAST[1]} to {MOST[0]}x{MOST[1]}, not {text}")
    return columns, lines


def path_of(output: Path | None, project: str, place: str, *, is_alone: bool) -> Path:
    """Where the picture of `place` goes: with several of them its name says which it is."""
    word = re.sub(r"[^\w.@-]+", "-", place)
    if output is None:
        return Path(f"procdeck-{project}-{word}-{time.strftime('%Y%m%d-%H%M%S')}.svg")
    return output if is_alone else output.with_name(f"{output.stem}-{word}{output.suffix or '.svg'}")


def _of_engine(project: str | None, wish: PictureWish, size: tuple[int, int]) -> tuple[str, list[tuple[str, str]]]:
    note = find_engine(project)
    fleet = client_of(note).fleet()  # nobody to draw is told before anything is loaded

    from supervisor.paths import socket_path
    from tui.app import prepare_textual

    prepare_textual()
    from tui.link.socket_link import SocketLink
    from tui.link.view import FleetView, heard_fleet

    shots = _shots(wish, heard_fleet(FleetView(), fleet, fleet.now_s))
    return note.project, _draw(lambda: SocketLink(socket_path(note.project)), note.project, shots, size, wish, None)


def _of_recording(
    directory: Path, at: str | None, wish: PictureWish, size: tuple[int, int]
) -> tuple[str, list[tuple[str, str]]]:
    from tui.app import prepare_textual
    from tui.cli.replayer import moment
    from tui.recording import Recording

    prepare_textual()
    from tui.link.replay_link import ReplayLink
    from tui.replaying import clock_of

    recording = Recording(directory)
    clock = clock_of(recording, recording.ends_at if at is None else moment(recording, at), 0.0)
    shots = _shots(wish, recording.view(clock.wall_s()))
    name = f"{recording.project} (recording)"
    return recording.project, _draw(lambda: ReplayLink(recording, clock), name, shots, size, wish, clock)


def _shots(wish: PictureWish, view: FleetView) -> list[tuple[str, Shot]]:
    """What each of the places means, beside what it was called."""
    from tui.screenshot import PLACES, Shot, place_of

    shots = []
    for word in wish.places or ("workers",):
        place, colon, name = word.partition(":")
        if not colon and place not in PLACES:
            place, name = place_of(word, view) or word, word
        shots.append((word, Shot(place, name, wish.keys)))
    return shots


def _draw(
    line: Callable[[], EngineLink],
    title: str,
    shots: Sequence[tuple[str, Shot]],
    size: tuple[int, int],
    wish: PictureWish,
    clock: Clock | None,
) -> list[tuple[str, str]]:
    from tui.screenshot import pictures

    async def draw() -> list[str]:
        return await pictures(line(), title, [shot for _, shot in shots], size, theme=wish.theme, clock=clock)

    return [(word, svg) for (word, _), svg in zip(shots, asyncio.run(draw()), strict=True)]
