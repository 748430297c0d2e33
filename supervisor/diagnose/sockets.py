"""What a socket is, in words: its two addresses from ``/proc/PID/net``, read only when a thread waits on one.

A table that is too long to be read in a few milliseconds is not read to its end; what is not found has no name.
"""

from __future__ import annotations

import ipaddress
import os
import struct
import sys
from typing import Final

from supervisor.diagnose import proc_files

TABLE_LIMIT_BYTES: Final = 512 * 1024
"""How much of one table is read: some 3000 sockets."""

_LISTENS: Final = b"0A"
_INTERNET: Final = (("tcp", "tcp"), ("tcp6", "tcp"), ("udp", "udp"), ("udp6", "udp"))


class Names:
    """The sockets of each network namespace, read at the first question about it. Made for one look."""

    def __init__(self) -> None:
        self._tables: dict[str, dict[str, str]] = {}

    def of(self, pid: int, link: str) -> str:
        """``10.0.0.2:41034 to 10.0.0.5:5432``, ``unix /run/x.sock``; empty where it is not known."""
        try:
            namespace = os.readlink(f"/proc/{pid}/ns/net")
        except OSError:
            return ""
        if namespace not in self._tables:
            self._tables[namespace] = dict(_read_all(pid))
        return self._tables[namespace].get(link, "")


def _read_all(pid: int) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for table, protocol in _INTERNET:
        found += internet_names(protocol, _table(pid, table))
    return found + unix_names(_table(pid, "unix"))


def _table(pid: int, name: str) -> bytes:
    try:
        return proc_files.read_long(f"/proc/{pid}/net/{name}", TABLE_LIMIT_BYTES)
    except OSError:
        return b""  # no IPv6, or it is gone


def internet_names(protocol: str, text: bytes) -> list[tuple[str, str]]:
    """Links and names of the sockets in a table such as ``/proc/net/tcp`` (proc_pid_net(5))."""
    found = []
    for line in text.splitlines()[1:]:
        words = line.split()
        if len(words) < 10:
            continue
        here = _address(words[1])
        if words[3] == _LISTENS and protocol == "tcp":
            name = f"listens on {here}"
        elif words[2].endswith(b":0000"):
            name = f"{protocol} {here}"
        else:
            name = f"{here} to {_address(words[2])}"
        found.append((f"socket:[{int(words[9])}]", name))
    return found


def _address(word: bytes) -> str:
    """``0100007F:1F90`` as ``127.0.0.1:8080``: 32-bit words in the machine's byte order."""
    host, _, port = word.partition(b":")
    raw = bytes.fromhex(host.decode())
    if sys.byteorder == "little":
        raw = b"".join(struct.pack(">I", part) for (part,) in struct.iter_unpack("<I", raw))
    address = ipaddress.ip_address(raw)
    if isinstance(address, ipaddress.IPv6Address):
        address = address.ipv4_mapped or address
    written = f"[{address}]" if address.version == 6 else str(address)
    return f"{written}:{int(port, 16)}"


def unix_names(text: bytes) -> list[tuple[str, str]]:
    """Links and names of the sockets in ``/proc/net/unix``; one without a name is one end of a pair, or a client."""
    found = []
    for line in text.splitlines()[1:]:
        words = line.split(None, 7)
        if len(words) > 6:
            path = words[7].decode(errors="replace") if len(words) > 7 else ""
            found.append((f"socket:[{int(words[6])}]", f"unix {path}" if path else "unix, unnamed"))
    return found
