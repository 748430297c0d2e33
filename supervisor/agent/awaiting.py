"""Acts on a module once user code has imported it, and imports nothing by itself."""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # typing itself would cost every worker 3 ms
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any

    Act = Callable[[ModuleType], None]

_awaited: dict[str, dict[str, Act]] = {}


def when_imported(name: str, act: Act, *, purpose: str = "") -> None:
    """Call `act` with the module `name`: now, if it is imported already, else right after its code has run.

    A later call for the same name and purpose takes the place of an earlier one that still waits. `act` must not raise.
    """
    module = sys.modules.get(name)
    if module is not None:
        act(module)
        return
    _awaited.setdefault(name, {})[purpose] = act
    if not any(isinstance(finder, ImportWatch) for finder in sys.meta_path):
        sys.meta_path.insert(0, ImportWatch())


class ImportWatch:
    """A meta path finder that lets others find what is awaited and acts once it has been executed."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """The spec of the next finder, with its loader's `exec_module` followed by what is awaited."""
        if name not in _awaited:
            return None
        for finder in sys.meta_path:
            find = getattr(finder, "find_spec", None)
            if finder is self or find is None:
                continue
            spec: ModuleSpec | None = find(name, path, target)
            if spec is not None:
                _follow(spec)
                return spec
        return None


def _follow(spec: ModuleSpec) -> None:
    loader: Any = spec.loader
    execute = getattr(loader, "exec_module", None)
    if execute is None:
        return

    def exec_module(module: ModuleType) -> None:
        execute(module)
        for act in _awaited.pop(spec.name, {}).values():
            act(module)

    try:
        loader.exec_module = exec_module
    except AttributeError:
        pass  # a loader that takes no attributes: nobody is told
