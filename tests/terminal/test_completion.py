"""The shipped census, from the command to the banner that says where its result is."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.terminal.conftest import Open
from tests.terminal.deck import engine_of, row

pytestmark = pytest.mark.terminal

CENSUS = Path(__file__).parents[2] / "configs" / "census"
WORKERS = ("walk", "parse.1", "parse.2", "parse.3", "tally", "disk", "versions")


def small_census(place: Path, files: int) -> Path:
    """The shipped profile, on a library of `files` small files and a broken one."""
    folder = place / "census"
    shutil.copytree(CENSUS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    library = place / "library"
    library.mkdir()
    for number in range(files):
        (library / f"part_{number}.py").write_text(f'"""Part."""\n\ndef part_{number}():\n    return {number}\n')
    (library / "broken.py").write_text("def half(:\n")
    path = folder / "census.toml"
    text = path.read_text()
    assert '"@stdlib"' in text
    path.write_text(text.replace('"@stdlib"', json.dumps(str(library))))
    return path


def test_completed_run_says_so_and_where_its_result_is(place: Path, procdeck: Open) -> None:
    """Every worker is finished, the banner has the path, and the file there is the census."""
    terminal = procdeck(str(small_census(place, 30)))
    terminal.wait_text("Completed:", "7 finished", "census.json")
    lines = terminal.wait(
        lambda lines: lines if all((seen := row(lines, name)) and seen.state == "finished" for name in WORKERS) else [],
        "seven finished workers",
    )
    outcome = engine_of("census").fleet().outcome
    assert f"Completed: {outcome}" in _unfolded(lines)
    result = json.loads(Path(outcome.partition("Result: ")[2]).read_text())
    assert (result["complete"], result["files"], result["functions"]) == (True, 31, 30)
    assert result["failed"] == [str(place / "library" / "broken.py")]
    terminal.wait_text("SyntaxError")

    terminal.press("q")
    terminal.wait_text("No worker is running.")
    terminal.press("s")
    assert terminal.exit_code() == 0
    assert "Stopped all." in terminal.text()


def _unfolded(lines: list[str]) -> str:
    """The banner's lines as one."""
    return " ".join(line.strip() for line in lines[1:3])
