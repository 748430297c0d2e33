"""`procdeck why`, `stacks`, `sample` and `release`, with a stand-in for the engine."""

from __future__ import annotations

import io
import stat
from typing import TYPE_CHECKING

import msgspec
import pytest

from supervisor.api.hangs import (
    ProcessStacks,
    SampledStack,
    SampleReply,
    StackFrame,
    StacksReply,
    ThreadStack,
    WayOut,
    WhyReply,
)
from supervisor.errors import RequestRefused
from tests.api.samples import a_deadlock, a_verdict
from tui.cli.exits import ExitCode
from tui.cli.hang_text import command_of, verdict_text, waits_dot

if TYPE_CHECKING:
    from pathlib import Path

    from tests.api.fake_port import FakeEngine
    from tests.cli.conftest import Command

DEADLOCK = """\
left: left and right wait for each other, each with a lock that the other one needs
  DEADLOCK (stuck), for 1m; certain; pid 4711 MainThread
  1 worker waits for it: third
  who waits for whom, a ring:
    left, pid 4711 MainThread: holds the lock made at etl.py:12 and waits for the lock made at etl.py:13
      /app/etl.py:31  move  with second:
    right, pid 4712 MainThread: holds the lock made at etl.py:13 and waits for the lock made at etl.py:12
      /app/etl.py:38  back  with first:
    and so on with left
  evidence: semaphore 77 has the value 0, and left has acquired it
            neither has moved for 4 s
  what to do: take the two locks in the same order everywhere
  ways out: restart right: its lock is given back
              procdeck restart right
            kill process 4712
              procdeck kill --process 4712:99"""

IDLE = """\
walk: waits for an item from the queue made at census.py:12; it is empty
  QUEUE EMPTY (idle); certain; pid 4711 MainThread
  its stack, innermost first:
    /app/census.py:41  parse  path = paths.get()
  evidence: kernel: read of 4 bytes from pipe:[9], descriptor 5"""

MAIN = StackFrame(file="/app/census.py", line=90, function="main")
PARSE = StackFrame(file="/usr/lib/python3.11/ast.py", line=50, function="parse", source="return compile(source)")
READ = StackFrame(file="/app/census.py", line=20, function="read;all", source="text = file.read()")


def test_verdict_says_the_cause_first() -> None:
    """Then how sure that is, the chain, the evidence, what to do, and the commands that do it."""
    assert verdict_text(a_deadlock(), 150.0) == DEADLOCK
    assert verdict_text(a_verdict("walk", since_s=None), 150.0) == IDLE
    coloured = verdict_text(a_deadlock(), 150.0, colours=True).splitlines()
    assert coloured == [f"\x1b[1;31m{DEADLOCK.splitlines()[0]}\x1b[0m", *DEADLOCK.splitlines()[1:]]


FOLDED = """\
left: left and right wait for each other, each with a
  lock that the other one needs
  DEADLOCK (stuck), for 1m; certain; pid 4711 MainThread
  1 worker waits for it: third
  who waits for whom, a ring:
    left, pid 4711 MainThread: holds the lock made at
      etl.py:12 and waits for the lock made at etl.py:13
"""


def test_sentences_are_folded_for_a_terminal() -> None:
    """What stands on the lines below is further in; commands and source lines stay whole."""
    lines = verdict_text(a_deadlock(), 150.0, width=56).splitlines()
    assert lines[:7] == FOLDED.splitlines()
    assert "              procdeck kill --process 4712:99" in lines
    assert all(len(line) <= 56 for line in lines)


def test_words_of_workers_do_nothing_to_the_terminal() -> None:
    """Wherever they stand."""
    frame = StackFrame(file="/a\x1b[2Jb.py", line=1, function="f\nf", source="print('\x1b]0;owned\x07')")
    text = verdict_text(a_verdict("walk", thread="x\x1b[31m\n", stack=(frame,), evidence=("\x1b[2J\n",)), 150.0)
    assert "\x1b" not in text
    assert len(text.splitlines()) == 5


@pytest.mark.parametrize(
    ("way", "typed"),
    [
        (WayOut(action="restart", text="x"), "procdeck restart parse.2"),
        (WayOut(action="kill", text="x", replica="walk"), "procdeck kill walk"),
        (WayOut(action="kill-process", text="x", pid=7, start_ticks=8), "procdeck kill --process 7:8"),
        (WayOut(action="kill-process", text="x", pid=7), ""),
        (WayOut(action="release", text="x", resource="sem:7"), "procdeck release parse.2 sem:7"),
        (WayOut(action="resume", text="x"), "procdeck resume parse.2"),
        (WayOut(action="dump", text="x"), "procdeck stacks parse.2"),
        (WayOut(action="report", text="x"), "procdeck report"),
        (WayOut(action="wait", text="x"), ""),
    ],
)
def test_way_out_is_a_command(way: WayOut, typed: str) -> None:
    """Where there is one."""
    assert command_of(way, a_verdict("parse.2")) == typed
    assert command_of(way, a_verdict("parse.2"), "deck") == (typed and f"{typed} --project deck")


