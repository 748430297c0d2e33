"""`procdeck doctor`: what this machine lacks, what earlier runs have left, and what to do about it."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final

from tui.cli.choosing import profile_named, profile_of_directory
from tui.cli.exits import ExitCode
from tui.cli.locating import check_named_project
from tui.cli.telling import narrate, one_line, tell, tell_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from supervisor.findings import Finding

_SIGNS: Final = {"ok": "✓", "warn": "!", "fail": "✗"}
_ASCII_SIGNS: Final = {"ok": "+", "warn": "!", "fail": "x"}


def show_findings(profile: str | None, project: str | None, *, as_json: bool) -> ExitCode:
    """Print all findings; exit code 1 where something has to be mended before procdeck can be trusted here."""
    path = profile_named(profile) if profile is not None else profile_of_directory()
    from supervisor.doctor import diagnose

    findings = diagnose(check_named_project(project), path)
    failures = sum(finding.level == "fail" for finding in findings)
    if as_json:
        tell_json(findings)
    else:
        is_ascii = not (sys.stdout.encoding or "").lower().startswith("utf")
        tell(findings_text(findings, is_ascii=is_ascii or os.environ.get("PROCDECK_GLYPHS") == "ascii"))
        warnings = sum(finding.level == "warn" for finding in findings)
        narrate(f"{len(findings) - failures - warnings} well, {warnings} to know, {failures} to mend")
    return ExitCode.FAILED if failures else ExitCode.OK


def findings_text(findings: Sequence[Finding], *, is_ascii: bool = False) -> str:
    """A line for each finding; below what is not well, why that matters and what to do."""
    wide = max((len(finding.subject) for finding in findings), default=0)
    signs = _ASCII_SIGNS if is_ascii else _SIGNS
    lines = []
    for finding in findings:
        lines.append(f"{signs[finding.level]} {one_line(finding.subject).ljust(wide)}  {_whole(finding.what)}")
        if finding.level != "ok":
            indent = " " * (wide + 4)
            lines += [f"{indent}{_whole(text)}" for text in (finding.why, finding.advice) if text]
    return "\n".join(lines)


def _whole(text: str) -> str:
    return one_line(text, longest=2000)
