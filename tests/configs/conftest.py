"""The shipped worker code, imported as a worker would find it: beside its profile, without procdeck."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

CONFIGS = Path(__file__).parents[2] / "configs"


@pytest.fixture
def shipped() -> Iterator[Callable[[str], ModuleType]]:
    """Imports ``census/census.py`` and the like, and forgets it afterwards."""
    imported: list[str] = []

    def import_shipped(path: str) -> ModuleType:
        name = Path(path).stem
        spec = importlib.util.spec_from_file_location(name, CONFIGS / path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module  # dataclasses look their module up
        imported.append(name)
        spec.loader.exec_module(module)
        return module

    yield import_shipped
    for name in imported:
        sys.modules.pop(name, None)
