"""What a socket is, from tables written by hand and from this process's own sockets."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from supervisor.diagnose.sockets import Names, SocketFacts, internet_sockets, unix_sockets

TCP = b"""  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 101 1 0 100 0 0 10 0
   1: 0100007F:A1B2 0100007F:1F90 01 00000000:00000000 00:00000000 00000000     0        0 102 1 0 20 4 30 10 -1
   torn line
"""
TCP6 = b"""  sl  local_address                         remote_address                        st
   0: 0000000000000000FFFF00000100007F:0050 00000000000000000000000000000000:0000 0A 0:0 00:0 0 0 0 103 1
   1: 00000000000000000000000001000000:0050 00000000000000000000000001000000:0051 01 0:0 00:0 0 0 0 104 1
   2: 00000000000000000000000001000000:0051 00000000000000000000000001000000:0050 01 0:0 00:0 0 0 0 105 1
"""
UNIX = b"""Num       RefCount Protocol Flags    Type St Inode Path
ffff8880: 00000002 00000000 00010000 0001 01 105 /run/x y.sock
ffff8881: 00000003 00000000 00000000 0001 03 106
"""


def test_tables_are_read() -> None:
    """Both addresses of a connection, the address of who listens, the path of a Unix socket with its spaces."""
    assert internet_sockets("tcp", TCP) == {
        "socket:[101]": SocketFacts("listens on 127.0.0.1:8080"),
        "socket:[102]": SocketFacts("127.0.0.1:41394 to 127.0.0.1:8080"),
    }
    assert internet_sockets("tcp", TCP6) == {
        "socket:[103]": SocketFacts("listens on 127.0.0.1:80"),
        "socket:[104]": SocketFacts("[::1]:80 to [::1]:81", peer="socket:[105]"),
        "socket:[105]": SocketFacts("[::1]:81 to [::1]:80", peer="socket:[104]"),
    }
    assert unix_sockets(UNIX) == {
        "socket:[105]": SocketFacts("unix /run/x y.sock"),
        "socket:[106]": SocketFacts("unix, unnamed"),
    }


def link(one: socket.socket) -> str:
    return os.readlink(f"/proc/self/fd/{one.fileno()}")


def of(one: socket.socket) -> SocketFacts:
    return Names().of(os.getpid(), link(one))


def test_internet_sockets_have_names_and_other_ends() -> None:
    """The kernel's tables of this machine are in the form that is expected."""
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as client,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
    ):
        datagrams.bind(("127.0.0.1", 0))
        accepted, _ = server.accept()
        port, other = server.getsockname()[1], client.getsockname()[1]
        with accepted:
            assert of(server) == SocketFacts(f"listens on 127.0.0.1:{port}")
            assert of(client) == SocketFacts(f"127.0.0.1:{other} to 127.0.0.1:{port}", peer=link(accepted))
            assert of(accepted).peer == link(client)
        assert of(datagrams).what == f"udp 127.0.0.1:{datagrams.getsockname()[1]}"


def test_unix_sockets_have_names_and_other_ends(place: Path) -> None:
    """A server's path is told of its client too; the two ends of a pair know each other."""
    path = str(place / "s")
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind(path)
        server.listen()
        client.connect(path)
        accepted, _ = server.accept()
        with accepted:
            assert of(server) == SocketFacts(f"unix {path}")
            assert of(client) == SocketFacts(f"unix to {path}", peer=link(accepted))
            assert of(accepted) == SocketFacts(f"unix {path}", peer=link(client))
    here, there = socket.socketpair()
    with here, there:
        assert of(here) == SocketFacts("unix, unnamed", peer=link(there))


def test_what_is_not_known_is_empty() -> None:
    """No such socket, no such process."""
    assert Names().of(os.getpid(), "socket:[1]") == SocketFacts()
    assert Names().of(2**30, "socket:[1]") == SocketFacts()
