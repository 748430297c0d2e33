"""`procdeck debug` and `run --simulate=sequential`: what they refuse, and where a worker's input comes from."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Command, Outcome
from tests.engines import RunningEngine, engine_on, wait_for, write_profile
from tui.cli.main import main

PROFILE = """
name = "debugged"
[queues.paths]
max_attempts = 1
[queues.counts]
[values.total]
type = "q"
initial = 40
[workers.walk]
target = "code:walk"
writes = { out = "paths" }
[workers.parse]
target = "code:parse"
replicas = 2
reads = { inbox = "paths" }
writes = { out = "counts" }
shares = { total = "total" }
autostart = false
[workers.breaks]
target = "code:breaks"
reads = { inbox = "paths" }
autostart = false
restart = "never"
[pipes.talk]
duplex = true
[workers.asks]
target = "code:asks"
writes = { conn = "talk" }
autostart = false
[workers.shell]
command = "true"
[pools.double]
function = "code:double"
items = ["a", "b", "c"]
initializer = "code:set_up"
autostart = false
"""
CODE = """
import os

class Job:
    def __init__(self, number):
        self.number = number
    def __repr__(self):
        return f"Job({self.number})"

def walk(out):
    for number in range(4):
        out.put(Job(number))
    out.put(b"x" * 200_000)

def parse(inbox, out, total, ctx):
    for item in inbox:
        with total.get_lock():
            total.value += 1
        print(ctx.name, item if len(repr(item)) < 100 else len(item), total.value)
        out.put({"item": repr(item)[:10]})

def breaks(inbox):
    item = inbox.get()
    raise ValueError(f"no {item}")

def asks(conn):
    conn.send("how many?")
    print("answer", conn.recv())
    conn.recv()

def set_up():
    print("set up")

def double(item):
    return {"b": 1}[item] if item != "c" else item * 2
"""


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """The current directory, with the profile in it."""
    write_profile(tmp_path, PROFILE, code=CODE)
    return tmp_path


@pytest.fixture
def run(here: Path, capfd: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:  # it is there then
    """Give a command whose child writes to the same descriptors."""

    def give(*words: str) -> Outcome:
        capfd.readouterr()
        code = main(list(words))
        out, err = capfd.readouterr()
        return Outcome(int(code), out, err)

    return give


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["pasre"], 2, 'no worker of procdeck.toml is called "pasre"; did you mean "parse"?'),
        (["shell"], 1, "shell is a command, a program of its own, and pdb is for Python code"),
        (["parse", "--feed", "inbx=a.ndjson"], 2, 'parse reads no "inbx"; did you mean "inbox"?'),
        (["parse", "--feed", "inbox"], 2, "it reads --feed inbox=FILE"),
        (["parse", "--feed", "inbox=none.ndjson"], 2, "no such file: none.ndjson"),
        (["parse", "--out", "inbox=a"], 2, 'parse writes no "inbox"; there is out (counts)'),
        (["parse", "--item", "0"], 2, "nothing waits for parse, so there is no item 0"),
        (["walk", "--item", "0"], 2, "walk reads no queue and is no pool"),
        (["parse", "--letters", "inbox"], 4, "paths of debugged has no dead letters in any run that is kept"),
        (["parse", "--profile", "none.toml"], 2, "no such profile: none.toml"),
    ],
)
def test_what_cannot_be_debugged_is_refused(
    command: Command,
    here: Path,
    words: list[str],
    code: int,
    says: str,  # the profile is there
) -> None:
    """With what is wrong and what there is instead."""
    outcome = command("debug", *words)
    assert says in outcome.err
    assert outcome.code == code


def test_worker_is_fed_from_a_file_and_what_it_writes_is_told(run: Callable[..., Outcome], here: Path) -> None:
    """JSON lines in, JSON lines out; the first values are the profile's."""
    (here / "items.ndjson").write_text('"a"\n\n["b"]\n')
    outcome = run("debug", "parse.2", "--feed", "inbox=items.ndjson", "--out", "counts=out.ndjson")
    assert outcome.code == 0
    assert outcome.out == "parse.1 a 41\nparse.1 ['b'] 42\n"
    assert "inbox: 2 items of items.ndjson" in outcome.err
    assert "out ◀ {'item': \"['b']\"}" in outcome.err
    assert f"out: 2 items written to counts, in {here / 'out.ndjson'}" in outcome.err
    lines = (here / "out.ndjson").read_text().splitlines()
    assert [json.loads(line) for line in lines] == [{"item": "'a'"}, {"item": "['b']"}]


