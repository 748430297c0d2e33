"""Simulated workers, in real engines: threads of one process that talk, fail, end and are stopped as processes are."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from supervisor.errors import RequestRefused
from tests.engines import RunningEngine, engine_on, wait_for, write_profile

PROFILE = """
name = "staged"
[defaults]
restart = "never"
stop_timeout = "20s"
[workers.keeper]
target = "actors:keep"
[workers.talker]
target = "actors:talk"
autostart = false
[workers.failing]
target = "actors:fail"
autostart = false
[workers.leaving]
target = "actors:leave"
autostart = false
[workers.sleeping]
target = "actors:sleep"
autostart = false
[workers.spinning]
target = "actors:spin"
autostart = false
[workers.waiting]
target = "actors:wait_for_ever"
autostart = false
[workers.helped]
target = "actors:be_helped"
autostart = false
[workers.swallowing]
target = "actors:swallow"
autostart = false
[workers.dozing]
target = "actors:doze"
autostart = false
[workers.joining]
target = "actors:join"
autostart = false
[workers.serving]
target = "actors:serve"
autostart = false
[workers.reading]
target = "actors:read"
reads = { inbox = "items" }
autostart = false
[workers.program]
target = "actors:run_program"
autostart = false
[workers.handling]
target = "actors:handle"
autostart = false
[workers.other]
target = "actors:show_color"
env = { COLOR = "red" }
autostart = false
[workers.another]
target = "actors:show_color"
env = { COLOR = "blue" }
autostart = false
[workers.giving]
target = "actors:give"
writes = { out = "jobs" }
autostart = false
[workers.taking]
target = "actors:take"
reads = { inbox = "jobs" }
autostart = false
[workers.taking.restart]
policy = "on-failure"
backoff = "0s"
[workers.plain]
command = ["true"]
autostart = false
[pools.squares]
function = "actors:square"
items = 40
processes = 2
results = "@output/squares.ndjson"
[queues.items]
[queues.jobs]
"""

ACTORS = """
import asyncio, logging, os, signal, subprocess, sys, threading, time, warnings

def keep(ctx):
    ctx.doing("keeps the stage")
    ctx.stopping.wait()

def talk(ctx):
    print("on stdout")
    print("on stderr", file=sys.stderr)
    logging.getLogger("talk").warning("by logging")
    ctx.log.info("by ctx.log", extra={"size": 3})
    warnings.warn("by warnings")
    helper = threading.Thread(target=lambda: print("by a thread of its own"))
    helper.start()
    helper.join()
    subprocess.run(["echo", "by a program"], check=True)
    broken = threading.Thread(target=lambda: 1 / 0, name="broken")
    broken.start()

def square(number):
    if number == 7:
        raise ValueError("seven")
    return number * number

def fail():
    raise ValueError("bad item")

def leave():
    sys.exit(3)

def sleep():
    time.sleep(3600)

def spin(ctx):
    ctx.doing("spins")
    while True:
        pass

def wait_for_ever():
    threading.Event().wait()

def be_helped():
    threading.Thread(target=time.sleep, args=(3600,)).start()
    time.sleep(3600)

def swallow():
    try:
        time.sleep(3600)
    except BaseException:
        threading.Event().wait()

def doze():
    try:
        threading.Event().wait()
    except BaseException:
        time.sleep(3600)

def join():
    helper = threading.Thread(target=time.sleep, args=(3600,), daemon=True)
    helper.start()
    helper.join()

def serve():
    async def nothing():
        await asyncio.Event().wait()
    asyncio.run(nothing())

def read(inbox):
    for item in inbox:
        pass

def run_program():
    subprocess.run(["sleep", "3600"])

def handle():
    signal.signal(signal.SIGUSR1, lambda *_: None)

def show_color():
    print("color", os.environ["COLOR"])

def give(out):
    for number in range(3):
        out.put(number)

def take(inbox, ctx):
    for number in inbox:
        if number == 1 and ctx.incarnation == 1:
            raise RuntimeError("cannot take it")
        print("took", number)
