"""The census counts what is there: checked against a second count that shares no code with it."""

from __future__ import annotations

import json
import logging
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from . import independent_count
from .conftest import CONFIGS

STDLIB = Path(sysconfig.get_path("stdlib"))
Shipped = Callable[[str], ModuleType]


class PlainQueue(list[Any]):
    """A queue whose writers have all completed: as much of the interface as the workers use."""

    put = list.append

    def __iter__(self) -> Iterator[Any]:
        while self:
            yield self.pop(0)


@pytest.fixture
def census(shipped: Shipped) -> ModuleType:
    return shipped("census/census.py")


@pytest.fixture
def ctx() -> SimpleNamespace:
    return SimpleNamespace(log=logging.getLogger("census"), progress=lambda done, total=0, text="": None)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A part of the standard library, with files that are no Python among it."""
    root = tmp_path / "library"
    for package in ("json", "asyncio", "importlib"):
        shutil.copytree(STDLIB / package, root / package)
    (root / "bad").mkdir()
    (root / "bad" / "old.py").write_text("print 'no longer'\n")
    (root / "bad" / "null.py").write_bytes(b"x = '\0'\n")
    (root / "bad" / "latin.py").write_bytes(b"x = '\xe9'\n")
    (root / "site-packages").mkdir()
    (root / "site-packages" / "foreign.py").write_text("def f(): pass\n")
    return root


def test_the_workers_together_count_what_an_independent_count_counts(
    census: ModuleType, ctx: SimpleNamespace, tree: Path, tmp_path: Path
) -> None:
    """walk, parse and tally in one process give the same totals as counting tokens."""
    paths, counts = PlainQueue(), PlainQueue()
    census.walk(str(tree), paths, ctx)
    census.parse(paths, counts, ctx)
    counts.append(counts[0])  # an item that came twice is counted once
    census.tally(counts, str(tree), str(tmp_path / "output" / "census.json"), ctx)
    actual = json.loads((tmp_path / "output" / "census.json").read_text())
    expected = vars(independent_count.take(tree))
    assert {key: actual[key] for key in expected} == expected
    assert (actual["complete"], actual["functions"] > 500) == (True, True)


def test_a_file_that_cannot_be_parsed_is_logged_with_its_traceback(
    census: ModuleType, ctx: SimpleNamespace, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is counted as failed and the next file is read."""
    (tmp_path / "bad.py").write_text("def\n")
    (tmp_path / "good.py").write_text("def f(): pass\n")
    paths, counts = PlainQueue(str(tmp_path / name) for name in ("bad.py", "absent.py", "good.py")), PlainQueue()
    census.parse(paths, counts, ctx)
    assert [record.exc_info is not None for record in caplog.records] == [True, True]
    assert [(item.get("failed", False), item.get("functions")) for item in counts] == [
        (True, None),
        (True, None),
        (False, 1),
    ]


def test_one_file_is_measured(census: ModuleType, tmp_path: Path) -> None:
    """Every number of a file small enough to count by hand."""
    path = tmp_path / "small.py"
    path.write_text(
        '"""Doc."""\nimport os.path, sys\nfrom json import loads as l\nfrom . import x\n'
        'class A:\n    def f(self):\n        "doc"\n        async def g():\n            pass\n        return g\n# end'
    )
    assert census.measure(path) == {
        "path": str(path),
        "lines": 11,
        "functions": 2,
        "classes": 1,
        "docstrings": 2,
        "imports": 3,
        "imported": {"os": 1, "sys": 1, "json": 1},
        "longest": {"name": "f", "path": str(path), "line": 6, "lines": 5},
    }


def test_the_order_of_files_does_not_matter(census: ModuleType, tree: Path) -> None:
    """Three replicas finish in any order; the totals are the same, ties of the longest function included."""
    counts = [census.measure(path) for path in census.list_modules(tree / "json")]
    counts += [{**count, "path": f"{count['path']}2"} for count in counts]
    forward, backward = census.Totals(), census.Totals()
    for count in counts:
        census.fold(forward, count)
    for count in reversed(counts):
        census.fold(backward, count)
    assert census.report(forward, 10, 0.5) == census.report(backward, 10, 0.5)


def test_a_census_that_missed_files_says_so(
    census: ModuleType, ctx: SimpleNamespace, tree: Path, tmp_path: Path
) -> None:
    """A tally that was started late must not look like a whole one."""
    census.tally(PlainQueue(), str(tree), str(tmp_path / "census.json"), ctx)
    assert json.loads((tmp_path / "census.json").read_text())["complete"] is False


def test_the_versions_script_prints_facts() -> None:
    """It runs by hand as it does under procdeck."""
    script = CONFIGS / "census" / "versions.py"
    done = subprocess.run([sys.executable, str(script), "--long"], capture_output=True, text=True, check=True)
    assert (len(done.stdout.splitlines()), done.stderr) == (4, "")
