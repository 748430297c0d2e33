"""How a process ended, in words: the first thing that a person reads about a failure.

::

    exit code, signal, core ─┐
    the agent's last frame ──┼─► exit_cause ──► "uncaught ValueError: bad item at parse.py:41"
    last line of stderr ─────┤                  "killed by SIGKILL from outside, perhaps by the out-of-memory killer"
    what the engine did ─────┘                  "exit code 127: the shell found no such command (sh: redis: not found)"

It says who sent a signal only where that is known, and guesses nothing but what it calls a guess.
"""

from __future__ import annotations

import signal
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from supervisor.lifecycle.events import ExitCause
from supervisor.masking import mask_text

STATUS_UNKNOWN: Final = "ended; its exit status was taken by another waiter"

LAST_WORDS_LENGTH: Final = 200

_FAULTS: Final = {
    signal.SIGSEGV: "segmentation fault",
    signal.SIGABRT: "aborted",
    signal.SIGBUS: "bus error",
    signal.SIGFPE: "arithmetic fault",
    signal.SIGILL: "illegal instruction",
    signal.SIGTRAP: "trace trap",
    signal.SIGSYS: "forbidden system call",
}
_LIMITS: Final = {
    signal.SIGXCPU: "it has used up its CPU time (limits.cpu)",
    signal.SIGXFSZ: "a file that it wrote became larger than it may (limits.fsize)",
}
_SHELL: Final = {126: "the shell could not execute the command", 127: "the shell found no such command"}
_INTERRUPTED: Final = 130
_FLUSH_FAILED: Final = 120
_BY_SIGNAL: Final = 128


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is known of an end besides its exit status.

    Attributes:
        phase: how far the agent came: ``start`` (limits, directory), ``import`` (the target), ``run``; with `failure`.
        is_python: the agent was to run in it.
        has_spoken: the agent has said that the target runs, or why not.
        is_shell_line: it was a shell that ran the profile's text.
        dumped_core: the kernel has written a core.
        is_out_of_memory: the kernel has killed processes for want of memory since the last such end.
        last_words: the last line that it wrote on stderr.
        success_exit_codes: those that are a good end.
    """

    phase: str = "run"
    is_python: bool = False
    has_spoken: bool = True
    is_shell_line: bool = False
    dumped_core: bool = False
    is_out_of_memory: bool = False
    last_words: str = ""
    success_exit_codes: Collection[int] = (0,)


def exit_cause(
    status: int | None,
    *,
    failure: str = "",
    is_permanent: bool = False,
    sent_by_us: frozenset[int] = frozenset(),
    around: Circumstances | None = None,
) -> ExitCause:
    """How an incarnation ended, in words; what looks like a secret is masked.

    Args:
        status: the exit code, negative for a signal, None where unknown.
        failure: the agent's own word of an uncaught exception: ``ValueError: bad item at parse.py:41``.
        is_permanent: another try would end the same way.
        sent_by_us: signal numbers that the engine has sent to this incarnation.
        around: what else is known.
    """
    around = around or Circumstances()
    if failure:
        text = failure if around.phase == "start" else f"uncaught {failure}"
        code = status if status is not None and status > 0 else 1
        return ExitCause(mask_text(text), is_ok=False, exit_code=code, is_permanent=is_permanent)
    if status is None:
        return ExitCause(STATUS_UNKNOWN, is_ok=False)
    if status < 0:
        return _by_signal(-status, sent_by_us, around)
    if around.is_python and not around.has_spoken and not sent_by_us:
        text = f"ended with exit code {status} before its target ran"
        text += f": {_words(around)}" if around.last_words.strip() else "; it wrote nothing on stderr"
        return ExitCause(mask_text(text), is_ok=False, exit_code=status or 1)
    is_ok = status in around.success_exit_codes
    text = f"exit code {status}" if is_ok else _by_code(status, around)
    return ExitCause(mask_text(text), is_ok=is_ok, exit_code=status)


def _by_code(status: int, around: Circumstances) -> str:
    """A code that is no good end."""
    text = f"exit code {status}"
    if status == 0:
        return f"{text}, which success_exit_codes does not have"
    if around.is_shell_line and status in _SHELL:
        text = f"{text}: {_SHELL[status]}"
    elif around.is_shell_line and status > _BY_SIGNAL and status - _BY_SIGNAL in signal.valid_signals():
        text = f"{text}: a command of the shell line was ended by {signal_name(status - _BY_SIGNAL)}"
    elif around.is_python and status == _INTERRUPTED:
        text = f"{text}: interrupted (KeyboardInterrupt)"
    elif around.is_python and status == _FLUSH_FAILED:
        text = f"{text}: what it had written could not be flushed at its end"
    words = _words(around)
    return f"{text} ({words})" if words else text


def _by_signal(number: int, sent_by_us: frozenset[int], around: Circumstances) -> ExitCause:
    name = signal_name(number)
    core = ", core dumped" if around.dumped_core else ""
    if number in sent_by_us:
        text = f"ended by {name}" if number == signal.SIGTERM else f"killed by {name}, sent by procdeck{core}"
    elif number in _LIMITS:
        text = f"ended by {name}: {_LIMITS[signal.Signals(number)]}{core}"
    elif number in _FAULTS:
        words = _words(around)
        text = f"{_FAULTS[signal.Signals(number)]} ({name}{core})" + (f": {words}" if words else "")
    elif number == signal.SIGKILL and around.is_out_of_memory:
        text = f"killed by {name} from outside, perhaps by the out-of-memory killer: the kernel has used it meanwhile"
    elif number == signal.SIGPIPE:
        text = f"ended by {name}: nobody read any more what it wrote"
    else:
        text = f"killed by {name} from outside{core}"
    if around.is_python and not around.has_spoken and not sent_by_us:
        text += ", before its target ran"
    return ExitCause(mask_text(text), is_ok=False, signal=number, exit_code=-number)


def signal_name(number: int) -> str:
    """``SIGTERM``; ``SIGRTMIN+3``; ``signal 99`` for one that has no name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        pass
    first = getattr(signal, "SIGRTMIN", 0)
    return f"SIGRTMIN+{number - first}" if first and first < number <= signal.SIGRTMAX else f"signal {number}"


def _words(around: Circumstances) -> str:
    """The last line of stderr, on one line and not too long."""
    words = " ".join(around.last_words.split())
    return words if len(words) <= LAST_WORDS_LENGTH else words[: LAST_WORDS_LENGTH - 1] + "…"
