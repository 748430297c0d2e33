"""The workers of the lifecycle's chaos, and their profile: every kind and start method, with children of every kind.

Each process of a worker says so in one line of a file, ``replica incarnation leader's-pid pid``; it is what the
observer goes by, and no word of the engine's.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from supervisor.agent.context import Context

REGISTER = "CHAOS_REGISTER"
RESTART = '{ policy = "always", max = 1000000, within = "1s", backoff = "10ms..200ms" }'
SCALED, CALM = "scaled", ("calm-fork", "calm-spawn", "calm-server", "calm-shell")
"""The workers that are scaled, and those of which a stopped one must stay so: one user alone acts on them."""


def say(replica: str, incarnation: int, leader_pid: int) -> None:
    """Tell the observer of this process; one write, so that lines of many never mix."""
    with open(os.environ[REGISTER], "ab", buffering=0) as register:
        register.write(f"{replica} {incarnation} {leader_pid} {os.getpid()}\n".encode())


def child(ctx: Context, *, has_session: bool = False, is_orphan: bool = False, is_stubborn: bool = False) -> None:
    """A child that waits for ever, in a session of its own and without a parent where that is asked for."""
    leader_pid = os.getpid()
    if os.fork() != 0:
        return
    if has_session:
        os.setsid()
    if is_orphan and os.fork() != 0:
        os._exit(0)
    signal.signal(signal.SIGTERM, signal.SIG_IGN if is_stubborn else signal.SIG_DFL)
    say(ctx.name, ctx.incarnation, leader_pid)
    while True:
        time.sleep(1000)


def work(ctx: Context, family: str) -> None:
    """Be there until asked to stop, with children as `family` has it."""
    say(ctx.name, ctx.incarnation, os.getpid())
    if family == "child":
        child(ctx)
    elif family == "session":
        child(ctx, has_session=True)
    elif family == "daemon":
        child(ctx, has_session=True, is_orphan=True)
    elif family == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        child(ctx, is_stubborn=True)
        while True:
            time.sleep(1000)
    elif family == "crashing":
        ctx.stopping.wait(0.3)
        sys.exit(3)
    ctx.stopping.wait()


LINE = "echo $PROCDECK_WORKER $PROCDECK_INCARNATION $LEADER $$ >> $CHAOS_REGISTER"
LEADER = f"export LEADER=$$; {LINE}"
CHILD = f"sh -c '{LINE}; exec sleep 100000'"
COMMANDS = {
    "plain": f"{LEADER}; exec sleep 100000",
    "with-child": f"{LEADER}; {CHILD} & wait",
    "with-session": f"{LEADER}; setsid {CHILD} & wait",
    "with-daemon": f"{LEADER}; (setsid {CHILD} &); exec sleep 100000",
}


def write_profile(path: Path, register: Path, generation: int) -> None:
    """The profile of about fifty replicas; another `generation` differs in what a reload can see."""
    tables = [
        f'name = "chaoslife"\n[defaults]\nrestart = {RESTART}\nstop_timeout = "1.5s"\nstop_signal_after = "0.3s"',
        f'python_path = ["{Path(__file__).parent}"]\npreload = ["troupe"]\nenv = {{ {REGISTER} = "{register}" }}\n',
    ]

    def target(name: str, family: str, method: str, replicas: int, extra: str = "") -> None:
        tables.append(
            f'[workers.{name}]\ntarget = "troupe:work"\nargs = {{ family = "{family}" }}\n'
            f'start_method = "{method}"\nreplicas = {replicas}\n{extra}'
        )

    def command(name: str, kind: str, replicas: int, extra: str = "") -> None:
        tables.append(f'[workers.{name}]\ncommand = "{COMMANDS[kind]}"\nreplicas = {replicas}\n{extra}')

    target("fork", "child", "fork", 4)
    target("server", "session", "forkserver", 4)
    target("spawn", "daemon", "spawn", 3)
    target("stubborn", "stubborn", "fork", 2, 'stop_timeout = "0.5s"\n')
    target("crashing", "crashing", "fork", 2)
    target("calm-fork", "daemon", "fork", 2)
    target("calm-spawn", "child", "spawn", 2)
    target("calm-server", "session", "forkserver", 2)
    target(SCALED, "child", "forkserver", 3)
    for kind in COMMANDS:
        command(kind, kind, 4)
    command("calm-shell", "with-daemon", 2)
    command("changing", "plain", 2 + generation % 2, f'env = {{ GENERATION = "{generation}" }}\n')
    if generation % 3:
        command("coming-and-going", "with-child", 2)
    command("live", "plain", 2, f'description = "generation {generation}"\nstop_timeout = "{1 + generation % 2}s"\n')
    draft = path.with_suffix(".draft")
    draft.write_text("\n".join(tables))
    draft.replace(path)