"""


@pytest.fixture(scope="module")
def engine() -> Iterator[RunningEngine]:
    """One engine for all; each test starts workers of its own, and `keeper` keeps their process."""
    place = Path(tempfile.mkdtemp(prefix="pd-"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PROCDECK_RUNTIME_DIR", str(place / "r"))
        patch.setenv("PROCDECK_STATE_DIR", str(place / "s"))
        with engine_on(write_profile(place / "p", PROFILE, actors=ACTORS), is_simulated=True) as running:
            running.wait_row("keeper", lambda row: row.activity == "keeps the stage", "to keep the stage")
            yield running
    shutil.rmtree(place, ignore_errors=True)


def exit_of(engine: RunningEngine, name: str) -> str:
    return engine.client.detail(name).exits[-1].cause


def test_simulated_workers_are_threads_of_one_process(engine: RunningEngine) -> None:
    """The launch says so, with the start method of the real run; a command stays a program of its own."""
    engine.act("start", "sleeping")
    row = engine.wait_state("sleeping", "running")
    assert row.pid == engine.row("keeper").pid
    assert engine.fleet().simulation == "threads"
    detail = engine.client.detail("keeper")
    assert detail.start_method == "thread"
    assert "forkserver" in detail.start_method_reason
    assert engine.client.detail("plain").start_method_reason == "a command is a program of its own"


def test_what_a_worker_says_comes_on_its_own_lanes(engine: RunningEngine) -> None:
    """Prints, records, warnings, its threads' and programs' output: each is the worker's, once, and nobody else's."""
    engine.act("start", "talker")
    engine.wait_state("talker", "finished")
    told = [
        (record.stream, record.message.rpartition(": ")[2]) for record in engine.records() if record.worker == "talker"
    ]
    assert sorted(told) == sorted(
        [
            ("stdout", "on stdout"),
            ("stderr", "on stderr"),
            ("log", "by logging"),
            ("log", "by ctx.log"),
            ("log", next(text for stream, text in told if "by warnings" in text)),
            ("stdout", "by a thread of its own"),
            ("stdout", "by a program"),
            ("log", "uncaught ZeroDivisionError in thread broken"),
        ]
    )
    assert not [record for record in engine.records() if record.worker == "keeper"]


def test_exception_is_the_cause_of_the_end(engine: RunningEngine) -> None:
    """Type, text and place, a record with the traceback, and the others go on."""
    engine.act("start", "failing")
    engine.wait_state("failing", "failed")
    assert exit_of(engine, "failing") == "uncaught ValueError: bad item at actors.py:27"
    assert "Traceback" in engine.client.detail("failing").last_traceback
    assert engine.row("keeper").state == "running"


def test_sys_exit_ends_one_worker_with_its_code(engine: RunningEngine) -> None:
    """The process is everybody's, so only the thread ends."""
    engine.act("start", "leaving")
    engine.wait_state("leaving", "failed")
    assert "exit code 3" in exit_of(engine, "leaving")
    assert engine.row("keeper").state == "running"


@pytest.mark.parametrize("name", ["sleeping", "spinning", "waiting", "joining", "serving", "reading", "program"])
def test_stop_reaches_a_thread_wherever_it_is(engine: RunningEngine, name: str) -> None:
    """In a sleep, a loop without an end, a lock, a join, an event loop, a channel, a program that it waits for."""
    engine.act("start", name)
    engine.wait_state(name, "running")
    (job,) = engine.act("stop", name)
    assert job.state == "done", job
    assert engine.row(name).state == "stopped"
    assert engine.row("keeper").state == "running"


@pytest.mark.parametrize("name", ["sleeping", "spinning", "reading", "helped", "swallowing", "dozing"])
def test_kill_ends_one_thread(engine: RunningEngine, name: str) -> None:
    """A thread that hears of it ends at once, also where it has swallowed the first word, and the cause is told as of a
    killed process."""
    engine.act("start", name)
    engine.wait_state(name, "running")
    engine.act("kill", name)
    engine.wait_row(name, lambda row: row.pid is None, "to have ended")
    assert "SIGKILL" in exit_of(engine, name)
    assert engine.row("keeper").state == "running"


def test_restart_is_a_new_thread(engine: RunningEngine) -> None:
    """The incarnation goes up, the process stays."""
    engine.act("start", "spinning")
    first = engine.wait_state("spinning", "running")
    engine.act("restart", "spinning")
    again = engine.wait_row(
        "spinning", lambda row: row.state == "running" and row.incarnation > first.incarnation, "again"
    )
    assert again.pid == first.pid
    engine.act("stop", "spinning")


def test_pause_of_a_thread_is_refused_with_the_reason(engine: RunningEngine) -> None:
    """Nobody waits for what cannot be."""
    with pytest.raises(RequestRefused, match="thread alone cannot be paused"):
        engine.act("pause", "keeper")


