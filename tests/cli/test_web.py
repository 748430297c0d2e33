"""`procdeck web` says what is wrong before it serves anything, and ends in good order."""

from __future__ import annotations

import http.client
import signal
import socket
import subprocess
import sys

import pytest

from tests.api.fake_port import FakeEngine
from tests.cli.conftest import Command
from tui.web import pages


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--port", "70000"), "--port is from 0 to 65535, not 70000"),
        (("--max-sessions", "0"), "--max-sessions is from 1 to 64, not 0"),
        (("--idle-timeout", "soon"), "--idle-timeout must be a duration"),
        (("--idle-timeout", "0s"), "--idle-timeout is a second at least"),
    ],
)
def test_what_cannot_be_is_told(command: Command, words: tuple[str, ...], told: str) -> None:
    outcome = command("web", *words)
    assert outcome.code == 2
    assert told in outcome.err


def test_without_an_engine_there_is_nothing_to_serve(command: Command) -> None:
    outcome = command("web", "--project", "census")
    assert outcome.code == 3
    assert "no engine runs for census" in outcome.err


def test_without_the_extra_it_is_said_how_to_get_it(
    command: Command, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "find_spec", lambda _: None)
    outcome = command("web", "--project", "census")
    assert outcome.code == 1
    assert "pip install 'procdeck[web]'" in outcome.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_tells_the_address_and_ends_on_a_signal(engine: FakeEngine, number: signal.Signals) -> None:
    """stdout has the address alone, so that it can be opened by a script; who has not the token gets words."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tui.cli.main", "web", "--project", "census"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    address = process.stdout.readline().strip()
    base, _, token = address.partition("#token=")
    assert base.startswith("http://127.0.0.1:")
    visit = http.client.HTTPConnection(base.removeprefix("http://").rstrip("/"), timeout=60)
    visit.request("GET", "/")
    assert visit.getresponse().status == 403
    visit.close()
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, "")
    assert "only look (--allow-control lets them act)" in err
    assert token not in err


def test_a_port_that_is_taken_is_told(command: Command, engine: FakeEngine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        outcome = command("web", "--project", "census", "--port", str(port))
    assert outcome.code == 1
    assert outcome.err == (
        f"procdeck: port {port} cannot be used: Address already in use; without --port, one that is free is taken\n"
    )
