"""Names have one grammar, and near misses are recognised."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.profile.names import did_you_mean, is_legal_name, legal_name_from, name_from_path, quoted


@pytest.mark.parametrize("name", ["a", "parse", "Parse-2_b", "a" * 40])
def test_legal_names_are_accepted(name: str) -> None:
    """A letter, then letters, digits, "-" and "_", 40 at most."""
    assert is_legal_name(name)


@pytest.mark.parametrize("name", ["", "1a", "_a", "-a", "a.b", "a b", "é", "a" * 41, "a\n"])
def test_other_names_are_refused(name: str) -> None:
    """Anything else, a trailing newline included, is no name."""
    assert not is_legal_name(name)


@given(st.text(max_size=80))
def test_any_text_becomes_a_legal_name(text: str) -> None:
    """A directory may be called anything; the name made from it is always legal."""
    assert is_legal_name(legal_name_from(text))


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/srv/My Census/procdeck.toml", "My-Census"),
        ("/srv/2024 plan/pyproject.toml", "plan"),
        ("/srv/x/services.toml", "services"),
        ("/procdeck.toml", "project"),
    ],
)
def test_a_profile_without_a_name_is_named_after_where_it_is(path: str, name: str) -> None:
    """The directory names the files that everybody calls the same; others name themselves."""
    assert name_from_path(Path(path)) == name


def test_near_names_are_suggested_and_far_ones_are_not() -> None:
    """A typo gets its suggestion, whatever its case; a stranger gets none."""
    known = ["stop_timeout", "restart"]
    assert [did_you_mean(word, known) for word in ("stop_timout", "Restart", "zzz")] == [
        '; did you mean "stop_timeout"?',
        '; did you mean "restart"?',
        "",
    ]


def test_words_are_listed_as_a_sentence_has_them() -> None:
    """Nothing, one, two and three words."""
    listed = [quoted(words) for words in ([], ["a"], ["a", "b"], ["a", "b", "c"])]
    assert listed == ["none", '"a"', '"a" and "b"', '"a", "b" and "c"']
    assert re.search(r" or ", quoted(["a", "b"], "or"))
