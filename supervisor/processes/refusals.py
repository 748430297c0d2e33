"""Why no process could be made, in words: what, where, and what to do. Looks at the files in question, changes nothing.

What passes by itself (memory, process and descriptor limits, a file that is being written) is not permanent: another
try may go better, so the restart policy decides.
"""

from __future__ import annotations

import errno
import os
import shlex
import stat
from collections.abc import Mapping

from supervisor.masking import mask_text, mask_words
from supervisor.processes.orders import Refusal

_PASSING = {
    errno.EAGAIN: "no more processes are allowed (limits.nproc, ulimit -u, pids.max or threads-max)",
    errno.ENOMEM: "there is not enough memory for another process",
    errno.EMFILE: "too many open files in procdeck's engine; raise its limit (ulimit -n)",
    errno.ENFILE: "too many open files on this machine (fs.file-max)",
    errno.ETXTBSY: "the file is open for writing; it can run once it is closed",
    errno.EINTR: "the start was interrupted",
    errno.EIO: "reading it failed (I/O error)",
}


def passing_refusal(what: str, number: int) -> Refusal | None:
    """The refusal for an errno that has nothing to do with what was to be started; None for any other."""
    why = _PASSING.get(number)
    return Refusal(f"cannot {what}: {why}", is_permanent=False) if why else None


def directory_refusal(cwd: str, number: int) -> Refusal:
    """A working directory that cannot be entered."""
    if number == errno.ENOENT:
        why = "no such directory; create it, or correct cwd"
    elif number == errno.ENOTDIR:
        why = "that is not a directory; correct cwd"
    elif number == errno.EACCES:
        why = "permission denied: the worker's user may not enter it, or a directory above it"
    else:
        why = f"{os.strerror(number)}; check cwd"
    return passing_refusal(f"start in {cwd}", number) or Refusal(f"cannot start in {cwd}: {why}", is_permanent=True)


def program_refusal(argv: tuple[str, ...], environment: Mapping[str, str], cwd: str, number: int) -> Refusal:
    """A program that cannot be executed in `cwd`, from the errno of execve(2)."""
    name = argv[0]
    passing = passing_refusal(f"run {name}", number)
    if passing is not None:
        return passing
    path = find_program(name, environment, cwd)
    if number == errno.ENOENT:
        return Refusal(_missing(name, path, environment), is_permanent=True)
    if number == errno.E2BIG:
        return Refusal(_too_big(name, argv, environment), is_permanent=True)
    if number in (errno.EACCES, errno.EPERM):
        why = _not_allowed(path or name)
    elif number == errno.ENOEXEC:
        why = _no_program(path or name)
    elif number == errno.ENOTDIR:
        why = "a part of its path is a file, not a directory; correct the command"
    elif number == errno.ELOOP:
        why = "its path is a circle of symbolic links"
    elif number == errno.ENAMETOOLONG:
        why = "its name is too long; a shell line is written as text, not as a list of one"
    else:
        why = os.strerror(number)
    return Refusal(f"cannot run {_shown(name, path)}: {why}", is_permanent=True)


def value_refusal(argv: tuple[str, ...], error: ValueError) -> Refusal:
    """Words or variables that no program can be given."""
    shown = shlex.join(mask_words(argv))[:200]
    return Refusal(f"cannot run {mask_text(shown)}: {error} in a word or a variable", is_permanent=True)


def interpreter_refusal(python: str, environment: Mapping[str, str], number: int) -> Refusal:
    """A `python` that cannot be executed."""
    told = program_refusal((python,), environment, "/", number)
    text = told.text.replace("no such command: ", "no such interpreter: ").replace("its spelling", "python")
    return Refusal(text, told.is_permanent)


def agent_refusal(python: str, status: int | None, last_line: str) -> Refusal:
    """An interpreter that ended before procdeck's agent in it could say anything."""
    how = (
        "ended" if status is None else f"ended with exit code {status}" if status >= 0 else f"died of signal {-status}"
    )
    said = f": {mask_text(last_line)[:300]}" if last_line else " and said nothing"
    advice = "" if last_line and "SyntaxError" not in last_line else "; is it Python 3.11 or newer? (python)"
    text = f"{python} {how} before it could run a worker{said}{advice}"
    return Refusal(text, is_permanent=status is not None and status >= 0)


