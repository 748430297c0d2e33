"""What is on the screen as text that can be read in a diff: each line of cells, and below it its styles, run by run.

::

    │ procdeck census   ◉ 3  ✗ 1 │
     10 dim · 6 strong bold · 3 text · 5 good · ...

A colour has the name that the theme has for it; one that no theme names is written as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from rich.cells import cell_len
from rich.color import Color
from rich.segment import Segment
from rich.style import Style

from tests.tui.strips import strips_of
from tui.dashboard import Dashboard

NAMED = (
    ("foreground", "text"), ("dim", "dim"), ("strong", "strong"), ("accent", "accent"), ("success", "good"),
    ("warning", "amber"), ("error", "red"), ("cool", "held"), ("background", ""), ("surface", "surface"),
    ("panel", "panel"), ("cursor", "cursor"), ("cursor-blurred", "blurred"), ("title", "title"), ("found", "found"),
    ("border-blurred", "line"),
)  # fmt: skip
"""Variables of the theme, and what a golden calls them; the plain ground is not worth a word."""


def painted(app: Dashboard) -> str:
    """The whole screen."""
    names = _names(app)
    width = app.size.width
    lines = [f"╭{'─' * width}╮"]
    for strip in strips_of(app):
        segments = list(Segment.simplify(strip))
        text = "".join(segment.text for segment in segments)
        lines.append(f"│{text}{' ' * (width - cell_len(text))}│")
        lines.append(" " + " · ".join(_runs(segments, names)))
    return "\n".join([*lines, f"╰{'─' * width}╯", ""])


def _names(app: Dashboard) -> dict[str, str]:
    variables = app.get_css_variables()
    found: dict[str, str] = {}
    for variable, name in NAMED:
        value = variables.get(variable, "")
        if value:
            found.setdefault(value.lower()[:7], name)
    return found


def _runs(segments: Sequence[Segment], names: dict[str, str]) -> Iterable[str]:
    """How many cells have which style; blanks have that of their ground alone."""
    told = [(cell_len(text), _style_words(style or Style(), names, is_blank=not text.strip()))
            for text, style, _ in segments if text]  # fmt: skip
    for words, runs in groupby(told, key=lambda run: run[1]):
        yield f"{sum(run[0] for run in runs)} {words}".rstrip()


def _style_words(style: Style, names: dict[str, str], *, is_blank: bool) -> str:
    flags = [name for name in ("bold", "italic", "underline", "strike", "reverse") if getattr(style, name)]
    ground = _colour(style.bgcolor, names)
    words = ([] if is_blank else [_colour(style.color, names) or "ground"]) + ([] if is_blank else flags)
    return " ".join([*words, *([f"on {ground}"] if ground else [])])


def _colour(colour: Color | None, names: dict[str, str]) -> str:
    if colour is None or colour.is_default:
        return ""
    code = colour.get_truecolor().hex.lower()
    return names.get(code, code)
