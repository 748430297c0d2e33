"""Looks at a machine and says what procdeck will miss there, and what to do: `procdeck doctor`. It changes nothing.

What figures mean is in `supervisor.findings`; how they are read is here.
"""

from __future__ import annotations

import locale
import os
import resource
import socket
import stat
import sys
import time
from pathlib import Path

from supervisor import findings, paths
from supervisor.diagnose import semaphores
from supervisor.errors import ProcdeckError
from supervisor.findings import Finding
from supervisor.namesakes import namesakes
from supervisor.processes import census, spying, tiers

SLOW_LOOP_MS = 250.0
"""What an engine's loop may lag behind before a person should know."""


def diagnose(project: str | None = None, profile: Path | None = None) -> tuple[Finding, ...]:
    """Everything worth knowing before a start, and of the engines that run.

    Args:
        project: whose engine to ask, and whose leftovers to look for; None for all of this user.
        profile: a profile that is about to be run.
    """
    found = [
        *findings.of_python(sys.version_info[:3], namesakes()),
        *_kill_tiers(),
        *_runtime_directory(),
        *_kernel(),
        *findings.of_diagnosis(reads_locks=semaphores.self_test(), has_spy=spying.is_installed()),
        findings.of_clock(time.time(), os.stat(__file__).st_mtime),
        *findings.of_terminal(os.environ, locale.getpreferredencoding(False), is_terminal=sys.stdout.isatty()),
        findings.of_bytecode(os.environ),
    ]
    if profile is not None:
        found += _profile(profile)
    for name in [project] if project is not None else _known_projects():
        found += of_project(name)
    return tuple(found)


def _kill_tiers() -> list[Finding]:
    found = []
    for tier in tiers.kill_tiers():
        subject = f"kill tier {tier.name}"
        if tier.is_available:
            found.append(Finding("ok", subject, tier.text))
            continue
        what, _, advice = tier.text.partition("; ")
        why = "trees are ended by the tiers that are there" if tier.name == "cgroup" else "a process may escape"
        found.append(Finding("ok" if tier.name == "cgroup" else "warn", subject, f"not here: {what}", why, advice))
    return found


def _runtime_directory() -> list[Finding]:
    root = paths.runtime_root()
    try:
        seen = os.lstat(root)
    except OSError:
        return [Finding("ok", "runtime directory", f"{root}, made at the first start"), *_socket_length(root)]
    if not stat.S_ISDIR(seen.st_mode) or seen.st_uid != os.geteuid():
        why = "no engine starts where somebody else could put a socket in its place"
        advice = "remove it, or set PROCDECK_RUNTIME_DIR to a directory of yours"
        return [Finding("fail", "runtime directory", f"{root} is not a directory of yours", why, advice)]
    if seen.st_mode & 0o077:
        why = "others may reach the control sockets; the next start takes that right away"
        return [Finding("warn", "runtime directory", f"{root} is open to others", why, f"chmod 700 {root}")]
    return [Finding("ok", "runtime directory", f"{root}, yours alone"), *_socket_length(root)]


def _socket_length(root: Path) -> list[Finding]:
    left = paths.SOCKET_PATH_LIMIT_BYTES - len(os.fsencode(root / "x" / "engine.sock")) + 1
    if left >= 40:
        return []
    limit = paths.SOCKET_PATH_LIMIT_BYTES
    why = f"a socket's path has {limit} bytes, which leaves {max(0, left)} letters for a project's name"
    advice = "set PROCDECK_RUNTIME_DIR to a shorter directory"
    level: findings.Level = "warn" if left > 0 else "fail"
    return [Finding(level, "socket path", f"{root} is long", why, advice)]


def _kernel() -> list[Finding]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    uid = os.geteuid()
    sys_fs = "/proc/sys/fs/inotify"
    return [
        findings.of_open_files(soft, hard),
        findings.of_send_buffer(_number("/proc/sys/net/core/wmem_max")),
        findings.of_shared_memory(_free_bytes("/dev/shm")),
        findings.of_file_watches(_number(f"{sys_fs}/max_user_watches"), _number(f"{sys_fs}/max_user_instances")),
        findings.of_proc(_mount_options("/proc"), uid),
        findings.of_tracing(_number("/proc/sys/kernel/yama/ptrace_scope"), uid),
    ]


def _number(path: str) -> int | None:
    try:
        return int(Path(path).read_text())
    except (OSError, ValueError):
        return None


def _free_bytes(folder: str) -> int | None:
    try:
        seen = os.statvfs(folder)
    except OSError:
        return None
    return seen.f_bavail * seen.f_frsize if os.access(folder, os.W_OK) else None


