"""The worker's end of the control pipe: JSON frames on a SOCK_SEQPACKET socket, one message each.

Worker to engine: ``running``, ``ready``, ``failed``, ``finished``, ``pool`` and ``pool-failure`` about its pools.
Engine to worker: ``stop``, ``pool`` with a wish for one of them, and ``levels``, which only wakes it for a look at the
status board. The end of the pipe means that the engine is gone, a stop as well.
"""

from __future__ import annotations

import _thread
import json
import os

from supervisor.agent import levels

TYPE_CHECKING = False  # typing itself would cost every worker 3 ms
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

FRAME_LIMIT_BYTES = 60_000
"""The longest frame either side sends; it fits an ordinary user's socket buffer."""


class Control:
    """Reads the engine's wishes when asked to, and never blocks."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        os.set_blocking(descriptor, False)
        self._owner_pid = os.getpid()
        self.is_stop_wished = False
        self.is_engine_gone = False
        self._reading = _thread.RLock()  # a signal handler may look in the middle of a look
        self._pools: dict[str, Callable[[dict[str, Any]], None]] = {}

    def fileno(self) -> int:
        return self._descriptor

    def send(self, operation: str, **fields: Any) -> bool:
        """Tell the engine something; whether it was sent. What cannot be is lost: the engine then has worse troubles.

        A child that this process forked has nothing to tell: the engine would take its words for its parent's.
        """
        if os.getpid() != self._owner_pid:
            return False
        frame = json.dumps({"op": operation, **fields}).encode()
        if len(frame) > FRAME_LIMIT_BYTES:
            fields = {name: _cut(value) for name, value in fields.items()}
            frame = json.dumps({"op": operation, **fields}).encode()
        try:
            os.write(self._descriptor, frame)
        except OSError:
            return False
        return True

    def hear(self, pool: str, obey: Callable[[dict[str, Any]], None] | None) -> None:
        """From now on call `obey` with what the engine wishes of a pool; None ends that.

        It is called in whichever thread has read the wish, and must not raise.
        """
        if obey is None:
            self._pools.pop(pool, None)
        else:
            self._pools[pool] = obey

    def check(self) -> bool:
        """Read what the engine has said; True when the worker is to stop."""
        if os.getpid() != self._owner_pid:
            return False
        levels.look()
        with self._reading:
            while not self.is_engine_gone:
                try:
                    frame = os.read(self._descriptor, FRAME_LIMIT_BYTES)
                except (BlockingIOError, InterruptedError):
                    break
                except OSError:
                    frame = b""
                if not frame:
                    self.is_engine_gone = True
                    break
                self._obey(frame)
        return self.is_stop_wished or self.is_engine_gone

    def check_pools(self) -> bool:
        """Read wishes for pools; a stop, or the end, is left to the thread that waits for it. Whether one is there."""
        import socket

        if os.getpid() != self._owner_pid:
            return False
        with self._reading, socket.socket(fileno=os.dup(self._descriptor)) as pipe:
            while not self.is_engine_gone and not self.is_stop_wished:
                try:
                    frame = pipe.recv(FRAME_LIMIT_BYTES, socket.MSG_PEEK)
                except BlockingIOError:
                    return False
                except OSError:
                    return True
                if not frame or _parsed(frame).get("op") == "stop":
                    return True
                self._obey(os.read(self._descriptor, FRAME_LIMIT_BYTES))
        return True

    def _obey(self, frame: bytes) -> None:
        message = _parsed(frame)
        if message.get("op") == "stop":
            self.is_stop_wished = True
        elif message.get("op") == "pool":
            obey = self._pools.get(str(message.get("pool")))
            if obey is not None:
                obey(message)


def _parsed(frame: bytes) -> dict[str, Any]:
    """What a frame says; nothing where it is none."""
    try:
        message = json.loads(frame)
    except ValueError:
        return {}
    return message if isinstance(message, dict) else {}


def _cut(value: Any) -> Any:
    limit = FRAME_LIMIT_BYTES // 8
    if isinstance(value, str) and len(value) > limit:
        return value[: limit // 2] + "\n... cut ...\n" + value[-limit // 2 :]
    return value
