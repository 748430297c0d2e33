"""`procdeck report`: one file for whoever is to find out why workers are stuck, secrets masked.

::

    engine up   why, stacks, fleet, details ──┐
    disk        journal, log, engine.log ─────┼── Bundle ──> procdeck-report-PROJECT-TIME.tar.gz, 0600
    machine     profile, doctor, versions ────┘
"""

from __future__ import annotations

import os
import platform
import re
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from supervisor import __version__
from supervisor.errors import RequestRefused
from supervisor.journal import JOURNAL_NAME, encode, read_journal
from supervisor.lifecycle.states import AT_REST
from tui.cli.bundle import Bundle
from tui.cli.channels import channels_text
from tui.cli.doctor import findings_text
from tui.cli.exits import ExitCode, UsageError
from tui.cli.hang_text import stacks_text, troubles_text, verdict_text, waits_dot, worst_first
from tui.cli.last_records import last_records
from tui.cli.locating import client_of, find_logs
from tui.cli.masked import mask_line, mask_profile, remember_secrets
from tui.cli.stacks import write_file
from tui.cli.status import status_text
from tui.cli.telling import did_you_mean, listed, narrate, tell
from tui.render.figures import size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from supervisor.api.client import EngineClient
    from supervisor.api.hangs import Verdict
    from supervisor.api.messages import Fleet, ReplicaRow
    from supervisor.paths import EngineNote

EVENTS_KEPT: Final = 2000
STACKS_LIMIT: Final = 50
"""Replicas whose stacks are asked for, the worst first."""
ENGINE_LOG_BYTES: Final = 256 * 1024
_RUN_OF: Final = re.compile(r"run \S+ of (?P<path>/.*)")
_NAME: Final = re.compile(r"[\w.-]*")
_KERNEL_FILES: Final = ("status", "wchan", "syscall", "stack")


def write_report(
    project: str | None, names: tuple[str, ...], *, output: Path | None, minutes: float, lines: int
) -> ExitCode:
    """Write the report on `names`, or on all, and tell where it is; what cannot be had is named in it and on stderr."""
    if minutes < 0 or lines < 0:
        raise UsageError("--minutes and --lines are 0 or more")
    found, log_directory, note = find_logs(project)
    stamp = time.strftime("%Y%m%d-%H%M%S")
    path = output or Path(f"procdeck-report-{found}-{stamp}.tar.gz")
    report = Report(Bundle(f"procdeck-report-{found}-{stamp}"), found, log_directory, note, names)
    report.collect(minutes, lines)
    content = report.bundle.packed(report.head())
    write_file(path, content)
    tell(str(path))
    narrate(f"{size(len(content))} in {len(report.bundle.names) + 1} files, readable by you alone")
    for text in report.bundle.missing:
        narrate(f"not in it: {text}")
    narrate("secrets are masked as far as names and forms give them away; look into it before you pass it on")
    return ExitCode.OK


