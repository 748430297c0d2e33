"""Levels of real workers' loggers: from the profile, changed while they run, and after a restart."""

from __future__ import annotations

from pathlib import Path

import pytest

from supervisor.errors import RequestRefused
from tests.engines import RunningEngine, engine_on, wait_for, write_profile

WORK = """
    import logging

    def talk(ctx):
        number = 0
        while not ctx.stopping:
            number += 1
            ctx.log.debug("debug %d", number)
            logging.getLogger("library").info("library %d", number)
            ctx.stopping.wait(0.02)

    def silent(ctx):
        ctx.stopping.wait()
"""

PROFILE = """
    name = "levels"
    [defaults]
    restart = "never"
    [workers.talk]
    target = "work:talk"
    [workers.silent]
    target = "work:silent"
    [workers.verbose]
    target = "work:talk"
    log_level = "debug"
    [workers.other]
    command = "sleep 600"
    [workers.later]
    target = "work:talk"
    autostart = false
"""


def _second_life(engine: RunningEngine) -> list[str]:
    """What the next incarnation of talk has said."""
    return [r.message for r in engine.records() if (r.worker, r.incarnation) == ("talk", 2)]


def test_levels_change_while_workers_run(place: Path) -> None:
    """By the next call or wait; one logger apart; for later incarnations; a command has none."""
    with engine_on(write_profile(place / "p", PROFILE, work=WORK)) as engine:
        engine.wait_message("talk", "library 3")
        engine.wait_message("verbose", "debug 3")
        assert not any(message.startswith("debug") for message in engine.messages("talk"))
        assert (engine.row("verbose").log_level, engine.row("other").log_level) == ("DEBUG", "")

        reply = engine.client.set_level(["talk", "silent", "later", "other"], "debug")
        assert reply.told == ("talk", "silent", "later")
        assert reply.text == "DEBUG in talk, silent, later; later: from its next start; other: has no loggers"
        wait_for(lambda: any(m.startswith("debug") for m in engine.messages("talk")), "talk to log more")
        wait_for(lambda: engine.client.detail("silent").follows_log_levels, "silent to take the level up")
        assert engine.row("silent").log_level == "DEBUG"
        engine.act("start", "later")
        wait_for(lambda: any(m.startswith("debug") for m in engine.messages("later")), "later to log more")

        engine.client.set_level(["talk"], "ERROR", "library")
        wait_for(lambda: engine.client.detail("talk").follows_log_levels, "talk to take the level up")
        assert engine.client.detail("talk").log_levels == {"": "DEBUG", "library": "ERROR"}
        wait_for(lambda: all(m.startswith("debug") for m in engine.messages("talk")[-4:]), "the library to be silent")
        engine.act("restart", "talk")
        wait_for(lambda: len(_second_life(engine)) > 3, "talk to log again")
        assert not any(message.startswith("library") for message in _second_life(engine))

        with pytest.raises(RequestRefused, match="a command has no logger"):
            engine.client.set_level(["other"], "DEBUG")
        engine.act("stop", "silent", "talk")
        assert any(e.what == "log level DEBUG wished" and e.by.startswith("uid") for e in engine.events("talk"))
