"""A process that works for the engine beside it, from its launch until it is reaped: lines come from its stdout.

It lives as long as its stdin is open, so that it ends with the engine, however the engine ends.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from supervisor.processes import linux
from supervisor.processes.reaping import ExitWatch

if TYPE_CHECKING:
    import asyncio

LINE_LIMIT_BYTES: Final = 1024 * 1024
"""One that sends more than this without the end of a line is not heard any more."""

_ROOT: Final = str(Path(__file__).resolve().parent.parent.parent)


class Companion:
    """One companion process.

    Args:
        words: its command line.
        on_line: called with each whole line of its stdout.
        on_ended: called once, with its exit code (negative for a signal, None where unknown), after its last line.
        setup: what it is to be told, as JSON: it gets the number of a descriptor that has it as its last argument.

    Raises:
        OSError: no process could be made.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        words: Sequence[str],
        on_line: Callable[[bytes], None],
        on_ended: Callable[[int | None], None],
        *,
        setup: dict[str, Any] | None = None,
    ) -> None:
        self._loop = loop
        self._on_line = on_line
        self._on_ended = on_ended
        self._rest = b""
        self._late_kill: asyncio.TimerHandle | None = None
        descriptor = -1 if setup is None else linux.memory_file("procdeck-setup", json.dumps(setup).encode())
        try:
            self._process = subprocess.Popen(
                [*words, str(descriptor)] if descriptor >= 0 else words,
                pass_fds=(descriptor,) if descriptor >= 0 else (),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                cwd=_ROOT,
                start_new_session=True,
            )
        finally:
            if descriptor >= 0:
                os.close(descriptor)
        self.pid = self._process.pid
        self._output = _number(self._process.stdout)
        os.set_blocking(self._output, False)
        self._watch = ExitWatch(loop, self.pid, self._on_exit)
        loop.add_reader(self._output, self._read)

    def dismiss(self, patience_s: float | None = None) -> None:
        """Close its stdin, whereupon it finishes and ends; it is killed when that takes longer than `patience_s`."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        if patience_s is not None and self._late_kill is None:
            self._late_kill = self._loop.call_later(patience_s, self.kill)

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()

    def ignore(self) -> None:
        """Hear it no more."""
        if self._output >= 0:
            self._loop.remove_reader(self._output)
            self._output = -1
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _read(self) -> None:
        if self._output < 0:
            return
        try:
            chunk = os.read(self._output, 65536)
        except BlockingIOError:
            return
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        if not chunk or len(self._rest) > LINE_LIMIT_BYTES:
            self.ignore()
        for line in lines:
            self._on_line(line)

    def _on_exit(self, status: int | None) -> None:
        self._process.returncode = 0 if status is None else status
        if self._late_kill is not None:
            self._late_kill.cancel()
        self._read()  # its last word may say how far it was
        self.ignore()
        self.dismiss()
        self._on_ended(status)


def message_in(line: bytes) -> dict[str, Any]:
    """The JSON object in a line; empty for anything else, which something in the process has printed."""
    try:
        message = json.loads(line)
    except ValueError:
        return {}
    return message if isinstance(message, dict) else {}


def _number(file: IO[bytes] | None) -> int:
    assert file is not None
    return file.fileno()
