"""What one engine holds of its project on this machine: lock, socket and note. Healed when a cleaner removes them.

The lock is the kernel's (flock), so it is free as soon as its holders are gone, however they ended; the file's being
there says nothing. A second lock lies with the project's runs, where no cleaner comes: a removed runtime directory does
not let a second engine in.
"""

from __future__ import annotations

import fcntl
import os
import platform
from pathlib import Path
from typing import TYPE_CHECKING

from supervisor import paths
from supervisor.errors import AlreadyRunning

if TYPE_CHECKING:
    import socket


class Hold:
    """A project's lock, from `take` until this process and its forks are gone.

    Raises:
        AlreadyRunning: another engine, or the guardian that still ends its processes, has the project.
        ProjectError: the project's name or place cannot be used.
    """

    def __init__(self, project: str) -> None:
        self.project = project
        self._note: paths.EngineNote | None = None
        paths.runtime_directory(project)
        self._lock = _lock(paths.lock_path(project), project)
        try:
            self._second = _lock_beside_the_runs(project)
        except AlreadyRunning:
            os.close(self._lock)
            raise

    def bind(self) -> socket.socket:
        """The project's listening socket.

        Raises:
            AlreadyRunning: somebody listens there.
            ProjectError: the place cannot be used.
        """
        from supervisor.api.admission import bind_socket

        return bind_socket(paths.socket_path(self.project))

    def announce(self, note: paths.EngineNote) -> None:
        """Write the note that commands find the engine by."""
        self._note = note
        note.write(paths.engine_note_path(self.project))

    def heal(self) -> socket.socket:
        """Make directory, lock and note anew where they are gone, and the socket in any case.

        Raises:
            AlreadyRunning: another engine has the project by now.
            ProjectError: the place cannot be used.
        """
        paths.runtime_directory(self.project)
        if not self._has_lock_file():
            new = _lock(paths.lock_path(self.project), self.project)
            os.close(self._lock)
            self._lock = new
        if self._note is not None:
            self._note.write(paths.engine_note_path(self.project))
        return self.bind()

    def clear(self) -> None:
        """Remove socket and note, unless they are another engine's by now."""
        if not self._has_lock_file() and paths.is_running(self.project):
            return
        for path in (paths.engine_note_path(self.project), paths.socket_path(self.project)):
            path.unlink(missing_ok=True)

    def let_go(self) -> None:
        """Close this process's part of the locks."""
        os.close(self._lock)
        if self._second >= 0:
            os.close(self._second)

    def _has_lock_file(self) -> bool:
        """Whether the lock that others look at is the one that we hold."""
        try:
            return os.path.samestat(os.lstat(paths.lock_path(self.project)), os.fstat(self._lock))
        except OSError:
            return False


def _lock(path: Path, project: str) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        if isinstance(error, BlockingIOError):
            raise _already_running(project) from None
        raise
    return descriptor


def _lock_beside_the_runs(project: str) -> int:
    """The second lock; -1 where the file system has no locks. Its name is the machine's: homes may be shared."""
    directory = paths.runs_directory(project).parent
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        return _lock(directory / f"lock-{platform.node() or 'here'}", project)
    except OSError:
        return -1


def _already_running(project: str) -> AlreadyRunning:
    note = paths.read_note(paths.engine_note_path(project))
    who = f" (pid {note.engine_pid}, {note.profile_path})" if note else ""
    return AlreadyRunning(
        f"project {project!r} is running already{who}; attach to it, end it with "
        f"'procdeck down --project {project}', or start this one under another name with --project NAME"
    )
