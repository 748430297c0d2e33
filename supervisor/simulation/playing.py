"""A part's main thread: the worker's life from inside, from the launch order to the exit code."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import suppress

from supervisor.agent import bootstrap, records
from supervisor.channels.parting import leave_thread
from supervisor.simulation import parts, routing
from supervisor.simulation.carrying import carried, target_trouble
from supervisor.simulation.common_ground import CommonGround
from supervisor.simulation.ending import raise_in, take_back
from supervisor.simulation.parts import Part

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

KILLED = -int(signal.SIGKILL)
"""The exit code of a thread that was ended by force, as of a process that got SIGKILL."""
EXIT_UNCAUGHT = 1
JOIN_STEP_S = 0.1
"""How long an exception from outside may have to wait while the part's own threads are joined."""


class Actor:
    """The thread of one part.

    Args:
        part: whom it plays.
        exit_descriptor: the write end of the pipe on which the engine awaits the exit code.
        ground: what all parts share.
    """

    def __init__(self, part: Part, exit_descriptor: int, ground: CommonGround) -> None:
        self.part = part
        self._exit_descriptor = exit_descriptor
        self._ground = ground
        self._gate = threading.Lock()
        self._is_open = True
        # Like a main thread it is no daemon, and so are those that it starts; the stage waits for none at its end.
        self.thread = threading.Thread(target=self._run, name=part.name, daemon=False)

    def interrupt(self, error: type[BaseException], number: int) -> None:
        """Wake its waits and raise `error` in it, unless its own code is over; signal its children."""
        with self._gate:
            if self._is_open:
                raise_in(self.part, self.thread, error)
                self.part.hook.announce()
                self.part.signal_children(number)

    def tell(self, what: Callable[[Part], None]) -> None:
        """Call `what` with the part, unless it is over."""
        with self._gate:
            if self._is_open:
                what(self.part)

    def _run(self) -> None:
        code = EXIT_UNCAUGHT
        try:
            code = self._code()
        except BaseException:  # a second one from outside, on the way out
            pass
        finally:
            while self._is_open:
                with suppress(BaseException):  # and a third
                    self._shut()
            self._leave(KILLED if self.part.is_killed else code)

    def _code(self) -> int:
        try:
            try:
                return self._play()
            finally:
                self._join_threads()
        except SystemExit as wish:
            return wish.code if isinstance(wish.code, int) else EXIT_UNCAUGHT
        except BaseException as error:
            records.emit("ERROR", f"uncaught {type(error).__name__}", exception=error)
            return EXIT_UNCAUGHT

    def _play(self) -> int:
        part = self.part
        parts.enter(part)
        part.main_thread = threading.get_ident()
        routing.add(part)
        _be_called(part.name)
        self._ground.welcome(part)
        spec = part.spec
        if spec.get("kind") == "target":
            spec["args"] = carried(spec["args"], part.name, spec.get("simulates", ""), _warn)
            self._ground.say_once(part, spec["target"], target_trouble)
        for pool in [spec.get("pool"), *spec.get("pools", {}).values()]:
            if pool:
                pool["start_method"] = "thread"
        self._ground.note_module(part)
        return bootstrap.play(spec, part.descriptors, part.control, part.board)

    def _join_threads(self) -> None:
        """Wait for the threads that the target has started, as the end of a process does."""
        part = self.part
        for thread in list(part.threads):
            while thread.is_alive() and not thread.daemon and not part.is_killed:
                thread.join(JOIN_STEP_S)
        for child in part.processes:
            if child.daemon and child.is_alive():
                child.terminate()
            while child.is_alive() and not part.is_killed:
                child.join(JOIN_STEP_S)

    def _shut(self) -> None:
        with self._gate:
            self._is_open = False
            take_back(self.thread)

    def _leave(self, code: int) -> None:
        """Let go of everything, then say the exit code. No exception comes from outside any more."""
        part = self.part
        is_clean = code == 0
        part.signal_children(signal.SIGTERM)  # as the engine does to what a worker leaves behind
        for thread in [thread for thread in part.threads if thread.is_alive()]:
            raise_in(part, thread, SystemExit)  # which no hook tells of
        part.hook.announce()  # to those of them that wait in a channel
        leave_thread(is_clean=is_clean)
        for channel in part.channels:
            _close(channel)
        part.close()
        os.write(self._exit_descriptor, b"%d\n" % code)
        os.close(self._exit_descriptor)


def _warn(text: str) -> None:
    records.emit("WARNING", f"simulated: {text}")


def _close(channel: object) -> None:
    close = getattr(channel, "close", None)
    if close is not None:
        try:
            close()
        except Exception as error:
            records.emit("WARNING", f"simulated: a channel could not be closed: {error}")


def _be_called(name: str) -> None:
    """Show the replica's name in top -H."""
    try:
        with open(f"/proc/self/task/{threading.get_native_id()}/comm", "w") as file:
            file.write(name)
    except OSError:
        pass
