"""What is to be launched, as data: made from the profile by the engine, carried out by `launching`."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Literal

Method = Literal["fork", "spawn", "forkserver", "thread", "exec"]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why no process could be made."""

    text: str
    """What, where and what to do: ``cannot start in /srv/data: no such directory; check cwd``."""
    is_permanent: bool
    """Another try would end the same way."""


@dataclass(frozen=True, slots=True)
class ChannelEnd:
    """One channel that the worker gets as a keyword argument."""

    parameter: str
    mode: Literal["read", "write", "share"]
    description: dict[str, Any]
    descriptors: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class LaunchOrder:
    """One incarnation that is to be started.

    Attributes:
        subject: what the agent runs: ``{"kind": "target", "target": "m:f", "args": {...}}`` and the like; empty for a
            command.
        argv: a command's words; a shell line is ``("/bin/sh", "-c", line)``.
        environment: what is added to the engine's own environment.
        preload: modules that the worker's forkserver has imported already.
        pipe_bytes: the size of each of its three pipes.
        log_level: ``DEBUG``; empty for what `logging` and loguru are used to.
        traceback_locals: show the locals of each frame in tracebacks.
        limits: what `supervisor.agent.limiting.apply` takes; empty for none.
        notify_number: the descriptor on which the worker says that it is ready (s6's notification-fd); -1 for none.
        success_exit_codes: the exit codes that are a good end.
        is_shell_line: `argv` is a shell with the profile's text.
        simulates: the start method of the real run, where this one is simulated: `method` is "thread" then.
        refusal: why it must not be launched at all, found while it was prepared.
    """

    name: str
    worker: str
    replica: int
    incarnation: int
    method: Method
    cwd: str
    environment: dict[str, str]
    output_dir: str
    pipe_bytes: int
    python: str = ""
    python_path: tuple[str, ...] = ()
    preload: tuple[str, ...] = ()
    subject: dict[str, Any] = field(default_factory=dict)
    argv: tuple[str, ...] = ()
    channels: tuple[ChannelEnd, ...] = ()
    log_level: str = ""
    traceback_locals: bool = False
    limits: dict[str, Any] = field(default_factory=dict)
    notify_number: int = -1
    success_exit_codes: tuple[int, ...] = (0,)
    is_shell_line: bool = False
    simulates: str = ""
    refusal: Refusal | None = None

    def spec(self, descriptors: dict[str, int]) -> tuple[bytes, list[int]]:
        """The agent's launch order as JSON, and the descriptors it refers to by their place."""
        places: dict[str, int] = {}
        passed: list[int] = []
        for name, descriptor in descriptors.items():
            places[name] = len(passed)
            passed.append(descriptor)
        channels = []
        for end in self.channels:
            first = len(passed)
            passed.extend(end.descriptors)
            channels.append(
                {
                    "parameter": end.parameter,
                    "mode": end.mode,
                    "description": end.description,
                    "fds": list(range(first, len(passed))),
                }
            )
        spec = {
            "name": self.name,
            "worker": self.worker,
            "replica": self.replica,
            "incarnation": self.incarnation,
            "cwd": self.cwd,
            "env": self.environment,
            "python_path": list(self.python_path),
            "output_dir": self.output_dir,
            "log_level": self.log_level,
            "traceback_locals": self.traceback_locals,
            "fds": places,
            "channels": channels,
            "argv": list(self.argv),
            "limits": self.limits,
            "notify": self.notify_number,
            "simulates": self.simulates,
            **self.subject,
        }
        return json.dumps(spec).encode(), passed
