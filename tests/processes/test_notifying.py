"""The notification socket and pipe with real clients: every message, every kind of nonsense, and nothing left open."""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from supervisor.processes import notifying
from supervisor.processes.notifying import MESSAGE_LIMIT_BYTES, NotifySocket, ReadyPipe, forget_stale, take_inherited
from supervisor.processes.service_messages import ServiceMessages
from tests.processes.patience import until


class Heard:
    """A notification socket and what came on it."""

    def __init__(self, directory: Path, uid: int | None = None) -> None:
        self.messages: list[dict[str, str]] = []
        self.socket = NotifySocket(asyncio.get_running_loop(), directory, self.take, uid)

    def take(self, fields: Mapping[str, str]) -> None:
        self.messages.append(dict(fields))


@pytest.fixture
def runtime(place: Path) -> Path:
    directory = place / "r"
    directory.mkdir(mode=0o700)
    return directory


@pytest.fixture(autouse=True)
def no_descriptor_is_left_open() -> Iterator[None]:
    """Whatever was sent along, and however it ended."""
    before = len(os.listdir("/proc/self/fd"))
    yield
    assert len(os.listdir("/proc/self/fd")) <= before


def send(address: str, message: str, *descriptors: int) -> None:
    """What sd_notify(3) does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
        client.connect("\0" + address[1:] if address.startswith("@") else address)
        socket.send_fds(client, [message.encode()], list(descriptors))


async def test_messages_come_in_order_and_whole(runtime: Path) -> None:
    """Several fields in a message, several messages in a wake, text with '=' in it, and no more than was sent."""
    heard = Heard(runtime)
    send(heard.socket.address, "READY=1\nSTATUS=a=b\nX_OWN=1\nno field\n")
    for number in range(5):
        send(heard.socket.address, f"WATCHDOG=1\nSTATUS={number}")
    await until(lambda: len(heard.messages) >= 6, "six messages")
    assert heard.messages[0] == {"READY": "1", "STATUS": "a=b", "X_OWN": "1"}
    assert [message["STATUS"] for message in heard.messages[1:]] == list("01234")
    heard.socket.close()
    assert list(runtime.iterdir()) == []
    heard.socket.close()


async def test_a_program_of_another_kind_can_speak_it(runtime: Path) -> None:
    """systemd's own client, where it is installed: it waits at a barrier until its message was taken."""
    client = shutil.which("systemd-notify")
    if client is None:
        pytest.skip("systemd-notify is not installed")
    heard = Heard(runtime)
    process = subprocess.Popen(
        [client, "--ready", "--status=loading"], env={**os.environ, "NOTIFY_SOCKET": heard.socket.address}
    )
    await until(lambda: process.poll() is not None, "systemd-notify to end")
    said = {key: value for message in heard.messages for key, value in message.items()}
    heard.socket.close()
    if process.returncode != 0 and not said:
        pytest.skip("systemd-notify does not work here")
    assert (process.returncode, said["READY"], said["STATUS"]) == (0, "1", "loading")


async def test_a_barrier_is_answered_after_everything_earlier(runtime: Path) -> None:
    """BARRIER=1 brings a pipe's end; it is closed when all that was sent before has been taken."""
    heard = Heard(runtime)
    read_end, write_end = os.pipe()
    for number in range(20):
        send(heard.socket.address, f"STATUS={number}")
        if number % 5 == 4:
            await until(lambda number=number: len(heard.messages) > number, "what was sent so far")  # type: ignore[misc]
    send(heard.socket.address, "BARRIER=1", write_end)
    os.close(write_end)
    counts: list[int] = []
    asyncio.get_running_loop().add_reader(read_end, lambda: counts.append(len(heard.messages)))
    await until(lambda: counts, "the answer")
    asyncio.get_running_loop().remove_reader(read_end)
    assert counts[0] == 21
    assert os.read(read_end, 1) == b""
    os.close(read_end)
    heard.socket.close()


async def test_descriptors_that_come_along_are_closed(runtime: Path) -> None:
    """Nothing is stored, whatever a worker asks for; the fixture counts."""
    heard = Heard(runtime)
    read_end, write_end = os.pipe()
    send(heard.socket.address, "FDSTORE=1\nFDNAME=x", *([write_end] * 20))
    send(heard.socket.address, "STATUS=" + "x" * MESSAGE_LIMIT_BYTES, write_end, read_end)
    await until(lambda: len(heard.messages) + heard.socket.dropped == 2, "both messages")
    os.close(write_end)
    assert os.read(read_end, 1) == b""
    os.close(read_end)
    heard.socket.close()


