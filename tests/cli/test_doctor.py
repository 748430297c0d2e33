"""`procdeck doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from supervisor import doctor
from supervisor.findings import Finding
from tui.cli.doctor import findings_text

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Command

WELL = Finding("ok", "open files", "1024, enough for about 137 workers")
FINDINGS = (
    WELL,
    Finding("warn", "bytecode", "PYTHONDONTWRITEBYTECODE is set", "imports take long", "unset it"),
    Finding("fail", "project x", "process 7 still \x1b[2Jlives", "nobody could end it", "kill 7"),
)

GOLDEN = """\
✓ open files  1024, enough for about 137 workers
! bytecode    PYTHONDONTWRITEBYTECODE is set
              imports take long
              unset it
✗ project x   process 7 still lives
              nobody could end it
              kill 7"""


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str | None, Path | None]]:
    """(project, profile) of each diagnosis, which finds what `FINDINGS` says, without a failure for project well."""
    asked: list[tuple[str | None, Path | None]] = []

    def diagnose(project: str | None = None, profile: Path | None = None) -> tuple[Finding, ...]:
        asked.append((project, profile))
        return FINDINGS if project != "well" else FINDINGS[:2]

    monkeypatch.setattr(doctor, "diagnose", diagnose)
    return asked


def test_findings_as_lines() -> None:
    """The golden text: a sign, what was looked at and found; what is not well says why and what to do."""
    assert findings_text(FINDINGS) == GOLDEN
    assert findings_text(FINDINGS, is_ascii=True).splitlines()[::3] == [
        "+ open files  1024, enough for about 137 workers",
        "              unset it",
        "              kill 7",
    ]


def test_a_failure_is_exit_code_1(command: Command, asked: list[object]) -> None:
    """Findings on stdout, their count on stderr; what is only to know is no failure."""
    outcome = command("doctor")
    assert (outcome.code, outcome.err) == (1, "1 well, 1 to know, 1 to mend\n")
    assert outcome.out == GOLDEN + "\n"
    assert command("doctor", "--project", "well").code == 0
    assert asked == [(None, None), ("well", None)]


def test_findings_as_json(command: Command, asked: list[object]) -> None:
    """An object for each."""
    outcome = command("doctor", "--json")
    told: list[dict[str, Any]] = msgspec.json.decode(outcome.out)
    assert outcome.code == 1
    assert [(each["level"], each["subject"]) for each in told] == [
        ("ok", "open files"),
        ("warn", "bytecode"),
        ("fail", "project x"),
    ]


def test_the_profile_that_is_meant_is_looked_at(command: Command, asked: list[object], tmp_path: Path) -> None:
    """The named one, or the directory's own."""
    path = tmp_path / "procdeck.toml"
    path.write_text('name = "x"\n')
    command("doctor")
    command("doctor", "procdeck.toml")
    assert asked == [(None, path), (None, path)]
    assert command("doctor", "nowhere.toml").code == 2
    assert command("doctor", "--project", "no/name").code == 2


def test_this_machine_can_be_diagnosed(command: Command) -> None:
    """The real thing runs through, whatever it finds here."""
    outcome = command("doctor")
    assert outcome.code in (0, 1)
    assert "Python" in outcome.out
    assert "kill tier" in outcome.out
