"""Typed letters are found in names in their order, the way that a person would have meant them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tui.fuzzy import fit_of

NAMES = st.text(alphabet="abAB. -_1é", max_size=14)


def order(typed: str, *names: str) -> list[str]:
    """Those of `names` that fit, best first."""
    fitting = [(fit, name) for name in names if (fit := fit_of(typed, name)) is not None]
    return [name for _, name in sorted(fitting, key=lambda each: -each[0][0])]


def test_words_that_begin_so_come_first() -> None:
    """Then letters in a row; what lacks one does not fit."""
    assert order("ra", "Error at", "Restart all", "Drain", "Its worker") == ["Restart all", "Error at", "Drain"]
    assert order("p2", "parse.12", "parse.2", "paths") == ["parse.2", "parse.12"]
    assert order("kill", "Kill all", "Kill", "k i l l") == ["Kill", "k i l l", "Kill all"]
    assert fit_of("go parse", "go to parse.2") == (fit_of("GOPARSE", "go to parse.2"))
    assert fit_of("", "anything") == (0, ())


@given(name=NAMES, typed=NAMES)
def test_what_fits_is_in_the_name_in_its_order(name: str, typed: str) -> None:
    """The places ascend, and the letters there are those that were typed; and every subsequence fits."""
    fit = fit_of(typed, name)
    wanted = "".join(typed.lower().split())
    letters = iter(name.lower())
    assert (fit is not None) == all(letter in letters for letter in wanted)
    if fit is not None:
        assert list(fit[1]) == sorted(set(fit[1]))
        assert "".join(name[place].lower() for place in fit[1]) == wanted


@given(name=NAMES, data=st.data())
def test_every_choice_of_letters_fits(name: str, data: st.DataObject) -> None:
    """Whichever letters of a name are typed, it is found; the whole name fits itself at least as well as a part."""
    kept = data.draw(st.lists(st.booleans(), min_size=len(name), max_size=len(name)))
    typed = "".join(letter for letter, is_kept in zip(name, kept, strict=True) if is_kept)
    part, whole = fit_of(typed, name), fit_of(name, name)
    assert part is not None
    assert whole is not None
    assert whole[0] >= 0
