"""`procdeck settings` and `procdeck keys`: what a person has chosen, what is wrong with it, every key as it is now."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

from tui.cli.exits import ExitCode, UsageError
from tui.cli.telling import narrate, one_line, tell, tell_block, tell_json
from tui.settings.palettes import SHIPPED, faint_contrasts
from tui.settings.places import settings_path, view_path
from tui.settings.reading import OPTIONS, read_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.settings.model import Settings

_NONE: Final = "none"


def show_settings(*, as_json: bool) -> ExitCode:
    """Print what applies, and every mistake; with mistakes the exit code says so."""
    path = settings_path()
    settings = read_settings(path)
    if as_json:
        tell_json({"file": str(path), "exists": path.exists(), **_plain(settings)})
    else:
        tell(f"{path}{'' if path.exists() else ' (not there: procdeck settings --init writes one)'}")
        for line in (*_option_lines(settings), *_key_lines(settings), *_theme_lines(settings)):
            tell(one_line(line))
        for mistake in settings.mistakes:
            tell(one_line(mistake))
    return ExitCode.PROFILE_INVALID if settings.mistakes else ExitCode.OK


def _plain(settings: Settings) -> dict[str, Any]:
    return {
        "settings": {
            name: {"value": getattr(settings, name), "from": settings.origin(name)} for name in OPTIONS
        },
        "keys": [
            {"screen": screen, "action": action, "keys": list(keys), "from": origin}
            for screen, action, keys, origin in _own_keys(settings)
        ],
        "themes": [
            {
                "name": name,
                "from": settings.origin(f"themes.{name}"),
                "about": theme.about,
                "faint": [{"tone": tone, "ground": ground, "contrast": round(ratio, 2)}
                          for tone, ground, ratio in faint_contrasts(theme)],
            }
            for name, theme in settings.themes.items()
        ],
        "mistakes": list(settings.mistakes),
    }  # fmt: skip


def _option_lines(settings: Settings) -> Iterator[str]:
    for name in OPTIONS:
        value = getattr(settings, name)
        shown = str(value).lower() if isinstance(value, bool) else value
        yield f"  {name:<10} {shown:<26} {settings.origin(name)}"


def _key_lines(settings: Settings) -> Iterator[str]:
    for screen, action, keys, origin in _own_keys(settings):
        where = f" ({screen})" if screen else ""
        yield f"  {f'{action}{where}':<26} {' '.join(keys) or _NONE:<10} {origin}"


def _theme_lines(settings: Settings) -> Iterator[str]:
    """The person's own themes, and what can hardly be read in them."""
    for name, theme in settings.themes.items():
        if name in SHIPPED:
            continue
        yield f"  theme {name}: {theme.about}   {settings.origin(f'themes.{name}')}"
        for tone, ground, ratio in faint_contrasts(theme):
            yield f"    {tone} on {ground} is hard to read: a contrast of {ratio:.1f}, and 4.5 is the least for text"


def _own_keys(settings: Settings) -> Iterator[tuple[str, str, tuple[str, ...], str]]:
    """Screen, action, keys and where they were chosen, of each action that has other keys than it comes with."""
    if not settings.keys:
        return
    from tui.keymap import key_name
    from tui.settings.listing import actions_by_screen

    for screen, actions in actions_by_screen().items():
        for action in actions:
            keys = settings.keys.get((action.group, action.id))
            if keys is not None:
                origin = settings.origin(f"keys.{action.group}.{action.id}")
                yield screen, action.id, tuple(map(key_name, keys)), origin


def show_keys(*, as_json: bool) -> ExitCode:
    """Print every key, by screen and group."""
    from tui.keymap import choose_keys
    from tui.settings.listing import key_rows, keys_text

    settings = read_settings(settings_path())
    choose_keys(settings.keys)
    if as_json:
        tell_json([row.plain() for row in key_rows()])
    else:
        tell_block(keys_text() + "\n")
    for mistake in settings.mistakes:
        narrate(one_line(mistake))
    return ExitCode.PROFILE_INVALID if settings.mistakes else ExitCode.OK


def write_first() -> ExitCode:
    """Write a settings file in which everything is there, and nothing is chosen; one that is there is left alone."""
    from tui.settings.template import settings_template

    path = settings_path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(settings_template())
    except FileExistsError:
        raise UsageError(f"{path} is there already; edit it, or move it away first") from None
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}") from None
    tell(f"Wrote {path}: everything in it is a comment; what you take the # away from applies.")
    return ExitCode.OK


def forget(project: str) -> ExitCode:
    """Let the project's next dashboard look as if it were the first one."""
    from tui.settings.kept import forget as remove

    path = view_path(project)
    try:
        is_gone = remove(path)
    except OSError as error:
        raise UsageError(f"cannot remove {path}: {error.strerror or error}") from None
    tell(f"Forgotten how {project} looked." if is_gone else f"Nothing is kept of how {project} looked.")
    return ExitCode.OK
