"""Checks of real processes: what makes them ready, unready and unhealthy, and what is no fault of theirs."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from supervisor import proctable
from supervisor.channels import StatusBoard
from supervisor.lifecycle.events import BecameReady, BecameUnready, TimeExtended, Unhealthy
from supervisor.lifecycle.health import GAP_S
from supervisor.processes.checks import needs_watch
from supervisor.processes.health import HealthWatch, Verdict
from supervisor.processes.line_search import Stream
from supervisor.processes.probe_programs import unreaped_pids
from supervisor.profile.checks import CheckKind, ProbeSpec
from supervisor.profile.model import WorkerSpec
from tests.engines import is_alive
from tests.processes.patience import until


def quick(kind: CheckKind, **what: Any) -> ProbeSpec:
    """A probe that is tried often, and given time on a busy machine."""
    return ProbeSpec(kind, **{"interval_s": 0.02, "timeout_s": 20.0, **what})


class Ward:
    """One worker under watch, and all that was told about it."""

    def __init__(
        self,
        runtime: Path,
        *,
        startup: tuple[ProbeSpec, ...] = (),
        ready: tuple[ProbeSpec, ...] = (),
        alive: tuple[ProbeSpec, ...] = (),
        board: StatusBoard | None = None,
        heartbeat: float | None = None,
    ) -> None:
        self.verdicts: list[Verdict] = []
        self.statuses: list[str] = []
        self.remarks: list[str] = []
        self.stops = 0
        declared: dict[str, Any] = {"startup": startup, "ready": ready, "alive": alive, "heartbeat": heartbeat}
        self.worker = WorkerSpec(command=["x"], **declared)
        self.process: subprocess.Popen[bytes] | None = None
        self.watch = HealthWatch(
            asyncio.get_running_loop(),
            self.worker,
            "web.1",
            3,
            self,
            environment={"COLOUR": "green"},
            cwd="/",
            runtime_directory=runtime,
        )
        self.watch.look = board.read if board is not None else None

    def on_verdict(self, watch: HealthWatch, event: Verdict) -> None:
        assert watch is self.watch
        assert event.incarnation == 3
        self.verdicts.append(event)

    def on_status(self, watch: HealthWatch, text: str) -> None:
        self.statuses.append(text)

    def on_stopping(self, watch: HealthWatch) -> None:
        self.stops += 1

    def on_remark(self, watch: HealthWatch, text: str) -> None:
        self.remarks.append(text)

    def run(self, source: str, *words: str, passed: Sequence[int] = ()) -> subprocess.Popen[bytes]:
        """Start a Python program as the engine would, and tell the watch."""
        environment = {**os.environ, **self.watch.environment}
        descriptors = [*passed, *([self.watch.notify_fd] if self.watch.notify_fd is not None else [])]
        self.process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(source), *words], env=environment, pass_fds=descriptors
        )
        self.watch.on_started(self.process.pid)
        return self.process

    def rest(self) -> subprocess.Popen[bytes]:
        """A worker that does nothing at all."""
        return self.run("import time; time.sleep(600)")

    async def told(self, *kinds: type[Verdict]) -> Verdict:
        """Wait until exactly these have been told; the last one."""
        await until(lambda: len(self.verdicts) >= len(kinds), f"{[kind.__name__ for kind in kinds]}")
        assert [type(verdict) for verdict in self.verdicts] == list(kinds)
        return self.verdicts[-1]

    def end(self) -> None:
        self.watch.close()
        if self.process is not None:
            self.process.kill()
            self.process.wait()


@pytest.fixture
async def ward(place: Path) -> AsyncIterator[Callable[..., Ward]]:
    """Makes wards, and ends them; afterwards no socket is left in the runtime directory."""
    runtime = place / "r"
    runtime.mkdir(mode=0o700)
    wards: list[Ward] = []

    def make(**checks: Any) -> Ward:
        wards.append(Ward(runtime, **checks))
        return wards[-1]

    yield make
    for made in wards:
        made.end()
    await until(lambda: len(asyncio.all_tasks()) == 1, "the tries to be given up")
    await until(lambda: not unreaped_pids(), "the probes' programs to be reaped")
    assert list(runtime.iterdir()) == []


def send(ward: Ward, message: str) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
        client.sendto(message.encode(), ward.watch.environment["NOTIFY_SOCKET"])


async def test_tcp_readiness_comes_and_goes(ward: Callable[..., Ward]) -> None:
    """Named as missing while it is; ready when somebody listens; unready, with the reason, when nobody does."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        web = ward(ready=(quick("tcp", port=port),))
        assert web.watch.missing == f"ready: tcp 127.0.0.1:{port} (not tried yet)"
        web.rest()
        refused = f"ready: tcp 127.0.0.1:{port} (connection refused)"
        await until(lambda: web.watch.missing == refused, "the first try")
        assert web.watch.gates_readiness
        listener.listen(64)
        await web.told(BecameReady)
        assert web.watch.missing == ""
        assert [(c.role, c.what, c.is_passing, c.text) for c in web.watch.states] == [
            ("ready", f"tcp 127.0.0.1:{port}", True, "connected")
        ]
    verdict = await web.told(BecameReady, BecameUnready)
    assert isinstance(verdict, BecameUnready)
    assert verdict.text == f"tcp 127.0.0.1:{port}: connection refused, 3 times in a row"


