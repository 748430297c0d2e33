"""What a socket is: its two addresses in words, and its other end if that is on this machine. Read only when a thread
waits on one.

From ``/proc/PID/net`` (proc_pid_net(5)), and for Unix sockets from `peers`. A table that is too long to be read in a
few milliseconds is not read to its end; what is not found has no name.
"""

from __future__ import annotations

import os
import socket
import sys
from dataclasses import dataclass, field, replace
from typing import Final

from supervisor.diagnose import proc_files
from supervisor.diagnose.peers import peer_of

TABLE_LIMIT_BYTES: Final = 512 * 1024
"""How much of one table is read: some 3000 sockets."""

_LISTENS: Final = b"0A"
_INTERNET: Final = (("tcp", "tcp"), ("tcp6", "tcp"), ("udp", "udp"), ("udp6", "udp"))


@dataclass(frozen=True, slots=True)
class SocketFacts:
    """What is known of one socket; empty where nothing is."""

    what: str = ""
    """``10.0.0.2:41034 to 10.0.0.5:5432``, ``listens on 127.0.0.1:80``, ``unix /run/x.sock``."""
    peer: str = ""
    """The link of its other end."""


_UNKNOWN: Final = SocketFacts()


@dataclass(slots=True)
class _Namespace:
    sockets: dict[str, SocketFacts] = field(default_factory=dict)
    are_diagnosed: bool = False
    """Whether the kernel's socket diagnosis speaks of it: it does of this process's own."""


class Names:
    """The sockets of each network namespace, read at the first question about it. Made for one look."""

    def __init__(self) -> None:
        self._namespaces: dict[str, _Namespace] = {}

    def of(self, pid: int, link: str) -> SocketFacts:
        """One socket of a process, by its link: ``socket:[4711]``."""
        try:
            name = os.readlink(f"/proc/{pid}/ns/net")
            is_ours = name == os.readlink("/proc/self/ns/net")
        except OSError:
            return _UNKNOWN
        if name not in self._namespaces:
            self._namespaces[name] = _Namespace(_read_all(pid), is_ours)
        space = self._namespaces[name]
        found = space.sockets.get(link, _UNKNOWN)
        if not found.what.startswith("unix") or not space.are_diagnosed:
            return found
        return _with_peer(found, link, space.sockets)


def _with_peer(found: SocketFacts, link: str, sockets: dict[str, SocketFacts]) -> SocketFacts:
    peer = peer_of(link)
    if not peer:
        return found
    there = sockets.get(peer, _UNKNOWN).what
    is_client = found.what == _UNNAMED and there not in ("", _UNNAMED)
    return replace(found, what=f"unix to {there.removeprefix('unix ')}" if is_client else found.what, peer=peer)


def _read_all(pid: int) -> dict[str, SocketFacts]:
    found: dict[str, SocketFacts] = {}
    for table, protocol in _INTERNET:
        found.update(internet_sockets(protocol, _table(pid, table)))
    found.update(unix_sockets(_table(pid, "unix")))
    return found


def _table(pid: int, name: str) -> bytes:
    try:
        return proc_files.read_long(f"/proc/{pid}/net/{name}", TABLE_LIMIT_BYTES)
    except OSError:
        return b""  # no IPv6, or it is gone


def internet_sockets(protocol: str, text: bytes) -> dict[str, SocketFacts]:
    """The sockets of a table such as ``/proc/net/tcp``, by link; a connection within it knows its other end."""
    ends: dict[tuple[str, str], str] = {}
    whats: dict[str, str] = {}
    for line in text.splitlines()[1:]:
        words = line.split()
        if len(words) < 10:
            continue
        link, here = f"socket:[{int(words[9])}]", _address(words[1])
        if words[3] == _LISTENS and protocol == "tcp":
            whats[link] = f"listens on {here}"
        elif words[2].endswith(b":0000"):
            whats[link] = f"{protocol} {here}"
        else:
            there = _address(words[2])
            whats[link] = f"{here} to {there}"
            ends[here, there] = link
    peers = {link: ends.get((there, here), "") for (here, there), link in ends.items()}
    return {link: SocketFacts(what, peers.get(link, "")) for link, what in whats.items()}


def _address(word: bytes) -> str:
    """``0100007F:1F90`` as ``127.0.0.1:8080``: 32-bit words in the machine's byte order."""
    host, _, port = word.partition(b":")
    raw = bytes.fromhex(host.decode())
    if sys.byteorder == "little":
        raw = b"".join(raw[at : at + 4][::-1] for at in range(0, len(raw), 4))
    if len(raw) == 16 and raw.startswith(_MAPPED):
        raw = raw[len(_MAPPED) :]
    if len(raw) == 4:
        return f"{socket.inet_ntop(socket.AF_INET, raw)}:{int(port, 16)}"
    return f"[{socket.inet_ntop(socket.AF_INET6, raw)}]:{int(port, 16)}"


_MAPPED: Final = bytes(10) + b"\xff\xff"
"""What an IPv4 address begins with among those of IPv6."""
_UNNAMED: Final = "unix, unnamed"


def unix_sockets(text: bytes) -> dict[str, SocketFacts]:
    """The sockets in ``/proc/net/unix``, by link; one without a name is one end of a pair, or a client."""
    found = {}
    for line in text.splitlines()[1:]:
        words = line.split(None, 7)
        if len(words) > 6:
            path = words[7].decode(errors="replace") if len(words) > 7 else ""
            found[f"socket:[{int(words[6])}]"] = SocketFacts(f"unix {path}" if path else _UNNAMED)
    return found
