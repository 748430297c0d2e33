"""The errors a person can meet. Each message says what happened, where, and what to do.

::

    ProcdeckError
    ├── ProfileError           the profile cannot be used; holds every mistake found
    ├── ProjectError           a project name or directory that cannot be used
    │   └── AlreadyRunning     another engine has this project
    ├── EngineUnreachable      no engine answers on the project's socket
    ├── RequestRefused         the engine refused what was asked
    └── LaunchError            a process could not be started
"""

from __future__ import annotations


class ProcdeckError(Exception):
    """The root of all errors that procdeck raises on purpose."""


class ProfileError(ProcdeckError):
    """The profile cannot be used.

    Attributes:
        mistakes: every mistake found, each ``file:line: what; what to do``, in the order of the file.
    """

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


class ProjectError(ProcdeckError):
    """A project name or directory cannot be used."""


class AlreadyRunning(ProjectError):
    """Another engine has this project."""


class EngineUnreachable(ProcdeckError):
    """No engine answers on the project's socket."""


class RequestRefused(ProcdeckError):
    """The engine refused a request; the message is the engine's own."""

    def __init__(self, message: str, suggestions: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.suggestions = suggestions


class LaunchError(ProcdeckError):
    """A process could not be started; the message names what was tried and why it failed."""
