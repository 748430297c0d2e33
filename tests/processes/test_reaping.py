"""How processes end: noticed once, and told in words that a person can act on."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import sys
from pathlib import Path

import pytest

from supervisor import masking
from supervisor.processes import memory
from supervisor.processes.ending import STATUS_UNKNOWN, Circumstances, exit_cause, signal_name
from supervisor.processes.last_words import KEPT_BYTES, LastWords
from supervisor.processes.memory import OutOfMemoryCounter
from supervisor.processes.reaping import ExitWatch
from tests.engines import PATIENCE_S
from tests.processes.launches import Life, command_order, live

SHELL = Circumstances(is_shell_line=True)
PYTHON = Circumstances(is_python=True)


def text(status: int | None, around: Circumstances | None = None, *sent: int) -> str:
    return exit_cause(status, sent_by_us=frozenset(sent), around=around).text


def test_exit_codes_are_good_or_bad_as_the_profile_says() -> None:
    """0 is good unless it is left out; any other is bad unless it is named."""
    assert exit_cause(0).is_ok
    assert not exit_cause(3).is_ok
    batch = Circumstances(success_exit_codes=(3, 4))
    assert (exit_cause(3, around=batch).is_ok, exit_cause(3, around=batch).text) == (True, "exit code 3")
    assert not exit_cause(0, around=batch).is_ok
    assert text(0, batch) == "exit code 0, which success_exit_codes does not have"
    assert exit_cause(3).exit_code == 3


def test_last_words_are_quoted_where_nothing_better_is_known() -> None:
    """A bad exit code of a program has its reason on stderr; a good one needs none."""
    around = Circumstances(last_words="  bind: address   already in use ")
    assert text(1, around) == "exit code 1 (bind: address already in use)"
    assert text(0, around) == "exit code 0"
    assert text(1, Circumstances(last_words="x" * 500)) == f"exit code 1 ({'x' * 199}…)"


def test_codes_of_a_shell_line_are_the_shells() -> None:
    """127, 126 and 128 + n mean something when a shell says them, and nothing otherwise."""
    assert text(127, SHELL) == "exit code 127: the shell found no such command"
    assert text(126, SHELL) == "exit code 126: the shell could not execute the command"
    assert text(137, SHELL) == "exit code 137: a command of the shell line was ended by SIGKILL"
    assert text(127) == "exit code 127"
    assert text(137) == "exit code 137"


def test_codes_of_python_are_pythons() -> None:
    """What the interpreter means by 130 and 120."""
    assert text(130, PYTHON) == "exit code 130: interrupted (KeyboardInterrupt)"
    assert "could not be flushed" in text(120, PYTHON)
    assert text(130) == "exit code 130"


def test_interpreter_that_ends_before_the_target_runs_has_failed() -> None:
    """Whatever its exit code: it was to run a target and did not."""
    silent = Circumstances(is_python=True, has_spoken=False)
    assert not exit_cause(0, around=silent).is_ok
    assert text(0, silent) == "ended with exit code 0 before its target ran; it wrote nothing on stderr"
    said = Circumstances(is_python=True, has_spoken=False, last_words="no python here")
    assert text(3, said) == "ended with exit code 3 before its target ran: no python here"
    assert text(-signal.SIGSEGV, silent) == "segmentation fault (SIGSEGV), before its target ran"
    assert text(0, silent, signal.SIGTERM) == "exit code 0"  # it was asked to end


def test_signals_are_named_with_who_sent_them() -> None:
    """procdeck's own are told from those of others; nobody is accused of a fault of the program."""
    assert text(-signal.SIGTERM, None, signal.SIGTERM) == "ended by SIGTERM"
    assert text(-signal.SIGKILL, None, signal.SIGTERM, signal.SIGKILL) == "killed by SIGKILL, sent by procdeck"
    assert text(-signal.SIGINT, None, signal.SIGINT) == "killed by SIGINT, sent by procdeck"
    assert text(-signal.SIGKILL, None, signal.SIGTERM) == "killed by SIGKILL from outside"
    assert text(-signal.SIGHUP) == "killed by SIGHUP from outside"
    assert text(-signal.SIGSEGV) == "segmentation fault (SIGSEGV)"
    assert text(-signal.SIGPIPE) == "ended by SIGPIPE: nobody read any more what it wrote"
    fatal = Circumstances(dumped_core=True, last_words="Fatal Python error: gilstate: no thread state")
    assert (
        text(-signal.SIGABRT, fatal) == "aborted (SIGABRT, core dumped): Fatal Python error: gilstate: no thread state"
    )
    assert signal_name(signal.SIGRTMIN + 3) == "SIGRTMIN+3"
    assert signal_name(32) == "signal 32"


def test_limits_that_kill_are_named() -> None:
    """The key of the profile is in the text."""
    assert text(-signal.SIGXCPU) == "ended by SIGXCPU: it has used up its CPU time (limits.cpu)"
    assert text(-signal.SIGXFSZ) == "ended by SIGXFSZ: a file that it wrote became larger than it may (limits.fsize)"


def test_out_of_memory_is_a_guess_only_where_the_kernel_has_killed() -> None:
    """A SIGKILL from outside may be it; one of ours is not."""
    around = Circumstances(is_out_of_memory=True)
    assert "perhaps by the out-of-memory killer" in text(-signal.SIGKILL, around)
    assert "memory" not in text(-signal.SIGKILL, around, signal.SIGKILL)
    assert "memory" not in text(-signal.SIGKILL)


