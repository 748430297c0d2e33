"""Probes against real sockets and programs: what they say, what they leave behind, how they stand a stopped loop."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from supervisor import proctable
from supervisor.processes import probing
from supervisor.processes.overhearing import one_line
from supervisor.processes.probe_programs import ExecProbe, Surroundings, unreaped_pids
from supervisor.processes.probing import Answer, Host, HttpProbe, Prober, TcpProbe, Timing
from tests.engines import is_alive
from tests.processes.patience import until

HERE = Surroundings(cwd="/")


@asynccontextmanager
async def serving(
    answer: bytes, *, host: str = "127.0.0.1", is_ended: bool = True, context: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[int, list[bytes]]]:
    """A server that reads a request's head and says `answer`; its port, and the requests that it got."""
    requests: list[bytes] = []
    open_ends: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_ends.append(writer)
        try:
            requests.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(answer)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        if is_ended:
            writer.close()

    server = await asyncio.start_server(serve, host, 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1], requests
    finally:
        server.close()
        for writer in open_ends:
            writer.transport.abort()
        await server.wait_closed()


@contextmanager
def deaf_port() -> Iterator[int]:
    """A port that is taken, so that nobody else gets it, and on which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


async def test_tcp_says_whether_somebody_listens() -> None:
    """Connected, or the system's own words for why not."""
    async with serving(b"") as (port, _):
        assert await TcpProbe("127.0.0.1", port).ask() == (True, "connected")
        assert await TcpProbe("localhost", port).ask() == (True, "connected")
    with deaf_port() as port:
        assert await TcpProbe("127.0.0.1", port).ask() == (False, "connection refused")
        probe = HttpProbe(f"http://127.0.0.1:{port}/", 200, 299)
        assert await probe.ask() == (False, "connection refused")


@pytest.mark.skipif(not socket.has_ipv6, reason="this Python has no IPv6")
async def test_tcp_reaches_ipv6() -> None:
    """An address in brackets, and localhost where only ::1 listens."""
    try:
        server = serving(b"", host="::1")
        async with server as (port, _):
            assert await TcpProbe("::1", port).ask() == (True, "connected")
            assert await TcpProbe("localhost", port).ask() == (True, "connected")
    except OSError as error:
        pytest.skip(f"no IPv6 here: {error}")


async def test_a_connection_to_itself_is_nobody_listening(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel may choose the very port that is asked for (TCP's simultaneous open)."""
    with deaf_port() as port:
        pass
    loop = asyncio.get_running_loop()

    async def connect_from_there(connection: socket.socket, address: tuple[str, int]) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        connection.bind(address)
        connection.setblocking(True)
        connection.connect(address)

    monkeypatch.setattr(loop, "sock_connect", connect_from_there)
    assert await TcpProbe("127.0.0.1", port).ask() == (False, "connection refused")


async def test_names_are_looked_up_by_a_helper_and_no_thread() -> None:
    """Another name than localhost is a helper process's work; what it finds is kept."""
    threads = threading.active_count()
    host = Host("no-such-host.invalid")
    with pytest.raises(OSError, match=r"cannot find no-such-host\.invalid"):
        await host.addresses()
    own = Host(socket.gethostname())
    try:
        found = await own.addresses()
    except OSError:
        found = ()  # a machine that does not know its own name
    assert await Host("127.0.0.1").addresses() == ("127.0.0.1",)
    assert all(":" in address or address.count(".") == 3 for address in found)
    assert threading.active_count() <= threads
    await until(lambda: not unreaped_pids(), "the helpers to be gone")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", (True, "answered 200 OK")),
        (b"HTTP/1.0 204 No Content\r\n\r\n", (True, "answered 204 No Content")),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", (True, "answered 200 OK")),
        (b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n", (False, "answered 302 Found")),
        (
            b"HTTP/1.1 503 Whatever\r\n\r\n\r\ndatabase \x1b[31mdown\nmore",
            (False, "answered 503 Service Unavailable: database \\x1b[31mdown"),
        ),
        (b"HTTP/1.1 799 Odd\r\n\r\n", (False, "answered 799")),
        (b"-ERR unknown command\r\n", (False, "no HTTP answer: -ERR unknown command")),
        (b"", (False, "closed without an answer")),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000, (True, "answered 200 OK")),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"z" * 2_000_000, (True, "answered 200 OK")),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 100, (False, "no end of interim answers")),
    ],
)
async def test_http_judges_by_the_status(answer: bytes, expected: Answer) -> None:
    """In range or not; redirects are not followed, and what is no HTTP is shown."""
    async with serving(answer) as (port, requests):
        assert await HttpProbe(f"http://127.0.0.1:{port}/health?a=b c", 200, 299).ask() == expected
    head = requests[0].split(b"\r\n")
    assert head[0] == b"GET /health?a=b%20c HTTP/1.1"
    assert f"Host: 127.0.0.1:{port}".encode() in head
    assert b"Connection: close" in head


