"""Starts an engine from a client: a guardian in a session of its own, and its word on how the start went."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from pathlib import Path
from typing import Any

from supervisor import errors
from supervisor.paths import EngineNote

_ties: list[int] = []
"""Write ends that engines are tied to; they close with this process."""


def start_engine(
    profile_path: Path, project: str | None = None, *, tie_to_me: bool = False, is_simulated: bool = False
) -> EngineNote:
    """Start an engine on `profile_path` and return when its socket answers.

    Args:
        profile_path: the profile's file.
        project: another name than the profile's own.
        tie_to_me: stop everything when this process ends, however it ends.
        is_simulated: Python workers are threads of one process.

    Raises:
        ProfileError: the profile cannot be used.
        AlreadyRunning: another engine has this project.
        ProcdeckError: it did not start; the message is its own.
    """
    return Ignition(profile_path, project, tie_to_me=tie_to_me, is_simulated=is_simulated).result()


class Ignition:
    """An engine that starts from now on, beside whatever its starter does meanwhile; arguments as `start_engine`'s.

    Attributes:
        is_over: it has been heard how the start went, so that `result` does not wait.
    """

    def __init__(
        self, profile_path: Path, project: str | None = None, *, tie_to_me: bool = False, is_simulated: bool = False
    ) -> None:
        self.is_over = False
        self._answer: dict[str, Any] = {}
        report_read, report_write = os.pipe()
        passed = [report_write]
        words = [sys.executable, "-m", "supervisor", str(profile_path.resolve()), "--report", str(report_write)]
        words += ["--launch-directory", os.getcwd()]
        if project is not None:
            words += ["--project", project]
        if is_simulated:
            words.append("--simulate")
        if tie_to_me:
            tie_read, tie_write = os.pipe()
            _ties.append(tie_write)
            passed.append(tie_read)
            words += ["--tie", str(tie_read)]
        self._report = os.fdopen(report_read, "rb", buffering=0)  # who waits for the descriptor sees every line
        self._process = subprocess.Popen(
            words,
            pass_fds=passed,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
            cwd=str(Path(__file__).resolve().parent.parent.parent),
        )
        for descriptor in passed:
            os.close(descriptor)

    def fileno(self) -> int:
        """A descriptor that can be read as soon as there is something to hear."""
        return self._report.fileno()

    def hear(self, timeout_s: float | None = 0.0) -> None:
        """Take the engine's next word, if there is one within `timeout_s` seconds (None: whenever)."""
        if self.is_over or not select.select([self._report], [], [], timeout_s)[0]:
            return
        line = self._report.readline()
        self._answer = json.loads(line) if line else {}
        self.is_over = "valid" not in self._answer

    def result(self) -> EngineNote:
        """Wait for the engine's word on how the start went; to be asked once. Raises as `start_engine`."""
        process = self._process
        with self._report:
            while not self.is_over:
                self.hear(None)
        answer = self._answer
        assert process.stderr is not None
        if not answer:
            told = process.stderr.read().decode(errors="replace").strip()
            process.wait()
            raise errors.ProcdeckError(f"the engine did not start:\n{told}")
        process.stderr.close()
        if "note" in answer:
            process.returncode = 0  # it goes on without us, and init reaps it
            return EngineNote(**answer["note"])
        process.wait()
        raise _error(answer)

    def leave(self) -> None:
        """Ask no more: the engine starts, or does not, and nobody here waits for it."""
        assert self._process.stderr is not None
        self._report.close()
        self._process.stderr.close()
        self._process.returncode = 0


def _error(answer: dict[str, Any]) -> errors.ProcdeckError:
    if answer["mistakes"]:
        return errors.ProfileError(answer["mistakes"])
    kind = getattr(errors, answer["kind"], errors.ProcdeckError)
    if isinstance(kind, type) and issubclass(kind, errors.ProcdeckError):
        return kind(answer["error"])
    return errors.ProcdeckError(answer["error"])
