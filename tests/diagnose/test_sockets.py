"""What a socket is, from tables written by hand and from this process's own sockets."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from supervisor.diagnose.sockets import Names, internet_names, unix_names

TCP = b"""  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 101 1 0 100 0 0 10 0
   1: 0100007F:A1B2 0100007F:1F90 01 00000000:00000000 00:00000000 00000000     0        0 102 1 0 20 4 30 10 -1
   torn line
"""
TCP6 = b"""  sl  local_address                         remote_address                        st
   0: 0000000000000000FFFF00000100007F:0050 00000000000000000000000000000000:0000 0A 0:0 00:0 0 0 0 103 1
   1: 00000000000000000000000001000000:0050 00000000000000000000000001000000:0051 01 0:0 00:0 0 0 0 104 1
"""
UNIX = b"""Num       RefCount Protocol Flags    Type St Inode Path
ffff8880: 00000002 00000000 00010000 0001 01 105 /run/x y.sock
ffff8881: 00000003 00000000 00000000 0001 03 106
"""


def test_tables_are_read() -> None:
    """Both addresses of a connection, the address of who listens, the path of a Unix socket with its spaces."""
    assert internet_names("tcp", TCP) == [
        ("socket:[101]", "listens on 127.0.0.1:8080"),
        ("socket:[102]", "127.0.0.1:41394 to 127.0.0.1:8080"),
    ]
    assert internet_names("tcp", TCP6) == [
        ("socket:[103]", "listens on 127.0.0.1:80"),
        ("socket:[104]", "[::1]:80 to [::1]:81"),
    ]
    assert unix_names(UNIX) == [("socket:[105]", "unix /run/x y.sock"), ("socket:[106]", "unix, unnamed")]


def test_own_sockets_have_names(place: Path) -> None:
    """The kernel's tables of this machine are in the form that is expected."""
    path = str(place / "s")
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as client,
        socket.socket(socket.AF_UNIX) as unix,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
    ):
        unix.bind(path)
        datagrams.bind(("127.0.0.1", 0))
        names = Names()

        def name(one: socket.socket) -> str:
            return names.of(os.getpid(), os.readlink(f"/proc/self/fd/{one.fileno()}"))

        port, other = server.getsockname()[1], client.getsockname()[1]
        assert name(server) == f"listens on 127.0.0.1:{port}"
        assert name(client) == f"127.0.0.1:{other} to 127.0.0.1:{port}"
        assert name(unix) == f"unix {path}"
        assert name(datagrams) == f"udp 127.0.0.1:{datagrams.getsockname()[1]}"
    assert Names().of(os.getpid(), "socket:[1]") == ""
    assert Names().of(2**30, "socket:[1]") == ""
