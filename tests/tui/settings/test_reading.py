"""The settings file: each mistake is told with its line and costs nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tui.actions import BY_ID
from tui.keymap import key_name
from tui.settings.model import Settings
from tui.settings.palettes import DARK, LIGHT
from tui.settings.reading import LARGEST_BYTES, MOST_MISTAKES, read_settings


def read(folder: Path, text: str) -> Settings:
    path = folder / "settings.toml"
    path.write_text(text)
    return read_settings(path, {})


def keys_of(settings: Settings, action_id: str) -> tuple[str, ...] | None:
    return settings.keys.get((BY_ID[action_id].group, action_id))


def test_no_file_is_no_mistake(tmp_path: Path) -> None:
    """Nothing is required."""
    assert read_settings(tmp_path / "settings.toml", {}) == Settings()


def test_everything_applies(tmp_path: Path) -> None:
    """Options, keys and a theme of one's own, with where each was made."""
    settings = read(
        tmp_path,
        'theme = "mine"\nglyphs = "ascii"\nmotion = "reduced"\nmouse = false\nbell = true\n'
        '[keys]\nrestart = "f5"\nkill = ["ctrl+k", "f9"]\nfollow = ""\n'
        '[themes.mine]\nbase = "light"\naccent = "#F80"\ncursor-blurred = "#eeeeee"\n',
    )
    assert settings.mistakes == ()
    assert (settings.theme, settings.glyphs, settings.motion) == ("mine", "ascii", "reduced")
    assert (settings.mouse, settings.bell) == (False, True)
    assert keys_of(settings, "restart") == ("f5",)
    assert keys_of(settings, "kill") == ("ctrl+k", "f9")
    assert keys_of(settings, "follow") == ()
    mine = settings.themes["mine"]
    assert (mine.accent, mine.cursor_blurred, mine.text, mine.is_dark) == ("#ff8800", "#eeeeee", LIGHT.text, False)
    assert settings.origin("theme") == "settings.toml:1"
    assert settings.origin("themes.mine") == "settings.toml:10"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('theme = "lihgt"', 'settings.toml:1: unknown theme "lihgt"; did you mean "light"?'),
        ("theme = 3", 'settings.toml:1: "theme" must be the name of a theme in quotes, such as "dark"'),
        ('\nglyphs = "fancy"', 'settings.toml:2: "glyphs" must be "auto", "unicode" or "ascii"'),
        ("mouse = 1", 'settings.toml:1: "mouse" must be true or false'),
        ('themee = "dark"', 'settings.toml:1: unknown setting "themee"; did you mean "theme"?'),
        ("keys = 1", 'settings.toml:1: "keys" must be a table: [keys], then lines such as restart = "f5"'),
        ('[keys]\nretsart = "x"', 'settings.toml:2: unknown action "retsart" in [keys]; did you mean "restart"?'),
        ('[keys]\nback = "x"', 'settings.toml:2: "back" keeps its key: esc leads back from everywhere'),
        ('[keys]\nfilter = "j"', ('settings.toml:2: "j" cannot be the key of "filter": it moves one line down in every '
         "pane")),
        ('[keys]\nfilter = "esc"', ('settings.toml:2: "esc" cannot be the key of "filter": esc leads back from '
         "everywhere")),
        ("[keys]\nfilter = 3", ('settings.toml:2: "filter" must be a key or a list of at most 8 keys: filter = "f5", '
         'or filter = ["f5", "ctrl+y"], or filter = "" for none')),
        ('[keys]\nrestart = "s"', ('settings.toml:2: key "s" is given to "restart" and to "stop"; it comes with '
         '"stop": give that another key as well, or "" for none')),
        ('[keys]\nstop = "f5"\nhelp = "f5"', ('settings.toml:3: key "f5" is given to "help" and to "stop"; a key can '
         "mean one thing only, so the second one stays as it comes")),
        ('[keys.screens.wy]\nx = "y"', 'settings.toml:1: unknown screen "wy" in [keys.screens]; did you mean "why"?'),
        ('[keys.screens.why]\nrelease = "K"', ('settings.toml:2: key "K" is given to "release" and to "kill"; it comes '
         'with "kill": give that another key as well, or "" for none')),
        ('[themes.mine]\naccent = "red"', 'settings.toml:2: "accent" must be a colour such as "#59c2d9" or "#5cd"'),
        ('[themes.mine]\nacent = "#fff"', ('settings.toml:2: unknown colour "acent" in [themes.mine]; did you mean '
         '"accent"?')),
        ('[themes.mine]\nbase = "ligth"', ("settings.toml:2: [themes.mine] can be based on a theme that comes with "
         'procdeck only; did you mean "light"?')),
        ("[themes.dark]", 'settings.toml:1: "dark" comes with procdeck; give yours another name, and base = "dark"'),
        ("[themes]\nmine = 3", 'settings.toml:2: [themes.mine] must be a table: base = "dark", accent = "#59c2d9"'),
    ],
)  # fmt: skip
def test_a_mistake_says_where_and_what_to_do(tmp_path: Path, text: str, told: str) -> None:
    """One sentence with file and line."""
    assert read(tmp_path, text).mistakes == (told,)


