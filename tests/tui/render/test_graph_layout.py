"""Whatever is joined with whatever: layers, tracks and lines of a drawing hold what they promise."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tui.render.graph_layers import layers_of
from tui.render.graph_layout import Layout, Size, Spacing, layout_of, settled

SPACINGS = (Spacing(1, 1, 2, (2, 1), (3, 2)), Spacing(2, 0, 1, (1, 0), (1, 0)))
WORKER, CHANNEL = Size(5, 1, 2), Size(4, 0, 3)


@st.composite
def _nets(draw: st.DrawFn) -> tuple[list[int], list[tuple[int, int]]]:
    """Workers and channels, each of which any worker may read and write, itself in a ring too."""
    workers, channels = draw(st.integers(1, 7)), draw(st.integers(1, 7))
    kinds = [0] * workers + [1] * channels
    ends = st.tuples(st.integers(0, workers - 1), st.integers(workers, workers + channels - 1), st.booleans())
    picked = draw(st.lists(ends, max_size=18))
    links = [(channel, worker) if is_read else (worker, channel) for worker, channel, is_read in picked]
    return kinds, list(dict.fromkeys(links))


def _layout(kinds: list[int], links: list[tuple[int, int]], spacing: Spacing) -> Layout:
    layout = layout_of([CHANNEL if kind else WORKER for kind in kinds], tuple(kinds), tuple(links), spacing)
    assert layout is not None
    return layout


@given(_nets())
def test_each_node_has_one_layer_and_lines_go_forward_or_are_told_to_return(
    net: tuple[list[int], list[tuple[int, int]]],
) -> None:
    """Without those that return there is no cycle, and workers and channels take turns."""
    kinds, links = net
    layers = layers_of(kinds, links)
    rank = layers.rank
    assert sorted(node for row in layers.rows for node in row if node < len(kinds)) == list(range(len(kinds)))
    assert sorted([*layers.paths, *layers.returns]) == sorted(links)
    for (source, target), path in layers.paths.items():
        assert (path[0], path[-1]) == (source, target)
        assert [rank[node] for node in path] == list(range(rank[source], rank[target] + 1))
    assert all(row for row in layers.rows)
    assert all(len({kinds[node] for node in row if node < len(kinds)}) <= 1 for row in layers.rows)


@given(_nets(), st.sampled_from(SPACINGS))
def test_no_two_nodes_overlap_and_all_is_inside(net: tuple[list[int], list[tuple[int, int]]], spacing: Spacing) -> None:
    """Every cell is one node's at most, and none is beyond the edge that the layout tells."""
    kinds, links = net
    layout = _layout(kinds, links, spacing)
    cells = _cells(layout)
    assert len(cells) == sum(p.size.along * (p.size.before + 1 + p.size.after) for p in layout.places)
    points = [point for corners in layout.routes.values() for point in corners]
    for along, across in [*cells, *points]:
        assert 0 <= across < layout.across
        assert -1 <= along <= layout.along


@given(_nets(), st.sampled_from(SPACINGS))
def test_every_line_leads_from_its_source_to_its_target_through_nobody(
    net: tuple[list[int], list[tuple[int, int]]], spacing: Spacing
) -> None:
    """It begins just behind the one, ends just before the other, turns at right angles, and crosses no node."""
    kinds, links = net
    layout = _layout(kinds, links, spacing)
    cells = _cells(layout)
    assert set(layout.routes) == set(links)
    for (source, target), corners in layout.routes.items():
        one, other = layout.places[source], layout.places[target]
        assert corners[0] == (one.along + one.size.along, one.across)
        assert corners[-1] == (other.along - 1, other.across)
        if len(corners) == 2 and corners[1][0] < corners[0][0]:
            continue  # they stand next to each other
        for (from_along, from_across), (to_along, to_across) in pairwise(corners):
            assert from_along == to_along or from_across == to_across
            for along in range(min(from_along, to_along), max(from_along, to_along) + 1):
                for across in range(min(from_across, to_across), max(from_across, to_across) + 1):
                    assert (along, across) not in cells


def _cells(layout: Layout) -> set[tuple[int, int]]:
    return {
        (along, across)
        for place in layout.places
        for along in range(place.along, place.along + place.size.along)
        for across in range(place.across - place.size.before, place.across + place.size.after + 1)
    }


@given(_nets(), st.sampled_from(SPACINGS))
def test_in_a_plain_layout_no_line_can_be_taken_for_another(
    net: tuple[list[int], list[tuple[int, int]]], spacing: Spacing
) -> None:
    """Two lines that run along each other have a source or a target in common, or all their ends are joined anyway."""
    kinds, links = net
    layout = _layout(kinds, links, spacing)
    if not layout.is_plain:
        return
    runs: dict[tuple[tuple[int, int], tuple[int, int]], list[tuple[int, int]]] = {}
    for link, corners in layout.routes.items():
        if len(corners) == 2 and corners[1][0] < corners[0][0]:
            continue
        for (from_along, from_across), (to_along, to_across) in pairwise(corners):
            steps = max(abs(to_along - from_along), abs(to_across - from_across))
            for step in range(steps):
                at = [
                    (
                        from_along + (to_along - from_along) // steps * (step + more),
                        from_across + (to_across - from_across) // steps * (step + more),
                    )
                    for more in (0, 1)
                ]
                runs.setdefault((min(at), max(at)), []).append(link)
    for sharing in runs.values():
        for one in sharing:
            for other in sharing:
                joined = {(one[0], other[1]), (other[0], one[1])} <= set(links)
                assert one[0] == other[0] or one[1] == other[1] or joined


@given(
    st.lists(st.floats(-50, 50), min_size=1, max_size=12).flatmap(
        lambda wishes: st.tuples(
            st.just(wishes), st.lists(st.integers(1, 9), min_size=len(wishes) - 1, max_size=len(wishes) - 1)
        )
    )
)
def test_places_keep_their_distance_and_a_wish_that_can_be_had_is_granted(given: tuple[list[float], list[int]]) -> None:
    """The order stays; where all wishes are far enough apart they are places."""
    wishes, apart = given
    places = settled(wishes, apart, [1] * len(wishes))
    assert all(after - before >= step for (before, after), step in zip(pairwise(places), apart, strict=True))
    rounded = [float(round(wish)) for wish in wishes]
    if all(after - before >= step for (before, after), step in zip(pairwise(rounded), apart, strict=True)):
        assert settled(rounded, apart, [3] * len(wishes)) == [int(wish) for wish in rounded]
