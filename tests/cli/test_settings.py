"""`procdeck settings` and `procdeck keys`: what applies, where it comes from, what is wrong; a file to begin with."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tui.actions import ACTIONS
from tui.cli.exits import ExitCode
from tui.hang_actions import HANG_ACTIONS
from tui.keymap import choose_keys
from tui.settings.kept import Kept, KeptView
from tui.settings.keys import FIXED
from tui.settings.listing import keys_page
from tui.settings.places import view_path
from tui.settings.reading import read_settings

KEYS_PAGE = Path(__file__).parents[2] / "docs" / "keys.md"


@pytest.fixture(autouse=True)
def _own_keys() -> Iterator[None]:
    """What a test chooses is its own."""
    yield
    choose_keys({})


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the settings file is, or would be."""
    monkeypatch.setenv("PROCDECK_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.delenv("PROCDECK_GLYPHS", raising=False)
    return tmp_path / "config" / "settings.toml"


def test_without_a_file_all_is_as_it_comes(command: Command, path: Path) -> None:
    """And it says how to get one."""
    done = command("settings")
    assert done.code == ExitCode.OK
    assert done.out.splitlines()[0] == f"{path} (not there: procdeck settings --init writes one)"
    assert done.out.count("as procdeck comes") == 5


def test_settings_and_mistakes_are_told_with_their_lines(command: Command, path: Path) -> None:
    """The exit code says that there are mistakes."""
    path.parent.mkdir()
    path.write_text('theme = "light"\nmouse = 2\n[keys]\nrestart = "f5"\n[themes.faint]\ndim = "#222222"\n')
    done = command("settings")
    assert done.code == ExitCode.PROFILE_INVALID
    assert re.search(r"theme +light +settings.toml:1\n", done.out)
    assert re.search(r"restart +f5 +settings.toml:4\n", done.out)
    assert "    dim on background is hard to read: a contrast of 1.2, and 4.5 is the least for text" in done.out
    assert done.out.splitlines()[-1] == 'settings.toml:2: "mouse" must be true or false'
    told = json.loads(command("settings", "--json").out)
    assert told["settings"]["theme"] == {"value": "light", "from": "settings.toml:1"}
    assert {"screen": "", "action": "restart", "keys": ["f5"], "from": "settings.toml:4"} in told["keys"]
    assert told["mistakes"] == ['settings.toml:2: "mouse" must be true or false']


def test_init_writes_a_file_that_changes_nothing(command: Command, path: Path) -> None:
    """Every action is in it; with every # taken away it still changes nothing. One that is there is left alone."""
    assert command("settings", "--init").code == ExitCode.OK
    assert read_settings(path, {}).keys == {}
    text = path.read_text()
    path.write_text(re.sub(r"^# (?=[a-z_-]+ = |\[)", "", text, flags=re.MULTILINE))
    settings = read_settings(path, {})
    assert settings.mistakes == ()
    own = {(action.group, action.id): action.own_keys for action in (*ACTIONS, *HANG_ACTIONS)}
    assert {each: keys for each, keys in settings.keys.items() if own[each] != keys} == {}
    assert set(own) - set(settings.keys) == {each for each in own if each[1] in FIXED}
    assert "mine" in settings.themes
    again = command("settings", "--init")
    assert again.code == ExitCode.USAGE
    assert "is there already" in again.err


def test_what_is_kept_of_a_project_can_be_forgotten(command: Command, path: Path) -> None:
    """One project at a time; a name that is none is refused."""
    del path
    KeptView(view_path("census")).keep(Kept(theme="light"))
    assert command("settings", "--forget", "census").out == "Forgotten how census looked.\n"
    assert command("settings", "--forget", "census").out == "Nothing is kept of how census looked.\n"
    assert command("settings", "--forget", "../x").code == ExitCode.USAGE
    assert command("settings", "--forget", "census", "--init").code == ExitCode.USAGE


def test_keys_are_listed_as_they_are_now(command: Command, path: Path) -> None:
    """All of them, with those that were chosen."""
    path.parent.mkdir()
    path.write_text('[keys]\nrestart = "f5"\nfollow = ""\n')
    done = command("keys")
    assert done.code == ExitCode.OK
    assert re.search(r"^  f5 +Restart +Stop it gracefully", done.out, re.MULTILINE)
    assert re.search(r"^  - +Follow", done.out, re.MULTILINE)
    rows = json.loads(command("keys", "--json").out)
    assert {"restart", "why", "release"} <= {row["action"] for row in rows}
    assert next(row for row in rows if row["action"] == "restart" and not row["screen"])["keys"] == ["f5"]


def test_the_page_of_keys_is_up_to_date() -> None:
    """`python -m tui.settings.listing > docs/keys.md` makes it anew."""
    assert KEYS_PAGE.read_text() == keys_page()


def test_the_example_in_the_docs_is_right() -> None:
    """What a person copies from the page has no mistakes."""
    page = (KEYS_PAGE.parent / "settings.md").read_text()
    blocks = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    assert blocks
    for block in blocks:
        tomllib.loads(block)
