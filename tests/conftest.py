"""What all tests share: a place of their own for sockets and runs, and a last look for what they left behind."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import time
import uuid
from collections.abc import Iterator
from multiprocessing import forkserver, resource_tracker
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# A busy machine is slow without being wrong, and the same code passes or fails every time: whoever looks for more
# examples gives `--hypothesis-profile exploring`.
settings.register_profile("exploring", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("procdeck", settings.get_profile("exploring"), derandomize=True)
settings.load_profile("procdeck")

MARKER = "PROCDECK_TEST_SESSION"
"""Every process that a test starts inherits this variable, so what is left of the session can be told from the rest."""

SETTLE_S = 30.0
"""How long processes that are on their way out have after the last test."""

# Started by nohup or in a shell's background, all that tests start would ignore these as well.
for _number in (signal.SIGHUP, signal.SIGQUIT):
    signal.signal(_number, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)

_session = uuid.uuid4().hex
os.environ[MARKER] = _session
_spill = Path("/dev/shm", f"procdeck-test-{_session}")
os.environ["PROCDECK_SPILL_DIR"] = str(_spill)
os.environ["PROCDECK_CONFIG_DIR"] = f"/nowhere/procdeck-test-{_session}"  # nobody's own settings


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A short-named folder for runtime and state directories; a socket's path has 107 bytes at the most."""
    folder = Path(tempfile.mkdtemp(prefix="pd-"))
    monkeypatch.setenv("PROCDECK_RUNTIME_DIR", str(folder / "r"))
    monkeypatch.setenv("PROCDECK_STATE_DIR", str(folder / "s"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(autouse=True)
def signals_are_heard() -> Iterator[None]:
    """No test leaves a signal blocked: all that is started after it would be deaf to it."""
    yield
    blocked = signal.pthread_sigmask(signal.SIG_SETMASK, ())
    assert blocked == set()


def _session_processes() -> dict[int, str]:
    """Living processes of this session but for this one, with their command lines."""
    found = {}
    wanted = f"{MARKER}={_session}".encode()
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) == os.getpid():
            continue
        try:
            environment = Path("/proc", name, "environ").read_bytes()
            if wanted in environment.split(b"\0"):
                found[int(name)] = Path("/proc", name, "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
    return found


def _spilled() -> list[str]:
    """What big items of this session's engines have left in shared memory."""
    return sorted(os.listdir(_spill)) if _spill.is_dir() else []


@pytest.fixture(scope="session", autouse=True)
def nothing_is_left_behind() -> Iterator[None]:
    """No test leaves a process or shared memory: the run fails if one does."""
    yield
    deadline_s = time.monotonic() + SETTLE_S
    while (left := _session_processes()) and time.monotonic() < deadline_s:
        time.sleep(0.05)
    assert left == {}, f"processes left behind: {left}"
    assert _spilled() == []
    shutil.rmtree(_spill, ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def multiprocessing_servants_end(nothing_is_left_behind: None) -> Iterator[None]:
    """The forkserver and the resource tracker of multiprocessing do not outlive the tests."""
    yield
    forkserver._forkserver._stop()  # type: ignore[attr-defined]
    resource_tracker._resource_tracker._stop()  # type: ignore[attr-defined]
