"""However the engine ends, nothing is left: its own end, a kill of the engine, of the guardian, of its starter."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from supervisor import paths, proctable
from supervisor.errors import AlreadyRunning, ProfileError
from supervisor.processes.ignition import start_engine
from tests.engines import RunningEngine, engine_on, is_alive, kill, wait_for, write_profile

PROFILE = """
name = "family"
[defaults]
stop_timeout = "1s"
[workers.forked]
target = "code:with_child"
start_method = "fork"
[workers.spawned]
target = "code:with_child"
start_method = "spawn"
[workers.served]
target = "code:with_child"
start_method = "forkserver"
[workers.shell]
command = "trap '' TERM; setsid sleep 1000 & sleep 1000 & echo child; wait; sleep 1000"
"""

CODE = """
import subprocess
def with_child(ctx):
    subprocess.Popen(["sleep", "1000"])
    subprocess.Popen(["setsid", "sleep", "1000"])
    print("child")
    while True:
        ctx.stopping.wait(1000)
"""

NAMES = ("forked", "spawned", "served", "shell")


def family(place: Path) -> Path:
    return write_profile(place / "p", PROFILE, code=CODE)


def everybody(guardian_pid: int) -> set[int]:
    return {entry.pid for entry in proctable.tree_of(guardian_pid, proctable.look())}


def test_killed_engine_leaves_no_process(place: Path) -> None:
    """SIGKILL of the engine: the guardian ends workers, children and setsid escapees, and frees the project."""
    with engine_on(family(place)) as engine:
        for name in NAMES:
            engine.wait_message(name, "child")
        note, family_pids = engine.note, everybody(engine.note.guardian_pid)
        assert len(family_pids) >= 2 + 4 * 3
        kill(note.engine_pid)
        wait_for(lambda: not any(is_alive(pid) for pid in family_pids), "everybody to be gone")
        wait_for(lambda: not paths.is_running("family"), "the lock to be free")
        assert not paths.socket_path("family").exists()
        assert not paths.spill_directory("family", note.run_id).exists()


def test_killed_guardian_ends_the_engine_in_order(place: Path) -> None:
    """SIGKILL of the guardian: the engine notices, stops its workers, and goes."""
    with engine_on(family(place)) as engine:
        for name in NAMES:
            engine.wait_message(name, "child")
        family_pids = everybody(engine.note.guardian_pid)
        kill(engine.note.guardian_pid)
        wait_for(lambda: not any(is_alive(pid) for pid in family_pids), "everybody to be gone")
        wait_for(lambda: not paths.is_running("family"), "the lock to be free")


def test_down_stops_everything_and_says_who_survived(place: Path) -> None:
    """`down` returns when all is at rest; nobody survives."""
    with engine_on(family(place)) as engine:
        for name in NAMES:
            engine.wait_message(name, "child")
        family_pids = everybody(engine.note.guardian_pid)
        reply = engine.client.down(force=False, timeout_s=30.0)
        assert reply.survivors == ()
        wait_for(lambda: not any(is_alive(pid) for pid in family_pids), "everybody to be gone")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_to_the_guardian_is_an_orderly_down(place: Path, number: int) -> None:
    """SIGTERM or SIGINT stops workers as a stop does; finally blocks run."""
    profile = write_profile(
        place / "p",
        'name = "tidy"\n[workers.w]\ntarget = "code:w"\n',
        code="""
        from pathlib import Path
        def w(ctx):
            try:
                print("up")
                ctx.stopping.wait()
            finally:
                (ctx.output_dir / "tidied").write_text("yes")
        """,
    )
    with engine_on(profile) as engine:
        engine.wait_message("w", "up")
        os.kill(engine.note.guardian_pid, number)
        wait_for(lambda: not paths.is_running("tidy"), "the engine to be gone")
        assert (Path(engine.note.log_directory).parent / "output" / "tidied").read_text() == "yes"


def test_engine_that_is_tied_ends_with_its_starter(place: Path) -> None:
    """A headless run whose front end is killed with SIGKILL leaves nothing."""
    profile = family(place)
    program = (
        "import sys, json, time\n"
        "from pathlib import Path\n"
        "from dataclasses import asdict\n"
        "from supervisor.processes.ignition import start_engine\n"
        "note = start_engine(Path(sys.argv[1]), tie_to_me=True)\n"
        "print(json.dumps(asdict(note)), flush=True)\n"
        "time.sleep(1000)\n"
    )
    starter = subprocess.Popen([sys.executable, "-c", program, str(profile)], stdout=subprocess.PIPE)
    assert starter.stdout is not None
    try:
        note = json.loads(starter.stdout.readline())
        wait_for(lambda: len(everybody(note["guardian_pid"])) >= 10, "the family to be there")
        family_pids = everybody(note["guardian_pid"])
    finally:
        starter.kill()
        starter.wait()
        starter.stdout.close()
    wait_for(lambda: not any(is_alive(pid) for pid in family_pids), "everybody to be gone")


def test_second_engine_is_refused_and_harms_nothing(place: Path) -> None:
    """One engine for each project: the second start says who is there; another name is fine."""
    profile = write_profile(place / "p", 'name = "solo"\n[workers.w]\ncommand = "sleep 1000"\n')
    with engine_on(profile) as engine:
        with pytest.raises(AlreadyRunning, match=f"pid {engine.note.engine_pid}"):
            start_engine(profile)
        assert engine.client.health().engine_pid == engine.note.engine_pid
        with engine_on(profile, "other") as other:
            assert other.client.health().project == "other"
            assert [note.project for note in paths.running_projects()] == ["other", "solo"]


def test_broken_profile_is_told_with_every_mistake(place: Path) -> None:
    """Nothing starts; the starter gets the same words as `check`."""
    profile = write_profile(place / "p", 'name = "wrong"\n[workers.w]\ncommnd = "true"\nreplicas = 0\n')
    with pytest.raises(ProfileError) as caught:
        start_engine(profile)
    assert len(caught.value.mistakes) >= 2
    assert any('did you mean "command"' in mistake for mistake in caught.value.mistakes)
    assert not paths.is_running("wrong")


def test_ordinary_user_needs_no_more_than_root(place: Path) -> None:
    """The whole chain works without privileges: sockets, pipes, subreaper, signals, /proc."""
    setpriv = shutil.which("setpriv")
    if os.geteuid() != 0 or setpriv is None:
        pytest.skip("runs as an ordinary user already, or cannot become one")
    profile = write_profile(
        place / "p",
        """
        name = "plainuser"
        [queues.q]
        [workers.produce]
        target = "code:produce"
        writes = { q = "q" }
        [workers.consume]
        target = "code:consume"
        reads = { q = "q" }
        replicas = 2
        """,
        code="""
        import os
        def produce(q):
            for number in range(2000):
                q.put(os.urandom(100 if number % 100 else 200_000))
        def consume(q):
            print(sum(1 for _ in q), os.getuid())
        """,
    )
    for path in (place, place / "p", profile, place / "p" / "code.py"):
        os.chown(path, 65534, 65534)
    program = f"""