async def test_a_message_that_is_too_long_is_dropped_whole(runtime: Path) -> None:
    """Half of a message could mean something else."""
    heard = Heard(runtime)
    send(heard.socket.address, "READY=1\nSTATUS=" + "x" * MESSAGE_LIMIT_BYTES)
    send(heard.socket.address, "\0\xff" * 100)
    send(heard.socket.address, "STOPPING=1")
    await until(lambda: {"STOPPING": "1"} in heard.messages, "the last message")
    assert heard.messages == [{}, {"STOPPING": "1"}]
    assert heard.socket.dropped == 1
    heard.socket.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
async def test_only_the_workers_user_is_heard(runtime: Path) -> None:
    """A worker that runs as somebody else reaches its socket, which has no file then; a third user does not."""
    heard = Heard(runtime, uid=65534)
    assert list(runtime.iterdir()) == []
    client = """
        import os, socket, sys
        os.setuid(int(sys.argv[2]))
        client = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        client.sendto(("STATUS=" + sys.argv[2]).encode(), "\\0" + sys.argv[1][1:])
    """
    for uid in ("65533", "65534"):
        process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(client), heard.socket.address, uid])
        await until(lambda process=process: process.poll() is not None, "the client to end")  # type: ignore[misc]
        assert process.returncode == 0
    await until(lambda: heard.messages, "the worker's message")
    assert heard.messages == [{"STATUS": "65534"}]
    assert heard.socket.dropped == 1
    heard.socket.close()


