"""`procdeck start | stop | restart | kill` and `down`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from supervisor.api.messages import DownReply, TreeProcess
from supervisor.paths import is_running
from tests.api.fake_port import wait_until

if TYPE_CHECKING:
    from tests.api.fake_port import FakeEngine
    from tests.cli.conftest import Command


@pytest.mark.parametrize("action", ["start", "stop", "restart", "kill"])
def test_action_says_its_intent_and_its_outcome(command: Command, engine: FakeEngine, action: str) -> None:
    """Intent on stderr, outcome on stdout, a line for each replica."""
    outcome = command(action, "parse")
    assert outcome.code == 0
    assert outcome.err == f"parse.1: {action} begins\nparse.2: {action} begins\n"
    assert outcome.out == f"parse.1: {action} done\nparse.2: {action} done\n"
    assert engine.port.wishes == [(action, ("parse",))]


def test_action_that_fails_is_exit_code_1(command: Command, engine: FakeEngine) -> None:
    """The others are told all the same."""
    engine.port.failing = {"parse.1"}
    outcome = command("restart", "parse.1", "tally")
    assert outcome.code == 1
    assert outcome.out == "parse.1: failed: it would not\ntally: restart done\n"


def test_unknown_worker_is_refused_with_a_suggestion(command: Command, engine: FakeEngine) -> None:
    """Exit code 4, in the engine's words."""
    outcome = command("stop", "prase")
    assert (outcome.code, outcome.out) == (4, "")
    assert outcome.err == 'procdeck: no worker "prase"; did you mean "parse"?\n'


def test_all_is_a_word_of_its_own(command: Command, engine: FakeEngine) -> None:
    """`--all` asks for all, and without it nothing is stopped because a name was forgotten."""
    assert command("stop").code == 2
    assert command("stop", "parse", "--all").code == 2
    assert command("stop", "--all").code == 0
    assert engine.port.wishes == [("stop", ("*",))]


def test_down_waits_until_the_engine_is_gone(command: Command, engine: FakeEngine) -> None:
    """Afterwards the project can be started again at once."""
    outcome = command("down")
    assert (outcome.code, outcome.out) == (0, "census is down\n")
    assert engine.port.downs == [False]
    assert not is_running("census")


def test_down_says_what_it_waits_for(command: Command, engine: FakeEngine) -> None:
    """The replicas that are not at rest are named on stderr while it waits."""
    engine.do(lambda port: port.down_may_end.clear())

    def let_go() -> None:
        wait_until(lambda: engine.port.downs == [False] and engine.port.fleets_read > 0)
        engine.do(lambda port: port.down_may_end.set())

    import threading

    letting_go = threading.Thread(target=let_go)
    letting_go.start()
    outcome = command("down")
    letting_go.join()
    assert outcome.err.splitlines()[0] == "stopping census: waiting for parse.1, parse.2, tally"
    assert outcome.code == 0


def test_down_lists_survivors(command: Command, engine: FakeEngine) -> None:
    """A process that would not die is named and is exit code 1."""
    engine.port.down_reply = DownReply(survivors=(TreeProcess(pid=77, parent_pid=1, command="cat \x1b[2J/nfs"),))
    outcome = command("down", "--force")
    assert outcome.code == 1
    assert outcome.err == "procdeck: process 77 would not die: cat /nfs\n"
    assert engine.port.downs == [True]


def test_down_of_an_engine_that_is_killed_meanwhile_is_done(command: Command, engine: FakeEngine) -> None:
    """No reply, but nothing runs any more either."""
    engine.do(lambda port: port.down_may_end.clear())

    def vanish() -> None:
        wait_until(lambda: engine.port.downs == [False])
        engine.end()

    import threading

    vanishing = threading.Thread(target=vanish)
    vanishing.start()
    outcome = command("down")
    vanishing.join()
    assert (outcome.code, outcome.out) == (0, "census is down\n")


@pytest.mark.parametrize("words", [["status"], ["stop", "x"], ["down"], ["attach"], ["logs"]])
def test_command_without_an_engine_says_how_to_start_one(command: Command, words: list[str]) -> None:
    """Exit code 3, and what to do."""
    outcome = command(*words)
    assert (outcome.code, outcome.out) == (3, "")
    assert outcome.err == (
        "procdeck: no engine runs; start one with `procdeck PROFILE`, or see one with `procdeck demo`\n"
    )
