"""The control socket and the control pipes under attack: rows 19 to 23, 33, 34, 36 and 49 of the fault matrix.

| row | in depth |
| --- | --- |
| 19 two engines | tests/test_holding.py, tests/engine/test_ending.py |
| 20, 21 clients that die or stop reading | tests/api/test_streaming.py, tests/terminal/test_leaving.py |
| 22, 23 many clients, garbage | tests/api/test_server.py, tests/api/test_admission.py |
| 33, 34 closed and garbage control pipes | tests/processes/test_control_pipe.py |
| 36 no descriptors | tests/api/test_accepting.py |
| 49 removed socket | tests/api/test_server.py, tests/test_holding.py |
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from supervisor import paths
from supervisor.api.server import CONNECTION_LIMIT
from supervisor.errors import EngineUnreachable
from tests.engines import RunningEngine, engine_on, wait_for, write_profile
from tests.faults.oracle import settled_files, standing_still, unharmed

ROOT = Path(__file__).parents[2]

PROFILE = """
name = "sockets"
[defaults]
start_method = "fork"
stop_timeout = "20s"
[workers.bystander]
command = ["sleep", "1000"]
[workers.sleeper]
command = ["sleep", "1000"]
autostart = false
restart = "never"
[workers.closing]
target = "code:closing"
autostart = false
[workers.babbling]
target = "code:babbling"
autostart = false
"""

CODE = """
import os, signal
def closing(ctx):
    for descriptor in (1, 2, ctx._control.fileno()):
        os.close(descriptor)
    ctx.log.info("closed")
    signal.pause()
def babbling(ctx):
    descriptor = ctx._control.fileno()
    os.set_blocking(descriptor, True)
    for number in range(50):
        os.write(descriptor, b'{"op": "runn')
    os.write(descriptor, b'{"op": "ready"}')
    for number in range(60):
        os.write(descriptor, b"\\\\x80\\\\x04garbage")
    ctx.log.info("babbled")
    signal.pause()
"""

UPGRADE = (
    b"GET /v1/stream HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


@pytest.fixture(scope="module")
def engine() -> Iterator[RunningEngine]:
    with tempfile.TemporaryDirectory(prefix="pd-") as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("PROCDECK_RUNTIME_DIR", f"{folder}/r")
        patch.setenv("PROCDECK_STATE_DIR", f"{folder}/s")
        with engine_on(write_profile(Path(folder, "p"), PROFILE, code=CODE)) as engine:
            yield engine


def connected(engine: RunningEngine) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(str(paths.socket_path(engine.note.project)))  # it blocks while the backlog is full
    connection.settimeout(60)
    return connection


def answer_to(engine: RunningEngine, *said: bytes) -> bytes:
    """What the engine answers until it hangs up."""
    with connected(engine) as connection:
        heard = b""
        try:
            for part in said:
                connection.sendall(part)
            while chunk := connection.recv(65536):
                heard += chunk
        except ConnectionError:  # it has hung up on what it would not read
            pass
        return heard


def test_second_engine_leaves_with_a_code_of_its_own(engine: RunningEngine) -> None:
    """Row 19: the lock decides, not a pid file; the first engine's socket is not touched."""
    with unharmed(engine, "bystander"):
        before = os.stat(paths.socket_path("sockets"))
        words = [sys.executable, "-m", "supervisor", str(engine.note.profile_path)]
        done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
        assert done.returncode == 4
        assert "project 'sockets' is running already" in done.stderr
        assert os.path.samestat(os.stat(paths.socket_path("sockets")), before)


def test_killed_client_is_let_go_of(engine: RunningEngine) -> None:
    """Row 20: SIGKILL of a client that follows the stream: its descriptor is free, and nobody else notices."""
    program = (
        "import socket, sys, time\n"
        "connection = socket.socket(socket.AF_UNIX)\n"
        "connection.connect(sys.argv[1])\n"
        f"connection.sendall({UPGRADE!r})\n"
        "print(connection.recv(100)[:12].decode(), flush=True)\n"
        "time.sleep(1000)\n"
    )
    words = [sys.executable, "-c", program, str(paths.socket_path("sockets"))]
    with unharmed(engine, "bystander"), subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as client:
        assert client.stdout is not None
        assert client.stdout.readline() == "HTTP/1.1 101\n"
        client.kill()


def test_client_that_stops_reading_holds_nobody_up(engine: RunningEngine) -> None:
    """Row 21: it is owed the newest state, not a backlog; actions go on at their pace."""
    with unharmed(engine, "bystander"), connected(engine) as client:
        client.sendall(UPGRADE)
        wait_for(lambda: client.recv(12) == b"HTTP/1.1 101", "the stream to begin")
        for _ in range(5):
            engine.act("start", "sleeper")
            engine.wait_state("sleeper", "running")
            engine.act("stop", "sleeper")
        assert engine.row("sleeper").incarnation >= 5


