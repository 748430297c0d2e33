"""Takes lines out of the log: to the clipboard of the terminal, or into a file."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import Final

from textual.worker import Worker

from tui.link.log_export import copied_text, export_log
from tui.render.figures import plural, size
from tui.render.pieces import plain
from tui.screens.confirm import CANCEL, Choice, ConfirmScreen, Question
from tui.screens.log_jumps import JumpingPane

MOST_COPIED_BYTES: Final = 100 * 1024
"""Terminals refuse, or drop, what is longer in one sequence (OSC 52)."""


class TakingPane(JumpingPane):
    """A log whose lines can be copied and written."""

    _is_writing = False

    def do_copy(self) -> None:
        """`y`"""
        numbers = sorted(self.view.marks) or [self._here()]
        lines = self._source.read(numbers)
        text, is_whole = copied_text(lines, self._utc_offset_s, MOST_COPIED_BYTES)
        self.app.copy_to_clipboard(text)
        what = f"Copied {plural(len(lines), 'line')}, {size(len(text.encode()))}"
        cut = "" if is_whole else "; the rest is too long for a clipboard, and > writes a file"
        self.app.notify(f"{what}{cut}.", severity="information" if is_whole else "warning", markup=False)

    def _write_to(self, path: Path, *, overwrites: bool) -> None:
        if not self._is_writing:
            self._is_writing = True
            _: Worker[None] = self.run_worker(partial(self._export, path, overwrites), group="export")

    async def _export(self, path: Path, overwrites: bool) -> None:
        where = str(path)
        write = partial(
            export_log,
            self._source.directory,
            self._source.query,
            path,
            self._utc_offset_s,
            overwrites=overwrites,
            is_wanted=lambda: self.is_attached,
        )
        try:
            written = await asyncio.to_thread(write)
        except FileExistsError:
            self._ask_to_overwrite(path)
        except OSError as error:
            self.app.notify(plain(f"Cannot write {where}: {error.strerror or error}."), severity="error", markup=False)
        else:
            self.app.notify(plain(f"Wrote {plural(written, 'line')} to {where}."), markup=False)
        finally:
            self._is_writing = False

    def _ask_to_overwrite(self, path: Path) -> None:
        question = Question(
            "Overwrite the file?",
            plain(f"{path.absolute()} exists. What is in it will be lost."),
            (Choice("overwrite", "Overwrite it", "o", is_dangerous=True),),
        )

        def answered(choice: str | None) -> None:
            if choice not in (None, CANCEL):
                self._write_to(path, overwrites=True)

        self.app.push_screen(ConfirmScreen(question), answered)