HTTP_SERVER = """
    import http.server, os, socket, sys
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_error(503) if os.path.exists(sys.argv[2]) else self.send_response(200)
            self.end_headers()
        def log_message(self, *what): pass
    server = http.server.HTTPServer(("", 0), Handler, bind_and_activate=False)
    server.socket.close()
    server.socket = socket.socket(fileno=int(sys.argv[1]))
    server.serve_forever()
"""


async def test_http_liveness_that_fails_is_told_with_what_it_answered(ward: Callable[..., Ward], place: Path) -> None:
    """Startup by a program that looks for a file, then liveness by HTTP; readiness needs no check of its own."""
    up_file, sick_file = place / "up", place / "sick"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/health"
        script = f"test $COLOUR = green && test -e {up_file}"
        web = ward(
            startup=(quick("exec", argv=("/bin/sh", "-c", script)),),
            alive=(quick("http", url=url, failures=2),),
        )
        web.run(HTTP_SERVER, str(listener.fileno()), str(sick_file), passed=[listener.fileno()])
    await until(lambda: web.watch.states[0].text == "exit code 1", "the first try")
    assert web.watch.states[1].text == "not tried yet"
    up_file.touch()
    await web.told(BecameReady)
    await until(lambda: web.watch.states[1].is_passing, "the first answer")
    sick_file.touch()
    verdict = await web.told(BecameReady, Unhealthy)
    assert isinstance(verdict, Unhealthy)
    assert verdict.text.startswith(f"http {url}: answered 503 Service Unavailable")
    assert verdict.text.endswith("2 times in a row")
    assert not verdict.is_hang


async def test_exec_programs_are_known_and_gone_with_the_watch(ward: Callable[..., Ward], place: Path) -> None:
    """No stray: the engine can tell their pids; nothing of them is left after close."""
    begun = place / "begun"
    web = ward(ready=(quick("exec", argv=("/bin/sh", "-c", f"sleep 600 & touch {begun}; wait")),))
    web.rest()
    await until(begun.exists, "the program to run")
    pids = web.watch.pids()
    assert len(pids) == 1
    assert pids <= unreaped_pids()
    web.watch.close()
    await until(lambda: not any(map(is_alive, pids)), "the program to be dead")
    await until(lambda: not web.watch.pids(), "the program to be reaped")


async def test_a_service_speaks_for_itself(ward: Callable[..., Ward]) -> None:
    """A real client of sd_notify: status, more time, ready, stopping."""
    web = ward(ready=(ProbeSpec("notify"),))
    assert web.watch.missing == "ready: notify (no READY=1 has come)"
    web.run("""
        import os, socket, time
        client = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        client.connect(os.environ["NOTIFY_SOCKET"])
        for message in ("STATUS=loading", "EXTEND_TIMEOUT_USEC=7000000", "READY=1\\nSTATUS=serving", "MAINPID=5",
                        "STOPPING=1\\nSTATUS=bye"):
            client.send(message.encode())
            time.sleep(0.01)
        time.sleep(600)
    """)
    await web.told(TimeExtended, BecameReady, BecameUnready)
    extension, _, unready = web.verdicts
    assert isinstance(extension, TimeExtended)
    assert extension.by_s == 7.0
    assert isinstance(unready, BecameUnready)
    assert unready.text == "it says that it is stopping (STOPPING=1)"
    assert web.statuses == ["loading", "serving", "bye"]
    assert web.stops == 1
    assert len(web.remarks) == 1