def test_failures_that_the_agent_tells_are_worded_by_how_far_it_came() -> None:
    """An exception was uncaught; a limit or a directory was just not to be had."""
    assert exit_cause(1, failure="ValueError: x at a.py:1").text == "uncaught ValueError: x at a.py:1"
    start = exit_cause(1, failure="cannot start in /x: no such directory", around=Circumstances(phase="start"))
    assert start.text == "cannot start in /x: no such directory"
    assert text(None) == STATUS_UNKNOWN


def test_secrets_in_a_cause_are_masked() -> None:
    """In what the program said, and in the agent's words."""
    assert text(1, Circumstances(last_words="cannot reach postgres://me:hunter2@db/x")).endswith(
        f"(cannot reach postgres://me:{masking.MASK}@db/x)"
    )
    assert "hunter2" not in exit_cause(1, failure="ValueError: --password=hunter2").text


def test_last_words_are_the_last_line_that_says_something() -> None:
    """Chunks are joined, control sequences dropped, only the end is kept, and a fatal error is preferred."""
    words = LastWords()
    assert words.line == ""
    for chunk in (b"first\nsec", b"ond \x1b[31mred\x1b[0m\x07\n", b"\n  \n"):
        assert words.hear(chunk)
    assert words.line == "second red"
    words.hear(b"x" * (3 * KEPT_BYTES) + b"\nend")
    assert words.line == "end"
    words.hear(b"\nFatal Python error: Segmentation fault\n\nCurrent thread 0x1:\n  File x\n")
    assert words.line == "Fatal Python error: Segmentation fault"


def test_counter_of_memory_kills_tells_each_rise_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kills before the engine began are not its workers'; a file that goes away means that nothing is known."""
    file = tmp_path / "memory.events"
    file.write_text("low 0\noom 4\noom_kill 4\noom_group_kill 1\n")
    monkeypatch.setattr(memory, "_places", lambda: [str(tmp_path / "not there"), str(file)])
    counter = OutOfMemoryCounter()
    assert not counter.has_risen()
    file.write_text("oom_kill 6\n")
    assert counter.has_risen()
    assert not counter.has_risen()
    file.unlink()
    assert not counter.has_risen()
    monkeypatch.setattr(memory, "_places", list)
    assert not OutOfMemoryCounter().has_risen()


async def told(folder: Path, line: str, **changes: object) -> tuple[Life, str]:
    """The life of a shell line, and its end in words."""
    order = command_order(folder, "/bin/sh", "-c", line, **changes)
    life = await live(order)
    words = LastWords()
    words.hear(life.said["stderr"].encode())
    around = Circumstances(is_shell_line=True, dumped_core=life.dumped_core, last_words=words.line)
    return life, exit_cause(life.status, around=around).text


async def test_real_ends_have_their_words(tmp_path: Path) -> None:
    """The kernel's and the shell's own numbers, as they come."""
    _, words = await told(tmp_path, "exec 2>&2; no-such-command-here")
    assert words.startswith("exit code 127: the shell found no such command (")
    assert "no-such-command-here" in words
    limits = {"rlimits": {"core": [0, 0]}}
    life, words = await told(tmp_path, "kill -SEGV $$", limits=limits)
    assert (words, life.dumped_core) == ("segmentation fault (SIGSEGV)", False)
    _, words = await told(tmp_path, "exec head -c 2000000 /dev/zero > big", limits={"rlimits": {"fsize": [1000, 1000]}})
    assert words == "ended by SIGXFSZ: a file that it wrote became larger than it may (limits.fsize)"
    source = "import ctypes; ctypes.pythonapi.Py_FatalError(b'made up')"
    _, words = await told(tmp_path, f'exec {sys.executable} -c "{source}"', limits=limits)
    assert words == "aborted (SIGABRT): Fatal Python error: made up"


async def test_limit_of_cpu_time_is_told_as_such(tmp_path: Path) -> None:
    """SIGXCPU comes first, although soft and hard limit are the same in the profile."""
    _, words = await told(tmp_path, "while :; do :; done", limits={"rlimits": {"cpu": [1, 1], "core": [0, 0]}})
    assert words == "ended by SIGXCPU: it has used up its CPU time (limits.cpu)"


async def test_core_that_was_dumped_is_told(tmp_path: Path) -> None:
    """Where the machine writes cores into the working directory."""
    pattern = Path("/proc/sys/kernel/core_pattern").read_text()
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    if pattern.startswith("|") or os.sep in pattern or hard == 0:
        pytest.skip("this machine's cores do not go to the working directory")
    life, words = await told(tmp_path, "kill -SEGV $$", limits={"rlimits": {"core": [hard, hard]}})
    assert words == "segmentation fault (SIGSEGV, core dumped)" if life.dumped_core else "segmentation fault (SIGSEGV)"


async def test_status_that_somebody_else_took_is_unknown() -> None:
    """A library that waits for any child leaves nothing for the watch: it says so, once, and does not fail."""
    pid = os.posix_spawnp("true", ["true"], os.environ)
    over: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
    watch = ExitWatch(asyncio.get_running_loop(), pid, over.set_result)
    os.waitpid(pid, 0)
    assert await asyncio.wait_for(over, PATIENCE_S) is None
    assert not watch.dumped_core