from pathlib import Path
from tests.engines import engine_on
with engine_on(Path({str(profile)!r})) as engine:
    fleet = engine.wait_completed()
    print([str(row.state) for row in fleet.rows])
    said = [text.split() for name in ("consume.1", "consume.2") for text in engine.messages(name, "stdout")]
    print(sum(int(count) for count, _ in said), [uid for _, uid in said])
"""
    # The interpreter may lie in a folder that only root may enter: the right to read is all that is kept of root's.
    words = [setpriv, "--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all,+dac_read_search"]
    words += ["--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search"]
    done = subprocess.run(
        [*words, sys.executable, "-c", program],
        env={**os.environ, "PROCDECK_SPILL_DIR": str(place / "spill")},
        capture_output=True,
        text=True,
        timeout=100,
        cwd=Path(__file__).parents[2],
    )
    assert done.stdout.splitlines() == ["['finished', 'finished', 'finished']", "2000 ['65534', '65534']"], done.stderr


STOPPED_THEIR_WAY = """
name = "theirway"
[defaults]
restart = "never"
stop_timeout = "30s"
stop_signal_after = "20s"
[workers.by_command]
command = "trap 'exit 3' USR1; echo up; while :; do sleep 0.05; done"
stop_command = "echo $PROCDECK_WORKER $COLOUR > said; kill -USR1 $PROCDECK_PID"
env = { COLOUR = "red" }
[workers.by_signal]
command = "trap 'exit 4' HUP; trap '' TERM; echo up; while :; do sleep 0.05; done"
stop_signal = "SIGHUP"
[workers.in_vain]
command = "trap '' TERM; echo up; while :; do sleep 0.05; done"
stop_command = "echo cannot >&2; exit 9"
stop_timeout = "1s"
[workers.for_ever]
command = "trap '' TERM; echo up; while :; do sleep 0.05; done"
stop_command = ["sleep", "1000"]
stop_timeout = "1s"
[workers.nowhere]
command = "echo up; exec sleep 1000"
stop_command = ["/no/such/program"]
stop_signal_after = "0.2s"
"""


def is_told(engine: RunningEngine, words: str) -> bool:
    return any(words in text for text in engine.messages("engine"))


def test_workers_are_stopped_their_own_way(place: Path) -> None:
    """A command with the worker's environment, a signal of its choice; SIGKILL at the deadline if neither helps."""
    profile = write_profile(place / "p", STOPPED_THEIR_WAY)
    with engine_on(profile) as engine:
        names = ("by_command", "by_signal", "in_vain", "for_ever", "nowhere")
        for name in names:
            engine.wait_message(name, "up")
        engine.act("stop", *names)
        # In brackets may follow what the shell has said of a child that it waited for.
        ends = {name: engine.wait_state(name, "stopped").exit_cause.partition(" (")[0] for name in names}
        assert ends == {
            "by_command": "exit code 3",
            "by_signal": "exit code 4",
            "in_vain": "killed by SIGKILL, sent by procdeck",
            "for_ever": "killed by SIGKILL, sent by procdeck",
            "nowhere": "ended by SIGTERM",
        }
        assert (place / "p" / "said").read_text() == "by_command red\n"
        for words in (
            "in_vain: its stop command ended with 9: /bin/sh -c echo cannot >&2; exit 9: cannot",
            "nowhere: cannot run its stop command /no/such/program: program: No such file or directory",
        ):
            wait_for(partial(is_told, engine, words), words)
        wait_for(lambda: not proctable.children(engine.note.engine_pid), "the stop commands to be gone")


def test_whole_tree_stands_still_and_goes_on(place: Path) -> None:
    """Pause and resume reach the children of a worker; a stop of a paused worker is obeyed."""
    profile = write_profile(
        place / "p",
        """
        name = "still"
        [workers.w]
        command = "trap 'exit 0' TERM; sleep 1000 & sleep 1000 & echo up; wait"
        stop_timeout = "30s"
        """,
    )

    def states() -> set[str]:
        pid = engine.row("w").pid
        assert pid is not None
        return {entry.state for entry in proctable.tree_of(pid, proctable.look())}

    with engine_on(profile) as engine:
        engine.wait_message("w", "up")
        engine.act("pause", "w")
        engine.wait_state("w", "paused")
        wait_for(lambda: states() == {"T"}, "everybody to stand still")
        engine.act("resume", "w")
        engine.wait_state("w", "running")
        wait_for(lambda: "T" not in states(), "everybody to go on")
        engine.act("pause", "w")
        engine.act("stop", "w")
        assert engine.wait_state("w", "stopped").exit_cause == "exit code 0"