def test_why_without_a_name_is_about_all_who_wait(command: Command, engine: FakeEngine) -> None:
    """The worst first; exit code 6 where somebody is stuck. The rest is counted, and shown with --all."""
    waiting = a_verdict("parse.1", severity="waiting", sentence="waits for a lock", since_s=None)
    engine.port.verdicts = (a_verdict("walk"), waiting, msgspec.structs.replace(a_deadlock(), replica="tally"))
    outcome = command("why")
    assert outcome.code == ExitCode.STUCK
    assert [line.partition(":")[0] for line in outcome.out.split("\n\n")] == ["tally", "parse.1"]
    assert outcome.err == "1 stuck, 1 waiting, 1 idle; --all shows all of them\n"
    assert outcome.out.split("\n\n")[1].splitlines() == [
        "parse.1: waits for a lock",
        "  QUEUE EMPTY (waiting); certain; pid 4711 MainThread",
    ]
    shown = command("why", "--all")
    assert [line.partition(":")[0] for line in shown.out.split("\n\n")] == ["tally", "parse.1", "walk"]
    assert shown.err == "1 stuck, 1 waiting, 1 idle\n"


def test_why_of_somebody_is_told_though_it_is_idle(command: Command, engine: FakeEngine) -> None:
    """And is no failure; a warning is one."""
    engine.port.verdicts = (a_verdict("parse.1"), a_deadlock())
    outcome = command("why", "parse")
    assert (outcome.code, outcome.out.partition(":")[0]) == (0, "parse.1")
    assert "evidence: " in outcome.out
    engine.port.verdicts = (a_verdict("parse.1", severity="warning", warning="BLOCKED"),)
    assert command("why", "parse").code == 6


def test_why_of_nobody(command: Command, engine: FakeEngine) -> None:
    """No process, no verdict, no failure; a name that is none is refused with the one that was meant."""
    outcome = command("why")
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "none of them has a process\n")
    outcome = command("why", "prase")
    assert (outcome.code, outcome.err) == (4, 'procdeck: no worker "prase"; did you mean "parse"?\n')


def test_who_holds_others_up_is_told_unasked(command: Command, engine: FakeEngine) -> None:
    """Though it is busy itself, and that is no failure of its own."""
    engine.port.verdicts = (a_verdict("tally", severity="busy", blocks=("walk",)), a_verdict("parse.1"))
    outcome = command("why")
    assert (outcome.code, outcome.out.partition(":")[0]) == (0, "tally")
    assert "1 worker waits for it: walk" in outcome.out


def test_what_could_not_be_seen_is_told_by_its_reason(command: Command, engine: FakeEngine) -> None:
    """Not a line for each of a hundred processes."""
    denied = "may not be looked into: permission denied"
    engine.port.troubles = (f"pid 1 (a): {denied}", "pid 2 (b): gone", f"pid 3 (a): {denied}", "odd")
    assert command("why").err.splitlines()[:3] == [
        f"not all could be seen: pid 1 (a) and 1 other: {denied}",
        "not all could be seen: pid 2 (b): gone",
        "not all could be seen: odd",
    ]


def test_how_a_worker_was_started_is_left_out(command: Command, engine: FakeEngine) -> None:
    """Of text; JSON and the folded lines have every frame."""
    start = StackFrame(file="/x/supervisor/agent/entry.py", line=1, function="run")
    stack = SampledStack(pid=1, thread="t", frames=(start, MAIN), count=1)
    engine.port.samples_of = {"walk": SampleReply(replica="walk", seconds=1, samples=1, stacks=(stack,))}
    assert "entry.py" not in verdict_text(a_verdict("walk", stack=(MAIN, start)), 0.0)
    assert "entry.py" in verdict_text(a_verdict("walk", stack=(start,)), 0.0)
    assert "entry.py" not in command("sample", "walk").out
    assert "entry.py" in command("sample", "walk", "--folded").out


def test_why_as_json_is_one_document(command: Command, engine: FakeEngine) -> None:
    """With the verdicts that the text would have."""
    engine.port.verdicts = (a_verdict("parse.1"), a_verdict("tally", severity="stuck"))
    outcome = command("why", "--json")
    reply = msgspec.json.decode(outcome.out, type=WhyReply)
    assert (outcome.code, [each.replica for each in reply.verdicts]) == (6, ["tally"])
    outcome = command("why", "--json", "--all")
    assert msgspec.json.decode(outcome.out, type=WhyReply).verdicts == engine.port.verdicts[::-1]


