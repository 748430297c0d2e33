"""`procdeck pools` and what is below it, with a fake engine; the texts are contracts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import msgspec
import pytest

from supervisor.api.pools import PoolDetail, PoolReport, PoolRequest, PoolRow
from supervisor.errors import RequestRefused
from tests.api.fake_port import FakeEngine, a_fleet, a_row
from tests.api.samples import a_failure, a_pool
from tui.cli.exits import ExitCode
from tui.cli.pools import detail_text, failures_text, pools_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.conftest import Command


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[FakeEngine]:
    pools = (a_pool(), a_pool("words@parse.2", failed=0))
    with FakeEngine(a_fleet(a_row("hash"), pools=pools), tmp_path / "logs") as engine:
        engine.port.failed_items = {"hash": (a_failure(3), a_failure(9))}
        yield engine


def test_table_says_how_far_each_pool_is() -> None:
    """State, bar, rate, what is left, what failed; figures that mean nothing are left out."""
    at_rest = PoolReport(pool="later", state="starting", processes=4)
    pools = (
        a_pool(),
        a_pool("words@parse.2", total=None, eta_s=None),
        a_pool("thumbs", is_live=False, state="finished", done=100, failed=0, retried=0, slowest=()),
        a_pool("cut", is_live=False, slowest=()),
        PoolRow(name="later", replica="later", report=at_rest, is_live=False),
    )
    assert pools_text(pools, 165.0).splitlines() == [
        "POOL           STATE     PROGRESS                  RATE  LEFT  FAILED  RETRIED  MEMBERS  SLOWEST",
        "hash           running   ⣿⣿⣿⣿⣀⣀⣀⣀⣀⣀ 40/100 40 %    12/s   5 s       2        1      2/2  1.2 s #7 'typing.py'",
        "words@parse.2  running   40 done                   12/s     -       2        1      2/2  1.2 s #7 'typing.py'",
        "thumbs         finished  ⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿ 100/100 100 %     -     -       0        0        -  -",
        "cut            ended     ⣿⣿⣿⣿⣀⣀⣀⣀⣀⣀ 40/100 40 %       -     -       2        1        -  -",
        "later          at rest   0 done                       -     -       0        0        -  -",
    ]


def test_detail_has_members_and_what_took_long() -> None:
    """And how its members are started, what that costs here, and what would make it faster."""
    detail = PoolDetail(
        row=a_pool(
            start_share=0.03,
            wait_share=0.05,
            work_share=0.92,
            pickle_share=0.04,
            item_bytes=1200,
            result_bytes=48000,
            results="/x/hashes.ndjson",
            advice=("put what is large into a block",),
        ),
        start_method_meaning="Members are forks of a small server.",
        start_method_cost="a member is up after 50 ms (median of 2)",
    )
    assert detail_text(detail, 165.0, 1_700_000_100.0).splitlines() == [
        "hash: running, census:hash_file by imap_unordered",
        "⣿⣿⣿⣿⣿⣿⣿⣿⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀ 40/100 40 %, 12/s, 5 s left",
        "38 done, 2 failed, 1 tried again, 1 in hand; 2 members of 2, 1 died and replaced",
        "results: /x/hashes.ndjson",
        "time of members: start 3 %, wait 5 %, work 92 %, 4 % of the work in pickling",
        "on average: items 1.2 K, results 47 K; 1 item at a time",
        "forkserver: Members are forks of a small server.",
        "seen here: a member is up after 50 ms (median of 2)",
        "advice: put what is large into a block",
        "",
        " PID  STATE  FOR  DONE  LIFE  START%  WAIT%  WORK%  ITEM",
        "4801  busy    2s    21     1     0.0    0.0    0.0  #41 'ast.py'",
        "4802  idle     -    19     2     0.0    0.0    0.0  -",
        "",
        " TOOK  SLOWEST ITEMS",
        "1.2 s  #7 'typing.py'",
    ]


def test_failures_are_a_table_and_tracebacks() -> None:
    """The last ones in full; nothing that a terminal would obey gets through."""
    failures = (a_failure(3, at=0.0), a_failure(9, at=0.0, item="'\x1b[2J'", traceback="Trace\n  \x1b[31mat 9"))
    assert failures_text(failures, 0.0, tracebacks=1).splitlines() == [
        "NUMBER  WHEN  TRIES  WHAT       ERROR                   ITEM",
        "     3  -         2  exception  ValueError: not Python  'bad-3.py'",
        "     9  -         2  exception  ValueError: not Python  ''",
        "",
        "#9 ''",
        "Trace",
        "  at 9",
    ]


def test_pools_are_shown_as_table_detail_and_json(command: Command, engine: FakeEngine) -> None:
    """All of them, one by its name, and both as the engine has them."""
    assert [line.split()[0] for line in command("pools").out.splitlines()] == ["POOL", "hash", "words@parse.2"]
    shown = command("pools", "hash")
    assert (shown.code, shown.out.splitlines()[0]) == (0, "hash: running, census:hash_file by imap_unordered")
    assert "bad-9.py" in shown.out
    assert [pool["name"] for pool in json.loads(command("pools", "--json").out)["pools"]] == ["hash", "words@parse.2"]
    detail = msgspec.json.decode(command("pools", "hash", "--json").out, type=PoolDetail)
    assert detail.row == engine.port.now.pools[0]


def test_failures_of_all_pools_or_one(command: Command, engine: FakeEngine) -> None:
    """With every traceback; a pool without failures is not told of."""
    shown = command("pools", "--failures")
    assert shown.out.startswith("hash: 2 of 40 failed\n\nNUMBER")
    assert shown.out.count("Traceback") == 2
    assert "words" not in shown.out
    assert list(json.loads(command("pools", "hash", "--failures", "--json").out)) == ["hash"]
    nothing = command("pools", "words@parse.2", "--failures")
    assert (nothing.code, nothing.out, nothing.err) == (0, "", "nothing has failed in words@parse.2\n")


@pytest.mark.parametrize(
    ("words", "action", "wish"),
    [
        (("resize", "hash", "8"), "resize", PoolRequest(processes=8)),
        (("pause", "hash"), "pause", PoolRequest()),
        (("resume", "hash"), "resume", PoolRequest()),
        (("retry", "hash"), "retry-failed", PoolRequest()),
        (("retry", "hash", "--item", "3"), "retry-failed", PoolRequest(index=3)),
        (("cancel", "hash", "--item", "41"), "cancel", PoolRequest(index=41)),
        (("kill-member", "hash", "--pid", "4801"), "kill-member", PoolRequest(pid=4801)),
    ],
)
def test_wishes_are_handed_on(
    command: Command, engine: FakeEngine, words: tuple[str, ...], action: str, wish: PoolRequest
) -> None:
    """What was asked is on stdout."""
    given = command("pools", *words)
    assert (given.code, given.out, given.err) == (0, f"hash: {action} asked for\n", "")
    assert engine.port.pool_wishes == [("hash", action, wish)]


def test_what_cannot_be_is_told_with_what_to_do(command: Command, engine: FakeEngine) -> None:
    """Unknown pools and refusals are 4, a command line that means nothing 2."""
    unknown = command("pools", "pause", "hsah")
    assert (unknown.code, unknown.err) == (ExitCode.REFUSED, "procdeck: no pool 'hsah'; did you mean \"hash\"?\n")
    assert command("pools", "hsah").code == ExitCode.REFUSED
    absurd = command("pools", "resize", "hash", "0")
    assert (absurd.code, absurd.err) == (
        ExitCode.REFUSED,
        "procdeck: processes is a number from 1 to 1000, not 0\n",
    )
    mistaken = command("pools", "resiz", "hash", "8")
    assert (mistaken.code, mistaken.err) == (
        ExitCode.USAGE,
        'procdeck: there is no command "pools resiz"; did you mean "resize"?\n',
    )
    assert command("pools", "cancel", "hash").code == ExitCode.USAGE
    assert command("pools", "--project", engine.note.project).code == ExitCode.OK
    engine.port.pool_refusal = RequestRefused("hash does not run")
    refused = command("pools", "pause", "hash")
    assert (refused.code, refused.err) == (ExitCode.REFUSED, "procdeck: hash does not run\n")


def test_no_pools_and_no_engine(command: Command, tmp_path: Path) -> None:
    """Narration on stderr, nothing on stdout."""
    assert command("pools").code == ExitCode.NO_ENGINE
    with FakeEngine(a_fleet(a_row("walk")), tmp_path / "logs"):
        nothing = command("pools")
    assert (nothing.code, nothing.out) == (0, "")
    assert "[pools.NAME] in the profile makes one" in nothing.err