def _mount_options(place: str) -> str | None:
    """The options of what is mounted at `place` (``/proc/self/mountinfo``, last field)."""
    try:
        lines = Path("/proc/self/mountinfo").read_text().splitlines()
    except OSError:
        return None
    options = [line.rsplit(" ", 1)[1] for line in lines if line.split(" ")[4] == place]
    return options[-1] if options else ""


def _profile(path: Path) -> list[Finding]:
    path = path.resolve()
    try:
        seen = path.stat()
        modes = {str(path): seen.st_mode, str(path.parent): path.parent.stat().st_mode}
    except OSError as error:
        return [Finding("fail", "profile", f"{path}: {error.strerror}", "there is nothing to run", "check the path")]
    return findings.of_profile(str(path), os.geteuid(), seen.st_uid, modes)


def _known_projects() -> list[str]:
    """Projects that have a runtime directory or runs on this machine."""
    names: set[str] = set()
    for root in (paths.runtime_root(), paths.state_root()):
        try:
            names.update(entry.name for entry in os.scandir(root) if entry.is_dir(follow_symlinks=False))
        except OSError:
            continue
    return sorted(name for name in names if paths.PROJECT_NAME.fullmatch(name))


def of_project(name: str) -> list[Finding]:
    """The engine of one project, or what an earlier one has left."""
    return _engine(name) if paths.is_running(name) else _remains(name)


def _remains(name: str) -> list[Finding]:
    found = [
        Finding(
            "fail",
            f"project {name}",
            f"process {left.entry.pid} of run {left.run_id} still lives: {left.command}",
            "engine and guardian were killed at once and could not end it",
            f"start the project: its next engine ends it first; or kill {left.entry.pid}",
        )
        for left in census.find_leftovers(name)
    ]
    socket_path = paths.socket_path(name)
    if socket_path.exists() and not _answers(socket_path):
        why = "its engine was killed; the file is harmless and the next start replaces it"
        found.append(Finding("ok", f"project {name}", f"{socket_path} is a socket that nobody serves", why))
    return found


def _answers(socket_path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(socket_path))
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except OSError:
            pass  # busy, or not ours to ask: somebody is there
        return True


def _engine(name: str) -> list[Finding]:
    from supervisor.api.client import EngineClient

    subject = f"project {name}"
    try:
        client = EngineClient(paths.socket_path(name), timeout_s=5.0)
        health, fleet = client.health(), client.fleet()
    except ProcdeckError as error:
        note = paths.engine_note(name)
        who = f"kill {note.guardian_pid} ends it in order" if note else "end its processes"
        why = "its lock is held, and nothing answers: the engine stands still (SIGSTOP), or is ending"
        return [Finding("fail", subject, str(error), why, f"{who}; kill -CONT wakes one that was stopped")]
    found = [Finding("ok", subject, f"engine {health.engine_pid}, {len(fleet.rows)} replicas, run {health.run_id}")]
    if fleet.engine.loop_lag_ms > SLOW_LOOP_MS:
        why = "key presses and restarts wait as long"
        found.append(Finding("warn", subject, f"its loop is {fleet.engine.loop_lag_ms:.0f} ms late", why, "see top"))
    found += _descriptors(subject, health.engine_pid)
    if fleet.log.lost:
        why = "the disk was full, or could not be written"
        advice = f"make room on {fleet.log.directory}"
        found.append(Finding("warn", subject, f"{fleet.log.lost} log records were lost", why, advice))
    for row in fleet.rows:
        if row.state == "stuck":
            why = "it does not die of SIGKILL: it waits in the kernel, mostly for a disk or a network share"
            found.append(Finding("fail", subject, f"{row.name} (pid {row.pid}) is stuck", why, "repair the mount"))
    return found


def _descriptors(subject: str, engine_pid: int) -> list[Finding]:
    try:
        used = len(os.listdir(f"/proc/{engine_pid}/fd"))
        limits = Path(f"/proc/{engine_pid}/limits").read_text().splitlines()
    except OSError:
        return []
    words = next((line.split() for line in limits if line.startswith("Max open files")), [])
    limit = int(words[3]) if len(words) > 3 and words[3].isdigit() else 0
    if limit and used > limit * 0.8:
        why = "workers that start now may get none"
        advice = "start the engine with a higher ulimit -n"
        return [Finding("warn", subject, f"{used} of {limit} descriptors are in use", why, advice)]
    return [Finding("ok", subject, f"{used} of {limit or 'unlimited'} descriptors are in use")]
