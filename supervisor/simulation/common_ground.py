"""What all workers of one process share, whether they like it or not: environment, directory, levels, limits, modules.

Each difference from a real run is said once, as a warning in the log of the worker that it concerns.
"""

from __future__ import annotations

import os
import sys

from supervisor.agent import levels, records, tracebacks
from supervisor.simulation.parts import Part, current

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

OWN_NAMES = frozenset({"PROCDECK_WORKER", "PROCDECK_INCARNATION"})
"""Variables that differ in every worker of a real run: each part reads its own."""


def give_own_names() -> None:
    """From now on have `os.environ` answer each part for OWN_NAMES with its own values."""
    kind: Any = type(os.environ)
    original = kind.__getitem__

    def get(self: Any, name: Any) -> Any:
        part = current() if name in OWN_NAMES and self is os.environ else None
        return original(self, name) if part is None else part.spec["env"][name]

    kind.__getitem__ = get


class CommonGround:
    """The state of the stage's process that workers of a real run would have each for themselves."""

    def __init__(self) -> None:
        self._environment: dict[str, tuple[str, str]] = {}
        self._level: tuple[int, str] | None = None
        self._told: set[tuple[str, ...]] = set()
        self._written_s: dict[str, float] = {}

    def welcome(self, part: Part) -> None:
        """Apply what `part` wishes as far as it agrees with the others, and say what is not applied."""
        self._set_environment(part)
        self._set_level(part)
        spec = part.spec
        if spec["limits"]:
            what = ", ".join(sorted(map(str, spec["limits"])))
            self._tell(part, ("limits", part.name), f"{what} of this worker: not applied, all workers are one process")
        if os.path.realpath(spec["cwd"]) != os.getcwd():
            self._tell(
                part, ("cwd", part.name), f"its cwd is {spec['cwd']}; all workers are one process, in {os.getcwd()}"
            )
        if spec["traceback_locals"]:
            tracebacks.show_locals(True)
        sys.path[:0] = [entry for entry in spec["python_path"] if entry not in sys.path]

    def say_once(self, part: Part, subject: str, judge: Callable[[str], str]) -> None:
        """Say what `judge` finds about `subject`, if anything, the first time."""
        if ("subject", subject) not in self._told:
            text = judge(subject)
            if text:
                self._tell(part, ("subject", subject), text)
            self._told.add(("subject", subject))

    def note_module(self, part: Part) -> None:
        """Say when the file of the target's module was changed after it was imported."""
        name = str(part.spec.get("target") or "").partition(":")[0]
        file = getattr(sys.modules.get(name), "__file__", None)
        try:
            written_s = os.stat(file).st_mtime if file else 0.0
        except OSError:
            return
        if written_s != self._written_s.setdefault(name, written_s):
            self._written_s[name] = written_s
            self._say(
                part,
                f"{file} has changed since it was imported; its new text counts when no simulated worker runs any more",
            )

    def _set_environment(self, part: Part) -> None:
        wished: dict[str, str] = {name: text for name, text in part.spec["env"].items() if name not in OWN_NAMES}
        for name, text in wished.items():
            known = self._environment.get(name)
            if known is None:
                self._environment[name] = (text, part.spec["worker"])
                os.environ[name] = text
            elif known[0] != text:
                self._tell(
                    part, ("env", name), f"{name} is another one here than in {known[1]}, whose value counts for all"
                )

    def _set_level(self, part: Part) -> None:
        text = part.spec["log_level"]
        wished = levels.number_of(text)
        if self._level is None:
            self._level = (wished, part.spec["worker"])
            if text:
                levels.set_level("", wished)
        elif wished != self._level[0]:
            number, other = self._level
            self._tell(
                part, ("level", part.name), f"its log level differs from that of {other}; the lower one counts for all"
            )
            if wished < number:
                self._level = (wished, part.spec["worker"])
                levels.set_level("", wished)

    def _tell(self, part: Part, key: tuple[str, ...], text: str) -> None:
        if key not in self._told:
            self._told.add(key)
            self._say(part, text)

    @staticmethod
    def _say(part: Part, text: str) -> None:
        del part  # records go to the calling thread's part
        records.emit("WARNING", f"simulated: {text}")


def follow_levels(part: Part) -> None:
    """Do what the engine wishes of the levels of `part`, which are everybody's."""
    number = part.board.level_number[0]
    wished = part.board.read_levels()
    if wished is None:
        return
    for name, level in wished.items():
        levels.set_level(name, level)
        if not name:
            levels.set_level(part.spec["worker"], level)
    part.board.take_up_levels(number)