def test_signal_reaches_no_thread_and_the_answer_says_so(engine: RunningEngine) -> None:
    """It would be the whole process's."""
    reply = engine.client.signal(["keeper", "plain"], "SIGUSR1")
    assert reply.signalled == ()
    assert reply.text == (
        "SIGUSR1 sent to nobody; without a process: plain; simulated, and a thread takes no signals: keeper"
    )


def test_signal_handler_in_a_thread_is_explained(engine: RunningEngine) -> None:
    """What works in a process fails in a thread; the log says what to do."""
    engine.act("start", "handling")
    engine.wait_state("handling", "failed")
    assert "--simulate" in engine.client.detail("handling").advice


def test_pool_of_the_profile_has_threads_for_members(engine: RunningEngine) -> None:
    """Results, failures and the report are those of a real run."""
    engine.wait_state("squares", "finished")
    report = wait_for(lambda: next(r.report for r in engine.fleet().pools if r.name == "squares"), "its report")
    assert (report.start_method, report.done, report.failed, report.total) == ("thread", 39, 1, 40)
    results = Path(engine.note.log_directory).parent / "output" / "squares.ndjson"
    assert len(results.read_text().splitlines()) == 39


def test_variable_that_differs_is_told_once_and_the_first_counts(engine: RunningEngine) -> None:
    """One process has one environment."""
    engine.act("start", "other")
    engine.wait_state("other", "finished")
    engine.act("start", "another")
    engine.wait_state("another", "finished")
    told = engine.messages("another")
    assert "color red" in told
    assert "simulated: COLOR is another one here than in other, whose value counts for all" in told


def test_item_of_a_failed_thread_comes_back(engine: RunningEngine) -> None:
    """At least once, as with processes: the next incarnation takes it."""
    engine.act("start", "taking")
    engine.act("start", "giving")
    wait_for(lambda: "took 1" in engine.messages("taking"), "the item to be taken")
    engine.wait_state("taking", "finished")
    assert sorted(text for text in engine.messages("taking", "stdout")) == ["took 0", "took 1", "took 2"]
    wait_for(lambda: engine.channel("jobs").redelivered == 1, "one redelivery to be counted")
    assert engine.channel("jobs").dead_letters == 0


STUBBORN = """
name = "stubborn"
[defaults]
stop_timeout = "300ms"
stop_signal_after = "100ms"
[workers.stubborn]
target = "stubborn:refuse"
[workers.beside]
target = "stubborn:wait"
restart = { policy = "on-failure", backoff = "0s" }
"""

REFUSING = """
import threading, time

def refuse(ctx):
    ctx.doing("refuses")
    while True:
        try:
            threading.Event().wait()
        except BaseException:
            pass

def wait(ctx):
    ctx.doing("waits")
    ctx.stopping.wait()
"""


def test_thread_that_cannot_be_ended_takes_its_process_with_it(place: Path) -> None:
    """All simulated workers die, the causes name who could not be ended, and the others are started again."""
    with engine_on(write_profile(place, STUBBORN, stubborn=REFUSING), is_simulated=True) as engine:
        first = engine.wait_row("beside", lambda row: row.activity == "waits", "to wait")
        engine.wait_row("stubborn", lambda row: row.activity == "refuses", "to refuse")
        engine.act("stop", "stubborn")
        again = engine.wait_row("beside", lambda row: row.state == "running" and row.incarnation == 2, "to be back")
        assert again.pid != first.pid
        assert "killed with stubborn" in exit_of(engine, "beside")
        assert engine.wait_state("stubborn", "stopped").pid is None


DYING = """
name = "dying"
[defaults]
restart = "never"
[workers.dying]
target = "dying:die"
autostart = false
[workers.beside]
target = "dying:wait"
"""

LEAVING = """
import os

def die():
    os._exit(7)

def wait(ctx):
    ctx.stopping.wait()
"""


def test_end_of_the_process_is_the_end_of_all_and_says_how(place: Path) -> None:
    """What would end one process ends every simulated worker: os._exit, a fault in C."""
    with engine_on(write_profile(place, DYING, dying=LEAVING), is_simulated=True) as engine:
        engine.wait_state("beside", "running")
        engine.act("start", "dying")
        for name in ("dying", "beside"):
            engine.wait_state(name, "failed")
            assert "the process of all simulated workers" in exit_of(engine, name)
            assert "exit code 7" in exit_of(engine, name)
