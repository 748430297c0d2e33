"""What the figures of a machine mean for procdeck, as findings. Pure: it is given what was read, and reads nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Level = Literal["ok", "warn", "fail"]

MIB: Final = 1024 * 1024
DESCRIPTORS_PER_WORKER: Final = 7
"""What the engine holds for each: three pipes, control pipe, board, pidfd, and a check or a lifeline."""
UNLIMITED: Final = -1


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    level: Level
    subject: str
    """In a word or two: ``open files``."""
    what: str
    """What was found."""
    why: str = ""
    """Why that matters; empty where all is well."""
    advice: str = ""
    """What to do about it."""


def of_python(version: tuple[int, int, int], found: list[str]) -> list[Finding]:
    """The interpreter, and other distributions with our import names."""
    text = ".".join(map(str, version))
    if version < (3, 11, 0):
        told = Finding("fail", "Python", text, "procdeck needs 3.11 or newer", "install it under a newer Python")
    else:
        told = Finding("ok", "Python", text)
    return [
        told,
        *(
            Finding(
                "fail",
                "import names",
                f"the distribution {name} is installed beside procdeck",
                "which of the two Python imports would be chance; no engine starts",
                f"pip uninstall {name.partition(' ')[0]}, or give procdeck an environment of its own",
            )
            for name in found
        ),
    ]


def of_open_files(soft: int, hard: int) -> Finding:
    """RLIMIT_NOFILE."""
    if soft == UNLIMITED:
        return Finding("ok", "open files", "unlimited")
    workers = max(0, (soft - 60) // DESCRIPTORS_PER_WORKER)
    what = f"{soft}, enough for about {workers} workers"
    if soft >= 1024:
        return Finding("ok", "open files", what)
    more = "" if hard == UNLIMITED or hard > soft else " (as root, or in limits.conf)"
    why = "a worker that gets no descriptors is not started and waits in BACKOFF"
    return Finding("warn", "open files", what, why, f"raise the limit{more}: ulimit -n 4096")


def of_send_buffer(wmem_max_bytes: int | None) -> Finding:
    """``net.core.wmem_max``: how large a queue's socket may be."""
    if wmem_max_bytes is None:
        return Finding("ok", "socket buffers", "the system does not tell its limit")
    what = f"{wmem_max_bytes // 1024} KiB at the most"
    if wmem_max_bytes >= 212_992:
        return Finding("ok", "socket buffers", what)
    why = "queues hold fewer items, and large ones travel through files in shared memory"
    return Finding("warn", "socket buffers", what, why, "sysctl -w net.core.wmem_max=212992")


def of_shared_memory(free_bytes: int | None) -> Finding:
    """Free space where large items and blocks live."""
    if free_bytes is None:
        why = "large items travel through files on disk instead"
        return Finding("warn", "shared memory", "there is no /dev/shm to write in", why, "mount a tmpfs on /dev/shm")
    what = f"{free_bytes // MIB} MiB free in /dev/shm"
    if free_bytes >= 128 * MIB:
        return Finding("ok", "shared memory", what)
    why = "blocks, arrays and large items of queues live there; a worker that touches a page that is not there dies"
    return Finding("warn", "shared memory", what, why, "docker run --shm-size=1g, or mount -o remount,size=1g /dev/shm")


def of_file_watches(watches: int | None, instances: int | None) -> Finding:
    """inotify's limits, for workers with `watch`."""
    if watches is None or instances is None:
        return Finding("ok", "file watches", "no inotify here; files are looked at in turns")
    what = f"{watches} watches, {instances} instances"
    if watches >= 8192 and instances >= 32:
        return Finding("ok", "file watches", what)
    why = "restart on change may miss files of large trees"
    return Finding("warn", "file watches", what, why, "sysctl -w fs.inotify.max_user_watches=65536")


def of_proc(options: str | None, uid: int) -> Finding:
    """How /proc is mounted; `options` is None where there is none."""
    if options is None:
        why = "whole trees are found more slowly, and daemons may escape"
        return Finding("warn", "/proc", "not there", why, "mount -t proc proc /proc")
    hidden = next((word for word in options.split(",") if word.startswith("hidepid=")), "hidepid=0")
    if hidden in ("hidepid=0", "hidepid=off") or uid == 0:
        return Finding("ok", "/proc", f"mounted, {hidden}")
    why = "CPU and memory of workers that run as another user cannot be read and show as n/a"
    return Finding("warn", "/proc", f"mounted with {hidden}", why, "nothing, unless you use `user` in a profile")


