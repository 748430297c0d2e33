"""The two pages and what they need, all of it read once, none of it from elsewhere.

The terminal in the browser is textual-serve's (xterm.js); its own page and server are not used: the page fetches fonts
from abroad, and the server checks neither who asks nor for whom.
"""

from __future__ import annotations

import html
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from supervisor.errors import ProcdeckError

HOW_TO_GET_IT: Final = "the dashboard in a browser needs textual-serve: pip install 'procdeck[web]'"
_OURS: Final = {"page.css": "text/css", "door.js": "text/javascript", "deck.js": "text/javascript"}
_THEIRS: Final = {
    "css/xterm.css": "text/css",
    "js/textual.js": "text/javascript",
    "fonts/RobotoMono-VariableFont_wght.ttf": "font/ttf",
    "fonts/RobotoMono-Italic-VariableFont_wght.ttf": "font/ttf",
}
_HERE: Final = Path(__file__).parent / "static"


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is served."""

    content_type: str
    content: bytes


class WebExtraMissing(ProcdeckError):
    """The extra `web` is not installed."""


def assets() -> dict[str, Asset]:
    """Everything that pages load, by its name below ``/static/``; what is not here is not served.

    Raises:
        WebExtraMissing: textual-serve is not installed.
    """
    spec = find_spec("textual_serve")
    if spec is None or not spec.submodule_search_locations:
        raise WebExtraMissing(HOW_TO_GET_IT)
    theirs = Path(next(iter(spec.submodule_search_locations))) / "static"
    try:
        found = {name: Asset(kind, (theirs / name).read_bytes()) for name, kind in _THEIRS.items()}
    except OSError as error:
        raise WebExtraMissing(f"{HOW_TO_GET_IT} (the one that is installed lacks {error.filename})") from error
    return found | {name: Asset(kind, (_HERE / name).read_bytes()) for name, kind in _OURS.items()}


def door_page(sentence: str) -> str:
    """For a browser that has no cookie: it exchanges the token behind the ``#``, or shows `sentence`."""
    return (_HERE / "door.html").read_text().replace("{sentence}", html.escape(sentence))


def deck_page(project: str, origin: str, *, allows_control: bool) -> str:
    """The page with the terminal in it."""
    page = (_HERE / "deck.html").read_text()
    kind = "" if allows_control else " (read-only)"
    page = page.replace("{title}", html.escape(f"{project}{kind} · procdeck"))
    return page.replace("{socket}", html.escape(origin.replace("http:", "ws:", 1) + "/deck"))


def content_policy(host: str, *, is_plain: bool = False) -> str:
    """Scripts, styles and connections are ours alone, and no other page may hold us.

    `is_plain`: for a terminal without WebGL, which gives each cell a style of its own; nobody else's HTML is there.
    """
    styles = "'self' 'unsafe-inline'" if is_plain else "'self'"
    return (
        f"default-src 'none'; script-src 'self'; style-src {styles}; font-src 'self'; img-src 'self'; "
        f"connect-src 'self' ws://{host}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def safety_headers(host: str) -> dict[str, str]:
    """What every answer carries, where it does not say otherwise."""
    return {
        "Content-Security-Policy": content_policy(host),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }
