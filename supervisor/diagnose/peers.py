"""The other end of a Unix socket pair, as the kernel's own diagnosis tells it: a duplex `Pipe` is such a pair.

One question for each socket that a thread waits on (sock_diag(7)); it needs no rights. Where the kernel has no such
diagnosis, or the socket is another network namespace's, there is no answer, and nothing is said of the other end.
"""

from __future__ import annotations

import socket
import struct
from typing import Final

_NETLINK_SOCK_DIAG: Final = 4
_SOCK_DIAG_BY_FAMILY: Final = 20
_NLM_F_REQUEST: Final = 1
_UDIAG_SHOW_PEER: Final = 4
_UNIX_DIAG_PEER: Final = 2
_ANY_STATE: Final = 0xFFFFFFFF
_NO_COOKIE: Final = 0xFFFFFFFF

_HEADER: Final = struct.Struct("=IHHII")
"""nlmsghdr: length, type, flags, sequence number, port."""
_REQUEST: Final = struct.Struct("=BBHIIIII")
"""unix_diag_req: family, protocol, padding, states, inode, what to show, cookie."""
_ANSWER: Final = struct.Struct("=BBBBIII")
"""unix_diag_msg: family, type, state, padding, inode, cookie."""
_ATTRIBUTE: Final = struct.Struct("=HH")
"""rtattr: length with these four bytes, type."""
_ANSWER_BYTES: Final = 8192


def peer_of(link: str) -> str:
    """The link of the socket that `link` is connected to: ``socket:[4712]``; empty where that is not known."""
    digits = link.removeprefix("socket:[").removesuffix("]")
    if digits == link or not digits.isdecimal():
        return ""
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC, _NETLINK_SOCK_DIAG) as asking:
            asking.setblocking(False)  # the kernel answers within the send
            asking.send(question(int(digits)))
            peer = peer_in(asking.recv(_ANSWER_BYTES))
    except (AttributeError, OSError):  # no netlink here, or no such socket any more
        return ""
    return f"socket:[{peer}]" if peer else ""


def question(inode: int) -> bytes:
    """A request for the peer of one socket."""
    body = _REQUEST.pack(socket.AF_UNIX, 0, 0, _ANY_STATE, inode & 0xFFFFFFFF, _UDIAG_SHOW_PEER, _NO_COOKIE, _NO_COOKIE)
    return _HEADER.pack(_HEADER.size + len(body), _SOCK_DIAG_BY_FAMILY, _NLM_F_REQUEST, 1, 0) + body


def peer_in(answer: bytes) -> int:
    """The peer's inode in the kernel's answer; 0 where it names none."""
    if len(answer) < _HEADER.size:
        return 0
    length, kind, *_ = _HEADER.unpack_from(answer)
    if kind != _SOCK_DIAG_BY_FAMILY:
        return 0
    at, end = _HEADER.size + _ANSWER.size, min(length, len(answer))
    while at + _ATTRIBUTE.size <= end:
        size, name = _ATTRIBUTE.unpack_from(answer, at)
        if size < _ATTRIBUTE.size:
            return 0
        if name == _UNIX_DIAG_PEER and at + _ATTRIBUTE.size + 4 <= end:
            (peer,) = struct.unpack_from("=I", answer, at + _ATTRIBUTE.size)
            return int(peer)
        at += (size + 3) & ~3
    return 0
