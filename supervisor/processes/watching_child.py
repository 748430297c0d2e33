"""The helper process that watches files, so that no thread has to live in the engine: ``-m ... watching_child FD``.

::

    FD: rules, once ──► directories in which matching files may be ──► watchfiles ──► match, wait for quiet
    stdin: its end is the engine's end                                                    │
    stdout: {"watching": 12}  {"changed": {"web": ["src/a.py"]}}  {"trouble": "..."} ◄────┘

Only directories that can hold matching files are watched, each by itself, and their parents, so that what is deleted
and made anew is found again. It changes nothing and ends nothing but itself.
"""

from __future__ import annotations

import json
import math
import os
import signal
import stat
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from typing import Any, Final, NoReturn

from supervisor.processes import linux
from supervisor.processes.watch_rules import Debouncer, Ground, Matcher, WatchRule

DIRECTORIES_LIMIT: Final = 20_000
"""Directories that are watched at the most; the kernel's own limit is often not much higher."""

TICK_MS: Final = 100
STEP_MS: Final = 50
POLL_MS: Final = 500
"""How often files are looked at where the kernel cannot report them."""

Change = tuple[int, str]
Watch = Generator[Any, None, None]
Identity = tuple[int, int]
Say = Callable[[Mapping[str, Any]], None]


def main() -> NoReturn:
    """Watch until the engine closes this process's stdin."""
    from setproctitle import setproctitle

    setproctitle("procdeck watcher of files")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    linux.die_with_parent(signal.SIGKILL)
    setup = _read_setup(int(sys.argv[1]))
    threading.Thread(target=_leave_with_the_engine, daemon=True).start()
    rules = {worker: WatchRule(**rule) for worker, rule in setup["rules"].items()}
    Lookout(rules, setup["directory"], _say).run(setup["since_at"])


def _read_setup(descriptor: int) -> dict[str, Any]:
    text = os.pread(descriptor, os.fstat(descriptor).st_size, 0)
    os.close(descriptor)
    setup: dict[str, Any] = json.loads(text)
    return setup


def _leave_with_the_engine() -> None:
    while os.read(0, 4096):
        pass
    os._exit(0)


def _say(message: Mapping[str, Any]) -> None:
    line = json.dumps(message).encode() + b"\n"
    while line:
        try:
            line = line[os.write(1, line) :]
        except OSError:
            os._exit(0)  # nobody listens any more


