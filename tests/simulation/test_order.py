"""The order in which workers run one after another."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.simulation.order import Ring, in_order


def test_who_feeds_others_comes_first() -> None:
    """A pipeline runs from its source to its sink, whatever the profile's order."""
    needs = {"tally": {"parse": "reads counts"}, "parse": {"walk": "reads paths"}}
    assert in_order(["tally", "parse", "walk"], needs) == ["walk", "parse", "tally"]


def test_ties_keep_the_order_of_the_profile() -> None:
    """Of workers that may come now, the one that is written first does."""
    assert in_order(["b", "a", "c"], {}) == ["b", "a", "c"]
    assert in_order(["sink", "b", "a"], {"sink": {"a": "reads"}}) == ["b", "a", "sink"]


def test_who_feeds_itself_waits_for_nobody() -> None:
    """A worker that reads its own queue, and one that waits for somebody who is not there, are no rings."""
    assert in_order(["crawl"], {"crawl": {"crawl": "reads urls", "ghost": "depends"}}) == ["crawl"]


def test_ring_names_who_waits_for_whom() -> None:
    """Each of the ring with its reason, and nobody who only hangs on it."""
    needs = {
        "after": {"a": "reads x, which a writes"},
        "a": {"b": "reads back, which b writes"},
        "b": {"a": "reads x, which a writes"},
    }
    with pytest.raises(Ring) as caught:
        in_order(["after", "a", "b"], needs)
    assert caught.value.names == ("a", "b")
    assert str(caught.value) == "a reads back, which b writes; b reads x, which a writes"


@given(st.permutations(list("abcdef")), st.sets(st.tuples(st.sampled_from("abcdef"), st.sampled_from("abcdef"))))
def test_every_order_keeps_every_need(names: list[str], pairs: set[tuple[str, str]]) -> None:
    """Whatever the needs: all workers after those that they need, or a ring whose links are all needs."""
    needs = {name: {other: "" for one, other in pairs if one == name} for name in names}
    try:
        ordered = in_order(names, needs)
    except Ring as ring:
        links = zip(ring.names, (*ring.names[1:], ring.names[0]), strict=True)
        assert all(link in pairs for link in links)
        return
    assert sorted(ordered) == sorted(names)
    assert all(ordered.index(other) < ordered.index(one) for one, other in pairs if one != other)
