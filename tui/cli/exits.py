"""What procdeck's exit codes mean, and the error of a command line that cannot be followed."""

from __future__ import annotations

from enum import IntEnum

from supervisor.errors import ProcdeckError


class ExitCode(IntEnum):
    """The exit codes of every command. A headless run may end with a failed worker's own code instead."""

    OK = 0
    """What was asked for has happened. A headless run: every worker finished, or was stopped by its user."""
    FAILED = 1
    """It was tried and failed, or something is left over: a worker that failed, a process that would not die."""
    USAGE = 2
    """The command line cannot be understood, or needs a terminal and has none."""
    NO_ENGINE = 3
    """No engine answers, or it is not clear which one is meant."""
    REFUSED = 4
    """The engine refused: an unknown worker, a project that runs already."""
    PROFILE_INVALID = 5
    """The profile, or the settings file, has mistakes, all of which were told. Nothing was started."""
    STUCK = 6
    """`procdeck why`: somebody it was asked about is stuck, or there is a warning of them."""
    INTERRUPTED = 130
    """Ended by Ctrl-C, as the shell counts SIGINT."""
    OUTPUT_CLOSED = 141
    """Whoever read stdout went away, as the shell counts SIGPIPE."""


class UsageError(ProcdeckError):
    """The command line names something that is not there."""
