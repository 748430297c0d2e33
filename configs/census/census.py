"""The workers of census.toml, and the counting they do, which needs no procdeck: `list_modules`, `measure`, `fold`.

::

    walk ──paths──> parse (3 replicas) ──counts──> tally ──> census.json
"""

from __future__ import annotations

import ast
import json
import os
import time
import warnings
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from supervisor import Context, Queue

UNPARSABLE = (SyntaxError, ValueError, RecursionError, MemoryError, OSError)
"""What reading and parsing a file may raise. The standard library's own tests have files that are no good Python."""

_SKIPPED_DIRECTORIES = {"__pycache__", "site-packages", "dist-packages"}
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_DOCUMENTED = (ast.Module, ast.ClassDef, *_FUNCTIONS)


# -- what is counted ------------------------------------------------------------------------------------------------


def list_modules(root: str | Path) -> list[str]:
    """Every ``.py`` file below `root` in sorted order, third-party packages and caches left out."""
    found = []
    for directory, subdirectories, files in os.walk(root):
        subdirectories[:] = [name for name in subdirectories if name not in _SKIPPED_DIRECTORIES]
        found += [os.path.join(directory, name) for name in files if name.endswith(".py")]
    return sorted(found)


def measure(path: str | Path) -> dict[str, Any]:
    """What is in one file: a JSON-like dict with ``path``, ``lines``, ``functions``, ``classes``, ``docstrings``,
    ``imports`` (how many statements), ``imported`` (top-level package -> how often) and ``longest`` (name and lines of
    the longest function, or None).

    Raises:
        OSError, SyntaxError, ValueError, RecursionError, MemoryError: the file cannot be read or parsed.
    """
    content = Path(path).read_bytes()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the style of the files is not what is counted
        tree = ast.parse(content, filename=str(path))
    counts = Counter[str]()
    imported = Counter[str]()
    longest: dict[str, Any] | None = None
    for node in ast.walk(tree):
        if isinstance(node, _DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            counts["docstrings"] += 1
        if isinstance(node, _FUNCTIONS):
            counts["functions"] += 1
            longest = longer(longest, _extent(node, str(path)))
        elif isinstance(node, ast.ClassDef):
            counts["classes"] += 1
        elif isinstance(node, ast.Import | ast.ImportFrom):
            counts["imports"] += 1
            imported.update(_packages(node))
    return {
        "path": str(path),
        "lines": content.count(b"\n") + (not content.endswith(b"\n") and bool(content)),
        "functions": counts["functions"],
        "classes": counts["classes"],
        "docstrings": counts["docstrings"],
        "imports": counts["imports"],
        "imported": dict(imported),
        "longest": longest,
    }


@dataclass
class Totals:
    """The sum of many files. The same whatever the order they were added in."""

    files: int = 0
    failed: list[str] = field(default_factory=list)
    """Paths that could not be parsed."""
    lines: int = 0
    functions: int = 0
    classes: int = 0
    docstrings: int = 0
    imports: int = 0
    imported: Counter[str] = field(default_factory=Counter)
    longest: dict[str, Any] | None = None


def fold(totals: Totals, counts: dict[str, Any]) -> Totals:
    """Add what `measure` found in one file, or ``{"path": ..., "failed": True}``, to `totals`, and return it."""
    totals.files += 1
    if counts.get("failed"):
        totals.failed.append(counts["path"])
        return totals
    for key in ("lines", "functions", "classes", "docstrings", "imports"):
        setattr(totals, key, getattr(totals, key) + counts[key])
    totals.imported.update(counts["imported"])
    totals.longest = longer(totals.longest, counts["longest"])
    return totals


def report(totals: Totals, files_listed: int, seconds: float) -> dict[str, Any]:
    """The result: totals in a fixed order, with the twenty most imported packages."""
    popular = sorted(totals.imported.items(), key=lambda item: (-item[1], item[0]))[:20]
    return {
        "complete": totals.files == files_listed,
        "files_listed": files_listed,
        **vars(totals),
        "failed": sorted(totals.failed),
        "imported": dict(popular),
        "seconds": round(seconds, 3),
    }


def longer(one: dict[str, Any] | None, other: dict[str, Any] | None) -> dict[str, Any] | None:
    """The longer of two functions; of equals the one that comes first by path and line."""
    if one is None or other is None:
        return one or other
    return min(one, other, key=lambda extent: (-extent["lines"], extent["path"], extent["line"]))


def _extent(node: ast.FunctionDef | ast.AsyncFunctionDef, path: str) -> dict[str, Any]:
    last = node.end_lineno or node.lineno
    return {"name": node.name, "path": path, "line": node.lineno, "lines": last - node.lineno + 1}


def _packages(node: ast.Import | ast.ImportFrom) -> Iterable[str]:
    if isinstance(node, ast.Import):
        return [alias.name.partition(".")[0] for alias in node.names]
    return [node.module.partition(".")[0]] if node.module and not node.level else []


# -- the workers ----------------------------------------------------------------------------------------------------


def walk(root: str, out: Queue, ctx: Context) -> None:
    """Put every file below `root` into `out`."""
    paths = list_modules(root)
    ctx.log.info("%d files below %s", len(paths), root)
    for number, path in enumerate(paths, start=1):
        out.put(path)
        ctx.progress(number, len(paths))


def parse(inbox: Queue, out: Queue, ctx: Context) -> None:
    """Measure every file that arrives; one that cannot be parsed is logged, counted, and no reason to stop."""
    for done, path in enumerate(inbox, start=1):
        ctx.progress(done, text=os.path.basename(path))
        try:
            counts = measure(path)
        except UNPARSABLE:
            ctx.log.exception("cannot parse %s", path)
            counts = {"path": path, "failed": True}
        out.put(counts)


def tally(inbox: Queue, root: str, result: str, ctx: Context) -> None:
    """Add up all that arrives and, after the last of it, write the result."""
    started = time.monotonic()
    expected = len(list_modules(root))
    totals, seen = Totals(), set[str]()
    for counts in inbox:
        if counts["path"] in seen:  # a file whose worker was killed is counted by another, and may come twice
            continue
        seen.add(counts["path"])
        fold(totals, counts)
        ctx.progress(totals.files, expected)
    write_result(Path(result), report(totals, expected, time.monotonic() - started))
    print(
        f"{totals.files} files, {totals.lines} lines, {totals.functions} functions, {len(totals.failed)} not parsable"
    )
    ctx.log.info("the result is in %s", result)
    if totals.files != expected:
        ctx.log.warning("only %d of %d files were counted", totals.files, expected)


def write_result(path: Path, result: dict[str, Any]) -> None:
    """Write JSON so that a reader sees all of it or none."""
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    unfinished.replace(path)
