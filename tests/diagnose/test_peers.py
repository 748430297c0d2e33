"""Who is at the other end of a socket pair, told by the kernel."""

from __future__ import annotations

import os
import socket

from supervisor.diagnose.peers import peer_in, peer_of


def test_the_ends_of_a_pair_are_each_others() -> None:
    """Both ways; and as long as one of them is open."""
    here, there = socket.socketpair()
    links = [os.readlink(f"/proc/self/fd/{end.fileno()}") for end in (here, there)]
    assert [peer_of(link) for link in links] == links[::-1]
    there.close()
    assert peer_of(links[0]) == ""
    here.close()
    assert peer_of(links[0]) == ""


def test_what_is_no_pair_has_no_other_end() -> None:
    """An internet socket, a pipe, a file, and words that are none of them."""
    with socket.socket() as alone:
        assert peer_of(os.readlink(f"/proc/self/fd/{alone.fileno()}")) == ""
    assert [peer_of(link) for link in ("pipe:[1]", "socket:[x]", "/dev/null", "")] == ["", "", "", ""]


def test_a_broken_answer_names_nobody() -> None:
    """Whatever came, it is not read past its end."""
    assert peer_in(b"") == 0
    assert peer_in(b"\x14\0\0\0\x02\0" + bytes(14)) == 0
    assert peer_in(b"\x28\0\0\0\x14\0" + bytes(26) + b"\0\0\0\0") == 0
