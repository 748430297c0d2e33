"""Terminals with the real program; after each test, no dashboard, engine or worker of it is left."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

import pytest

from supervisor import paths
from supervisor.errors import ProcdeckError
from supervisor.paths import EngineNote
from tests.engines import RunningEngine, is_alive, wait_for
from tests.terminal.terminal import Terminal

PROGRAM = str(Path(sys.executable).with_name("procdeck"))


class Open(Protocol):
    """Opens the program with `words` in a terminal of its own."""

    def __call__(
        self,
        *words: str,
        columns: int = 160,
        lines: int = 45,
        directory: Path | None = None,
        term: str | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> Terminal: ...


@pytest.fixture
def procdeck(place: Path) -> Iterator[Open]:
    """The installed program, in as many terminals as a test wants."""
    opened: list[Terminal] = []

    def start(
        *words: str,
        columns: int = 160,
        lines: int = 45,
        directory: Path | None = None,
        term: str | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> Terminal:
        environment = {**(environment or {}), **({"TERM": term} if term is not None else {})}
        terminal = Terminal([PROGRAM, *words], columns, lines, directory or place, environment)
        opened.append(terminal)
        return terminal

    yield start
    for terminal in opened:
        terminal.close()
    for note in paths.running_projects():
        _end(note)


def _end(note: EngineNote) -> None:
    try:
        RunningEngine(note).client.down(force=True, timeout_s=30.0)
    except ProcdeckError:
        pass
    wait_for(lambda: not paths.is_running(note.project), "the engine to be gone")
    wait_for(lambda: not is_alive(note.guardian_pid), "the guardian to be gone")