def test_graph_is_one_that_graphviz_draws() -> None:
    """Each thread once, each wait once, a ring in red; quotes and backslashes escaped."""
    chain = a_deadlock().chain
    odd = msgspec.structs.replace(chain[0], replica='a"\\b', pid=9, tid=None, frame=None)
    text = waits_dot((a_deadlock(), a_deadlock(), a_verdict("x", chain=(odd, chain[0]))))
    first = "holds the lock made at etl.py:12 and waits for the lock made at etl.py:13"
    second = "holds the lock made at etl.py:13 and waits for the lock made at etl.py:12"
    assert text.splitlines() == [
        "digraph waits {",
        "  node [shape=box, fontname=monospace];",
        f'  "4711:4711" [label="left, pid 4711 MainThread\\n/app/etl.py:31 move", tooltip="{first}"];',
        f'  "4712:4712" [label="right, pid 4712 MainThread\\n/app/etl.py:38 back", tooltip="{second}"];',
        f'  "9:0" [label="a\\"\\\\b, pid 9 MainThread", tooltip="{first}"];',
        '  "4711:4711" -> "4712:4712" [color=red];',
        '  "4712:4712" -> "4711:4711" [color=red];',
        '  "9:0" -> "4711:4711";',
        "}",
    ]


STACKS = StacksReply(
    replica="parse.1",
    processes=(
        ProcessStacks(
            pid=4711,
            name="parse.1",
            source="agent",
            threads=(ThreadStack(tid=4711, name="MainThread", state="running", frames=(PARSE, MAIN)),),
        ),
        ProcessStacks(pid=4712, name="sh", source="kernel", trouble="it is no Python", threads=(
            ThreadStack(tid=4712, name="sh", state="waits for a child"), ThreadStack(tid=0, name=""),)),
    ),
)  # fmt: skip

STACKS_TEXT = """\
parse.1:
  process 4711 parse.1, by agent
    thread 4711 MainThread: running
      ast.py:50          parse  return compile(source)
      /app/census.py:90  main
  process 4712 sh, by the kernel only, which knows no Python
    it is no Python
    thread 4712 sh: waits for a child
    a thread

parse.2: it has no process
  what it was doing last:
    exit code 3
"""


def test_stacks_of_all_replicas_of_a_worker(command: Command, engine: FakeEngine, tmp_path: Path) -> None:
    """Innermost frame first; one at rest says what it was doing last. To a file: for its owner only."""
    engine.port.stacks_of = {
        "parse.1": STACKS,
        "parse.2": StacksReply(replica="parse.2", post_mortem=("exit code 3",)),
    }
    assert command("stacks", "parse", "parse.1").out == STACKS_TEXT
    outcome = command("stacks", "parse", "-o", str(tmp_path / "stacks.txt"))
    assert (outcome.code, outcome.out, outcome.err) == (0, "", f"the stacks are in {tmp_path}/stacks.txt\n")
    assert (tmp_path / "stacks.txt").read_text() == STACKS_TEXT
    assert stat.S_IMODE((tmp_path / "stacks.txt").stat().st_mode) == 0o600
    replies = msgspec.json.decode(command("stacks", "parse", "--json").out, type=list[StacksReply])
    assert replies == [STACKS, engine.port.stacks_of["parse.2"]]


def test_stacks_that_cannot_be_told_or_written(command: Command, engine: FakeEngine, tmp_path: Path) -> None:
    """Nobody named, somebody unknown, nowhere to write to."""
    assert (command("stacks").code, command("stacks", "prase").code) == (2, 4)
    outcome = command("stacks", "walk", "-o", str(tmp_path / "no" / "where"))
    assert (outcome.code, "cannot be written: No such file or directory" in outcome.err) == (2, True)
    assert "is a directory" in command("stacks", "walk", "-o", str(tmp_path)).err
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


SAMPLE = SampleReply(
    replica="parse.1",
    seconds=2.0,
    samples=100,
    source="agent",
    stacks=(
        SampledStack(pid=4711, thread="MainThread", frames=(MAIN, PARSE), count=70),
        SampledStack(pid=4711, thread="MainThread", frames=(MAIN, READ), count=29, is_waiting=True),
        SampledStack(pid=4711, thread="MainThread", frames=(MAIN,), count=1),
    ),
)