async def test_a_stopping_worker_is_not_judged_but_may_ask_for_time(ward: Callable[..., Ward]) -> None:
    """Its port is closed and its watchdog silent: no verdict; the stop can still be extended."""
    web = ward(
        ready=(ProbeSpec("notify"),),
        alive=(quick("watchdog", period_s=0.1), ProbeSpec("tcp", port=1, failures=1)),
    )
    web.watch.on_ctx_ready()  # nobody asked for it
    web.rest()
    web.watch.stopping()
    send(web, "READY=1\nEXTEND_TIMEOUT_USEC=1000000")
    send(web, "WATCHDOG=trigger")
    send(web, "STATUS=last words")
    await until(lambda: web.statuses, "the last message")
    assert [type(verdict) for verdict in web.verdicts] == [TimeExtended]
    assert web.watch._tick_timer is None
    assert web.watch.missing == ""


async def test_silence_of_a_watchdog_is_a_hang(ward: Callable[..., Ward]) -> None:
    """It is told its period, and it never says a word."""
    web = ward(alive=(ProbeSpec("watchdog", period_s=0.2),))
    assert web.watch.environment["WATCHDOG_USEC"] == "200000"
    assert not web.watch.gates_readiness
    web.rest()
    verdict = await web.told(Unhealthy)
    assert verdict == Unhealthy(
        verdict.at_s, 3, "watchdog 0.2s: silent for 0.2 s; it has never given a sign of life", is_hang=True
    )


async def test_a_watchdog_begins_with_ready_and_fails_when_it_is_told_to(ward: Callable[..., Ward]) -> None:
    """Before READY=1 nobody counts; WATCHDOG=trigger is the worker's own word."""
    web = ward(ready=(ProbeSpec("notify"),), alive=(ProbeSpec("watchdog", period_s=600.0),))
    web.rest()
    send(web, "WATCHDOG=1")
    await until(lambda: web.watch.states[1].is_passing, "the ping")
    send(web, "READY=1\nWATCHDOG_USEC=300000000")
    await web.told(BecameReady)
    assert web.watch._health.checks[1].check.period_s == 300.0
    send(web, "WATCHDOG=trigger")
    verdict = await web.told(BecameReady, Unhealthy)
    assert verdict == Unhealthy(verdict.at_s, 3, "it says itself that it hangs (WATCHDOG=trigger)", is_hang=True)


async def test_a_worker_that_somebody_stopped_does_not_hang(ward: Callable[..., Ward]) -> None:
    """SIGSTOP from outside: it cannot answer, says so, and is judged again when it goes on (fault 3)."""
    web = ward(alive=(ProbeSpec("watchdog", period_s=0.1),))
    web.process = process = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
    process.send_signal(signal.SIGSTOP)
    await until(lambda: (entry := proctable.read_entry(process.pid)) and entry.state == "T", "it to stand still")
    web.watch.on_started(process.pid)
    await until(lambda: web.watch.states[0].text == "stopped by a signal", "a look at it")
    assert web.verdicts == []
    process.send_signal(signal.SIGCONT)
    await web.told(Unhealthy)


async def test_a_paused_worker_is_not_judged_until_it_goes_on(ward: Callable[..., Ward]) -> None:
    """By wish: no probe runs, no time is counted."""
    web = ward(alive=(quick("watchdog", period_s=0.5), ProbeSpec("tcp", port=1, failures=1000)))
    web.rest()
    await until(lambda: web.watch.states[1].text, "the first try")
    web.watch.pause()
    assert web.watch._tick_timer is None
    assert [web.watch._probers[1].is_on] == [False]
    web.watch.resume()
    assert [web.watch._probers[1].is_on] == [True]
    await web.told(Unhealthy)


async def test_an_engine_that_stood_still_blames_nobody(ward: Callable[..., Ward]) -> None:
    """The loop did not run for longer than the period: deadlines begin anew (fault 17)."""
    web = ward(alive=(ProbeSpec("watchdog", period_s=0.8),))
    web.rest()
    looked_s = web.watch._health.looked_s
    time.sleep(GAP_S + 0.5)
    await until(lambda: web.watch._health.looked_s > looked_s, "the first look after it")
    assert web.verdicts == []
    await web.told(Unhealthy)


async def test_a_removed_notification_socket_is_healed_in_time(ward: Callable[..., Ward]) -> None:
    """A cleaner took the socket's file: the worker could not ping, which is no fault of its."""
    web = ward(alive=(ProbeSpec("watchdog", period_s=0.8),))
    os.unlink(web.watch.environment["NOTIFY_SOCKET"])
    web.rest()
    await until(lambda: web.remarks, "it to be noticed")
    send(web, "WATCHDOG=1")
    await until(lambda: web.watch.states[0].is_passing, "the ping")


