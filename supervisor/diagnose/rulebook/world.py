"""Rules for the kernel, the network, files and processors: most need no stack, so they hold for any program."""

from __future__ import annotations

from typing import Final

from supervisor.diagnose.rule import THREAD_FUTEX, Rule

_NATIVE_TEXT: Final = "It computes without a pause in native code, called{at}."
_PEER_REMEDY: Final = "See what the other side is doing; set a timeout on the socket."

STATES: Final = (
    Rule(
        id="stopped",
        kind="STOPPED",
        kernel=("stopped",),
        confidence="certain",
        text="It is {kernel}.",
        remedy="Resume it with SIGCONT, or restart it.",
    ),
    Rule(
        id="zombie",
        kind="ZOMBIE",
        kernel=("zombie",),
        confidence="certain",
        text="It has ended, and its parent has not collected it.",
        remedy="Have the parent call join(), wait() or multiprocessing.active_children().",
    ),
    Rule(
        id="uninterruptible",
        kind="UNINTERRUPTIBLE",
        kernel=("uninterruptible",),
        confidence="certain",
        text="It waits in the kernel and cannot be interrupted, mostly not even killed ({kernel}).",
        remedy="See the disk, or the network file system, that it waits for.",
    ),
)

PROCESSORS: Final = (
    Rule(
        id="regex",
        kind="CPU_BOUND_C",
        stack=("re/__init__.py *",),
        kernel=("running",),
        is_hot=True,
        text="It matches a regular expression{at}, without an end: its pattern backtracks, most likely.",
        remedy="Rewrite the pattern so that no part of the text can be matched in several ways, (a+)+ say.",
    ),
    Rule(
        id="native-unanswered",
        kind="CPU_BOUND_C",
        kernel=("running",),
        is_hot=True,
        is_unanswered=True,
        text=_NATIVE_TEXT,
        remedy="See what that call computes; split it up.",
    ),
    Rule(
        id="native-library",
        kind="CPU_BOUND_C",
        stack=("json/decoder.py *",),
        kernel=("running",),
        is_hot=True,
        text=_NATIVE_TEXT,
        remedy="See what that call computes; split it up.",
    ),
    Rule(
        id="hot",
        kind="CPU_BOUND",
        kernel=("running",),
        is_hot=True,
        text="It computes without a pause{at}{line}",
        remedy="See whether the loop ends; call ctx.heartbeat() in it if it does.",
    ),
    Rule(id="running", kind="RUNNING", kernel=("running",), text="It runs{at}."),
    Rule(
        id="gil-wait",
        kind="GIL_WAIT",
        kernel=("gil",),
        text="It waits for the interpreter lock, which another thread of its process has.",
        remedy="See what that thread is doing.",
    ),
)

NETWORK: Final = (
    Rule(
        id="event-loop",
        kind="SERVING",
        stack=("selectors.py select", "asyncio/base_events.py BaseEventLoop._run_once"),
        kernel=("poll", "sleep"),
        confidence="certain",
        text="Its event loop waits for events.",
    ),
    Rule(
        id="socketserver",
        kind="SERVING",
        stack=("selectors.py select", "socketserver.py BaseServer.serve_forever"),
        kernel=("poll",),
        confidence="certain",
        text="It waits for connections.",
    ),
    Rule(
        id="accept", kind="SERVING", kernel=("accept",), target="socket", confidence="certain",
        text="It waits for connections.",
    ),
    Rule(
        id="connect", kind="NET", kernel=("connect",), target="socket", text="It waits{at} for a connection.",
        remedy=_PEER_REMEDY,
    ),
    Rule(
        id="socket-timeout",
        kind="POLLING",
        stack=("...", "socket.py SocketIO.readinto"),
        kernel=("poll",),
        has_timeout=True,
        target="socket",
        text="It waits{at} for data from {socket}, with a time limit.",
    ),
    Rule(
        id="receive", kind="NET", kernel=("receive",), target="socket", confidence="certain",
        text="It waits{at} for data from {socket}.",
        remedy=_PEER_REMEDY,
    ),
    Rule(
        id="send", kind="NET_FULL", kernel=("send",), target="socket", confidence="certain",
        text="It waits{at} until {socket} takes its data.",
        remedy=_PEER_REMEDY,
    ),
)  # fmt: skip

FILES: Final = (
    Rule(
        id="file-lock",
        kind="FLOCK",
        kernel=("file-lock",),
        target="file",
        confidence="certain",
        text="It waits{at} for the lock on {file}.",
        remedy="See what its holder is doing.",
    ),
    Rule(
        id="stdout",
        kind="STDOUT_BLOCKED",
        kernel=("write",),
        descriptors=(1, 2),
        target="pipe",
        confidence="certain",
        text="It waits{at} until somebody reads its output.",
        remedy="See why nobody reads the other end of the pipe.",
    ),
    Rule(
        id="write",
        kind="PIPE_FULL",
        kernel=("write",),
        target="pipe",
        text="It waits{at} for room in {pipe}.",
        remedy="See why nobody reads the other end.",
    ),
    Rule(
        id="stdin",
        kind="INPUT_WAIT",
        kernel=("read",),
        descriptors=(0,),
        target="pipe",
        text="It waits{at} for input.",
    ),
    Rule(
        id="read",
        kind="READ_WAIT",
        kernel=("read",),
        target="pipe",
        text="It waits{at} in a {kernel}.",
        remedy="See who should write to the other end, and whether it is open elsewhere.",
    ),
)

SLEEPS: Final = (
    Rule(id="sleep", kind="SLEEPING", kernel=("sleep",), confidence="certain", text="It sleeps{at}."),
    Rule(id="await-signal", kind="IDLE", kernel=("signal",), confidence="certain", text="It waits for {kernel}."),
    Rule(
        id="poll-in-time",
        kind="POLLING",
        kernel=("poll",),
        has_timeout=True,
        text="It waits{at} for {kernel}.",
    ),
    Rule(id="poll", kind="SERVING", kernel=("poll",), text="It waits{at} for {kernel}."),
    Rule(
        id="program",
        kind="SUBPROCESS",
        kernel=("child",),
        target="program",
        text="It waits for {program} to end.",
        remedy="See what that program is doing.",
    ),
    Rule(
        id="futex-in-time",
        kind="POLLING",
        kernel=THREAD_FUTEX,
        has_timeout=True,
        confidence="possible",
        text="It waits for another thread, with a time limit.",
    ),
    Rule(
        id="futex",
        kind="THREAD_SIGNAL_WAIT",
        kernel=("futex-private",),
        target="futex",
        confidence="possible",
        text="It waits for another thread of its process.",
    ),
)
