"""`procdeck scale | signal | reload | pause | resume`, and restarts that roll."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from supervisor.api.messages import Job
from supervisor.api.requests import ReloadReply, ScaleReply, SignalReply
from supervisor.errors import ProfileError

if TYPE_CHECKING:
    from tests.api.fake_port import FakeEngine
    from tests.cli.conftest import Command

SCALES = "WORKER=N sets the number of replicas, WORKER=+N adds some"

PLAN = """\
SUBJECT  CHANGE   KEYS      WHAT
parse    scale    replicas  2 -> 3 replicas
walk     restart  args      its arguments differ
"""


def test_scale_sets_adds_and_takes_away(command: Command, engine: FakeEngine) -> None:
    """As many as the words say, in order, an answer for each."""
    outcome = command("scale", "parse=5", "walk=+1", "tally=-1")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out == "parse: 2 -> 5 replicas\nwalk: 1 -> 2 replicas\ntally: 1 -> 0 replicas\n"
    assert engine.port.scales == [("parse", 5, 0), ("walk", None, 1), ("tally", None, -1)]


def test_a_refused_scale_does_not_keep_the_others(command: Command, engine: FakeEngine) -> None:
    """Exit code 4, in the engine's words; what could be done is done."""
    outcome = command("scale", "prase=5", "walk=2")
    assert (outcome.code, outcome.out) == (4, "walk: 1 -> 2 replicas\n")
    assert outcome.err == 'procdeck: no worker "prase"; did you mean "parse"?\n'


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "say which worker is to have how many replicas: `procdeck scale parse=5`"),
        (("parse",), f"cannot scale by 'parse': {SCALES}; did you mean \"parse=2\"?"),
        (("parse=many",), f"cannot scale by 'parse=many': {SCALES}"),
        (("parse=+0",), "'parse=+0' changes nothing: parse=+1 adds a replica, parse=-1 ends one"),
        (("=5",), f"cannot scale by '=5': {SCALES}"),
    ],
)  # fmt: skip
def test_words_that_are_no_scale_are_told(
    command: Command, engine: FakeEngine, words: tuple[str, ...], told: str
) -> None:
    """Exit code 2, what was not understood and how it is said; nothing is asked of the engine."""
    outcome = command("scale", *words)
    assert (outcome.code, outcome.out, outcome.err) == (2, "", f"procdeck: {told}\n")
    assert engine.port.scales == []


def test_signal_is_sent_to_all_that_are_named(command: Command, engine: FakeEngine) -> None:
    """With or without SIG, in any case; those that have it are told."""
    for name in ("HUP", "sighup", "SIGHUP"):
        assert command("signal", name, "parse", "tally").out == "SIGHUP sent to parse.1, tally\n"
    assert engine.port.signals == [(("parse", "tally"), "SIGHUP")] * 3


def test_signal_that_nobody_got_is_exit_code_1(command: Command, engine: FakeEngine) -> None:
    """A worker at rest has no process."""
    outcome = command("signal", "USR1", "walk")
    assert (outcome.code, outcome.out) == (1, "SIGUSR1 sent to nobody\n")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("HPU", "parse"), 'there is no signal "HPU"; did you mean "HUP"?'),
        (("HUP",), "say which workers are to get the signal: `procdeck signal HUP WORKER`"),
        (("parse", "HUP"), "the signal comes first: `procdeck signal HUP parse`"),
    ],
)
def test_signal_that_is_none_is_told(command: Command, engine: FakeEngine, words: tuple[str, ...], told: str) -> None:
    """Exit code 2, before any engine is asked."""
    outcome = command("signal", *words)
    assert (outcome.code, outcome.out, outcome.err) == (2, "", f"procdeck: {told}\n")
    assert engine.port.signals == []


def test_signal_by_number_is_refused_by_the_engine(command: Command, engine: FakeEngine) -> None:
    """A number means another signal on another machine."""
    outcome = command("signal", "1", "parse")
    assert outcome.code == 4
    assert "named, not numbered" in outcome.err


def test_reload_tells_its_plan_and_applies_it(command: Command, engine: FakeEngine) -> None:
    """The table on stdout, what was done on stderr."""
    outcome = command("reload")
    assert (outcome.code, outcome.out, outcome.err) == (0, PLAN, "2 changes applied\n")
    assert engine.port.reloads == [False]


def test_dry_run_changes_nothing_and_says_so(command: Command, engine: FakeEngine) -> None:
    """The same table."""
    outcome = command("reload", "--dry-run")
    assert (outcome.code, outcome.out) == (0, PLAN)
    assert outcome.err == "2 changes\nnothing was changed; `procdeck reload` does it\n"
    assert engine.port.reloads == [True]


def test_reload_of_what_runs_already_has_no_table(command: Command, engine: FakeEngine) -> None:
    """stdout is empty, for there is no data."""
    engine.port.plan = ()
    outcome = command("reload")
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "nothing differs\n")


def test_a_bad_profile_is_exit_code_1_with_every_mistake(command: Command, engine: FakeEngine) -> None:
    """All of them, a line each, and that nothing has changed."""
    engine.port.reload_error = ProfileError(["census.toml:4: unknown key", "census.toml:9: no \x1b[2Jnumber"])
    outcome = command("reload")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err == (
        "census.toml:4: unknown key\ncensus.toml:9: no number\n"
        "procdeck: nothing was changed: the profile has to be mended first\n"
    )


@pytest.mark.parametrize("action", ["pause", "resume"])
def test_pause_and_resume_wait_for_their_outcome(command: Command, engine: FakeEngine, action: str) -> None:
    """As all actions do."""
    outcome = command(action, "parse.1")
    assert (outcome.code, outcome.out, outcome.err) == (0, f"parse.1: {action} done\n", f"parse.1: {action} begins\n")
    assert engine.port.wishes == [(action, ("parse.1",))]


@pytest.mark.parametrize(
    ("words", "number"), [((), 0), (("--rolling",), 1), (("--rolling", "--max-unavailable", "3"), 3),
                          (("--max-unavailable", "2"), 2)],
)  # fmt: skip
def test_restart_rolls_as_many_at_a_time(
    command: Command, engine: FakeEngine, words: tuple[str, ...], number: int
) -> None:
    """All at once without a word; one after another with --rolling; so many with --max-unavailable."""
    assert command("restart", "parse", *words).code == 0
    assert engine.port.max_unavailable == number
    assert command("restart", "parse", "--max-unavailable", "0").code == 2


def test_answers_as_json_are_whole(command: Command, engine: FakeEngine) -> None:
    """For programs: what the engine said, one line, nothing else on stdout."""
    jobs = msgspec.json.decode(command("pause", "parse", "--json").out, type=list[Job])
    assert [(job.target, job.state) for job in jobs] == [("parse.1", "done"), ("parse.2", "done")]
    scaled = msgspec.json.decode(command("scale", "tally=2", "--json").out, type=list[ScaleReply])
    assert [(reply.worker, reply.before, reply.after) for reply in scaled] == [("tally", 1, 2)]
    assert msgspec.json.decode(command("signal", "HUP", "tally", "--json").out, type=SignalReply).signalled
    reply = msgspec.json.decode(command("reload", "--dry-run", "--json").out, type=ReloadReply)
    assert (reply.plan, reply.is_applied) == (engine.port.plan, False)