def test_more_clients_than_there_is_room_for_are_turned_away(engine: RunningEngine) -> None:
    """Row 22: heads that never end occupy connections, up to the limit; the next is told so, and room comes back."""
    with unharmed(engine, "bystander"):
        with ExitStack() as stack:
            for _ in range(CONNECTION_LIMIT - 1):
                stack.enter_context(connected(engine)).sendall(b"GET /v1/health HTTP/1.1\r\nHost: ")
            held = stack.enter_context(connected(engine))
            held.sendall(b"GET /v1/health HTTP/1.1\r\nHost: x\r\n\r\n")
            assert held.recv(12) == b"HTTP/1.1 200"
            assert answer_to(engine).startswith(b"HTTP/1.1 503 ")
        wait_for(lambda: answer_to(engine, b"GET / HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.0 404 "), "room again")


@pytest.mark.parametrize(
    "said",
    [
        b"\x80\x04\x95\x1a\x00\x00\x00\x00\x00\x00\x00\x8c\x02os\x94\x8c\x06system\x94\x93\x94\x8c\x04true\x94\x85\x94R\x94.\r\n\r\n",
        b"POST /v1/actions HTTP/1.1\r\nHost: x\r\nContent-Length: 1073741824\r\n\r\n",
        b"POST /v1/actions HTTP/1.0\r\nContent-Length: 60000\r\n\r\n" + b"[" * 60_000,
        b"GET /" + b"x" * 1_000_000,
        bytes(range(256)) * 100,
    ],
    ids=["pickle", "a gigabyte", "deep", "long line", "bytes"],
)
def test_garbage_on_the_socket_is_answered_and_hung_up_on(engine: RunningEngine, said: bytes) -> None:
    """Row 23: an error, the end of the connection, nothing executed, and the engine is as large as before."""
    with unharmed(engine, "bystander"):
        answer = answer_to(engine, said)
        assert answer == b"" or answer.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4"))


def test_worker_that_closes_its_pipes_runs_on(engine: RunningEngine) -> None:
    """Row 33: the end of each pipe is handled once, said once, and the worker still stops."""
    with unharmed(engine, "bystander"):
        engine.act("start", "closing")
        engine.wait_message("closing", "closed")
        told = "closing: has closed its control pipe"
        wait_for(lambda: any(text.startswith(told) for text in engine.messages("engine")), "the engine's word")
        assert engine.row("closing").state == "running"
        engine.act("stop", "closing")
        engine.wait_state("closing", "stopped")
        assert sum(text.startswith(told) for text in engine.messages("engine")) == 1


def test_worker_that_writes_garbage_to_its_control_pipe_lives_on_unheard(engine: RunningEngine) -> None:
    """Row 34: counted, then quarantined, said once; the worker is not ended for it."""
    with unharmed(engine, "bystander"):
        engine.act("start", "babbling")
        engine.wait_message("babbling", "babbled")
        told = "babbling: 100 messages on its control pipe could not be understood"
        wait_for(lambda: any(text.startswith(told) for text in engine.messages("engine")), "the engine's word")
        assert engine.row("babbling").state == "running"
        engine.act("stop", "babbling")
        engine.wait_state("babbling", "stopped")


def test_engine_without_descriptors_answers_and_says_what_it_lacks(engine: RunningEngine) -> None:
    """Row 36: no worker can be started, everybody can still ask; with room again all is as before."""
    pid = engine.note.engine_pid
    with unharmed(engine, "bystander"):
        files = settled_files(engine)
        limits = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (files, limits[1]))
        try:
            engine.client.act("start", ["sleeper"])
            row = engine.wait_state("sleeper", "failed")
            assert "too many open files" in row.exit_cause.lower()
            assert engine.client.health().engine_pid == pid
        finally:
            resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)
        engine.act("start", "sleeper")
        engine.wait_state("sleeper", "running")
        engine.act("stop", "sleeper")
        wait_for(lambda: settled_files(engine) == files, "the reserve to be filled again")


def answers(engine: RunningEngine) -> bool:
    try:
        return engine.client.health().engine_pid == engine.note.engine_pid
    except EngineUnreachable:
        return False


def test_removed_runtime_directory_is_made_anew(engine: RunningEngine) -> None:
    """Row 49: a cleaner takes socket, lock and note; within seconds they are back, and nobody came in meanwhile."""
    with unharmed(engine, "bystander"):
        directory = paths.socket_path("sockets").parent
        note = json.loads((directory / "engine.json").read_text())
        with standing_still(engine.note.engine_pid):
            shutil.rmtree(directory.parent)
        done = subprocess.run(
            [sys.executable, "-m", "supervisor", str(engine.note.profile_path)],
            cwd=ROOT,
            capture_output=True,
            timeout=100,
            check=False,
        )
        assert done.returncode == 4
        wait_for(lambda: (directory / "engine.json").exists() and paths.socket_path("sockets").exists(), "the socket")
        assert json.loads((directory / "engine.json").read_text()) == note
        assert directory.stat().st_mode & 0o777 == 0o700
        wait_for(lambda: paths.is_running("sockets"), "the lock")
        wait_for(lambda: answers(engine), "the engine to listen")  # its file is there a moment earlier
