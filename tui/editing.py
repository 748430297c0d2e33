"""Opens a file in the person's own editor, in the dashboard's terminal, which it gives back as it was."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from textual.app import App, SuspendNotSupported

_TAKES_PLUS_LINE: Final = frozenset(
    {
        "vi",
        "vim",
        "nvim",
        "view",
        "nano",
        "pico",
        "emacs",
        "emacsclient",
        "micro",
        "kak",
        "joe",
        "jed",
        "mg",
        "ne",
        "mcedit",
    }
)
"""Editors that begin at a line where they are told ``+12``."""
_FALLBACKS: Final = ("nano", "vi", "vim", "emacs")


class NoEditor(Exception):
    """There is none, or it cannot be run; the message says what to do."""


def editor_command(environ: Mapping[str, str], path: Path, line: int) -> list[str]:
    """The words that open `path` at `line`, counted from 1.

    Raises:
        NoEditor: none is named, and none is there.
    """
    named = environ.get("VISUAL") or environ.get("EDITOR") or next(filter(shutil.which, _FALLBACKS), "")
    try:
        words = shlex.split(named)
    except ValueError as error:
        raise NoEditor(f"$EDITOR cannot be used: {error}") from None
    if not words:
        raise NoEditor("no editor is named and none was found; set EDITOR, for example EDITOR=nano")
    program = os.path.basename(words[0])
    if program in _TAKES_PLUS_LINE:
        return [*words, f"+{line}", os.fspath(path)]
    if program in ("hx", "helix", "subl", "zed"):
        return [*words, f"{path}:{line}"]
    if program in ("code", "codium"):
        return [*words, "--wait", "--goto", f"{path}:{line}"]
    return [*words, os.fspath(path)]


def edit(app: App[Any], path: Path, line: int) -> None:
    """Give the terminal to the editor until it ends; meanwhile the dashboard stands still, and the workers do not.

    Raises:
        NoEditor: there is none, it cannot be run, or this is no terminal that could be given away.
    """
    words = editor_command(os.environ, path, line)
    try:
        with app.suspend(), _keys_are_the_editors():
            try:
                code = subprocess.call(words)
            except OSError as error:
                raise NoEditor(f"cannot run {words[0]}: {error.strerror or error}; set EDITOR to your own") from None
    except SuspendNotSupported:
        raise NoEditor(f"there is no terminal here that an editor could have; open {path} in your own") from None
    if code:
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        raise NoEditor(f"{words[0]} {how}")


@contextmanager
def _keys_are_the_editors() -> Iterator[None]:
    """Ctrl+C in an editor's terminal reaches the dashboard too, which it does not mean."""
    before = signal.signal(signal.SIGINT, lambda *_: None)  # one that is ignored would be so in the editor as well
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
