"""Lets a screen hear the keys that its actions have now; what Textual takes from a class is as old as the class."""

from __future__ import annotations

from collections.abc import Iterable

from textual.binding import Binding, BindingsMap
from textual.dom import DOMNode

ACT = "act('"
"""How what is bound to the actions of a screen begins."""


def hear(node: DOMNode, bindings: Iterable[Binding]) -> None:
    """Let `node` hear `bindings` beside those of its class, and before them; of its class's `act` it keeps none."""
    own = BindingsMap(bindings)
    kept = BindingsMap()
    for key, binding in node._bindings:  # noqa: SLF001 (Textual has no other way to bind keys for one screen)
        if not binding.action.startswith(ACT):
            kept.key_to_bindings.setdefault(key, []).append(binding)
    before = kept.key_to_bindings
    first = {key: [each for each in before.get(key, ()) if each.priority] for key in own.key_to_bindings}
    now = {key: [*first[key], *bindings] for key, bindings in own.key_to_bindings.items()}
    node._bindings = BindingsMap.from_keys({**before, **now})  # noqa: SLF001 (as above)
