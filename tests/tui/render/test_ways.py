"""Crumbs and the strip of places: what is shown in which room, and what each cell leads to."""

from __future__ import annotations

from tui.render.glyphs import ASCII, UNICODE
from tui.render.pieces import Tone, line_text
from tui.render.ways import crumbs, places, target_at, titled

KEYS = [("1", "workers"), ("2", "channels"), ("8", "logs")]


def test_crumbs_lead_back_to_each_screen() -> None:
    """The nearest stay where there is no room for all; with room for none there are none."""
    whole = crumbs(["Workers", "Why", "Stacks"], 60, UNICODE)
    assert line_text(whole.line) == " Workers › Why › Stacks ›"
    assert [line_text(whole.line)[span.begin : span.end] for span in whole.spans] == ["Workers", "Why", "Stacks"]
    assert [target_at(whole.spans, x) for x in (1, 8, 11)] == ["0", None, "1"]
    short = crumbs(["Workers", "Why", "Stacks"], 16, UNICODE)
    assert line_text(short.line) == " … › Stacks ›"
    assert [span.target for span in short.spans] == ["2"]
    assert crumbs(["Workers"], 5, UNICODE).line == ()
    assert line_text(crumbs(["Workers", "W" * 40], 60, ASCII).line).isascii()


def test_places_lose_their_names_before_they_go() -> None:
    """Each cell of a place leads there, gaps lead nowhere."""
    wide = places(KEYS, "workers", 40)
    assert line_text(wide.line) == "  2 Channels  8 Logs "
    assert [target_at(wide.spans, x) for x in (1, 2, 11, 12, 14)] == [None, "channels", "channels", None, "logs"]
    assert line_text(places(KEYS, "workers", 8).line) == " 2 8 "
    assert places(KEYS, "workers", 4).line == ()


def test_the_title_leads_to_what_is_written_there() -> None:
    """Whatever stands before the places."""
    for width in (80, 40, 20):
        ways = titled("Pools", ((" 6", Tone.DIM),), ((" by rate ", Tone.DIM),), KEYS, "pools", width)
        text = line_text(ways.line)
        assert len(text) == width
        for span in ways.spans:
            assert text[span.begin : span.end].lower().split()[-1] in (span.target, "1", "2", "8")
