"""The profile's file beside what the engine read: marks, mistakes at their lines, no secret."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from supervisor.masking import MASK
from supervisor.paths import loaded_profile_path
from tui.profile_file import FileLine, ProfileReader, compared, masked_lines

BEFORE = 'name = "p"\n[workers.a]\ncommand = "sleep 1"\nenv = { API_TOKEN = "first-secret" }\n[queues.q]\n'


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    """A profile that an engine has read, and its copy."""
    path = tmp_path / "procdeck.toml"
    path.write_text(BEFORE)
    loaded_profile_path(tmp_path).write_text(BEFORE)
    return path


def marked(reader: ProfileReader) -> list[tuple[int | None, str, str]]:
    return [(line.number, line.mark, line.text) for line in reader.read().lines if line.mark]


def test_what_has_changed_since_is_marked(profile: Path) -> None:
    """A secret that has changed is a change, and neither one is shown."""
    reader = ProfileReader(profile, profile.parent)
    assert (marked(reader), reader.read().is_changed, reader.read().is_compared) == ([], False, True)
    assert reader.read() is reader.read()
    profile.write_text(BEFORE.replace("first", "other").replace("[queues.q]\n", "[queues.q]\nmaxsize = 3\n"))
    assert marked(reader) == [
        (None, "-", f'env = {{ API_TOKEN = "{MASK}" }}'),
        (4, "+", f'env = {{ API_TOKEN = "{MASK}" }}'),
        (6, "+", "maxsize = 3"),
    ]


def test_mistakes_stand_at_their_lines(profile: Path) -> None:
    """All of them, without file and line in their words."""
    profile.write_text(BEFORE.replace("command", "comand"))
    file = ProfileReader(profile, profile.parent).read()
    assert file.mistakes == sum(len(line.mistakes) for line in file.lines) >= 1
    wrong = next(line for line in file.lines if line.number == 3)
    assert "comand" in wrong.mistakes[0]
    assert not wrong.mistakes[0].startswith("/")
    profile.write_text("name = \n")
    assert ProfileReader(profile, None).read().lines[0].mistakes[0].startswith("not valid TOML")


def test_a_file_that_is_gone_is_shown_as_the_engine_read_it(profile: Path) -> None:
    """And it is said; without a copy only that is said."""
    profile.unlink()
    file = ProfileReader(profile, profile.parent).read()
    assert "is gone" in file.trouble
    assert [line.number for line in file.lines] == [None] * 5
    assert "first-secret" not in str(file)
    assert ProfileReader(profile, None).read().lines == ()
    profile.mkdir()
    assert "is no file" in ProfileReader(profile, None).read().trouble


def test_each_line_knows_what_it_declares(profile: Path) -> None:
    """From its heading to the next one; before the first there is nothing."""
    file = ProfileReader(profile, None).read()
    names = [(each.kind, each.name) if (each := file.declared_at(number)) else None for number in range(1, 6)]
    assert names == [None, *[("workers", "a")] * 3, ("queues", "q")]
    shared = profile.with_name("pyproject.toml")
    shared.write_text("[project]\nname = 'x'\n[tool.procdeck.pools.p]\nfunction = 'm:f'\n")
    declared = ProfileReader(shared, None).read().declared_at(4)
    assert declared is not None
    assert (declared.kind, declared.name) == ("pools", "p")


def test_masked_text_has_as_many_lines_as_before() -> None:
    """Also where a mask joins lines: numbers have to be those of the file."""
    text = 'a = 1\nAPI_TOKEN = """\nsecret-one\nsecret-two\n"""\nb = 2\n'
    masked = masked_lines(text)
    assert (len(masked), masked[0], masked[5]) == (6, "a = 1", "b = 2")
    assert "secret" not in "\n".join(masked)


def test_other_ends_of_lines_are_no_lines() -> None:
    """TOML knows two; Python knows more."""
    assert compared(None, "a = 1\r\n# one\x0ctwo\n") == [FileLine(1, "a = 1"), FileLine(2, "# one\x0ctwo")]


def _long(commands: list[int]) -> str:
    return "".join(
        f'[workers.w{number}]\ncommand = "sleep {seconds}"\nrestart = "never"\n\n'
        for number, seconds in enumerate(commands)
    )


def test_a_long_file_has_marks_where_it_was_changed() -> None:
    """Thousands of lines that are much the same: what was changed far apart is marked, and nothing else."""
    before = [1] * 1000
    after = [*before]
    after[3], after[990] = 2, 3
    lines = compared(_long(before), _long(after))
    assert [(line.number, line.text) for line in lines if line.mark] == [
        (None, 'command = "sleep 1"'),
        (14, 'command = "sleep 2"'),
        (None, 'command = "sleep 1"'),
        (3962, 'command = "sleep 3"'),
    ]
    assert [line.number for line in lines if line.mark != "-"] == [*range(1, 4001)]


@pytest.mark.parametrize("seed", range(20))
def test_what_is_equal_and_what_has_changed_make_up_both_files(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """However the lines were moved about, taken away and added."""
    monkeypatch.setattr("tui.profile_file.LONG_LINES", 0)
    chance = Random(seed)
    before = [f"# {chance.randrange(20)}" for _ in range(30)]
    after = [line for line in before if chance.random() < 0.8] + ["# 99"]
    if seed % 2:
        chance.shuffle(after)
    lines = compared("\n".join(before), "\n".join(after))
    assert [line.text for line in lines if line.mark != "+"] == before
    assert [line.text for line in lines if line.mark != "-"] == after
    assert [line.number for line in lines if line.mark != "-"] == [*range(1, len(after) + 1)]