SAMPLE_TEXT = """\
parse.1: 100 samples over 2 s, by agent
   29 % of them asleep in the kernel
  100 %  pid 4711 MainThread
  100 %    main (/app/census.py:90)
   70 %      parse (ast.py:50)
   29 %      read;all (/app/census.py:20)
"""


def test_sample_is_a_tree_or_lines_for_flamegraph(command: Command, engine: FakeEngine) -> None:
    """Shares of the whole; thin branches are left out of the text only. A semicolon in a name parts nothing."""
    engine.port.samples_of = {"parse.1": SAMPLE}
    assert command("sample", "parse.1").out == SAMPLE_TEXT
    assert command("sample", "parse.1", "--folded", "-s", "0.5").out.splitlines() == [
        "pid 4711 MainThread;main (/app/census.py:90);parse (ast.py:50) 70",
        "pid 4711 MainThread;main (/app/census.py:90);read,all (/app/census.py:20) 29",
        "pid 4711 MainThread;main (/app/census.py:90) 1",
    ]
    assert msgspec.json.decode(command("sample", "parse.1", "--json").out, type=SampleReply) == SAMPLE
    assert [asked[1] for asked in engine.port.asked_samples] == [2.0, 0.5, 2.0]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("parse",), "parse has 2 replicas; name one of them: parse.1, parse.2"),
        (("walk", "--seconds", "0"), "--seconds is more than 0 and at most 60, not 0"),
        (("walk", "--seconds", "61"), "--seconds is more than 0"),
        (("walk", "--rate", "1000"), "--rate is more than 0 and at most 200, not 1000"),
        (("walk", "--json", "--folded"), "give either --json or --folded"),
    ],
)
def test_sample_that_cannot_be_taken(command: Command, engine: FakeEngine, words: tuple[str, ...], told: str) -> None:
    """Exit code 2, before anybody is looked at."""
    outcome = command("sample", *words)
    assert (outcome.code, told in outcome.err) == (2, True), outcome.err
    assert engine.port.asked_samples == []


def _locked(*resources: str) -> WhyReply:
    ways = tuple(
        WayOut(action="release", text=f"release the lock {name}", replica="parse.1", resource=name)
        for name in resources
    )
    return WhyReply(verdicts=(a_verdict("parse.1", ways_out=ways),))


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_release_asks_first(command: Command, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the engine's words; the lock need not be named where there is one. No answer is no."""
    engine.port.verdicts = _locked("sem:7").verdicts
    for answer, done in (("y\n", [("parse.1", "sem:7")]), ("\n", []), ("no\n", []), ("", [])):
        engine.port.releases.clear()
        monkeypatch.setattr("sys.stdin", _Terminal(answer))
        outcome = command("release", "parse.1")
        assert (outcome.code, engine.port.releases) == (0, done)
        assert "release the lock sem:7\nRelease sem:7? [y/N] " in outcome.err


def test_release_without_a_terminal_needs_yes(
    command: Command, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is released because nobody could be asked."""
    engine.port.verdicts = _locked("sem:7").verdicts
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    outcome = command("release", "parse.1")
    assert (outcome.code, "say --yes if it is" in outcome.err) == (2, True)
    assert engine.port.releases == []
    assert command("release", "parse.1", "--yes").out == "sem:7 is free again\n"
    assert command("release", "parse.1", "sem:9", "--yes").out == "sem:9 is free again\n"
    assert engine.port.releases == [("parse.1", "sem:7"), ("parse.1", "sem:9")]


def test_release_of_what_cannot_be_released(command: Command, engine: FakeEngine) -> None:
    """Exit code 4, with what there is, or the engine's reason."""
    assert "walk waits for no lock that can be released" in command("release", "walk").err
    engine.port.verdicts = _locked("sem:77", "thing").verdicts
    outcome = command("release", "parse.1")
    assert (outcome.code, "several locks; say which: there are sem:77, thing" in outcome.err) == (4, True)
    assert 'no lock "sem:78"; did you mean "sem:77"?' in command("release", "parse.1", "sem:78").err
    engine.port.release_error = RequestRefused("parse.2 holds it, and lives")
    outcome = command("release", "parse.1", "sem:77", "--yes")
    assert (outcome.code, outcome.err) == (4, "procdeck: parse.2 holds it, and lives\n")


def test_one_process_can_be_killed(command: Command, engine: FakeEngine) -> None:
    """By its whole name, as `why` says it; beside nothing else."""
    assert command("kill", "--process", "4711:99").out == "process 4711 was killed\n"
    assert engine.port.kills == [(4711, 99)]
    assert command("kill", "--process", "12:1").code == 4
    assert "names no process" in command("kill", "--process", "4711").err
    assert command("kill", "walk", "--process", "4711:99").code == 2
    assert engine.port.wishes == []
