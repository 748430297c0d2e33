"""What leaves this machine in a report, without what looks like a secret: profiles, JSON, log lines. Best effort.

::

    names and forms   supervisor.masking
    values            of env, env_file and args of the profile, and of this process's environment, wherever they turn up
"""

from __future__ import annotations

import functools
import json
import os
import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from supervisor import masking
from supervisor.errors import ProfileError
from supervisor.masking import MASK, is_secret_name, mask_text, mask_words

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST_TEXT: Final = 64 * 1024
"""Characters of one text of a log record."""

_TEXT: Final = r"""\"{3}.*?\"{3}|'{3}.*?'{3}|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'"""
_WORDS: Final = rf"\[(?:\s|,|#[^\n]*\n|{_TEXT})*\]"
_ASSIGNED: Final = re.compile(
    rf"""(?P<head>(?P<name>"[^"\n]*"|'[^'\n]*'|[\w.-]+)[ \t]*[=:][ \t]*)(?P<value>{_TEXT}|{_WORDS}|[^\s,\]}}#]+)""",
    re.DOTALL,
)
_LIST: Final = re.compile(_WORDS, re.DOTALL)
_TABLE: Final = re.compile(r"^[ \t]*\[[\w.]+\.([\w-]+)\]", re.MULTILINE)
_is_secret: Final = functools.lru_cache(maxsize=1000)(is_secret_name)
_HARMLESS: Final = frozenset({"time", "level", "stream"})
"""The keys of a log record that no worker writes."""
_ITEM: Final = re.compile(_TEXT, re.DOTALL)


def remember_secrets(profile: Path | None) -> None:
    """From now on hide the values that are secret by their names, here and in `profile`, and all of its env_file."""
    masking.remember(os.environ)
    if profile is None:
        return
    try:
        _, hidden = _masked(profile.read_text("utf-8", "backslashreplace"))
    except OSError:
        return
    _remember(hidden)
    for file in _env_files(profile):
        from supervisor.profile.env_files import read_env_files

        with suppress(ProfileError):
            masking.remember(read_env_files([file]), all_are_secret=True)


def _env_files(profile: Path) -> list[Path]:
    """The files of variables that a profile names; none where it cannot be read, which the engine could not either."""
    from supervisor.profile.loading import load_profile

    try:
        workers = load_profile(profile).workers.values()
    except ProfileError:
        return []
    for worker in workers:
        masking.remember(worker.env)
    return [profile.parent / Path(file).expanduser() for worker in workers for file in worker.env_file]


def _remember(values: Iterable[str]) -> None:
    for value in values:
        masking.remember({"SECRET": value})


def mask_profile(text: str) -> str:
    """The text of a profile with the values of secret-looking keys and options hidden, comments included."""
    return _masked(text)[0]


def _masked(text: str) -> tuple[str, list[str]]:
    """The text as it may be shown, and the values that were hidden in it."""
    hidden: list[str] = []
    named = {*_TABLE.findall(text)}  # a queue that is called tokens is no secret

    def hide_assigned(found: re.Match[str]) -> str:
        """``API_TOKEN = "abc"``, ``env.API_TOKEN = "abc"``, ``"API_TOKEN": "abc"``."""
        value = found["value"].strip("\"'")
        if not is_secret_name(found["name"].strip("\"'").rpartition(".")[2]) or MASK in value or value in named:
            return found[0]
        if value[:1] in "[{":
            hidden.extend(item[0].strip("\"'") for item in _ITEM.finditer(value))
            return found["head"] + _ITEM.sub(f'"{MASK}"', value)
        hidden.append(value)
        return f'{found["head"]}"{MASK}"'

    def hide_words(found: re.Match[str]) -> str:
        """``["--token", "abc"]``: the words of a command, which are an option and its value."""
        words = [item[0].strip("\"'") for item in _ITEM.finditer(found[0])]
        pairs = iter(zip(words, mask_words(words), strict=True))

        def hide(item: re.Match[str]) -> str:
            word, masked = next(pairs)
            if word != masked:
                hidden.append(word.partition("=")[2] or word)
            return item[0] if word == masked else f'"{masked}"'

        return _ITEM.sub(hide, found[0])

    return mask_text(_ASSIGNED.sub(hide_assigned, _LIST.sub(hide_words, text))), hidden


def mask_tree(value: Any) -> Any:
    """A value of JSON with the texts of secret-looking keys hidden, and secrets inside of other texts."""
    match value:
        case str():
            return mask_text(value[:LONGEST_TEXT])
        case dict():
            return {name: item if name in _HARMLESS else _mask_field(name, item) for name, item in value.items()}
        case list() | tuple():
            return [mask_tree(item) for item in value]
        case _:
            return value


def _mask_field(name: str, item: Any) -> Any:
    return MASK if isinstance(item, str) and item and _is_secret(name) else mask_tree(item)


def mask_line(line: bytes) -> bytes:
    """A line of JSON, masked; one that is none is masked as text."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return mask_text(line[:LONGEST_TEXT].decode("utf-8", "backslashreplace")).encode()
    return json.dumps(mask_tree(value), ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")
