"""Rules for what processes and threads wait for of each other: ends, beginnings, managers, programs."""

from __future__ import annotations

from typing import Final

from supervisor.diagnose.rule import THREAD_FUTEX, Rule
from supervisor.diagnose.rulebook.frames import POLLED, RECEIVED, RECEIVING, THREAD_EVENT, TSTATE

_JOIN: Final = "multiprocessing/process.py BaseProcess.join"
_EXIT: Final = "multiprocessing/util.py _exit_function"
_MANAGERS: Final = "multiprocessing/managers.py"
_SPAWN: Final = "multiprocessing/spawn.py"
_CHILD_REMEDY: Final = "See what the child is doing."
_THREAD_TEXT: Final = "It has finished and cannot exit: {thread}, which is no daemon, has not ended."
_THREAD_REMEDY: Final = "Have the thread end, or make it with daemon=True."
_MANAGER_TEXT: Final = "It waits{at} for an answer of {manager}."
_MANAGER_REMEDY: Final = "See whether the manager's process lives and what its threads wait for; resume or restart it."
_START_TEXT: Final = "It is still being started: it imports {place}."

EXITS: Final = (
    Rule(
        id="exit-waits-child",
        kind="EXIT_WAITS_CHILD",
        stack=("...", _JOIN, _EXIT),
        kernel=("child", "poll"),
        target="child",
        confidence="certain",
        text="It has finished and cannot exit: its child {child}, which is no daemon, has not ended.",
        remedy="Have the child end, or start it with daemon=True; join() it before the end.",
    ),
    Rule(
        id="exit-waits-thread-3.12",
        kind="EXIT_WAITS_THREAD",
        stack=(TSTATE, "...", "threading.py _shutdown"),
        kernel=THREAD_FUTEX,
        until=(3, 13),
        target="thread",
        text=_THREAD_TEXT,
        remedy=_THREAD_REMEDY,
    ),
    Rule(
        id="exit-waits-thread",
        kind="EXIT_WAITS_THREAD",
        stack=("threading.py _shutdown",),
        kernel=THREAD_FUTEX,
        target="thread",
        text=_THREAD_TEXT,
        remedy=_THREAD_REMEDY,
    ),
)

JOINS: Final = (
    Rule(
        id="join-polled",
        kind="POLLING",
        stack=("...", _JOIN),
        kernel=("poll",),
        has_timeout=True,
        target="child",
        text="It waits{at} for {child} to end, with a time limit.",
    ),
    Rule(
        id="join",
        kind="JOIN",
        stack=("...", _JOIN),
        kernel=("child", "poll"),
        target="child",
        confidence="certain",
        text="It waits{at} for {child} to end.",
        remedy=_CHILD_REMEDY,
    ),
    Rule(
        id="wait-for-process",
        kind="JOIN",
        stack=("...", "multiprocessing/popen_fork.py Popen.wait|Popen.poll"),
        kernel=("child",),
        target="child",
        text="It waits{at} for {child} to end.",
        remedy=_CHILD_REMEDY,
    ),
    Rule(
        id="subprocess",
        kind="SUBPROCESS",
        stack=("subprocess.py Popen._try_wait|Popen._wait|Popen.wait",),
        kernel=("child",),
        target="program",
        confidence="certain",
        text="It waits{at} for the program {program} to end.",
        remedy="See what the program waits for; give the call a timeout.",
    ),
    Rule(
        id="subprocess-output",
        kind="SUBPROCESS",
        stack=("...", "subprocess.py Popen._communicate|Popen.communicate"),
        kernel=("poll", "read"),
        target="program",
        text="It waits{at} for the output or the end of {program}.",
        remedy="See what the program waits for; give the call a timeout.",
    ),
    Rule(
        id="wait-for-child",
        kind="JOIN",
        stack=("user",),
        kernel=("child",),
        target="child",
        text="It waits{at} for {child} to end.",
        remedy=_CHILD_REMEDY,
    ),
)

