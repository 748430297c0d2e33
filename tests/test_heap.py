"""What is freed goes back to the kernel."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

PROGRAM = """
import os, sys
from supervisor.heap import give_back_large

def resident_bytes():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

if sys.argv[1] == "set":
    assert give_back_large()
bytearray(b"x") * (8 << 20)  # freed at once: glibc keeps pieces up to this size from now on
before = resident_bytes()
pieces = [[bytearray(b"x") * (1 << 20), bytes(1000)] for _ in range(40)]
kept = [small for _, small in pieces]
del pieces
print((resident_bytes() - before) >> 20)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the heap of another C library")
def test_large_pieces_are_given_back_between_small_ones_that_are_kept() -> None:
    """Forty MiB with a small piece behind each: none of them is left as a hole."""
    left = {
        how: int(subprocess.run([sys.executable, "-c", PROGRAM, how], check=True, capture_output=True).stdout)
        for how in ("set", "unset")
    }
    assert left["set"] <= 8 < left["unset"]


AGAIN = """
import resource, sys
from supervisor.heap import use_again

if sys.argv[1] == "set":
    assert use_again()
for _ in range(50):
    pieces = [bytearray(b"x") * (300 << 10) for _ in range(4)]
    del pieces
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the heap of another C library")
def test_buffers_are_made_of_what_others_have_left() -> None:
    """Fifty turns of four lanes: the kernel has to give the pages of one."""
    faults = {
        how: int(subprocess.run([sys.executable, "-c", AGAIN, how], check=True, capture_output=True).stdout)
        for how in ("set", "unset")
    }
    assert faults["set"] < faults["unset"] - 5000
