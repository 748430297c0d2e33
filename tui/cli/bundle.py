"""The files of a report, each masked as it is put in, and the one .tar.gz that they become. Asks nobody anything."""

from __future__ import annotations

import io
import tarfile
import time
from typing import TYPE_CHECKING

import msgspec

from supervisor.errors import ProcdeckError
from supervisor.masking import mask_text
from tui.cli.masked import mask_tree
from tui.cli.telling import one_line

if TYPE_CHECKING:
    from collections.abc import Callable


class Bundle:
    """Files by name, what each is, and what could not be put in.

    Attributes:
        missing: what is not there and why, a sentence each.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._files: dict[str, tuple[str, bytes]] = {}
        self.missing: list[str] = []

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._files)

    def add_text(self, name: str, what: str, text: str) -> None:
        """Put in a text; secrets in it are hidden."""
        self.add_masked(name, what, (mask_text(text).rstrip("\n") + "\n").encode("utf-8", "backslashreplace"))

    def add_json(self, name: str, what: str, value: object) -> None:
        """Put in a value of the engine's; secrets in its texts are hidden."""
        tree = mask_tree(msgspec.to_builtins(value))
        self.add_masked(name, what, msgspec.json.format(msgspec.json.encode(tree), indent=1) + b"\n")

    def add_masked(self, name: str, what: str, content: bytes) -> None:
        """Put in a file as it is: whoever made it has hidden its secrets."""
        self._files[name] = (what, content)

    def attempt(self, what: str, put: Callable[[], None]) -> bool:
        """Call `put`; where that fails, note that `what` is missing. Whether it went well."""
        try:
            put()
        except (ProcdeckError, OSError, ValueError) as error:
            self.missing.append(f"{what}: {one_line(str(error), 1000)}")
            return False
        return True

    def packed(self, head: str) -> bytes:
        """All of it in one folder of a .tar.gz, with a README that says `head` first."""
        now_at = int(time.time())
        readme = [head, "", *(f"{name:<16} {what}" for name, (what, _) in self._files.items())]
        if self.missing:
            readme += ["", "Not in here:", *(f"  {text}" for text in self.missing)]
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w:gz") as archive:
            files = {"README.txt": "\n".join([*readme, ""]).encode()}
            for name, content in {**files, **{name: content for name, (_, content) in self._files.items()}}.items():
                entry = tarfile.TarInfo(f"{self._name}/{name}")
                entry.size, entry.mode, entry.mtime = len(content), 0o600, now_at
                archive.addfile(entry, io.BytesIO(content))
        return out.getvalue()
