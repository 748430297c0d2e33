"""Which signs a terminal gets: what was chosen, else what its locale can say."""

from __future__ import annotations

import pytest

from tui.render.glyphs import ASCII, UNICODE
from tui.settings.glyph_choice import glyphs_for, speaks_unicode


@pytest.mark.parametrize(
    ("environ", "is_unicode"),
    [
        ({"LANG": "de_DE.UTF-8"}, True),
        ({"LANG": "en_US.utf8"}, True),
        ({"LANG": "C"}, False),
        ({"LANG": "POSIX"}, False),
        ({"LANG": "de_DE.ISO-8859-1"}, False),
        ({"LC_ALL": "C", "LANG": "de_DE.UTF-8"}, False),
        ({"LC_ALL": "C.UTF-8", "LANG": "C"}, True),
        ({"LC_CTYPE": "UTF-8"}, True),
        ({}, True),
    ],
)
def test_the_locale_tells_what_can_be_shown(environ: dict[str, str], is_unicode: bool) -> None:
    """One that says nothing is most likely an ordinary terminal."""
    assert speaks_unicode(environ) == is_unicode


def test_what_was_chosen_stands_above_the_locale() -> None:
    """And what the environment says above both."""
    assert glyphs_for("unicode", {"LANG": "C"}) is UNICODE
    assert glyphs_for("ascii", {"LANG": "de_DE.UTF-8"}) is ASCII
    assert glyphs_for("auto", {"LANG": "C"}) is ASCII
    assert glyphs_for("auto", {"LANG": "C.UTF-8", "TERM": "linux"}) is ASCII
    assert glyphs_for("ascii", {"PROCDECK_GLYPHS": "unicode"}) is UNICODE
