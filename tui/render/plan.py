"""What a reload of the profile would do, as lines: each step with its keys and its words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from supervisor.api.requests import PlanStep
from tui.render.figures import plural
from tui.render.pieces import Line, Tone, fit, fit_line, plain, wrap

CHANGE_TONES: dict[str, Tone] = {
    "add": Tone.GOOD,
    "remove": Tone.RED,
    "restart": Tone.AMBER,
    "scale": Tone.PLAIN,
    "update": Tone.DIM,
}
_COUNTED: dict[str, str] = {
    "add": "to add",
    "remove": "to remove",
    "restart": "to restart",
    "scale": "to scale",
    "update": "without a restart",
}
_LONGEST_SUBJECT = 24


def plan_lines(plan: Sequence[PlanStep], width: int, ellipsis: str = "…") -> list[Line]:
    """Each step in one line, and its words folded below it where there are any."""
    wide = min(max((len(step.subject) for step in plan), default=0), _LONGEST_SUBJECT)
    indent = wide + max(map(len, CHANGE_TONES)) + 4
    lines: list[Line] = []
    for step in plan:
        head: Line = (
            (fit(plain(step.subject), wide, ellipsis=ellipsis) + "  ", Tone.STRONG),
            (fit(step.change, indent - wide - 2), CHANGE_TONES[step.change]),
            (plain(", ".join(step.keys)), Tone.PLAIN),
        )
        folded = wrap(plain(step.text), max(width - indent, 16)) if step.text else []
        if folded and not step.keys:
            head = (*head[:2], (folded.pop(0), Tone.DIM))
        lines.append(fit_line(head, width, ellipsis))
        lines += [((" " * indent + text, Tone.DIM),) for text in folded]
    return lines


def plan_summary(plan: Sequence[PlanStep]) -> str:
    """``3 changes: 1 to restart, 2 to add.``"""
    counts: Counter[str] = Counter(step.change for step in plan)
    told = [f"{counts[change]} {words}" for change, words in _COUNTED.items() if counts[change]]
    return f"{plural(len(plan), 'change')}: {', '.join(told)}."


def is_harmless(plan: Sequence[PlanStep]) -> bool:
    """It ends no process."""
    return all(step.change in ("add", "update") for step in plan)
