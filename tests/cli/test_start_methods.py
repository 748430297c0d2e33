"""`procdeck doctor --start-methods`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from supervisor import start_costs
from supervisor.import_costs import ImportCost
from supervisor.start_costs import StartCost, StartCosts, UnknownTarget
from tui.cli.start_methods import costs_text

if TYPE_CHECKING:
    from tests.cli.conftest import Command

MIB = 2**20
COSTS = StartCosts(
    target="thumbs:shrink",
    python="/usr/bin/python3",
    version="3.11.7",
    preload=("thumbs",),
    costs=(
        StartCost("fork", 1.5, 1.4, 1.6, 2.0, 5, 2 * MIB, 8 * MIB, 17 * MIB),
        StartCost("forkserver", 44.3, 43.4, 45.2, 101.2, 5, 12 * MIB, 14 * MIB, 22 * MIB),
        StartCost("forkserver with preload", 10.1, 9.6, 14.0, 145.0, 5, None, None, None),
        StartCost("spawn", trouble="no start within 30 s\x1b[2J"),
    ),
    import_ms=72.9,
    imports=(ImportCost("PIL", 46.0, 0.631), ImportCost("json", 11.8, 0.162)),
    advice="Use forkserver.",
)
GOLDEN = """\
a process for thumbs:shrink, under Python 3.11.7 (/usr/bin/python3)

                           start    from..to   first  own memory  with its share
fork                      1.5 ms    1.4..1.6  2.0 ms     2.0 MiB         8.0 MiB
forkserver               44.3 ms  43.4..45.2  101 ms    12.0 MiB        14.0 MiB
forkserver with preload  10.1 ms   9.6..14.0  145 ms           -               -
spawn                          -           -       -           -               -
    no start within 30 s

imports  72.9 ms in a fresh process: PIL 46.0 ms (63%), json 11.8 ms (16%)
preload  thumbs
advice   Use forkserver."""


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What is to be measured, each time; the figures are `COSTS`, and typo:work is none."""
    asked: list[dict[str, Any]] = []

    def measure_starts(target: str, *, on_step: Callable[[str], None], **others: Any) -> StartCosts:
        asked.append({"target": target, **others})
        on_step("fork")
        if target == "typo:work":
            raise UnknownTarget('there is no module "typo"')
        return COSTS

    monkeypatch.setattr(start_costs, "measure_starts", measure_starts)
    return asked


def test_costs_as_a_table() -> None:
    """The golden text: fits into 80 columns, and a way that does not work says why below."""
    assert costs_text(COSTS) == GOLDEN
    assert max(map(len, GOLDEN.splitlines())) <= 80


def test_what_is_asked_for_is_measured(command: Command, asked: list[dict[str, Any]], tmp_path: Path) -> None:
    """The function, the interpreter and what to preload; the steps are narration. What does not work is exit code 1."""
    outcome = command("doctor", "--start-methods", "m:f", "--python", "p", "--preload", "a,b", "--preload", "c")
    assert (outcome.code, outcome.out, outcome.err) == (1, GOLDEN + "\n", "measures: fork\n")
    assert asked == [{"target": "m:f", "directory": tmp_path, "python": "p", "preload": ["a", "b", "c"]}]


def test_costs_as_json(command: Command, asked: list[dict[str, Any]]) -> None:
    """All figures, with their units."""
    told = msgspec.json.decode(command("doctor", "--start-methods", "--json").out)
    assert [one["start_ms"] for one in told["costs"]] == [1.5, 44.3, 10.1, None]
    assert told["costs"][0]["uss_bytes"] == 2 * MIB
    assert asked[0]["target"] == ""


def test_mistakes_are_told(command: Command, asked: list[dict[str, Any]]) -> None:
    """A typo, a profile instead of a function, and options that mean nothing without the other."""
    typo = command("doctor", "--start-methods", "typo:work")
    assert (typo.code, typo.err.splitlines()[-1]) == (2, 'procdeck: there is no module "typo"')
    profile = command("doctor", "--start-methods", "deck.toml")
    assert profile.code == 2
    assert "a function is looked at, not a profile" in profile.err
    alone = command("doctor", "--preload", "numpy")
    assert (alone.code, "are for --start-methods" in alone.err) == (2, True)