def test_a_mistake_costs_only_what_it_is_about(tmp_path: Path) -> None:
    """The rest applies."""
    settings = read(
        tmp_path,
        'theme = "light"\nmouse = 3\n[keys]\nrestart = "f5"\nstop = "ctrl+i"\n[themes.m]\ngood = "x"\ndim = "#abc"',
    )
    assert len(settings.mistakes) == 3
    assert (settings.theme, settings.mouse) == ("light", True)
    assert keys_of(settings, "restart") == ("f5",)
    assert keys_of(settings, "stop") is None
    assert (settings.themes["m"].good, settings.themes["m"].dim) == (DARK.good, "#aabbcc")


def test_keys_can_be_swapped(tmp_path: Path) -> None:
    """What counts is who has which key in the end."""
    settings = read(tmp_path, '[keys]\nrestart = "s"\nstop = "r"')
    assert settings.mistakes == ()
    assert (keys_of(settings, "restart"), keys_of(settings, "stop")) == (("s",), ("r",))


def test_a_key_that_is_shared_by_place_may_stay_shared(tmp_path: Path) -> None:
    """+ is of a worker where workers are shown, of a pool where pools are; so may another key be."""
    settings = read(tmp_path, '[keys]\nmore = "f6"\npool_more = "f6"\npause = "f7"\nresume = "f7"')
    assert settings.mistakes == ()


def test_the_screens_over_the_first_one_follow_it(tmp_path: Path) -> None:
    """Restart is r on both; what is said of one screen is for it alone."""
    settings = read(tmp_path, '[keys]\nrestart = "f5"\nkill = "f6"\n[keys.screens.why]\nkill = "f7"')
    by_action = {(group, action): keys for (group, action), keys in settings.keys.items()}
    why = next(group for group, action in by_action if group.startswith("Why") and action == "restart")
    assert by_action[(why, "restart")] == ("f5",)
    assert by_action[(why, "kill")] == ("f7",)
    assert settings.origin(f"keys.{why}.restart") == "settings.toml:2"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"theme = \n", "settings.toml:1: not valid TOML"),
        (b'theme = "dark"\ntheme = "light"\n', "settings.toml:2: a key is written twice"),
        (b"\xff\xfe", "settings.toml: is not UTF-8 text; save it as UTF-8"),
        (b"#" * (LARGEST_BYTES + 1), "settings.toml: has more than 256 KiB"),
    ],
)
def test_what_is_no_settings_file_at_all_leaves_everything_as_it_comes(
    tmp_path: Path, content: bytes, told: str
) -> None:
    """The dashboard opens whatever is in it."""
    path = tmp_path / "settings.toml"
    path.write_bytes(content)
    settings = read_settings(path, {})
    assert settings.mistakes[0].startswith(told)
    assert settings == Settings(mistakes=settings.mistakes)


def test_what_is_no_file_is_not_read(tmp_path: Path) -> None:
    """A named pipe would wait for ever, a directory fails."""
    (tmp_path / "settings.toml").mkdir()
    assert "is not a regular file" in read_settings(tmp_path / "settings.toml", {}).mistakes[0]
    os.mkfifo(tmp_path / "pipe.toml")
    assert "is not a regular file" in read_settings(tmp_path / "pipe.toml", {}).mistakes[0]


def test_many_mistakes_are_not_all_told(tmp_path: Path) -> None:
    """The list has an end."""
    settings = read(tmp_path, "\n".join(f"x{number} = 1" for number in range(MOST_MISTAKES + 7)))
    assert len(settings.mistakes) == MOST_MISTAKES + 1
    assert settings.mistakes[-1] == "and 7 more"


def test_the_environment_stands_above_the_file(tmp_path: Path) -> None:
    """PROCDECK_GLYPHS is said nearer to the terminal."""
    path = tmp_path / "settings.toml"
    path.write_text('glyphs = "unicode"')
    settings = read_settings(path, {"PROCDECK_GLYPHS": "ascii"})
    assert (settings.glyphs, settings.origin("glyphs")) == ("ascii", "PROCDECK_GLYPHS")


def test_what_keys_are_called_is_what_is_written(tmp_path: Path) -> None:
    """The names of the help are understood."""
    settings = read(tmp_path, '[keys]\nzoom = "pgup"\ndetail = "~"')
    assert [key_name(key) for key in keys_of(settings, "detail") or ()] == ["~"]
    assert settings.mistakes == (('settings.toml:2: "pgup" cannot be the key of "zoom": it moves one page up in every '
                                 "pane"),)  # fmt: skip