class Report:
    """Collects into `bundle` what there is of one run."""

    def __init__(
        self, bundle: Bundle, project: str, log_directory: Path, note: EngineNote | None, names: Sequence[str]
    ) -> None:
        self.bundle = bundle
        self._project = project
        self._log_directory = log_directory
        self._note = note
        self._names = tuple(names)
        self._fleet: Fleet | None = None

    def head(self) -> str:
        """What this is, for its README."""
        run, made = self._log_directory.parent.name, time.strftime("%Y-%m-%d %H:%M:%S %z")
        return (
            f"A report of procdeck {__version__} on {self._project}, run {run}, made {made}."
            "\nWhat looks like a secret was masked, by its name, by its form, and by the values that the profile's env,"
            "\nenv_file and args hold. That is best effort: look into it before you pass it on."
        )

    def collect(self, minutes: float, lines: int) -> None:
        """Everything that can be had, the profile's secrets first, so that no other file shows them.

        Raises:
            RequestRefused: one of the names is nobody's.
        """
        profile = self._profile()
        remember_secrets(profile)
        put = self.bundle.attempt
        if self._note is None:
            self.bundle.missing.append("verdicts, stacks, status, channels: no engine runs; this is its last run")
        else:
            client = client_of(self._note)
            if put("verdicts, stacks, status, channels", lambda: self._ask_fleet(client)):
                self._check_names()
                self._of_engine(client)
            else:
                put("what the kernel says of the engine", self._of_silent_engine)
        put("events", self._events)
        put("log", lambda: self._log(minutes, lines))
        put("the engine's own log", self._engine_log)
        put("profile", lambda: self._put_profile(profile))
        put("doctor", lambda: self._doctor(profile))
        self.bundle.add_text("versions.txt", "procdeck, Python, the system, and the libraries", _versions())

    def _profile(self) -> Path | None:
        """The profile of the run: the engine's, or the one that the last run's journal names."""
        if self._note is not None:
            return Path(self._note.profile_path)
        events = read_journal(self._journal(), limit=EVENTS_KEPT).events
        found = [seen["path"] for event in events if (seen := _RUN_OF.fullmatch(event.what))]
        return Path(found[-1]) if found else None

    def _journal(self) -> Path:
        return self._log_directory.parent / JOURNAL_NAME

    # --- of the engine ---

    def _ask_fleet(self, client: EngineClient) -> None:
        fleet = self._fleet = client.fleet()
        offset_s = time.time() - time.monotonic() + time.localtime().tm_gmtoff
        self.bundle.add_text("status.txt", "`procdeck status`", status_text(fleet, offset_s))
        self.bundle.add_json("status.json", "the same, all of it", fleet)
        if fleet.channels:
            self.bundle.add_text("channels.txt", "`procdeck channels`", channels_text(fleet.channels, time.monotonic()))

    def _check_names(self) -> None:
        known = {name for row in self._rows() for name in (row.name, row.worker)}
        for name in self._names:
            if name not in known:
                hint = did_you_mean(name, known)
                raise RequestRefused(f'no worker or replica "{name}"{hint}; there are {listed(known)}')

    def _rows(self) -> tuple[ReplicaRow, ...]:
        return self._fleet.rows if self._fleet is not None else ()

    def _wanted(self) -> list[ReplicaRow]:
        """The rows that the report is about."""
        return [row for row in self._rows() if not self._names or {row.name, row.worker} & {*self._names}]

    def _of_engine(self, client: EngineClient) -> None:
        verdicts: list[Verdict] = []

        def ask_why() -> None:
            reply = client.why(self._names)
            verdicts.extend(worst_first(reply.verdicts))
            now_s = time.monotonic()
            text = "\n\n".join(verdict_text(verdict, now_s) for verdict in verdicts)
            self.bundle.add_text("why.txt", "`procdeck why --all`: verdicts, the worst first", text)
            self.bundle.add_json("why.json", "the same, all of it", reply)
            self.bundle.add_text("waits.dot", "who waits for whom, for Graphviz: dot -Tsvg", waits_dot(verdicts))
            self.bundle.missing += troubles_text(reply.troubles)

        self.bundle.attempt("verdicts", ask_why)
        self.bundle.attempt("stacks", lambda: self._stacks(client, verdicts))
        details = [row.name for row in self._wanted()][:STACKS_LIMIT]
        what = "each replica in full: how it is run, its exits, its processes"
        self.bundle.attempt(
            "details", lambda: self.bundle.add_json("details.json", what, [client.detail(name) for name in details])
        )

    def _stacks(self, client: EngineClient, verdicts: Sequence[Verdict]) -> None:
        worst = dict.fromkeys(verdict.replica for verdict in verdicts)
        others = dict.fromkeys(row.name for row in self._wanted() if self._names or row.state not in AT_REST)
        names = list({**worst, **others})
        if len(names) > STACKS_LIMIT:
            left = len(names) - STACKS_LIMIT
            self.bundle.missing.append(f"stacks of {left:,} more replicas; name those that matter")
        replies = [client.stacks(name) for name in names[:STACKS_LIMIT]]
        text = "\n\n".join(map(stacks_text, replies))
        self.bundle.add_text("stacks.txt", "what every thread did, innermost frame first", text)
        self.bundle.add_json("stacks.json", "the same, all of it", replies)

    def _of_silent_engine(self) -> None:
        """An engine that does not answer may hang itself; the kernel knows in what."""
        assert self._note is not None
        parts = []
        for name in _KERNEL_FILES:
            try:
                text = Path("/proc", str(self._note.engine_pid), name).read_text()
            except OSError as error:
                text = str(error.strerror)
            parts.append(f"{name}:\n{text.rstrip()}")
        self.bundle.add_text("engine-kernel.txt", "what the kernel says of the silent engine", "\n\n".join(parts))

    # --- of the disk ---

    def _events(self) -> None:
        events = read_journal(self._journal(), limit=EVENTS_KEPT, newest=True).events
        content = b"".join(mask_line(encode(event)) + b"\n" for event in events)
        self.bundle.add_masked("events.ndjson", "what happened, and who asked for it", content)

    def _log(self, minutes: float, lines: int) -> None:
        expected = [row.name for row in self._wanted()]
        end = last_records(self._log_directory, self._names, expected, minutes=minutes, lines=lines)
        what = f"the log: its last {minutes:g} minutes, and the last {lines:,} lines of each worker"
        self.bundle.add_masked("log.ndjson", what, end.content)
        if end.note:
            self.bundle.missing.append(f"log: {end.note}")

    def _engine_log(self) -> None:
        with (self._log_directory.parent / "engine.log").open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - ENGINE_LOG_BYTES))
            text = file.read().decode("utf-8", "backslashreplace")
        self.bundle.add_text("engine.log", "the end of what the engine itself has written", text)

    # --- of the machine ---

    def _put_profile(self, profile: Path | None) -> None:
        if profile is None:
            raise ValueError("the last run does not say which it had")
        text = mask_profile(profile.read_text("utf-8", "backslashreplace"))
        self.bundle.add_masked(f"profile{profile.suffix}", f"{profile}, masked", text.encode())

    def _doctor(self, profile: Path | None) -> None:
        from supervisor.doctor import diagnose

        findings = diagnose(self._project, profile if profile is not None and profile.exists() else None)
        self.bundle.add_text("doctor.txt", "`procdeck doctor`", findings_text(findings))


def _versions() -> str:
    """A line for each thing that has a version."""
    from importlib import metadata

    lines = [
        f"procdeck {__version__}",
        f"{platform.python_implementation()} {platform.python_version()} ({sys.executable})",
        platform.platform(),
        f"libc {' '.join(platform.libc_ver())}".rstrip(),
    ]
    try:
        needed = metadata.requires("procdeck") or []
    except metadata.PackageNotFoundError:
        needed = []
    for name in sorted({found[0] for line in needed if "extra ==" not in line and (found := _NAME.match(line))}):
        try:
            lines.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            lines.append(f"{name} is not installed")
    return "\n".join(lines)
