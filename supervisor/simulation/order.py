"""In which order workers can run one after another: who is waited for comes first, then the profile's order. Pure."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Needs = Mapping[str, Mapping[str, str]]
    """Whom each worker needs to have run before it, and why, in words: ``{"parse": {"walk": "reads paths, ..."}}``."""


class Ring(Exception):
    """Workers that need each other: none of them can be the first.

    Attributes:
        names: each needs the one that follows it, the last one the first.
    """

    def __init__(self, names: Sequence[str], needs: Needs) -> None:
        self.names = tuple(names)
        links = zip(names, (*names[1:], names[0]), strict=True)
        super().__init__("; ".join(f"{name} {needs[name][other]}" for name, other in links))


def in_order(names: Sequence[str], needs: Needs) -> list[str]:
    """`names` so that each comes after those that it needs; of those that may come now, the first of `names` does.

    Who needs itself (a worker that feeds its own queue), or somebody who is not in `names`, needs nobody for that.

    Raises:
        Ring: there is no such order.
    """
    open_needs = {name: [other for other in needs.get(name, {}) if other in names and other != name] for name in names}
    ordered: list[str] = []
    while len(ordered) < len(open_needs):
        name = next((name for name in open_needs if name not in ordered and _is_met(open_needs[name], ordered)), None)
        if name is None:
            raise Ring(_ring(open_needs, ordered), needs)
        ordered.append(name)
    return ordered


def _is_met(wanted: Sequence[str], ordered: Sequence[str]) -> bool:
    return all(other in ordered for other in wanted)


def _ring(open_needs: Mapping[str, Sequence[str]], ordered: Sequence[str]) -> list[str]:
    """Workers that wait for each other: whoever is left needs one that is left, so this comes back to itself."""
    path = [next(name for name in open_needs if name not in ordered)]
    while True:
        after = next(other for other in open_needs[path[-1]] if other not in ordered)
        if after in path:
            return path[path.index(after) :]
        path.append(after)