class Lookout:
    """All rules, and the directories that are watched for them."""

    def __init__(self, rules: Mapping[str, WatchRule], directory: str, say: Say) -> None:
        self._matchers = {worker: Matcher(rule, directory) for worker, rule in rules.items()}
        self._debouncer = Debouncer({worker: rule.debounce_s for worker, rule in rules.items()})
        self._grounds = sorted({g for m in self._matchers.values() for g in m.grounds()}, key=lambda g: g.path)
        self._say = say
        self._troubles: set[str] = set()
        self._watched: Mapping[str, Identity | None] = {}
        self._roots: Mapping[str, Identity | None] = {}
        self._must_poll = False

    def run(self, since_at: float | None) -> NoReturn:
        """Watch for ever. What has changed since the Unix time `since_at` counts as changed now; None: nothing has."""
        self._watched = self._survey()
        watch = self._open(self._watched)
        if since_at is not None:
            self._take_files(self._watched, since_at)
        while True:
            if self._take(next(watch)) or self._has_moved():
                watch = self._follow(watch)
            ripe = self._debouncer.take_ripe(time.monotonic())
            if ripe:
                self._say({"changed": ripe})

    def _follow(self, watch: Watch) -> Watch:
        """Watch the directories that are there now."""
        found = self._survey()
        if found == self._watched:
            return watch
        following = self._open(found)
        self._take(next(watch))  # what came while there were two
        watch.close()
        fresh = [path for path, identity in found.items() if self._watched.get(path) != identity]
        self._watched = found
        self._take_files(fresh, since_at=0.0)
        return following

    def _survey(self) -> dict[str, Identity | None]:
        """Find the directories to watch, as they are now."""
        roots = {_nearest_directory(os.path.dirname(ground.path)) for ground in self._grounds}
        self._roots = {path: _identity(path) for path in roots | {ground.path for ground in self._grounds}}
        found = {path: self._roots[path] for path in roots}
        for path in (path for ground in self._grounds for path in _directories_of(ground)):
            if len(found) >= DIRECTORIES_LIMIT:
                self._trouble(f"more than {DIRECTORIES_LIMIT} directories; narrow the patterns of watch")
                break
            found[path] = _identity(path)
        return found

    def _has_moved(self) -> bool:
        """Whether a directory that everything hangs on is another one, or gone: nobody reports that."""
        return any(_identity(path) != identity for path, identity in self._roots.items())

    def _open(self, directories: Iterable[str]) -> Watch:
        """A watch that has begun; its first changes are taken."""
        from watchfiles import watch

        while True:
            there = sorted(filter(os.path.isdir, directories))
            changes = watch(
                *there,
                watch_filter=None,
                debounce=TICK_MS,
                step=STEP_MS,
                rust_timeout=TICK_MS,
                yield_on_timeout=True,
                raise_interrupt=False,
                recursive=False,
                force_polling=self._must_poll or None,
                poll_delay_ms=POLL_MS,
                ignore_permission_denied=True,
            )
            try:
                self._take(next(changes))
            except FileNotFoundError:
                continue  # one went away meanwhile
            except OSError as error:
                if self._must_poll:
                    raise
                self._must_poll = True
                self._trouble(
                    f"the kernel does not report changes of files ({error}); they are looked at every "
                    f"{POLL_MS / 1000:g} s instead; fs.inotify.max_user_watches may be too low"
                )
                continue
            self._say({"watching": len(there)})
            return changes

    def _take(self, changes: Iterable[Change]) -> bool:
        """Note changes of files; whether the directories to watch may be others now."""
        has_moved = False
        for _kind, path in changes:
            if path in self._watched or path in self._roots:
                has_moved = True
            elif os.path.isdir(path):
                has_moved = has_moved or any(ground.concerns(path) for ground in self._grounds)
                continue
            self._note(path)
        return has_moved

    def _note(self, path: str) -> None:
        for worker, matcher in self._matchers.items():
            if path not in self._watched and matcher.matches(path):
                self._debouncer.add(worker, matcher.told(path), time.monotonic())

    def _take_files(self, directories: Iterable[str], since_at: float) -> None:
        """Note the files of directories that were not watched while they got there."""
        for directory in directories:
            try:
                names = os.listdir(directory)
            except OSError:
                continue
            for path in (os.path.join(directory, name) for name in names):
                if _changed_at(path) >= since_at:
                    self._note(path)

    def _trouble(self, text: str) -> None:
        if text not in self._troubles:
            self._troubles.add(text)
            self._say({"trouble": text})


def _directories_of(ground: Ground) -> Iterator[str]:
    """The directories of `ground` that exist, but for those in which nobody writes by hand."""
    for path, names, _files in os.walk(ground.path):
        yield path
        names[:] = sorted(name for name in names if ground.concerns(os.path.join(path, name)))


def _nearest_directory(path: str) -> str:
    """`path`, or what is there of it."""
    while not os.path.isdir(path) and path != "/":
        path = os.path.dirname(path)
    return path


def _identity(path: str) -> Identity | None:
    """What tells a directory from another one of the same name; None where there is none."""
    try:
        seen = os.stat(path)
    except OSError:
        return None
    return (seen.st_dev, seen.st_ino) if stat.S_ISDIR(seen.st_mode) else None


def _changed_at(path: str) -> float:
    """When a file was changed last, as a Unix time; minus infinity for what is no file."""
    try:
        seen = os.stat(path)
    except OSError:
        return -math.inf
    return seen.st_mtime if stat.S_ISREG(seen.st_mode) else -math.inf


if __name__ == "__main__":
    main()