async def test_heartbeats_are_read_from_the_board(ward: Callable[..., Ward]) -> None:
    """The first makes it ready; waiting in a channel is no silence; silence while busy is a hang."""
    board = StatusBoard.create()
    web = ward(ready=(ProbeSpec("heartbeat"),), alive=(ProbeSpec("heartbeat"),), board=board, heartbeat=0.5)
    assert web.watch.missing == "ready: heartbeat (no heartbeat has come)"
    board.waiting("paths", "get")
    web.rest()
    board.beat()
    await web.told(BecameReady)
    looked_s = web.watch._health.looked_s
    await until(lambda: web.watch._health.looked_s > looked_s + 0.8, "more time than its period")
    assert [type(verdict) for verdict in web.verdicts] == [BecameReady]
    board.moving()
    verdict = await web.told(BecameReady, Unhealthy)
    assert verdict == Unhealthy(verdict.at_s, 3, "heartbeat: silent for 0.5 s", is_hang=True)
    web.end()
    board.close()


async def test_a_line_of_any_stream_makes_it_ready(ward: Callable[..., Ward]) -> None:
    """Chunks as they come from the pipes, cut anywhere; after it has matched nobody looks any more."""
    web = ward(ready=(ProbeSpec("log", pattern=r"listening on :\d+$"),))
    streams: tuple[Stream, ...] = ("stdout", "stderr", "log")
    taps = {stream: web.watch.taps(stream)[0] for stream in streams}
    web.rest()
    assert [web.watch.wants_lines] == [True]
    for chunk in (b"starting\nlisten", b"ing on :80", b"80"):
        assert taps["stderr"](chunk)
    assert taps["stdout"](b"listening on nothing\n")
    assert taps["log"](b'{"time":"t","level":"INFO","message":"listening on: 1"}\n')
    assert web.watch.missing == r"ready: log /listening on :\d+$/ (no line has matched)"
    assert not taps["stderr"](b"\n")
    await web.told(BecameReady)
    assert [web.watch.wants_lines] == [False]
    assert not taps["log"](b"more\n")


async def test_a_newline_on_a_descriptor_makes_it_ready(ward: Callable[..., Ward]) -> None:
    """s6's notification descriptor; one that is closed without a word is said to be."""
    web = ward(ready=(ProbeSpec("fd", fd=5),))
    assert web.watch.notify_fd_number == 5
    web.run("import os, sys, time; os.write(int(sys.argv[1]), b'up\\n'); time.sleep(600)", str(web.watch.notify_fd))
    assert web.watch.notify_fd is None
    await web.told(BecameReady)
    mute = ward(ready=(ProbeSpec("fd", fd=3),))
    mute.run("pass")
    await until(lambda: "closed without a newline, so it will never be ready" in mute.watch.missing, "the pipe's end")


async def test_ctx_ready_counts_whenever_it_comes(ward: Callable[..., Ward]) -> None:
    """Said before the engine knew that the target runs, or after; once."""
    early = ward(ready=(ProbeSpec("ctx"),))
    early.watch.on_ctx_ready()
    assert early.verdicts == []
    early.rest()
    await early.told(BecameReady)
    early.watch.on_ctx_ready()
    assert len(early.verdicts) == 1


async def test_a_delay_is_counted_from_the_start(ward: Callable[..., Ward]) -> None:
    """The first try comes that long after the target ran, however long startup took."""
    web = ward(startup=(ProbeSpec("ctx"),), ready=(quick("exec", argv=("true",), delay_s=3600.0),))
    web.rest()
    web.watch._begun_s -= 3599.99  # it started an hour ago
    web.watch.on_ctx_ready()
    await web.told(BecameReady)


async def test_a_closed_watch_tells_nothing(ward: Callable[..., Ward]) -> None:
    """Never launched, or reaped: late words change nothing."""
    web = ward(ready=(ProbeSpec("notify"), ProbeSpec("ctx"), ProbeSpec("fd", fd=3)))
    web.watch.close()
    web.watch.on_started(os.getpid())
    web.watch.on_ctx_ready()
    web.watch.stopping()
    web.watch.close()
    assert web.verdicts == []
    assert web.watch.notify_fd is None


def test_only_declared_checks_need_a_watch() -> None:
    """A worker without checks is ready when it runs."""
    assert not needs_watch(WorkerSpec(command=["x"]))
    assert needs_watch(WorkerSpec(command=["x"], alive=(ProbeSpec("watchdog", period_s=1.0),)))
