"""Collects items for a worker under the debugger: what an engine has handed out, and dead letters of a run's folder.

Pickles go into the plan as they are, in base64; nothing is unpickled here.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from supervisor import paths
from supervisor.channels.envelope import file_name
from supervisor.channels.parcel import HEADER_BYTES, SPILLED

__all__ = ["NoLetters", "raw_items", "raw_letters"]

LARGEST_BYTES: Final = 256 << 20
"""Of one item that lies in a file."""


class NoLetters(Exception):
    """There is no such dead letter."""


def raw_items(found: Iterable[tuple[bytes, str]]) -> tuple[list[dict[str, Any]], int]:
    """Items as (pickle, file) for the plan, and how many have been received by others meanwhile."""
    items: list[dict[str, Any]] = []
    gone = 0
    for pickled, path in found:
        if not path:
            items.append({"pickle": _text(pickled)})
            continue
        try:
            items.append({"beside": _text(_read(Path(path)))})
        except OSError:
            gone += 1
    return items, gone


def raw_letters(project: str, run_id: str | None, channel: str, letter: str) -> tuple[str, list[dict[str, Any]]]:
    """The dead letters of a queue, one of them where `letter` is its id; and whose run they are of.

    Args:
        run_id: the run; None for the last one that has left any.

    Raises:
        NoLetters: there are none, or not this one.
    """
    runs = paths.runs_directory(project)
    wanted = [runs / run_id] if run_id else sorted(runs.glob("*"), reverse=True)
    for run in wanted:
        files = sorted((run / "letters" / channel).glob("*.letter"))
        if not files:
            continue
        chosen = [file for file in files if not letter or file.name.endswith(f"-{letter}.letter")]
        if not chosen:
            raise NoLetters(f"{channel} has no dead letter {letter} in run {run.name}; {len(files)} others are there")
        return run.name, [_letter(file, project, run.name) for file in chosen]
    where = f"run {run_id}" if run_id else "any run that is kept"
    raise NoLetters(f"{channel} of {project} has no dead letters in {where}")


def _letter(file: Path, project: str, run_id: str) -> dict[str, Any]:
    """A letter's item: JSON about its end, a newline, the message. A big one is in the run's spill directory."""
    _, _, message = file.read_bytes().partition(b"\n")
    if message[0] != SPILLED:
        return {"pickle": _text(message[HEADER_BYTES:])}
    beside = paths.spill_directory(project, run_id) / file_name(message)
    try:
        return {"beside": _text(_read(beside))}
    except OSError as error:
        raise NoLetters(
            f"the item of dead letter {file.name} was so big that it lay in {beside}, and that is gone with the run: "
            f"{error.strerror}"
        ) from None


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(LARGEST_BYTES)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
