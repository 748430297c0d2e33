"""What a target that has a parameter named ``ctx`` is given: its log, its name, and ways to say what it is doing."""

from __future__ import annotations

import select
import time

TYPE_CHECKING = False  # typing itself would cost every worker 3 ms
if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from supervisor.agent.control import Control
    from supervisor.channels import StatusBoard
    from supervisor.pools import Pool


class Stopping:
    """Whether this worker has been asked to stop. True in a condition once it has."""

    def __init__(self, control: Control) -> None:
        self._control = control

    def __bool__(self) -> bool:
        return self._control.check()

    def is_set(self) -> bool:
        """The same as ``bool(stopping)``, in the words of `threading.Event`."""
        return self._control.check()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Sleep until asked to stop, or until `timeout_s` seconds have passed; True when asked to stop."""
        deadline_s = None if timeout_s is None else time.monotonic() + timeout_s
        poll = select.poll()
        poll.register(self._control.fileno(), select.POLLIN)
        while not self._control.check():
            if deadline_s is None:
                poll.poll()
                continue
            left_s = deadline_s - time.monotonic()
            if left_s <= 0:
                return False
            poll.poll(left_s * 1000)
        return True


class Context:
    """One incarnation's view of itself.

    Attributes:
        name: the replica's name, ``parse.2``.
        worker: the worker's name, ``parse``.
        replica: from 1.
        incarnation: from 1; how many times this replica has been started.
        log: a logger with ``debug`` to ``critical``, ``exception`` and ``bind(**fields)``.
        stopping: true once this worker has been asked to stop; ``stopping.wait(seconds)`` sleeps until then.
    """

    def __init__(self, spec: dict[str, Any], control: Control, board: StatusBoard, log: Any) -> None:
        self.name: str = spec["name"]
        self.worker: str = spec["worker"]
        self.replica: int = spec["replica"]
        self.incarnation: int = spec["incarnation"]
        self.log = log
        self.stopping = Stopping(control)
        self._control = control
        self._board = board
        self._output_dir: str = spec["output_dir"]
        self._pools: dict[str, Any] = spec.get("pools", {})
        self._has_said_ready = False

    @property
    def output_dir(self) -> Path:
        """The folder for what this run produces."""
        from pathlib import Path

        return Path(self._output_dir)

    def pool(self, name: str) -> Pool:
        """The pool that the profile sets up in ``[pools.name]``, without items: a `supervisor.Pool` that people see.

        Each call makes one; use it as a context manager. With start method fork it forks, so make it before threads.
        ValueError where the profile has no such pool for code.
        """
        from supervisor.agent.pool_hosting import AgentHost
        from supervisor.poolrun.in_code import open_pool

        return open_pool(self._pools, name, AgentHost(self._control, None))

    def doing(self, text: str) -> None:
        """Show `text` as what this worker is doing now; also a heartbeat."""
        self._board.doing(text)
        self._board.beat()

    def progress(self, done: int, total: int = 0, text: str = "") -> None:
        """Show how far it is: `done` of `total` (0: not known); also a heartbeat."""
        self._board.progress(done, total)
        if text:
            self._board.doing(text)
        self._board.beat()

    def heartbeat(self) -> None:
        """Say that work goes on. Call it from the work, not from a helper thread."""
        self._board.beat()

    def ready(self) -> None:
        """Say that this worker can serve; also a heartbeat. The first call says it, later ones cost nothing more.

        It is what a check ``ready = "ctx"`` waits for. A worker with ``ready = "notify"`` sends ``READY=1`` to
        ``NOTIFY_SOCKET`` instead, with systemd's Python bindings say. That variable and ``WATCHDOG_USEC`` are the
        worker's own, never the engine's, and they stay in its environment: a program that it starts inherits them and
        speaks in its name, unless it takes them out.
        """
        self._board.beat()
        if not self._has_said_ready:
            self._has_said_ready = self._control.send("ready")