async def test_a_flood_takes_turns_with_others(runtime: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However much one worker sends, the loop goes on in between."""
    monkeypatch.setattr(notifying, "MESSAGES_A_TURN", 3)
    heard = Heard(runtime)
    for _ in range(7):
        send(heard.socket.address, "WATCHDOG=1")
    heard.socket.drain()
    assert len(heard.messages) == 3
    await until(lambda: len(heard.messages) == 7, "the rest")
    heard.socket.close()


async def test_a_removed_socket_is_healed(runtime: Path) -> None:
    """A cleaner of temporary files took it: it is bound again where the worker looks for it."""
    heard = Heard(runtime)
    send(heard.socket.address, "STATUS=before")
    assert heard.socket.heal() is False
    os.unlink(heard.socket.address)
    assert heard.socket.heal() is True
    send(heard.socket.address, "STATUS=after")
    await until(lambda: len(heard.messages) == 2, "both messages")
    shutil.rmtree(runtime)
    assert heard.socket.heal() is False
    heard.socket.close()


async def test_what_a_killed_engine_left_is_forgotten(runtime: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Old sockets go, other files stay, and a name that is taken is taken over."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as old:
        old.bind(str(runtime / "n.7"))
    (runtime / "n.note").write_text("not ours")
    monkeypatch.setattr(notifying, "_numbers", itertools.count(7))
    heard = Heard(runtime)
    send(heard.socket.address, "READY=1")
    await until(lambda: heard.messages, "the message")
    heard.socket.close()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as old:
        old.bind(str(runtime / "n.8"))
    forget_stale(runtime)
    assert [path.name for path in runtime.iterdir()] == ["n.note"]


async def test_a_message_that_ends_the_socket_is_the_last(runtime: Path) -> None:
    """What a message leads to may be the end of the incarnation, with more messages waiting."""
    heard = Heard(runtime)

    def take(fields: Mapping[str, str]) -> None:
        heard.take(fields)
        heard.socket.close()

    heard.socket._take = take
    send(heard.socket.address, "STATUS=1")
    send(heard.socket.address, "STATUS=2")
    await until(lambda: heard.messages, "the first message")
    assert heard.messages == [{"STATUS": "1"}]


def test_what_a_service_manager_told_the_engine_stays_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker must not speak in the engine's name."""
    monkeypatch.setenv("NOTIFY_SOCKET", "/run/systemd/notify")
    monkeypatch.setenv("WATCHDOG_PID", "1")
    monkeypatch.delenv("WATCHDOG_USEC", raising=False)
    assert take_inherited() == {"NOTIFY_SOCKET": "/run/systemd/notify", "WATCHDOG_PID": "1"}
    assert "NOTIFY_SOCKET" not in os.environ
    assert take_inherited() == {}


class Told:
    """Writes down what a service's messages mean."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.messages = ServiceMessages(self)

    def take(self, text: str) -> list[str]:
        before = len(self.said)
        self.messages.take(notifying._fields(text.encode()))
        return self.said[before:]

    def on_service_ready(self) -> None:
        self.said.append("ready")

    def on_service_ping(self) -> None:
        self.said.append("ping")

    def on_service_period(self, period_s: float | None) -> None:
        self.said.append(f"period {period_s}")

    def on_service_trigger(self) -> None:
        self.said.append("trigger")

    def on_service_stopping(self) -> None:
        self.said.append("stopping")

    def on_service_status(self, text: str) -> None:
        self.said.append(f"status {text}")

    def on_service_remark(self, text: str) -> None:
        self.said.append(text)

    def on_service_extension(self, by_s: float) -> None:
        self.said.append(f"extension {by_s:g}")


@pytest.mark.parametrize(
    ("message", "meaning"),
    [
        ("READY=1", ["ready"]),
        ("READY=0\nWATCHDOG=2\nSTOPPING=yes\nUNKNOWN=1", []),
        ("STATUS=\x1b]0;owned\x07 two\nREADY=1", ["status \\x1b]0;owned\\x07 two", "ready"]),
        ("WATCHDOG=1", ["ping"]),
        ("WATCHDOG=trigger", ["trigger"]),
        ("WATCHDOG_USEC=2500000", ["period 2.5"]),
        ("WATCHDOG_USEC=0", ["period None"]),
        ("EXTEND_TIMEOUT_USEC=5000000\nSTOPPING=1", ["extension 5", "stopping"]),
        ("EXTEND_TIMEOUT_USEC=999999999999999999", ["extension 86400"]),
        ("EXTEND_TIMEOUT_USEC=-1\nWATCHDOG_USEC=٣\nERRNO=x\nMAINPID=0x1", []),
        ("ERRNO=2", ["says that it has failed: no such file or directory (ERRNO=2)"]),
        ("EXIT_STATUS=4", ["says that its exit status is 4"]),
        ("MAINPID=77", ["says that its main process is 77; the one that was started stays the leader"]),
    ],
)
def test_each_message_means_what_systemd_says(message: str, meaning: list[str]) -> None:
    """sd_notify(3), key by key; nonsense means nothing."""
    assert Told().take(message) == meaning


def test_reloading_is_a_status_until_it_is_ready_again() -> None:
    """RELOADING=1, then READY=1; a status of its own is shown with it."""
    told = Told()
    assert told.take("RELOADING=1\nMONOTONIC_USEC=5") == ["status reloading"]
    assert told.take("STATUS=reading routes") == ["status reloading: reading routes"]
    assert told.take("READY=1") == ["status reading routes", "ready"]
    assert told.take("STATUS=reading routes") == []
    assert told.take("MAINPID=5") + told.take("MAINPID=6") == [
        "says that its main process is 5; the one that was started stays the leader"
    ]


class Piped:
    """A notification pipe whose write end a shell has as descriptor 3."""

    def __init__(self, script: str) -> None:
        self.told: list[str] = []
        self.pipe = ReadyPipe(
            asyncio.get_running_loop(), lambda: self.told.append("ready"), lambda: self.told.append("ended")
        )
        wrapped = f"exec 3>&{self.pipe.write_end} {self.pipe.write_end}>&-; {script}"
        self.process = subprocess.Popen(["/bin/bash", "-c", wrapped], pass_fds=[self.pipe.write_end])
        self.pipe.launched()


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("echo >&3; read -r -t 60 <&0", "ready"),
        ("printf 'listening on ' >&3; echo 8000 >&3", "ready"),
        ("printf ready >&3", "ended"),
        ("exec 3>&-; exit 0", "ended"),
    ],
)
async def test_a_newline_on_the_pipe_is_ready(script: str, told: str) -> None:
    """s6's rule: anything with a newline; the end without one is never."""
    piped = Piped(script)
    await until(lambda: piped.told, "the pipe to tell")
    piped.process.kill()
    piped.process.wait()
    await asyncio.sleep(0)
    assert piped.told == [told]
    piped.pipe.close()


async def test_a_pipe_that_is_closed_tells_nothing() -> None:
    """The incarnation is over, launched or not."""
    told: list[str] = []
    pipe = ReadyPipe(asyncio.get_running_loop(), lambda: told.append("ready"), lambda: told.append("ended"))
    pipe.close()
    pipe.launched()
    pipe.close()
    assert (pipe.write_end, told) == (-1, [])
