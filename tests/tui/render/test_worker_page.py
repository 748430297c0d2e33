"""The sections of a worker's page, to the letter."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from supervisor.api.messages import ExitRecord, TreeProcess, Variable, WorkerDetail
from supervisor.lifecycle.states import State
from tests.tui.fakes import NOW_AT, NOW_S, census, detail_of, replica
from tests.tui.render.test_golden import golden
from tui.render.glyphs import ASCII, UNICODE, Glyphs
from tui.render.pieces import Line, line_text, line_width
from tui.render.worker_page import (
    SECTIONS,
    environment_lines,
    exit_lines,
    overview_lines,
    process_lines,
    section_at,
    section_line,
)

TREE = (
    TreeProcess(pid=4007, parent_pid=99, command="python census:parse", rss_bytes=48 << 20, cpu_percent=34.21,
                threads=3, state="running"),
    TreeProcess(pid=4008, parent_pid=4007, command="git ls-files --long " + "a" * 90, rss_bytes=2 << 20,
                cpu_percent=0.0, threads=1, state="sleeping"),
    TreeProcess(pid=4009, parent_pid=4008, command="less \x1b[2J日本語", rss_bytes=1 << 20, state="stopped"),
    TreeProcess(pid=4010, parent_pid=4007, command="cat", rss_bytes=1 << 10),
)  # fmt: skip


def detail(state: State = State.RUNNING, **fields: object) -> WorkerDetail:
    """A worker that has ended three times and differs from the engine in some variables."""
    exits = (
        ExitRecord(
            incarnation=1, pid=1, started_at=NOW_AT - 500, ended_at=NOW_AT - 400, cause="exit code 3", ok=False, code=3
        ),
        ExitRecord(
            incarnation=2,
            pid=2,
            started_at=NOW_AT - 399.5,
            ended_at=NOW_AT - 398,
            ok=False,
            code=-9,
            cause="killed by SIGKILL from outside",
        ),
        ExitRecord(
            incarnation=4, pid=4, started_at=NOW_AT - 300, ended_at=NOW_AT - 126, cause="completed", ok=True, code=0
        ),
    )
    variables = (
        Variable(name="API_TOKEN", value="••••••", origin="profile"),
        Variable(name="DB", value="••••••", origin="env-file", engine_value="sqlite"),
        Variable(name="HOME", value="/root", origin="engine"),
        Variable(name="LEVEL", value="debug \x1b[2J" + "x" * 90, origin="profile", engine_value="info"),
        Variable(name="PROCDECK_WORKER", value="parse.1", origin="procdeck"),
    )
    row = replica("parse.1", state, incarnation=5, started_at=NOW_AT - 125)
    whole = replace(detail_of(row), exits=exits, variables=variables, tree=TREE)
    return replace(whole, **fields)


def text(lines: list[Line], width: int) -> str:
    """The lines as they are read; none is wider than the screen."""
    assert max(map(line_width, lines)) <= width
    return "\n".join(line_text(line).rstrip() for line in lines)


def _page(width: int, glyphs: Glyphs = UNICODE) -> str:
    told = detail()
    parts = [
        process_lines(told.tree, width, glyphs),
        environment_lines(told, width, glyphs, is_whole=False),
        exit_lines(told, width, glyphs, NOW_S, NOW_AT, 0),
    ]
    return "\n\n".join(text(part, width) for part in parts)


@pytest.mark.parametrize("width", [80, 160])
def test_processes_environment_and_exits(width: int) -> None:
    """The tree with its figures; what differs from the engine, masked; each exit and what came next."""
    assert golden(f"worker_page_{width}") == _page(width)


def test_sections_in_ascii() -> None:
    """But for what is masked and what workers call themselves."""
    assert _page(80, ASCII).replace("•", "").replace("日本語", "").isascii()


def test_v_shows_all_of_it() -> None:
    """Nothing of a command or a value is cut; the engine's own variables come too."""
    told = detail()
    whole = text(process_lines(told.tree, 60, UNICODE, is_whole=True), 60)
    assert whole.replace("\n", "").count("a") >= 90
    assert "HOME" not in text(environment_lines(told, 60, UNICODE, is_whole=False), 60)
    shown = text(environment_lines(told, 60, UNICODE, is_whole=True), 60)
    assert "HOME=/root" in shown
    assert shown.count("x") >= 90


def test_nothing_is_said_in_words() -> None:
    """No process, no exit, the engine's own environment."""
    told = detail(tree=(), exits=(), variables=())
    assert "It has no process now." in text(process_lines(told.tree, 80, UNICODE), 80)
    assert "the engine's own environment" in text(environment_lines(told, 80, UNICODE, is_whole=False), 80)
    advised = detail(advice="Skip files that are not text.")
    assert "What to do: Skip files" in text(exit_lines(advised, 80, UNICODE, NOW_S, NOW_AT, 0), 80)
    assert "It has not ended yet." in text(exit_lines(told, 80, UNICODE, NOW_S, NOW_AT, 0), 80)


@pytest.mark.parametrize(
    ("state", "fields", "expected"),
    [
        (State.BACKOFF, {"next_step": "restart", "next_step_s": NOW_S + 3}, "backoff: restart in 3.0 s"),
        (State.FAILED, {}, "failed since"),
    ],
)
def test_the_last_exit_is_followed_by_what_is_so_now(state: State, fields: dict[str, object], expected: str) -> None:
    """A countdown where there is one."""
    row = replica("parse.1", state, incarnation=4, **fields)
    assert expected in text(exit_lines(detail(row=row), 80, UNICODE, NOW_S, NOW_AT, 0), 80)


def test_overview_leaves_out_what_has_a_section_of_its_own() -> None:
    """State, rules and start method with its reasons stay; on the command line no key is named."""
    told = detail()
    channels = {channel.name: channel for channel in census().channels}
    shown = text(overview_lines(told.row, told, channels, UNICODE, NOW_S, 80, 0, 0.0, None), 80)
    assert "procdeck's default" in shown
    assert "SIGKILL after 5 s" in shown
    assert "git ls-files" not in shown
    assert "LEVEL" not in shown


def test_a_click_finds_the_section_under_it() -> None:
    """Every cell of a name is that section's; the chosen one stands between brackets."""
    line = line_text(section_line(SECTIONS, 2, 80))
    assert "[Processes]" in line
    for index, name in enumerate(SECTIONS):
        assert section_at(SECTIONS, line.index(name)) == index
    assert section_at(SECTIONS, 79) is None
