"""The command line of each wish: the command line's own grammar takes it, and it comes to the same wish."""

from __future__ import annotations

import shlex

import pytest

from supervisor.api.pools import PoolRequest
from supervisor.command_lines import LONGEST, CommandLines
from tui.cli.main import app

LINES = CommandLines("census")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (LINES.act("restart", ["parse", "walk"]), "restart parse walk"),
        (LINES.act("stop", ["*"]), "stop --all"),
        (LINES.act("restart", ["parse"], 2), "restart parse --max-unavailable 2"),
        (LINES.signal("SIGHUP", ["parse.2"]), "signal HUP parse.2"),
        (LINES.set_level(["parse"], "DEBUG", ""), "log-level parse DEBUG"),
        (LINES.set_level(["*"], "DEBUG", "http"), "log-level DEBUG --logger http --all"),
        (LINES.scale("parse", 5, 0), "scale parse=5"),
        (LINES.scale("parse", None, -1), "scale parse=-1"),
        (LINES.reload(), "reload"),
        (LINES.down(is_forced=True), "down --force"),
        (LINES.channel_act("paths", "requeue", ["7", "8"]), "channels requeue paths 7 8"),
        (LINES.channel_act("paths", "drain", []), "channels drain paths"),
        (LINES.pool_act("hash", "resize", PoolRequest(processes=8)), "pools resize hash 8"),
        (LINES.pool_act("hash", "retry-failed", PoolRequest(index=3)), "pools retry hash --item 3"),
        (LINES.pool_act("hash", "kill-member", PoolRequest(pid=47)), "pools kill-member hash --pid 47"),
        (LINES.pool_act("hash", "pause", PoolRequest()), "pools pause hash"),
        (LINES.release("parse.2", "sem:3070"), "release parse.2 sem:3070"),
        (LINES.kill_process(4711, 123), "kill --process 4711:123"),
    ],
)
def test_line_is_one_that_the_command_line_understands(line: str, expected: str) -> None:
    """With the project, so that it works from any directory."""
    assert line == f"procdeck {expected} --project census"
    app.parse_args(shlex.split(line)[1:], exit_on_error=False, print_error=False)


def test_words_are_quoted_for_a_shell() -> None:
    """A name with a blank in it stays one word."""
    assert LINES.act("stop", ["my worker"]) == "procdeck stop 'my worker' --project census"


def test_there_is_no_line_where_none_does_the_same() -> None:
    """A signal for all, or a line too long to be copied whole."""
    assert LINES.signal("SIGHUP", ["*"]) == ""
    assert LINES.act("stop", ["worker"] * LONGEST) == ""
