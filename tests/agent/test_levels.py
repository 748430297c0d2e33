"""Levels that somebody else changes while a process runs: it is told through a status board, as a worker is."""

from __future__ import annotations

import os

import pytest

from supervisor.channels import StatusBoard
from tests.agent.outcome import PRELUDE, Outcome

BOARD = (
    PRELUDE
    + """
records.install(lane, 'INFO')
from supervisor.agent import levels
from supervisor.channels import StatusBoard
board = StatusBoard.create()
engine = StatusBoard(os.dup(board.fd))
levels.follow(StatusBoard.attach(os.dup(board.fd)), 'parse')
"""
)


def test_level_counts_from_the_next_call_on() -> None:
    """Up and down, for all loggers, ``ctx.log`` too, though the call that looks would not be written by itself."""
    outcome = Outcome(
        """
        log, own = logging.getLogger('census'), records.make_logger('parse')
        log.debug('1'); own.debug('1')
        engine.write_levels({'': 10})
        log.debug('2'); own.debug('2')
        engine.write_levels({'': 40})
        log.info('3'); own.warning('3')
        log.error('4')
        """,
        prelude=BOARD,
    )
    assert [(r["logger"], r["message"]) for r in outcome.records] == [("census", "2"), ("parse", "2"), ("census", "4")]


def test_one_logger_can_be_told_apart() -> None:
    """A library that talks too much, or one that is looked into."""
    outcome = Outcome(
        """
        engine.write_levels({'': 20, 'noisy': 40, 'census.parse': 10})
        logging.getLogger('noisy.http').warning('no')
        logging.getLogger('census.parse').debug('yes')
        logging.getLogger('census').debug('no')
        """,
        prelude=BOARD,
    )
    assert outcome.messages == ["yes"]


def test_wish_is_taken_up_once_it_was_seen() -> None:
    """The engine can tell what is followed from what is only wished."""
    outcome = Outcome(
        """
        print(engine.has_taken_up_levels)
        engine.write_levels({'': 10})
        print(engine.has_taken_up_levels)
        logging.getLogger('census').debug('x')
        print(engine.has_taken_up_levels)
        """,
        prelude=BOARD,
    )
    assert outcome.stdout.split() == ["True", "False", "True"]


def test_level_counts_in_forked_children_too() -> None:
    """They share the page; the wish is not taken up by them in their parent's name."""
    outcome = Outcome(
        """
        reading, writing = os.pipe()
        pid = os.fork()
        if not pid:
            os.read(reading, 1)
            logging.getLogger('census').debug('child')
            os._exit(0)
        engine.write_levels({'': 10})
        os.write(writing, b'.')
        os.waitpid(pid, 0)
        print(engine.has_taken_up_levels)
        """,
        prelude=BOARD,
    )
    assert (outcome.messages, outcome.stdout) == (["child"], "False\n")


@pytest.mark.parametrize("setting", ["", "logger.remove(); number = logger.add(sys.stderr, level='INFO')\n"])
def test_level_counts_for_loguru(setting: str) -> None:
    """Also where only calls below the old level are made, and a sink's own number stays good."""
    outcome = Outcome(
        f"from loguru import logger\n{setting}"
        "engine.write_levels({'': 40})\n"
        "logger.info('no')\n"
        "engine.write_levels({'': 5})\n"
        "logger.trace('yes')\n" + ("logger.remove(number)\nlogger.error('no')\n" if setting else ""),
        prelude=BOARD,
    )
    assert (outcome.messages, outcome.stderr, outcome.code) == (["yes"], "", 0)


def test_board_holds_levels_by_logger_and_refuses_too_many() -> None:
    """What was written is read; what does not fit changes nothing."""
    board = StatusBoard.create()
    other = StatusBoard.attach(os.dup(board.fd))
    try:
        assert (other.read_levels(), board.has_taken_up_levels) == ({}, True)
        assert board.write_levels({"": 10, "ä.b": 40})
        assert not board.write_levels({f"logger.{number}": 10 for number in range(200)})
        assert not board.write_levels({"x" * 300: 10})
        assert other.read_levels() == {"": 10, "ä.b": 40}
        assert other.level_number[0] == 1
        other.take_up_levels(1)
        assert board.has_taken_up_levels
    finally:
        board.close()
        other.close()
