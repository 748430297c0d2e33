"""All keys of the dashboard as they are now, for the command line and for the docs page: one row for each action."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final

from tui.actions import ACTIONS, MOVES, Action
from tui.hang_actions import SCREEN_ACTIONS, title_of
from tui.keymap import key_name

MOVING: Final = "Moving, in every pane"
KEY_CELLS: Final = 14
PAGE_HEAD: Final = """# Keys

Every key as it comes. `procdeck keys` lists them as they are with your settings, `?` in the dashboard shows those that
work where you are, and [settings](settings.md) tells how to choose others: the words in the last column are the names
that the settings file has for them. This page is made from the program's own table of actions.
"""


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One action and its keys."""

    screen: str
    """As the settings call it; empty for the first screen."""
    group: str
    action: str
    """Its name in the settings; empty where its keys cannot be chosen."""
    keys: tuple[str, ...]
    label: str
    help: str

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def actions_by_screen() -> dict[str, tuple[Action, ...]]:
    """All actions by the name that the settings have for their screen; empty for the first one."""
    return {"": ACTIONS, **SCREEN_ACTIONS}


def key_rows() -> Iterator[KeyRow]:
    """A row for each action, in the order of the help; then the keys that move."""
    for screen, actions in actions_by_screen().items():
        for action in sorted(actions, key=_order_of_groups(actions)):
            keys = tuple(map(key_name, action.keys))
            yield KeyRow(screen, title_of(action.group), action.id, keys, action.label, action.help)
    for keys_text, _, meaning in MOVES:
        keys = tuple(map(key_name, keys_text.split(",")))
        yield KeyRow("", MOVING, "", keys, "", f"{meaning.capitalize()}.")


def _order_of_groups(actions: tuple[Action, ...]) -> Any:
    groups = list(dict.fromkeys(action.group for action in actions))
    return lambda action: groups.index(action.group)


def keys_text() -> str:
    """What `procdeck keys` prints."""
    lines: list[str] = []
    group = None
    for row in key_rows():
        if row.group != group:
            lines += ["", row.group] if lines else [row.group]
            group = row.group
        lines.append(f"  {' '.join(row.keys) or '-':<{KEY_CELLS}} {row.label:<14} {row.help}".rstrip())
    return "\n".join(lines)


def keys_page() -> str:
    """``docs/keys.md``."""
    lines = [PAGE_HEAD]
    group = None
    for row in key_rows():
        if row.group != group:
            where = f" `[keys.screens.{row.screen}]`" if row.screen else ""
            lines.append(f"\n## {row.group}\n\n| key | what it does | in the settings{where} |\n| --- | --- | --- |")
            group = row.group
        keys = " ".join(f"`` {key} ``" if "`" in key else f"`{key}`" for key in row.keys).replace("|", "\\|")
        name = f"`{row.action}`" if row.action else ""
        lines.append(f"| {keys} | {row.help.replace('|', chr(92) + '|')} | {name} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(keys_page(), end="")  # noqa: T201 (it writes the page)
