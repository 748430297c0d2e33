"""`procdeck profile`: the file of the running project, with what the engine has not read yet, as text or as JSON."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from supervisor.errors import RequestRefused
from tui.cli.changing import plan_text
from tui.cli.exits import ExitCode
from tui.cli.locating import client_of, find_engine
from tui.cli.telling import narrate, one_line, tell_block, tell_json
from tui.profile_file import ProfileReader

if TYPE_CHECKING:
    from supervisor.api.requests import ReloadReply
    from tui.profile_file import FileLine, ProfileFile

_LONGEST_LINE = 4000


def show_profile(project: str | None, *, as_json: bool) -> ExitCode:
    """Print the profile with ``+`` and ``-`` before what has changed, its mistakes, and what a reload would do.

    Secrets are masked. The exit code tells where it has mistakes: a reload would be refused.
    """
    note = find_engine(project)
    file = ProfileReader(Path(note.profile_path), Path(note.log_directory).parent).read()
    plan: ReloadReply | None = None
    refusal = ""
    try:
        plan = client_of(note).reload(dry_run=True)
    except RequestRefused as refused:
        refusal = str(refused)
    if as_json:
        tell_json(_as_json(note.project, file, plan, refusal))
    else:
        _tell(file, plan, refusal)
    return ExitCode.PROFILE_INVALID if file.mistakes or refusal else ExitCode.OK


def _tell(file: ProfileFile, plan: ReloadReply | None, refusal: str) -> None:
    if file.lines:
        tell_block("".join(f"{_text(line)}\n" for line in file.lines))
    if file.trouble:
        narrate(one_line(file.trouble, _LONGEST_LINE))
    for line in file.lines:
        for mistake in line.mistakes:
            narrate(one_line(f"{file.path}:{line.number}: {mistake}", _LONGEST_LINE))
    for mistake in file.other_mistakes:
        narrate(one_line(mistake, _LONGEST_LINE))
    if plan is not None:
        narrate(plan_text(plan.plan) if plan.plan else "a reload would change nothing")
    elif not file.mistakes:
        narrate(one_line(f"a reload would be refused: {refusal}", _LONGEST_LINE))


def _text(line: FileLine) -> str:
    return f"{line.mark or ' '}{line.number or '':>4} {one_line(line.text, _LONGEST_LINE)}".rstrip()


def _as_json(project: str, file: ProfileFile, plan: ReloadReply | None, refusal: str) -> dict[str, object]:
    mistakes = [{"line": line.number, "text": text} for line in file.lines for text in line.mistakes]
    return {
        "project": project,
        "path": str(file.path),
        "trouble": file.trouble,
        "is_compared": file.is_compared,
        "is_changed": file.is_changed,
        "lines": [{"number": line.number, "mark": line.mark, "text": line.text} for line in file.lines],
        "declared": [asdict(each) for each in file.declared],
        "mistakes": [*mistakes, *({"line": None, "text": text} for text in file.other_mistakes)],
        "plan": plan.plan if plan is not None else None,
        "refusal": refusal,
    }
