"""Runs one worker in the foreground, to look into it: breakpoint() works, and an uncaught exception opens pdb.

::

    feeds ──► input channels ──► the worker's target ──► output channels ──► shown, counted, written to a file
                                        │
                                   an exception ──► pdb, where stdin is a terminal
"""

from __future__ import annotations

import json
import sys

from supervisor.channels.interrupt import StopRequested
from supervisor.simulation import telling
from supervisor.simulation.calling import call_of, place_of, surroundings, without_ours
from supervisor.simulation.channel_set import ChannelSet
from supervisor.simulation.debugger import has_terminal, load_debugger, look_into
from supervisor.simulation.feeding_from import FeedError, items_of
from supervisor.simulation.interrupting import EXIT_INTERRUPTED, Ended, Interrupts
from supervisor.simulation.memory_channels import Payload, unpack
from supervisor.simulation.turns import Standstill, Turns

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TextIO

EXIT_FAILED = 1
EXIT_USAGE = 2
MOST_SHOWN = 20
"""Items of each output channel that are shown; those after them are counted."""


class ForegroundRun:
    """One run of a plan for one worker (`supervisor.processes.foreground_plans.debug_plan`)."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self._plan = plan
        self._order: dict[str, Any] = plan["order"]
        self._name: str = self._order["name"]
        self._turns = Turns([self._name], is_patient=True)
        self._channels = ChannelSet(self._turns, plan["channels"])
        self._counts: dict[str, int] = {}
        self._files: dict[str, TextIO] = {}

    def run(self) -> int:
        """Run it; the exit code."""
        telling.log_here(lambda: self._name)
        telling.set_level(self._order["log_level"])
        try:
            self._feed()
            self._open_files()
        except FeedError as error:
            telling.tell(f"procdeck: {error}")
            return EXIT_USAGE
        self._watch_outputs()
        if has_terminal():
            load_debugger(self._order["python_path"])
        Interrupts().hear()
        self._turns.begin(self._name)
        code = EXIT_FAILED
        try:
            with surroundings(self._order):
                code = self._call()
        finally:
            self._turns.end(is_clean=True)  # what failed in its hands does not come back here
            self._tell_counts()
        return code

    # --- in ---

    def _feed(self) -> None:
        ends = {end["parameter"]: end for end in self._order["channels"]}
        for feed in self._plan["feeds"]:
            end, payloads = ends[feed["parameter"]], items_of(feed)
            channel = end["description"]["name"]
            if feed.get("only") is not None:
                if feed["only"] >= len(payloads):
                    raise FeedError(
                        f"there is no item {feed['only']} in {channel}: {len(payloads):,} are there, counted from 0"
                    )
                payloads = [payloads[feed["only"]]]
            if channel in self._channels.tanks:
                tank = self._channels.tanks[channel]
                tank.items.extend(payloads)
                tank.unfinished += len(payloads)
            else:
                self._channels.tubes[channel].messages[end["mode"] == "write"].extend(payloads)
            telling.tell(
                f"{feed['parameter']}: {len(payloads):,} item{'' if len(payloads) == 1 else 's'}{feed['what']}"
            )

    # --- the worker ---

    def _call(self) -> int:
        try:
            self._work()()
        except StopRequested:
            telling.tell(f"{self._name}: asked to stop, since it went on asking for items after the last one")
            return 0
        except SystemExit as wish:
            return self._exited(wish)
        except FeedError as error:
            telling.tell(f"procdeck: {error}")
            return EXIT_USAGE
        except Ended:
            raise
        except BaseException as error:
            return self._failed(error)
        finally:
            sys.stdout.flush()
        telling.tell(f"{self._name}: finished")
        return 0

    def _work(self) -> Callable[[], object]:
        views = self._channels.views(self._order["channels"])
        if self._order["kind"] == "pool":
            from supervisor.simulation.pool_turn import one_task

            return one_task(self._order, views, self._turns.wish, self._plan["item"])
        return call_of(self._order, views, self._turns.wish)

    def _exited(self, wish: SystemExit) -> int:
        if wish.code is None or isinstance(wish.code, int):
            code = (wish.code or 0) & 0xFF
            telling.tell(f"{self._name}: sys.exit, exit code {code}")
            return 0 if code in self._plan["success_exit_codes"] else code
        telling.tell(f"{self._name}: {wish.code}")
        return EXIT_FAILED

    def _failed(self, error: BaseException) -> int:
        import bdb

        if isinstance(error, bdb.BdbQuit):
            telling.tell(f"{self._name}: left in the debugger")
            return EXIT_FAILED
        is_interrupt = isinstance(error, KeyboardInterrupt)
        shown = without_ours(error)
        telling.tell_traceback(shown)
        place = place_of(error)
        if isinstance(error, Standstill):
            telling.tell(f"{self._name}: {error}; it is alone here: --feed gives it items")
        else:
            what = "interrupted" if is_interrupt else f"{type(error).__name__}: {telling.one_line(error)}"
            telling.tell(f"{self._name}: {what}{f' at {place}' if place else ''}")
        if self._plan["has_pdb"] and has_terminal():
            look_into(shown)
        return EXIT_INTERRUPTED if is_interrupt else EXIT_FAILED

    # --- out ---

    def _open_files(self) -> None:
        for parameter, path in self._plan["outs"].items():
            try:
                self._files[parameter] = open(path, "w", encoding="utf-8", buffering=1)  # noqa: SIM115 - until the end
            except OSError as error:
                raise FeedError(f"cannot write {path}: {error.strerror or error}") from None

    def _watch_outputs(self) -> None:
        for end in self._order["channels"]:
            if end["mode"] == "share":
                continue
            parameter, channel = end["parameter"], end["description"]["name"]

            def note(payload: Payload, parameter: str = parameter) -> None:
                self._note_output(parameter, payload)

            if channel in self._channels.tubes:
                self._channels.tubes[channel].on_send = note
            elif end["mode"] == "write":
                self._channels.tanks[channel].on_put = note

    def _note_output(self, parameter: str, payload: Payload) -> None:
        count = self._counts[parameter] = self._counts.get(parameter, 0) + 1
        file = self._files.get(parameter)
        if file is None and count > MOST_SHOWN:
            return
        try:
            value = unpack(payload)
        except Exception as error:
            telling.tell(f"{parameter} ◀ cannot be unpickled: {type(error).__name__}: {telling.one_line(error)}")
            return
        if count <= MOST_SHOWN:
            telling.tell(f"{parameter} ◀ {telling.shown(value)}")
        if count == MOST_SHOWN + 1 or (count == MOST_SHOWN and file is None):
            telling.tell(f"{parameter} ◀ … what comes now is counted only")
        if file is not None:
            file.write(json.dumps(value, default=repr) + "\n")

    def _tell_counts(self) -> None:
        for end in self._order["channels"]:
            parameter, channel = end["parameter"], end["description"]["name"]
            if end["mode"] == "write" or parameter in self._counts:
                count = self._counts.get(parameter, 0)
                where = f", in {self._plan['outs'][parameter]}" if parameter in self._files else ""
                telling.tell(f"{parameter}: {count:,} item{'' if count == 1 else 's'} written to {channel}{where}")
            if end["mode"] == "read" and channel in self._channels.tanks and self._channels.tanks[channel].items:
                telling.tell(f"{parameter}: {len(self._channels.tanks[channel].items):,} left unread")
        for file in self._files.values():
            file.close()
