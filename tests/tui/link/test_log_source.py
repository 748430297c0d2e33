"""The log pane's lines: all, one worker's, or what a filter finds, while the store grows."""

from __future__ import annotations

from pathlib import Path

from tests.tui.fakes import store, stored_line
from tui.link.log_source import LogSource


def _read(source: LogSource) -> list[bytes]:
    while source.advance(0.05) or source.is_scanning:
        pass
    return source.lines(0, source.line_count)


def test_lines_of_a_growing_store(tmp_path: Path) -> None:
    """What is appended is there after the next look; a folder that does not exist is an empty store."""
    source = LogSource()
    assert source.open(str(tmp_path / "logs")) is True
    assert source.open(str(tmp_path / "logs")) is False
    assert _read(source) == []
    lines = [stored_line(f"message {number}") for number in range(3)]
    store(tmp_path / "logs", lines[:2])
    assert _read(source) == lines[:2]
    store(tmp_path / "logs", lines[2:])
    assert _read(source) == lines
    source.close()


def test_a_filter_and_a_worker_narrow_together(tmp_path: Path) -> None:
    """Only lines of that worker, and of those only what is found; both go again."""
    lines = [stored_line(f"{word} by {name}", worker=name) for word in ("alpha", "beta") for name in ("walk", "tally")]
    store(tmp_path, lines)
    source = LogSource()
    source.open(str(tmp_path))
    source.narrow("alpha", "")
    assert _read(source) == lines[:2]
    source.narrow("alpha", "tally")
    assert _read(source) == [lines[1]]
    assert (source.total_count, source.is_narrowed) == (4, True)
    source.narrow("!alpha", "")
    assert _read(source) == lines[2:]
    source.narrow("", "")
    assert _read(source) == lines
    source.close()


def test_a_broken_pattern_says_so_and_hides_nothing(tmp_path: Path) -> None:
    """While a regular expression is half typed, the log stays."""
    store(tmp_path, [stored_line("one")])
    source = LogSource()
    source.open(str(tmp_path))
    source.narrow("re:(", "")
    assert len(_read(source)) == 1
    assert "not a regular expression" in source.trouble
    source.narrow("re:(one)", "")
    assert (len(_read(source)), source.trouble) == (1, "")
    source.close()


def test_a_line_keeps_its_number_while_older_matches_are_found(tmp_path: Path) -> None:
    """A person who reads a match is not moved away from it by what is found above."""
    store(tmp_path, [stored_line(f"match {number}" if number % 2 else "other") for number in range(4000)])
    source = LogSource()
    source.open(str(tmp_path))
    _read(source)
    source.narrow("match", "")
    source.advance(0.0)
    newest = source.number(source.line_count - 1)
    early = source.index(newest)
    _read(source)
    assert newest == 3999
    assert source.index(newest) == 1999 > early
    source.close()


def test_a_pattern_that_takes_for_ever_is_given_up(tmp_path: Path) -> None:
    """It hides nothing, and says why; what is searched for next is found."""
    store(tmp_path, [stored_line("a" * 60 + "!"), stored_line("needle")])
    source = LogSource()
    source.open(str(tmp_path))
    _read(source)
    source.narrow("re:(a+)+$", "")
    source.seek("re:(a+)+$")
    _read(source)
    assert source.line_count == 2
    assert "takes for ever" in source.trouble
    assert "takes for ever" in source.search_trouble
    source.narrow("needle", "")
    source.seek("")
    assert len(_read(source)) == 1
    assert source.trouble == ""
    source.close()
