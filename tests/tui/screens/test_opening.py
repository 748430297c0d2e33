"""The table of screens: every name leads to a screen, and none is imported before it is wanted."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from typing import get_args

from textual.screen import Screen

from tui.screens.opening import OF_ALL, SCREENS
from tui.situation import ScreenName


def test_every_name_leads_to_a_screen() -> None:
    """Of each there is a class, in the module that the table says; those about nobody are among them."""
    assert set(SCREENS) == set(get_args(ScreenName))
    kinds = [
        getattr(import_module(module), kind) for module, _, kind in (where.partition(":") for where in SCREENS.values())
    ]
    assert (all(issubclass(kind, Screen) for kind in kinds), set(SCREENS) > OF_ALL) == (True, True)


def test_the_dashboard_begins_without_them() -> None:
    """What no first paint shows is not imported for it."""
    modules = sorted({where.partition(":")[0] for where in SCREENS.values()})
    code = f"import sys, tui.dashboard; print([name for name in {modules!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=100)
    assert done.stdout.strip() == "[]"
