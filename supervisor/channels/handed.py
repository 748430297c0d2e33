"""What locks, semaphores, events, conditions and barriers have in common: a name, a hand-over and an end."""

from __future__ import annotations

import os

from supervisor.channels.crossing import reduce_channel

TYPE_CHECKING = False  # typing itself would cost every worker 10 ms
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Self


class Handed:
    """Something between processes that passes by fork, as an argument of a Process, or as `describe()` and `fds()`."""

    kind = ""
    """What a description and error messages call it."""

    _is_closed = True  # until the maker has got that far
    _name = ""

    @property
    def name(self) -> str:
        """What the status board and error messages call it; "" when it was given none."""
        return self._name

    @property
    def _label(self) -> str:
        return self._name or self.kind

    def describe(self) -> dict[str, Any]:
        """What `from_description` needs besides the descriptors, as JSON can carry it."""
        return {"kind": self.kind, "name": self._name, "fds": self.fds()}

    def fds(self) -> list[int]:
        """The descriptors to hand over beside `describe()`. They stay its own."""
        if self._is_closed:
            raise ValueError(f"{self!r} is closed")
        return self._own_fds()

    @classmethod
    def from_description(cls, description: dict[str, Any], fds: Sequence[int]) -> Self:
        """What another process described; it owns `fds` from now on. ValueError when they are something else.

        `fds` are in the order of the description's, whatever their numbers are here.
        """
        made = cls.__new__(cls)
        try:
            for fd in fds:
                os.set_inheritable(fd, False)  # a shell command that the worker runs has no part in it
            made._name = description["name"]  # noqa: SLF001  # its own class
            made._adopt(description, fds)  # noqa: SLF001
        except ValueError:
            for fd in fds:
                os.close(fd)
            raise
        made._is_closed = False  # noqa: SLF001
        return made

    def close(self) -> None:
        """Let go of it in this process. What this process held of it counts as held by a dead one from then on."""
        if not self._is_closed:
            self._is_closed = True
            self._let_go()

    def _own_fds(self) -> list[int]:
        raise NotImplementedError

    def _adopt(self, description: dict[str, Any], fds: Sequence[int]) -> None:
        raise NotImplementedError

    def _let_go(self) -> None:
        raise NotImplementedError

    def __reduce__(self) -> tuple[Any, ...]:
        return reduce_channel(self.from_description, self.describe(), self.fds())

    def __repr__(self) -> str:
        state = "closed" if self._is_closed else self._state()
        return f"<{type(self).__name__} {self._name!r} {state}>" if self._name else f"<{type(self).__name__} {state}>"

    def _state(self) -> str:
        raise NotImplementedError

    def __del__(self) -> None:
        self.close()
