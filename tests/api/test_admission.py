"""The door of the control socket."""

from __future__ import annotations

import os
import socket
import stat
from typing import TYPE_CHECKING

import pytest

from supervisor.api import admission
from supervisor.api.admission import bind_socket, is_welcome, peer_uid
from supervisor.errors import AlreadyRunning, ProjectError

if TYPE_CHECKING:
    from pathlib import Path


def test_socket_can_be_opened_by_its_owner_only(socket_file: Path) -> None:
    """The file has no permission for group and others, whatever the umask was, and the umask is as before."""
    before = os.umask(0o000)
    try:
        with bind_socket(socket_file):
            assert stat.S_IMODE(os.stat(socket_file).st_mode) == 0o700
        assert os.umask(0o000) == 0o000
    finally:
        os.umask(before)


def test_path_that_is_too_long_is_refused_with_its_length(tmp_path: Path) -> None:
    """The message names the limit and what to do, long before the kernel would refuse."""
    with pytest.raises(ProjectError, match=r"107 is the most; set PROCDECK_RUNTIME_DIR"):
        bind_socket(tmp_path / ("x" * 120))


def test_dead_socket_file_is_replaced(socket_file: Path) -> None:
    """What an engine left that was killed does not keep the next one from starting."""
    bind_socket(socket_file).close()
    assert socket_file.exists()
    with bind_socket(socket_file):
        pass


def test_live_socket_is_never_unlinked(socket_file: Path) -> None:
    """A second engine is refused, and the first can still be reached."""
    with bind_socket(socket_file) as first:
        with pytest.raises(AlreadyRunning):
            bind_socket(socket_file)
        with socket.socket(socket.AF_UNIX) as caller:
            caller.connect(str(socket_file))
            first.setblocking(True)
            first.accept()[0].close()


def test_live_socket_with_a_full_backlog_is_never_unlinked(socket_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine too busy to accept is still an engine."""
    monkeypatch.setattr(admission, "_PROBE_TIMEOUT_S", 0.05)
    with socket.socket(socket.AF_UNIX) as busy, socket.socket(socket.AF_UNIX) as waiting:
        busy.bind(str(socket_file))
        busy.listen(0)
        waiting.connect(str(socket_file))
        with pytest.raises(AlreadyRunning):
            bind_socket(socket_file)


def test_what_is_no_socket_is_never_unlinked(socket_file: Path) -> None:
    """A file of somebody's in the way is named, not removed."""
    socket_file.write_text("precious")
    with pytest.raises(ProjectError, match="in the way"):
        bind_socket(socket_file)
    assert socket_file.read_text() == "precious"


def test_peer_is_who_the_kernel_says() -> None:
    """The uid comes from the socket itself."""
    here, there = socket.socketpair()
    with here, there:
        assert peer_uid(here) == os.getuid()


def test_owner_and_root_are_welcome_and_nobody_else() -> None:
    """The allow-list has two entries."""
    assert is_welcome(os.geteuid())
    assert is_welcome(0)
    assert not is_welcome(os.geteuid() + 1)
