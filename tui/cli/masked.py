"""What leaves this machine in a report, without what looks like a secret: profiles, JSON, log lines. Best effort.

::

    names and forms   supervisor.masking
    values            of env, env_file and args of the profile, and of this process's environment, wherever they turn up
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any, Final

from supervisor import masking
from supervisor.errors import ProfileError
from supervisor.masking import MASK, is_secret_name, mask_text, mask_words

LONGEST_TEXT: Final = 64 * 1024
"""Characters of one text of a log record."""

_TEXT: Final = r"""\"{3}.*?\"{3}|'{3}.*?'{3}|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'"""
_ASSIGNED: Final = re.compile(
    rf"""(?P<head>(?P<name>"[^"\n]*"|'[^'\n]*'|[\w.-]+)[ \t]*[=:][ \t]*)(?P<value>{_TEXT}|[^\s,\]}}#]+)""", re.DOTALL
)
_LIST: Final = re.compile(rf"\[(?:\s|,|#[^\n]*\n|{_TEXT})*\]", re.DOTALL)
_ITEM: Final = re.compile(_TEXT, re.DOTALL)


def remember_secrets(profile: Path | None) -> None:
    """From now on hide the values that are secret by their names, here and in `profile`, and all of its env_file."""
    masking.remember(os.environ)
    if profile is None:
        return
    from supervisor.profile.env_files import read_env_files
    from supervisor.profile.loading import load_profile

    try:
        workers = load_profile(profile).workers.values()
    except ProfileError:
        return
    for worker in workers:
        masking.remember(worker.env)
        if isinstance(worker.args, dict):
            masking.remember(worker.args)
        for file in worker.env_file:
            try:
                found = read_env_files([profile.parent / Path(file).expanduser()])
            except ProfileError:
                continue
            masking.remember(found, all_are_secret=True)


def mask_profile(text: str) -> str:
    """The text of a profile with the values of secret-looking keys and options hidden, comments included."""
    text = _LIST.sub(lambda found: _mask_list(found[0]), text)
    return mask_text(_ASSIGNED.sub(_mask_assigned, text))


def _mask_assigned(found: re.Match[str]) -> str:
    """``API_TOKEN = "abc"``, ``env.API_TOKEN = "abc"``, ``"API_TOKEN": "abc"``."""
    value = found["value"]
    if value[:1] in "[{" or not is_secret_name(found["name"].strip("\"'").rpartition(".")[2]):
        return found[0]
    return f'{found["head"]}"{MASK}"'


def _mask_list(text: str) -> str:
    """``["--token", "abc"]``: the words of a command, which are an option and its value."""
    words = [found[0].strip("\"'") for found in _ITEM.finditer(text)]
    hidden = iter(zip(words, mask_words(words), strict=True))

    def swap(found: re.Match[str]) -> str:
        word, masked = next(hidden)
        return found[0] if word == masked else f'"{masked}"'

    return _ITEM.sub(swap, text)


def mask_tree(value: Any) -> Any:
    """A value of JSON with the texts of secret-looking keys hidden, and secrets inside of other texts."""
    match value:
        case str():
            return mask_text(value[:LONGEST_TEXT])
        case dict():
            return {
                name: MASK if isinstance(item, str) and item and is_secret_name(name) else mask_tree(item)
                for name, item in value.items()
            }
        case list():
            return [mask_tree(item) for item in value]
        case _:
            return value


def mask_line(line: bytes) -> bytes:
    """A line of JSON, masked; one that is none is masked as text."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return mask_text(line[:LONGEST_TEXT].decode("utf-8", "backslashreplace")).encode()
    return json.dumps(mask_tree(value), ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")
