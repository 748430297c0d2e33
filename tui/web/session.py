"""One browser's dashboard: a process of its own, with little environment, that never outlives its socket.

::

    socket ── keys ──▶ stdin ┌──────────────────────────┐
                             │ tui.web.dashboard_process │ ──▶ the engine's socket
    socket ◀─ screen ─ stdout└──────────────────────────┘
                       stderr: the last words, for when it fails
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Final

from tui.web.wire import PRELUDE, is_exit, read_packet

PASSED_ON: Final = (
    "HOME", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "LC_TIME", "LOGNAME", "NO_COLOR", "PATH", "TMPDIR", "TZ", "USER",
    "PROCDECK_GLYPHS", "PROCDECK_RUNTIME_DIR", "PROCDECK_SPILL_DIR", "PROCDECK_STATE_DIR",
    "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR", "XDG_STATE_HOME",
)  # fmt: skip
"""All that a dashboard gets of our environment: none of the tokens and passwords that a shell may hold."""

FRAMES_PER_SECOND: Final = "60"
LAST_WORDS_BYTES: Final = 4096
END_PATIENCE_S: Final = 2.0
"""How long a dashboard has to end by itself, after SIGTERM, before it is killed."""
_PRELUDE_LINES: Final = 10


def command_for(project: str) -> tuple[str, ...]:
    """The command line of one browser's dashboard."""
    return (sys.executable, "-P", "-m", "tui.web.dashboard_process", project)


def environment_for(ours: Mapping[str, str], width: int, height: int, *, allows_control: bool) -> dict[str, str]:
    """The environment of one browser's dashboard."""
    passed = {name: ours[name] for name in PASSED_ON if name in ours}
    return passed | {
        "PROCDECK_READ_ONLY": "" if allows_control else "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "TERM": "xterm-256color",
        "TEXTUAL_COLOR_SYSTEM": "truecolor",
        "TEXTUAL_FPS": FRAMES_PER_SECOND,
        "COLUMNS": str(width),
        "ROWS": str(height),
    }


class DashboardFailed(Exception):
    """The dashboard's process ended against its will; the message has its last words."""


class Session:
    """A dashboard that runs for one socket."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self._last_words = b""
        self._listening = asyncio.create_task(self._keep_last_words())

    async def show(self, send: Callable[[bytes], Awaitable[None]]) -> None:
        """Send all that the dashboard paints, no faster than it is taken; until the dashboard is left.

        Raises:
            DashboardFailed: it ended without having been left.
        """
        reader = self.process.stdout
        assert reader is not None
        try:
            for _ in range(_PRELUDE_LINES):
                if await reader.readline() == PRELUDE:
                    break
            while True:
                kind, payload = await read_packet(reader)
                if kind == b"D":
                    await send(payload)
                elif is_exit(kind, payload):
                    return
        except (asyncio.IncompleteReadError, ValueError):
            raise DashboardFailed(await self._why()) from None

    async def give(self, data: bytes) -> None:
        """Hand packets to the dashboard; where it is gone they are lost, and `show` tells."""
        writer = self.process.stdin
        assert writer is not None
        with suppress(ConnectionError):
            writer.write(data)
            await writer.drain()

    async def end(self) -> None:
        """SIGTERM, then SIGKILL, to the dashboard and all it has started; returns when it is gone."""
        self._signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(END_PATIENCE_S):
                await self._drain()
                await self.process.wait()
        except TimeoutError:
            pass
        finally:
            self._signal(signal.SIGKILL)
        await self.process.wait()
        self._listening.cancel()
        await asyncio.gather(self._listening, return_exceptions=True)

    async def _drain(self) -> None:
        """A dashboard that paints into a full pipe hears no signal."""
        reader = self.process.stdout
        assert reader is not None
        while await reader.read(65536):
            pass

    def _signal(self, number: signal.Signals) -> None:
        """To its group, which is its own; it exists while somebody of it lives, or the leader is not reaped."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, number)

    async def _keep_last_words(self) -> None:
        reader = self.process.stderr
        assert reader is not None
        while said := await reader.read(LAST_WORDS_BYTES):
            self._last_words = (self._last_words + said)[-LAST_WORDS_BYTES:]

    async def _why(self) -> str:
        with suppress(TimeoutError):
            async with asyncio.timeout(END_PATIENCE_S):
                await asyncio.shield(self._listening)
        return self._last_words.decode("utf-8", "replace").strip() or "it said nothing"


@asynccontextmanager
async def opened(command: tuple[str, ...], environment: dict[str, str]) -> AsyncIterator[Session]:
    """A dashboard while the block runs.

    Raises:
        OSError: the process cannot be started.
    """
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *command, stdin=pipe, stdout=pipe, stderr=pipe, env=environment, start_new_session=True
    )
    session = Session(process)
    try:
        yield session
    finally:
        await session.end()