def test_worker_is_fed_from_pickles_and_one_of_them_is_chosen(run: Callable[..., Outcome], here: Path) -> None:
    """A stream of pickles is cut without being unpickled; items are counted from 0."""
    (here / "items.pickle").write_bytes(b"".join(map(pickle.dumps, ["a", {"b": 1}, "c"])))
    outcome = run("debug", "parse", "--feed", "inbox=items.pickle", "--item", "1")
    assert (outcome.code, outcome.out) == (0, "parse.1 {'b': 1} 41\n")
    outcome = run("debug", "parse", "--feed", "inbox=items.pickle", "--item", "3")
    assert outcome.code == 2
    assert "there is no item 3 in paths: 3 are there, counted from 0" in outcome.err


def test_pipe_of_both_ways_is_fed_where_it_is_written(run: Callable[..., Outcome], here: Path) -> None:
    """Answers come from the file; a wait for one more is an error that says so, not a hang."""
    (here / "answers.ndjson").write_text("42\n")
    outcome = run("debug", "asks", "--feed", "conn=answers.ndjson")
    assert (outcome.code, outcome.out) == (1, "answer 42\n")
    assert "conn ◀ 'how many?'" in outcome.err
    assert "asks: asks waits in recv() of talk for nobody who runs here; it is alone here: --feed" in outcome.err


def test_file_that_is_no_feed_is_told_with_its_line(run: Callable[..., Outcome], here: Path) -> None:
    """And nothing runs."""
    (here / "items.ndjson").write_text('"a"\nb\n')
    outcome = run("debug", "parse", "--feed", "inbox=items.ndjson")
    assert (outcome.code, outcome.out) == (2, "")
    assert "items.ndjson:2: not a JSON value" in outcome.err


def test_worker_without_a_feed_is_told_how_to_get_one(run: Callable[..., Outcome]) -> None:
    """Its queue is empty and at its end."""
    outcome = run("debug", "parse")
    assert (outcome.code, outcome.out) == (0, "")
    assert "inbox: paths is empty here, and at its end; --feed inbox=items.ndjson fills it" in outcome.err


def test_exception_is_told_from_the_users_code_on(run: Callable[..., Outcome], here: Path) -> None:
    """Its traceback has none of our frames; what is unread is counted."""
    (here / "items.ndjson").write_text('"a"\n"b"\n')
    outcome = run("debug", "breaks", "--feed", "inbox=items.ndjson", "--no-pdb")
    assert outcome.code == 1
    assert "ValueError: no a" in outcome.err
    assert "/supervisor/" not in outcome.err
    assert "inbox: 1 left unread" in outcome.err


def test_one_task_of_a_pool_runs_by_itself(run: Callable[..., Outcome]) -> None:
    """After the initializer; one that fails is where the exception was raised."""
    outcome = run("debug", "double", "--item", "2")
    assert (outcome.code, outcome.out) == (0, "set up\n")
    assert "item 2 ▶ 'cc'" in outcome.err
    outcome = run("debug", "double", "--item", "0", "--no-pdb")
    assert outcome.code == 1
    assert "double: KeyError: 'a' at code.py:" in outcome.err
    outcome = run("debug", "double", "--item", "7")
    assert outcome.code == 2
    assert "Traceback" not in outcome.err
    assert "double has no item 7: its source gives 3, counted from 0" in outcome.err


def test_sequential_run_is_a_way_to_run(run: Callable[..., Outcome]) -> None:
    """`procdeck run PROFILE --simulate=sequential`."""
    outcome = run("run", ".", "--simulate=sequential")
    assert outcome.code == 0
    assert "walk: finished, 5 items into paths" in outcome.err
    assert "parse.1: skipped" in outcome.err


def _has_letters(engine: RunningEngine) -> bool:
    return bool(engine.client.letters("paths").letters)


def test_worker_is_fed_with_copies_of_what_waits_and_with_dead_letters(run: Callable[..., Outcome], here: Path) -> None:
    """Nothing is taken from the running profile; its dead letters are there after it too."""
    with engine_on(here / "procdeck.toml") as engine:
        engine.wait_state("walk", "finished")
        outcome = run("debug", "parse")
        assert outcome.code == 0
        assert [line.split()[1] for line in outcome.out.splitlines()] == [
            "Job(0)",
            "Job(1)",
            "Job(2)",
            "Job(3)",
            "200000",
        ]
        assert "inbox: 5 items, copied from paths of the running debugged" in outcome.err
        assert run("debug", "parse", "--item", "3").out == "parse.1 Job(3) 41\n"
        assert engine.channel("paths").depth == 5
        engine.act("start", "breaks")
        wait_for(lambda: _has_letters(engine), "a dead letter")
        assert run("debug", "parse", "--letters", "inbox").out == "parse.1 Job(0) 41\n"
    letters = run("debug", "parse", "--letters", "paths")
    assert letters.out == "parse.1 Job(0) 41\n"
    assert "inbox: 1 item from the dead letters of paths in run " in letters.err
    assert "has no dead letter zz" in run("debug", "parse", "--letters", "paths:zz").err
