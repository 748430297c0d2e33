"""The pages load nothing from elsewhere and show no HTML of others; without the extra it is said how to get it."""

from __future__ import annotations

import importlib.util
import re

import pytest

from tui.web import pages

FOREIGN = re.compile(r"(?:https?:)?//[\w.-]+\.\w+")


def test_nothing_of_ours_points_elsewhere() -> None:
    """No fonts from abroad: neither in the pages nor in what they load."""
    texts = [pages.door_page("no"), pages.deck_page("deck", "http://127.0.0.1:1", allows_control=True)]
    texts += [asset.content.decode() for name, asset in pages.assets().items() if "/" not in name]
    assert len(texts) == 5
    found = [match for text in texts for match in FOREIGN.findall(text)]
    assert found == ["//127.0.0.1"]


def test_pages_have_no_script_and_no_style_within() -> None:
    """The policy would not let them run."""
    for page in (pages.door_page("no"), pages.deck_page("deck", "http://127.0.0.1:1", allows_control=False)):
        assert not re.search(r"<style|<script(?! src)|\son\w+=|\sstyle=", page)


def test_all_that_pages_name_is_served() -> None:
    served = pages.assets()
    text = pages.door_page("") + pages.deck_page("deck", "http://127.0.0.1:1", allows_control=True)
    text += served["page.css"].content.decode()
    named = set(re.findall(r"/static/([\w./-]+)", text))
    assert named == set(served)


def test_words_are_no_markup() -> None:
    assert "<b>" not in pages.door_page("<b>")
    assert "<b>" not in pages.deck_page("<b>", 'http://"', allows_control=True)


def test_the_title_says_what_a_page_may() -> None:
    assert "<title>deck (read-only) · procdeck" in pages.deck_page("deck", "http://127.0.0.1:1", allows_control=False)
    assert "<title>deck · procdeck" in pages.deck_page("deck", "http://127.0.0.1:1", allows_control=True)


def test_scripts_are_ours_alone() -> None:
    """Styles too, but on the page for terminals without WebGL; scripts there as well."""
    strict, plain = pages.content_policy("h:1"), pages.content_policy("h:1", is_plain=True)
    assert "unsafe" not in strict
    assert plain.replace(" 'unsafe-inline'", "") == strict
    assert "script-src 'self';" in plain
    assert pages.safety_headers("h:1")["Content-Security-Policy"] == strict


def test_without_the_extra_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "find_spec", lambda name: importlib.util.find_spec(f"{name}_that_is_not_there"))
    with pytest.raises(pages.WebExtraMissing, match=re.escape("pip install 'procdeck[web]'")):
        pages.assets()
