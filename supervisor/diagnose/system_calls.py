"""The numbers of system calls in which a thread may be found asleep, for the machines that are known. Data only.

Generated from the kernel's own headers (asm/unistd_64.h; asm-generic/unistd.h for aarch64).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from typing import Final

# fmt: off
TABLES: Final[Mapping[str, Mapping[int, str]]] = {
    "x86_64": {
        0: "read", 1: "write", 2: "open", 3: "close", 4: "stat", 7: "poll", 9: "mmap", 10: "mprotect", 11: "munmap",
        12: "brk", 16: "ioctl", 17: "pread64", 18: "pwrite64", 19: "readv", 20: "writev", 23: "select",
        24: "sched_yield", 25: "mremap", 26: "msync", 28: "madvise", 34: "pause", 35: "nanosleep", 40: "sendfile",
        42: "connect", 43: "accept", 44: "sendto", 45: "recvfrom", 46: "sendmsg", 47: "recvmsg", 48: "shutdown",
        56: "clone", 58: "vfork", 59: "execve", 60: "exit", 61: "wait4", 65: "semop", 69: "msgsnd", 70: "msgrcv",
        72: "fcntl", 73: "flock", 74: "fsync", 75: "fdatasync", 77: "ftruncate", 82: "rename", 83: "mkdir", 84: "rmdir",
        87: "unlink", 101: "ptrace", 128: "rt_sigtimedwait", 130: "rt_sigsuspend", 162: "sync", 202: "futex",
        208: "io_getevents", 217: "getdents64", 219: "restart_syscall", 220: "semtimedop", 230: "clock_nanosleep",
        231: "exit_group", 232: "epoll_wait", 242: "mq_timedsend", 243: "mq_timedreceive", 247: "waitid", 257: "openat",
        258: "mkdirat", 262: "newfstatat", 263: "unlinkat", 270: "pselect6", 271: "ppoll", 275: "splice", 276: "tee",
        281: "epoll_pwait", 285: "fallocate", 288: "accept4", 295: "preadv", 296: "pwritev", 299: "recvmmsg",
        307: "sendmmsg", 310: "process_vm_readv", 316: "renameat2", 318: "getrandom", 322: "execveat",
        323: "userfaultfd", 326: "copy_file_range", 327: "preadv2", 328: "pwritev2", 332: "statx",
        426: "io_uring_enter", 435: "clone3", 441: "epoll_pwait2", 449: "futex_waitv",
    },
    "aarch64": {
        4: "io_getevents", 22: "epoll_pwait", 25: "fcntl", 29: "ioctl", 32: "flock", 34: "mkdirat", 35: "unlinkat",
        46: "ftruncate", 47: "fallocate", 56: "openat", 57: "close", 61: "getdents64", 63: "read", 64: "write",
        65: "readv", 66: "writev", 67: "pread64", 68: "pwrite64", 69: "preadv", 70: "pwritev", 71: "sendfile",
        72: "pselect6", 73: "ppoll", 76: "splice", 77: "tee", 79: "newfstatat", 81: "sync", 82: "fsync",
        83: "fdatasync", 93: "exit", 94: "exit_group", 95: "waitid", 98: "futex", 101: "nanosleep",
        115: "clock_nanosleep", 117: "ptrace", 124: "sched_yield", 128: "restart_syscall", 133: "rt_sigsuspend",
        137: "rt_sigtimedwait", 182: "mq_timedsend", 183: "mq_timedreceive", 188: "msgrcv", 189: "msgsnd",
        192: "semtimedop", 193: "semop", 202: "accept", 203: "connect", 206: "sendto", 207: "recvfrom", 210: "shutdown",
        211: "sendmsg", 212: "recvmsg", 214: "brk", 215: "munmap", 216: "mremap", 220: "clone", 221: "execve",
        222: "mmap", 226: "mprotect", 227: "msync", 233: "madvise", 242: "accept4", 243: "recvmmsg", 260: "wait4",
        269: "sendmmsg", 270: "process_vm_readv", 276: "renameat2", 278: "getrandom", 281: "execveat",
        282: "userfaultfd", 285: "copy_file_range", 286: "preadv2", 287: "pwritev2", 291: "statx",
        426: "io_uring_enter", 435: "clone3", 441: "epoll_pwait2", 449: "futex_waitv",
    },
}
# fmt: on


@cache
def machine() -> str:
    """This machine's name for its own kind: ``x86_64``."""
    return os.uname().machine


def name_of(number: int, machine_name: str = "") -> str:
    """The name of a system call; empty where it is not in the table, or the machine is not known."""
    return TABLES.get(machine_name or machine(), {}).get(number, "")