async def test_http_of_a_server_that_keeps_the_connection_is_answered_all_the_same() -> None:
    """The status decides; the rest is waited for a moment only."""
    async with serving(b"HTTP/1.1 200 OK\r\n\r\nstream", is_ended=False) as (port, requests):
        assert await HttpProbe(f"http://u:p%40@127.0.0.1:{port}", 200, 299, 0.2).ask() == (True, "answered 200 OK")
    assert b"Authorization: Basic dTpwQA==\r\n" in requests[0]
    assert requests[0].startswith(b"GET / HTTP/1.1\r\n")


async def test_https_verifies_the_certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A certificate that nobody vouches for is a bad answer; one that the machine trusts is a good one."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl, which makes the certificate, is not installed")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    words = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1"
    command = [openssl, *words.split(), "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(certificate, key)
    async with serving(b"HTTP/1.1 200 OK\r\n\r\n", context=server_side) as (port, _):
        probe = HttpProbe(f"https://127.0.0.1:{port}/", 200, 299)
        is_good, said = await probe.ask()
        assert (is_good, said.replace("-", " ")) == (False, "self signed certificate")
        trusting = ssl.create_default_context(cafile=str(certificate))
        monkeypatch.setattr(probing, "_verifying", lambda: trusting)
        assert await probe.ask() == (True, "answered 200 OK")


async def test_exec_judges_by_the_exit_code() -> None:
    """The exit code, and the last thing that the program said; no thread does it."""
    threads = threading.active_count()
    assert await ExecProbe(["true"], HERE).ask() == (True, "exit code 0")
    script = "echo first; printf 'bad \\033[2J luck\\n\\n' >&2; exit 3"
    expected = (False, "exit code 3: bad \\x1b[2J luck")
    assert await ExecProbe(["/bin/sh", "-c", script], HERE).ask() == expected
    assert await ExecProbe(["/bin/sh", "-c", "kill -9 $$"], HERE).ask() == (False, "killed by signal 9")
    assert threading.active_count() <= threads
    assert not unreaped_pids()


async def test_exec_that_cannot_run_says_what_is_missing() -> None:
    """No such program, or no such directory: a bad answer with the reason."""

    async def said(probe: ExecProbe) -> str:
        return (await probing._guarded(probe.ask))[1]

    assert await said(ExecProbe(["/no/such/program"], HERE)) == (
        "cannot run /no/such/program: no such file or directory"
    )
    assert "no such file or directory" in await said(ExecProbe(["true"], Surroundings(cwd="/no/such/place")))


async def test_exec_keeps_the_end_of_a_long_output() -> None:
    """A program that talks for ever does not fill memory, and is not blocked."""
    talk = "import sys; sys.stdout.write('x' * 3_000_000 + '\\nthe end\\n'); sys.exit(1)"
    assert await ExecProbe([sys.executable, "-c", talk], HERE).ask() == (False, "exit code 1: the end")


async def test_exec_runs_where_and_as_it_should(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In its directory, with the worker's environment, without what would let it speak in the worker's name."""
    monkeypatch.setenv("NOTIFY_SOCKET", "/run/somebody/else")
    around = Surroundings(str(tmp_path), {"COLOUR": "green", "PROCDECK_INCARNATION": "1", "WATCHDOG_USEC": "1"})
    show = 'echo "$PWD $COLOUR ${NOTIFY_SOCKET-none} ${WATCHDOG_USEC-none} ${PROCDECK_INCARNATION-none}"'
    assert await ExecProbe(["/bin/sh", "-c", show], around).ask() == (
        True,
        f"exit code 0: {tmp_path} green none none none",
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
async def test_exec_has_no_more_rights_than_its_worker() -> None:
    """A check of a worker with a user runs as that user."""
    identity = {"name": 'user "nobody"', "uid": 65534, "gid": 65534, "groups": [65534]}
    assert await ExecProbe(["id", "-u"], Surroundings("/", {}, identity)).ask() == (True, "exit code 0: 65534")


class Asked:
    """A prober and its answers."""

    def __init__(self, ask: Callable[[], Awaitable[Answer]], timing: Timing) -> None:
        self.answers: list[Answer] = []
        self.prober = Prober(asyncio.get_running_loop(), ask, timing, lambda *answer: self.answers.append(answer))

    async def first(self, count: int = 1) -> list[Answer]:
        await until(lambda: len(self.answers) >= count, f"{count} answers")
        return self.answers[:count]


STUBBORN = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.signal(signal.SIGHUP, signal.SIG_IGN);"
    "open(%r, 'w').close(); time.sleep(600)"], start_new_session=%r)
open(%r + ".tmp", "w").write(f"{os.getpid()} {child.pid}")
while not os.path.exists(%r):
    time.sleep(0.01)
os.rename(%r + ".tmp", %r)
%s
"""


def stubborn(tmp_path: Path, *, escapes: bool, then: str) -> tuple[list[str], Path]:
    """A program whose child ignores every signal that it can; the file in which it says both pids."""
    born, told = str(tmp_path / "born"), str(tmp_path / "pids")
    return [sys.executable, "-c", STUBBORN % (born, escapes, told, born, told, told, then)], Path(told)


@pytest.mark.parametrize("escapes", [False, True], ids=["same-session", "setsid"])
async def test_exec_that_takes_too_long_is_killed_with_all_that_it_started(tmp_path: Path, escapes: bool) -> None:
    """The timeout ends the whole tree, though nobody in it listens to signals."""
    argv, told = stubborn(tmp_path, escapes=escapes, then="time.sleep(600)")
    program = ExecProbe(argv, HERE)

    async def ask() -> Answer:
        if told.exists():
            await asyncio.Event().wait()
        return await program.ask()

    asked = Asked(ask, Timing(interval_s=0.01, timeout_s=600.0))
    asked.prober.start()
    await until(told.exists, "the program and its child")
    pids = [int(word) for word in told.read_text().split()]
    assert program.pids == {pids[0]} <= unreaped_pids()
    asked.prober._left_s = 0.0  # its time is over
    assert await asked.first() == [(False, "no answer within 600 s")]
    await until(lambda: not any(map(is_alive, pids)), "the tree to be dead")
    await until(lambda: not unreaped_pids(), "the program to be reaped")
    asked.prober.stop()
    await until(lambda: len(asyncio.all_tasks()) == 1, "the try to be given up")


async def test_exec_leaves_nothing_behind_when_it_ends_well(tmp_path: Path) -> None:
    """A child that it leaves in its group, holding its output, is killed and does not delay the answer."""
    argv, told = stubborn(tmp_path, escapes=False, then="print('fine')")
    assert await ExecProbe(argv, HERE).ask() == (True, "exit code 0: fine")
    child = int(told.read_text().split()[1])
    await until(lambda: not is_alive(child), "the child to be dead")


async def test_a_closed_probe_leaves_nothing_behind(tmp_path: Path) -> None:
    """Stopped in the middle of a try: the tree dies, and no answer is told."""
    argv, told = stubborn(tmp_path, escapes=False, then="time.sleep(600)")
    program = ExecProbe(argv, HERE)
    asked = Asked(program.ask, Timing())
    asked.prober.start()
    await until(told.exists, "the program and its child")
    pids = [int(word) for word in told.read_text().split()]
    asked.prober.stop()
    program.end()
    await until(lambda: not any(map(is_alive, pids)), "the tree to be dead")
    await until(lambda: not unreaped_pids(), "the program to be reaped")
    assert asked.answers == []
    assert proctable.read_entry(pids[0]) is None


async def test_tries_come_quickly_until_the_first_good_answer() -> None:
    """0.05, 0.1, 0.2 s ... up to the interval, and then one every interval; one at a time."""
    loop = asyncio.get_running_loop()
    pauses: list[float] = []
    real_call_later = loop.call_later
    running = 0
    most = 0
    count = 0

    async def ask() -> Answer:
        nonlocal running, most, count
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        count += 1
        return count > 4, f"try {count}"

    asked = Asked(ask, Timing(interval_s=0.3))

    def noted_call_later(delay_s: float, callback: Callable[..., object], *rest: object) -> asyncio.TimerHandle:
        if getattr(callback, "__func__", None) is Prober._try:
            pauses.append(delay_s)
        return real_call_later(delay_s / 100, callback, *rest)

    loop.call_later = noted_call_later  # type: ignore[assignment, method-assign]
    try:
        asked.prober.start(0.5)
        await asked.first(7)
    finally:
        loop.call_later = real_call_later  # type: ignore[method-assign]
        asked.prober.stop()
    assert pauses[:7] == [0.5, 0.05, 0.1, 0.2, 0.3, 0.3, 0.3]
    assert most == 1
    assert asked.answers[4:6] == [(True, "try 5"), (True, "try 6")]


async def test_time_in_which_the_engine_stood_still_is_not_the_workers() -> None:
    """The answer came while the loop was stopped: it is read, though the timeout is long over."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    has_begun = asyncio.Event()

    async def ask() -> Answer:
        has_begun.set()
        said = await asyncio.get_running_loop().sock_recv(ours, 1)
        return True, said.decode()

    with ours, theirs:
        asked = Asked(ask, Timing(timeout_s=0.2, interval_s=60.0))
        asked.prober.start()
        await has_begun.wait()
        theirs.send(b"x")
        time.sleep(1.0)  # the whole loop stands still
        assert await asked.first() == [(True, "x")]
        asked.prober.stop()


async def test_no_answer_in_time_is_a_bad_one() -> None:
    """A server that accepts and says nothing; a fault of the probe itself is a bad answer too."""
    async with serving(b"", is_ended=False) as (port, _):
        asked = Asked(HttpProbe(f"http://127.0.0.1:{port}/", 200, 299).ask, Timing(timeout_s=0.1))
        asked.prober.start()
        assert await asked.first() == [(False, "no answer within 0.1 s")]
        asked.prober.stop()

    async def broken() -> Answer:
        raise ValueError("oh")

    asked = Asked(broken, Timing())
    asked.prober.start()
    assert await asked.first() == [(False, "oh")]
    asked.prober.stop()


def test_what_others_say_is_one_harmless_line() -> None:
    """No control characters, no bidirectional tricks, no second line, no more than 200 characters."""
    assert one_line("\n  \r\n a\tb\x07\u202e\nsecond") == "a\\x09b\\x07\\u202e"
    assert one_line(b"\xff\xfe bytes") == "\ufffd\ufffd bytes"
    assert one_line("first\nlast\n\n", last=True) == "last"
    assert one_line("") == ""
    assert len(one_line("x" * 1000)) == 200
