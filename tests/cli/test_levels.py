"""`procdeck log-level`: whose level changes, to what, and what is said of words that mean nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from supervisor.api.requests import LevelReply

if TYPE_CHECKING:
    from tests.api.fake_port import FakeEngine
    from tests.cli.conftest import Command


def test_level_is_the_last_word(command: Command, engine: FakeEngine) -> None:
    """Workers first, in any case of letters; one logger of theirs with --logger; all of them with --all."""
    assert command("log-level", "parse", "walk", "debug").out == "DEBUG in walk, parse.1, parse.2\n"
    assert command("log-level", "parse.2", "WARN", "--logger", "urllib3").out == "urllib3 WARNING in parse.2\n"
    outcome = command("log-level", "--all", "ERROR", "--json")
    assert msgspec.json.decode(outcome.out, type=LevelReply).told == ("walk", "parse.1", "parse.2", "tally")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "say whose level is to change, and to what"),
        (("DEBUG",), "say whose level is to change: `procdeck log-level WORKER DEBUG`, or --all"),
        (("parse",), "no level 'parse'"),
        (("parse", "DEBGU"), 'did you mean "DEBUG"?'),
        (("DEBUG", "parse"), "the level comes last"),
        (("--all", "parse", "DEBUG"), "give either workers or --all"),
    ],
)
def test_words_that_are_no_level_are_told(
    command: Command, engine: FakeEngine, words: tuple[str, ...], told: str
) -> None:
    """Exit code 2; nothing is asked of the engine."""
    outcome = command("log-level", *words)
    assert (outcome.code, outcome.out) == (2, "")
    assert told in outcome.err
    assert engine.port.asked_by == []


def test_unknown_worker_is_refused(command: Command, engine: FakeEngine) -> None:
    """Exit code 4, in the engine's words."""
    outcome = command("log-level", "prase", "DEBUG")
    assert (outcome.code, outcome.err) == (4, 'procdeck: no worker "prase"; did you mean "parse"?\n')
