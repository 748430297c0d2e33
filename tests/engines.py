"""Real engines for tests: write a profile and its worker code, start it, talk to it, end it."""

from __future__ import annotations

import os
import signal
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from supervisor import paths
from supervisor.api.client import EngineClient
from supervisor.api.messages import ActionName, ChannelRow, Event, Fleet, Job, ReplicaRow
from supervisor.errors import ProcdeckError
from supervisor.journal import JOURNAL_NAME, read_journal
from supervisor.logs.reading import LogReader
from supervisor.logs.record import Record, decode
from supervisor.paths import EngineNote
from supervisor.processes.ignition import start_engine

T = TypeVar("T")

PATIENCE_S = 40.0
"""How long a condition may take on a busy machine before it is called false."""


def wait_for(look: Callable[[], T], what: str, patience_s: float = PATIENCE_S) -> T:
    """Look until `look` gives something true."""
    deadline_s = time.monotonic() + patience_s
    while True:
        seen = look()
        if seen:
            return seen
        if time.monotonic() > deadline_s:
            raise AssertionError(f"waited {patience_s:g} s in vain for {what}; last seen: {seen!r}")
        time.sleep(0.01)


def is_alive(pid: int) -> bool:
    """Whether a process lives; a zombie does not."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return text.rpartition(")")[2].split()[0] != "Z"


def write_profile(folder: Path, profile: str, **modules: str) -> Path:
    """``procdeck.toml`` with `profile` in `folder`, and a Python file for each of `modules`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, source in modules.items():
        (folder / f"{name}.py").write_text(textwrap.dedent(source))
    path = folder / "procdeck.toml"
    path.write_text(textwrap.dedent(profile))
    return path


class RunningEngine:
    """One engine and its client."""

    def __init__(self, note: EngineNote) -> None:
        self.note = note
        self.client = EngineClient(paths.socket_path(note.project), timeout_s=30.0)

    def fleet(self) -> Fleet:
        return self.client.fleet()

    def row(self, name: str) -> ReplicaRow:
        return next(row for row in self.fleet().rows if row.name == name)

    def channel(self, name: str) -> ChannelRow:
        return next(row for row in self.fleet().channels if row.name == name)

    def wait_row(self, name: str, is_so: Callable[[ReplicaRow], bool], what: str) -> ReplicaRow:
        def look() -> ReplicaRow | None:
            row = self.row(name)
            return row if is_so(row) else None

        try:
            row = wait_for(look, f"{name} {what}")
        except AssertionError as error:
            raise AssertionError(f"{error}\nrow: {self.row(name)}\nlog:\n{self.log_text()}") from None
        assert row is not None
        return row

    def wait_state(self, name: str, state: str) -> ReplicaRow:
        return self.wait_row(name, lambda row: row.state == state, f"to be {state}")

    def wait_completed(self) -> Fleet:
        try:
            wait_for(lambda: self.fleet().phase == "completed", "the run to complete")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.fleet()}\nlog:\n{self.log_text()}") from None
        return self.fleet()

    def act(self, action: ActionName, *names: str) -> tuple[Job, ...]:
        return self.client.act(action, names, wait_s=20.0)

    def records(self) -> list[Record]:
        reader = LogReader(Path(self.note.log_directory))
        try:
            while reader.refresh():
                pass
            return [decode(line) for line in reader.lines(0, reader.line_count)]
        finally:
            reader.close()

    def messages(self, worker: str, stream: str | None = None) -> list[str]:
        return [r.message for r in self.records() if r.worker == worker and stream in (None, r.stream)]

    def log_text(self) -> str:
        return "\n".join(f"{r.worker} {r.level} {r.message} {r.exception or ''}" for r in self.records()[-40:])

    def wait_message(self, worker: str, message: str) -> None:
        try:
            wait_for(lambda: message in self.messages(worker), f"{worker} to say {message!r}")
        except AssertionError as error:
            raise AssertionError(f"{error}\nlog:\n{self.log_text()}") from None

    def events(self, subject: str = "") -> list[Event]:
        """What has happened so far, or what of it concerns `subject`, oldest first."""
        return [event for event in self.client.events().events if subject in ("", event.subject)]

    def wait_event(self, is_it: Callable[[Event], bool], what: str, after: int = 0) -> Event:
        """The first event after the cursor `after` that is what is waited for; it may have happened already."""
        deadline_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline_s:
            reply = self.client.events(after, wait_s=1.0)
            for event in reply.events:
                if is_it(event):
                    return event
            after = reply.next_cursor
        told = "\n".join(f"{event.cursor} {event.subject}: {event.what}" for event in self.events()[-40:])
        raise AssertionError(f"waited {PATIENCE_S:g} s in vain for {what}; events:\n{told}")

    def cursor(self) -> int:
        """The last event's cursor."""
        return self.client.events().next_cursor

    def journal(self) -> list[Event]:
        """The events as the run's file has them; it can be read when the engine is gone."""
        return list(read_journal(Path(self.note.log_directory).parent / JOURNAL_NAME).events)

    def descendants(self) -> set[int]:
        """The engine's processes now."""
        from supervisor import proctable

        return {entry.pid for entry in proctable.tree_of(self.note.engine_pid, proctable.look())}


@contextmanager
def engine_on(
    profile: Path, project: str | None = None, *, tie_to_me: bool = False, is_simulated: bool = False
) -> Iterator[RunningEngine]:
    """An engine on `profile`; everything it started is gone afterwards."""
    note = start_engine(profile, project, tie_to_me=tie_to_me, is_simulated=is_simulated)
    engine = RunningEngine(note)
    try:
        yield engine
    finally:
        try:
            engine.client.down(force=True, timeout_s=30.0)
        except ProcdeckError:
            pass
        wait_for(lambda: not paths.is_running(note.project), "the engine to be gone")
        if is_alive(note.guardian_pid):
            wait_for(lambda: not is_alive(note.guardian_pid), "the guardian to be gone")


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
