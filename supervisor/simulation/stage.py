"""The process of a simulated run: each launch order becomes a thread that lives a worker's life.

::

    engine ── SEQPACKET: {"do": "launch", "id": 7} + descriptors ──► stage ── thread 7 ── bootstrap.play
           ── {"do": "term" | "kill" | "levels", "id": 7} ─────────►   │          │ control pipe, lanes and board
           ◄── {"id": 7, "thread": 4711} ───────────────────────────   │          │ of its own
           ◄── exit pipe of thread 7: its exit code, then the end ─────────────────┘

The main thread runs no user code. It ends with the engine's end of the socket, and everything with it.
"""

from __future__ import annotations

import atexit
import faulthandler
import json
import os
import resource
import signal
import socket
import sys
from importlib import import_module

from supervisor.agent import bootstrap, following, records
from supervisor.agent.pool_watch import watch_pools
from supervisor.channels import StopRequested
from supervisor.simulation import parts, routing
from supervisor.simulation.common_ground import CommonGround, follow_levels, give_own_names
from supervisor.simulation.ending import Killed, wake_sleepers
from supervisor.simulation.parts import Part
from supervisor.simulation.playing import Actor
from supervisor.simulation.slicing import slice_waits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

DESCRIPTOR_LIMIT = 250
FRAME_LIMIT_BYTES = 60_000


def serve(socket_descriptor: int, spec_descriptor: int) -> NoReturn:
    """Be the stage until the engine lets go of it."""
    setup = bootstrap.read_spec(spec_descriptor)
    _settle_in(setup)
    import_module("typing")  # dataclasses of one thread would find what another one's import has half made of it
    stage = Stage(socket.socket(fileno=socket_descriptor))
    try:
        stage.serve()
    finally:
        _leave()


def _settle_in(setup: dict[str, Any]) -> None:
    """Make this process what all parts can live in."""
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0, inheritable=True)
    os.close(null)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # nobody's terminal is this process's
    faulthandler.enable(2)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # each restart keeps a descriptor of each queue
    os.chdir(setup["cwd"])
    routing.install()
    parts.watch()
    wake_sleepers()
    slice_waits()
    give_own_names()
    following.begin()
    watch_pools(records.emit)
    _note_channels()


def _note_channels() -> None:
    """Know what each part is given, to let go of it at its end: a process would by ending."""
    module: Any = bootstrap
    connect = module.connect

    def connect_noted(description: dict[str, Any], descriptors: list[int], mode: str) -> Any:
        made = connect(description, descriptors, mode)
        part = parts.current()
        if part is not None:
            part.channels.append(made)
        return made

    module.connect = connect_noted


def _leave() -> NoReturn:
    try:
        util = sys.modules.get("multiprocessing.util")
        if util is not None:
            util._exit_function()  # noqa: SLF001 - as its atexit hook does
        atexit._run_exitfuncs()  # noqa: SLF001
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        os._exit(0)


class Stage:
    """Carries out the engine's orders."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._ground = CommonGround()
        self._actors: dict[int, Actor] = {}

    def serve(self) -> None:
        """Until the engine lets go."""
        self._channel.send(json.dumps({"ready": True}).encode())
        while True:
            frame, descriptors, _, _ = socket.recv_fds(self._channel, FRAME_LIMIT_BYTES, DESCRIPTOR_LIMIT)
            if not frame:
                return
            self._obey(json.loads(frame), descriptors)

    def _obey(self, order: dict[str, Any], descriptors: list[int]) -> None:
        number = order["id"]
        if order["do"] == "launch":
            self._channel.send(json.dumps({"id": number, **self._launch(number, descriptors)}).encode())
            return
        actor = self._actors.get(number)
        if actor is not None and actor.thread.is_alive():
            self._act(actor, order["do"])

    def _launch(self, number: int, descriptors: list[int]) -> dict[str, Any]:
        spec = bootstrap.read_spec(descriptors[0])
        self._actors = {key: actor for key, actor in self._actors.items() if actor.thread.is_alive()}
        try:
            actor = self._actors[number] = Actor(Part(number, spec, descriptors[2:]), descriptors[1], self._ground)
            actor.thread.start()
        except (OSError, RuntimeError) as error:
            for descriptor in descriptors[1:]:
                try:
                    os.close(descriptor)
                except OSError:
                    pass
            return {"refused": f"cannot start a thread: {error}"}
        return {"thread": actor.thread.native_id}

    @staticmethod
    def _act(actor: Actor, what: str) -> None:
        if what == "levels":
            actor.tell(follow_levels)
        elif what == "term":
            actor.interrupt(StopRequested, signal.SIGTERM)
        elif what == "kill":
            actor.tell(Part.be_killed)
            actor.interrupt(Killed, signal.SIGKILL)
