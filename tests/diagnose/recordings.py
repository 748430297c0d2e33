"""The recorded programs, and what the rules say of their threads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from scripts.record_parts.recording import RECORDED, Recording, load
from supervisor.diagnose.classify import classify
from supervisor.diagnose.evidence import Look, ThreadReport

FILES = sorted(RECORDED.glob("3.*/*.json"))
STEADY = [file for file in FILES if not file.stem.startswith("pool_respawns")]
"""All but one, whose processes come and go."""
VERSIONS = ("3.11", "3.13")


def recorded(version: str, program: str, method: str = "fork") -> Recording:
    return load(RECORDED / version / f"{program}-{method}.json")


def reports_of(recording: Recording, **changed: Mapping[tuple[int, int], float]) -> tuple[ThreadReport, ...]:
    dumps = {dump.pid: dump for dump in recording.dumps}
    return classify(recording.look, dumps, before=recording.before, machine=recording.machine, **changed)


def part_of(report: ThreadReport, look: Look) -> str:
    part = look.processes[report.pid].name
    return part if report.is_main else f"{part}/{report.thread_name}"


def kinds_of(recording: Recording) -> dict[str, str]:
    """By part, the kinds of its threads."""
    found: dict[str, set[str]] = defaultdict(set)
    for report in reports_of(recording):
        if report.is_main or report.kind != "STOPPED":
            found[part_of(report, recording.look)].add(report.kind)
    return {part: " ".join(sorted(kinds)) for part, kinds in found.items()}


def of(reports: Sequence[ThreadReport], kind: str) -> ThreadReport:
    return next(report for report in reports if report.kind == kind)