MANAGERS: Final = (
    Rule(
        id="manager-connection-idle",
        kind="IDLE",
        stack=(*RECEIVED, f"{_MANAGERS} Server.serve_client"),
        kernel=("read",),
        count=4,
        confidence="certain",
        text="A manager's thread that waits for a request of a client.",
    ),
    Rule(
        id="manager-idle",
        kind="IDLE",
        stack=(*THREAD_EVENT, f"{_MANAGERS} Server.serve_forever"),
        confidence="certain",
        text="A manager that waits for clients.",
    ),
    Rule(
        id="manager-call",
        kind="MANAGER_WAIT",
        stack=(*RECEIVING, "...", f"{_MANAGERS} BaseProxy._callmethod"),
        kernel=("read",),
        target="manager",
        confidence="certain",
        text=_MANAGER_TEXT,
        remedy=_MANAGER_REMEDY,
    ),
    Rule(
        id="manager-greeting",
        kind="MANAGER_WAIT",
        stack=(*RECEIVING, "...", "multiprocessing/connection.py answer_challenge|deliver_challenge"),
        kernel=("read",),
        target="manager",
        text="It waits for the greeting of {manager}.",
        remedy=_MANAGER_REMEDY,
    ),
    Rule(
        id="manager-dispatch",
        kind="MANAGER_WAIT",
        stack=(*RECEIVING, "...", f"{_MANAGERS} dispatch"),
        kernel=("read",),
        target="manager",
        text=_MANAGER_TEXT,
        remedy=_MANAGER_REMEDY,
    ),
)

STARTS: Final = (
    Rule(
        id="start-spawned",
        kind="STARTING",
        stack=("...", "multiprocessing/popen_spawn_posix.py Popen._launch"),
        kernel=("write",),
        target="child",
        confidence="certain",
        text="It waits{at} until the child that it starts takes its arguments.",
        remedy="See what the child imports: it does nothing else before. Keep work out of the top level of modules.",
    ),
    Rule(
        id="start-by-forkserver",
        kind="STARTING",
        stack=("...", "multiprocessing/popen_forkserver.py Popen._launch"),
        kernel=("write", "read", "receive", "send", "connect"),
        target="child",
        text="It waits{at} until the fork server has started a child.",
        remedy="See what the fork server imports, and whether it lives.",
    ),
    Rule(
        id="spawned-child-listens",
        kind="STARTING",
        stack=(f"{_SPAWN} _main|spawn_main",),
        kernel=("read",),
        text="It is still being started: it waits for its parent to send its arguments.",
        remedy="See what its parent is doing.",
    ),
)

IMPORTS: Final = (
    Rule(
        id="spawned-child-imports",
        kind="STARTING",
        stack=("...", f"{_SPAWN} prepare"),
        text=_START_TEXT,
        remedy="Keep work out of the top level of modules: under if __name__ == '__main__', or in a function.",
    ),
    Rule(
        id="worker-imports",
        kind="STARTING",
        stack=("...", "supervisor/agent/bootstrap.py _prepare"),
        text=_START_TEXT,
        remedy="Keep work out of the top level of modules: the worker is ready only when its target is imported.",
    ),
)

HELPERS: Final = (
    Rule(
        id="forkserver",
        kind="IDLE",
        stack=("selectors.py select", "multiprocessing/forkserver.py main"),
        confidence="certain",
        text="The fork server, which waits for requests.",
    ),
    Rule(
        id="resource-tracker",
        kind="IDLE",
        stack=("multiprocessing/resource_tracker.py main",),
        confidence="certain",
        text="The resource tracker, which waits for news.",
    ),
    Rule(
        id="forkserver-command",
        kind="IDLE",
        kernel=("poll",),
        command="multiprocessing.forkserver",
        text="The fork server, which waits for requests.",
    ),
    Rule(
        id="resource-tracker-command",
        kind="IDLE",
        kernel=("read",),
        command="multiprocessing.resource_tracker",
        text="The resource tracker, which waits for news.",
    ),
    Rule(
        id="waits-for-several",
        kind="SERVING",
        stack=POLLED,
        kernel=("poll",),
        text="It waits{at} for one of several pipes or processes.",
    ),
)
