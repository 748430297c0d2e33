"""Reads what ``python -X importtime`` says: which imports a fresh process spends its time on. Pure.

Its lines are ``import time: SELF | CUMULATIVE | NAME`` in microseconds, the name indented by two for each level, and
what a module imports stands above it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from supervisor.agent.start_probe import IMPORTS_BEGIN

IMPORTS_SHOWN: Final = 3
_LINE: Final = re.compile(r"import time:\s+(\d+) \|\s+(\d+) \| ( *)(\S+)")


@dataclass(frozen=True, slots=True)
class ImportCost:
    """One package that is imported, with all that it imports itself.

    Attributes:
        share: of all imports, from 0 to 1.
    """

    module: str
    took_ms: float
    share: float


def imports_in(text: str, modules: Sequence[str]) -> tuple[float | None, tuple[ImportCost, ...]]:
    """How many milliseconds all imports took, and each package that `modules` import, the longest first.

    What a module of `modules` does itself counts under its own name. None where the text has no such lines.
    """
    own = {name.partition(".")[0] for name in modules}
    took_us: dict[str, int] = {}
    whole_us = 0
    for line in text.partition(IMPORTS_BEGIN)[2].splitlines():
        found = _LINE.fullmatch(line.rstrip())
        if found is None:
            continue
        depth, package = len(found[3]) // 2, found[4].partition(".")[0]
        if depth == 0:
            whole_us += int(found[2])
            took_us[package] = took_us.get(package, 0) + int(found[1 if package in own else 2])
        elif depth == 1:
            took_us[package] = took_us.get(package, 0) + int(found[2])
    if not took_us:
        return None, ()
    ranked = sorted(took_us.items(), key=lambda pair: -pair[1])
    listed = [
        ImportCost(name, round(us / 1000, 1), round(us / whole_us, 3) if whole_us else 0.0) for name, us in ranked
    ]
    return round(whole_us / 1000, 1), tuple(listed)