def of_tracing(ptrace_scope: int | None, uid: int) -> Finding:
    """Who may look into a running process (Yama's ptrace_scope)."""
    if not ptrace_scope or (uid == 0 and ptrace_scope < 3):
        return Finding("ok", "tracing", "processes of yours may be looked into")
    why = "py-spy cannot read the stack of a hung worker; Python workers still tell theirs when they are aborted"
    what = f"restricted (ptrace_scope {ptrace_scope})"
    return Finding("warn", "tracing", what, why, "sysctl -w kernel.yama.ptrace_scope=0 while you debug")


def of_diagnosis(*, reads_locks: bool, has_spy: bool) -> list[Finding]:
    """By which means it can be found out why a worker is stuck."""
    spy = Finding("ok", "py-spy", "installed: stacks also of workers that C code keeps from answering")
    if not has_spy:
        what = "not installed; such a worker's stack comes from faulthandler, without the names of its threads"
        spy = Finding("ok", "py-spy", what, "", 'pip install "procdeck[spy]"')
    if reads_locks:
        return [Finding("ok", "lock holders", "are told by each worker, and can be read from outside as well"), spy]
    why = "the lock that a process holds is known only if that process can answer"
    advice = "nothing: this is a Python or C library whose locks look otherwise"
    return [Finding("warn", "lock holders", "cannot be read from outside", why, advice), spy]


def of_clock(wall_s: float, newest_file_s: float) -> Finding:
    """Whether the wall clock can be right: it is not older than our own files."""
    if wall_s >= newest_file_s - 86400:
        return Finding("ok", "clock", "plausible; nothing but what people read depends on it")
    why = "times in logs and of schedules are wrong; order, timeouts and restarts are not affected"
    return Finding("warn", "clock", "set to a time before procdeck was installed", why, "set it, for example with NTP")


def of_terminal(environment: Mapping[str, str], encoding: str, *, is_terminal: bool) -> list[Finding]:
    """TERM, colours and the locale's encoding."""
    if not is_terminal:
        return [Finding("ok", "terminal", "none here; the dashboard needs one, commands do not")]
    found = []
    term = environment.get("TERM", "")
    if term in ("", "dumb", "unknown"):
        why = "the dashboard cannot move the cursor"
        advice = "export TERM=xterm-256color, or ssh -t"
        found.append(Finding("fail", "terminal", f"TERM is {term or 'not set'}", why, advice))
    elif environment.get("COLORTERM") in ("truecolor", "24bit") or "direct" in term:
        found.append(Finding("ok", "terminal", f"{term}, 16 million colours"))
    elif "256" in term or "kitty" in term or "alacritty" in term:
        found.append(Finding("ok", "terminal", f"{term}, 256 colours"))
    else:
        why = "colours are the terminal's 16; every state has its word and its glyph as well"
        found.append(Finding("warn", "terminal", term, why, "export TERM=xterm-256color if your terminal has them"))
    if encoding.lower().replace("-", "").replace("_", "") == "utf8":
        found.append(Finding("ok", "locale", encoding))
    else:
        why = "glyphs are shown in ASCII, and other letters of your workers as escapes"
        found.append(Finding("warn", "locale", encoding, why, "export LANG=C.UTF-8"))
    return found


def of_bytecode(environment: Mapping[str, str]) -> Finding:
    """PYTHONDONTWRITEBYTECODE."""
    if not environment.get("PYTHONDONTWRITEBYTECODE"):
        return Finding("ok", "bytecode", "Python keeps what it has compiled")
    why = "every start compiles every module again: imports take 2.5 times as long"
    return Finding("warn", "bytecode", "PYTHONDONTWRITEBYTECODE is set", why, "unset it")


def of_profile(path: str, uid: int, owner: int, modes: Mapping[str, int]) -> list[Finding]:
    """Who may change what will be run.

    Args:
        path: the profile's.
        uid: who runs it.
        owner: whose the profile is.
        modes: permission bits of the profile and its directory, by path.
    """
    found = [
        Finding(
            "warn",
            "profile",
            f"others may write in {place} (mode {mode & 0o7777:o})",
            "who can change a profile or what lies beside it runs what they like as you",
            f"chmod go-w {place}",
        )
        for place, mode in modes.items()
        if mode & 0o022 and not mode & 0o1000
    ]
    if uid == 0 and owner != 0:
        why = "that user decides what runs as root"
        advice = "run it as that user, or give root a copy of its own"
        found.append(Finding("warn", "profile", f"root would run {path}, which belongs to user {owner}", why, advice))
    return found or [Finding("ok", "profile", f"{path}: only its owner can change it")]