def find_program(name: str, environment: Mapping[str, str], cwd: str) -> str:
    """Where execvp(3) finds `name` from `cwd`; empty where it does not."""
    for directory in [""] if os.sep in name else os.get_exec_path(environment):
        path = os.path.normpath(os.path.join(cwd, directory, name))
        if os.path.lexists(path):
            return path
    return ""


def _shown(name: str, path: str) -> str:
    return f"{name} ({path})" if path and path != name else name


def _missing(name: str, path: str, environment: Mapping[str, str]) -> str:
    if not path:
        if os.sep in name:
            return f"no such command: {name}; check its spelling"
        if " " in name:
            return f"no such command: {name!r}; a shell line is written as text, a list has one word in each place"
        searched = os.pathsep.join(os.get_exec_path(environment))
        return f"no such command: {name}; check its spelling and PATH ({searched})"
    if os.path.islink(path) and not os.path.exists(path):
        return f"cannot run {_shown(name, path)}: it is a link to {os.readlink(path)}, which does not exist"
    interpreter = _interpreter_line(path)
    if not interpreter:
        return (
            f"cannot run {_shown(name, path)}: it is there, but the loader that it asks for is not; it was built for "
            "another system"
        )
    if interpreter.endswith("\r"):
        return (
            f"cannot run {_shown(name, path)}: its first line ends with a carriage return (Windows line ends), so the "
            f"system looks for {interpreter.strip()!r} with one; convert it (sed -i 's/\\r$//')"
        )
    return (
        f"cannot run {_shown(name, path)}: its first line names {interpreter}, which does not exist; correct the line, "
        "or install it"
    )


def _interpreter_line(path: str) -> str:
    """The program that a ``#!`` line names; empty where there is none."""
    try:
        with open(path, "rb") as file:
            first = file.readline(256)
    except OSError:
        return ""
    if not first.startswith(b"#!"):
        return ""
    words = first[2:].rstrip(b"\n").strip(b" \t").split(None if b"\r" not in first else b" ")
    return words[0].decode(errors="replace") if words else ""


def _not_allowed(path: str) -> str:
    try:
        mode = os.stat(path).st_mode
    except OSError as error:
        return f"{error.strerror}: a directory above it may not be entered by the worker's user"
    if stat.S_ISDIR(mode):
        return "it is a directory, not a program"
    if not stat.S_ISREG(mode):
        return "it is no ordinary file"
    if not mode & 0o111:
        return f"it is not executable; chmod +x {shlex.quote(path)}"
    interpreter = _interpreter_line(path)
    if interpreter and not os.access(interpreter, os.X_OK):
        return f"its first line names {interpreter}, which is not executable"
    return "permission denied: the worker's user may not execute it, or its file system is mounted noexec"


def _no_program(path: str) -> str:
    try:
        with open(path, "rb") as file:
            head = file.read(4)
    except OSError:
        head = b""
    if head == b"\x7fELF":
        return "it was built for another kind of processor"
    if not head:
        return "the file is empty"
    return "no interpreter line (#!) and no binary; begin it with a line such as #!/bin/sh"


def _too_big(name: str, argv: tuple[str, ...], environment: Mapping[str, str]) -> str:
    words = sum(len(os.fsencode(word)) + 1 for word in argv)
    variables = sum(len(os.fsencode(key)) + len(os.fsencode(value)) + 2 for key, value in environment.items())
    longest = max((len(os.fsencode(value)), key) for key, value in environment.items())[1] if environment else ""
    return (
        f"cannot run {name}: its arguments ({words:,} bytes) and environment ({variables:,} bytes, the longest is "
        f"{longest}) are more than the system takes ({os.sysconf('SC_ARG_MAX'):,} in all, 131,072 in one); put them in "
        "a file"
    )
