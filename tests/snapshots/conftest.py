"""Snapshots are held to their goldens, or renew them: `pytest tests/snapshots --renew`."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--renew", action="store_true", help="Write the goldens of the snapshots anew.")
