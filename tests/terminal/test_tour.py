"""The tour of docs/tour.md is taken, step by step, with the real program: its keys are pressed, its words are seen."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.terminal.conftest import PROGRAM, Open

pytestmark = pytest.mark.terminal

TOUR = Path(__file__).parents[2] / "docs" / "tour.md"
SIZE = (120, 34)

_STEP = re.compile(
    r"^(?:\*\*Press\*\* (?P<keys>.+)\n)?\*\*You (?P<gone>no longer )?see\*\* (?P<words>.+)$", re.MULTILINE
)
_COMMAND = re.compile(r"^\$ procdeck (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Step:
    """What a newcomer does, and what there is to be seen then."""

    keys: tuple[str, ...]
    words: tuple[str, ...]
    is_gone: bool


def steps_of(text: str) -> list[Step]:
    """The steps, in their order."""
    return [
        Step(_quoted(found["keys"] or ""), _quoted(found["words"]), bool(found["gone"]))
        for found in _STEP.finditer(text)
    ]


def _quoted(text: str) -> tuple[str, ...]:
    return tuple(re.findall("`([^`]+)`", text))


def test_every_step_of_the_tour_is_read() -> None:
    """No key and no word of it is left out because it is written in another way."""
    text = TOUR.read_text()
    steps = steps_of(text)
    assert len(steps) == len(re.findall(r"\*\*You .*see\*\* `", text))
    assert sum(bool(step.keys) for step in steps) == text.count("**Press** `") > 15
    assert all(step.words for step in steps)
    assert not any("esc" in step.keys[:-1] for step in steps), "what follows Esc at once is one key with it"
    assert len(_COMMAND.findall(text)) == 2


@pytest.mark.timeout(300)
def test_the_tour_can_be_taken(place: Path, procdeck: Open) -> None:
    """From the first command to the last, with the words that are told on the screen after each key."""
    text = TOUR.read_text()
    first, last = _COMMAND.findall(text)
    terminal = procdeck(*first.split(), columns=SIZE[0], lines=SIZE[1])
    for step in steps_of(text):
        if step.keys:
            before = "\n".join(terminal.text())
            assert step.is_gone or not all(words in before for words in step.words), f"seen without a key: {step}"
        terminal.press(*step.keys)
        terminal.wait_text(*step.words, absent=step.is_gone)
    assert terminal.exit_code() == 0
    subprocess.run([PROGRAM, *last.split()], cwd=place, check=True, capture_output=True, timeout=120)
