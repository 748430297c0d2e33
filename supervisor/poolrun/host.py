"""What a pool needs of the process that it runs in: who carries its words to the engine, and brings its wishes."""

from __future__ import annotations

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Protocol

    Wish = dict[str, Any]
    """A frame of the engine: ``{"op": "pool", "pool": "thumbs", "do": "resize", "processes": 8}``."""

    class Host(Protocol):
        """The agent, or whoever stands for it."""

        def send(self, operation: str, **fields: Any) -> bool:
            """Tell the engine something, without waiting; whether it was sent. From any thread."""

        def check(self) -> bool:
            """Read what the engine has said and act on it; whether it is to stop. From any thread."""

        def check_pools(self) -> bool:
            """The same, but for a stop: that is left unread, for whoever waits for it; whether there is one."""

        def fileno(self) -> int:
            """What becomes readable when the engine has said something; -1 where no engine is."""

        def hear(self, pool: str, obey: Callable[[Wish], None] | None) -> None:
            """From now on have `obey` called with what the engine wishes of a pool, in any thread; None ends that."""

        def say(
            self, level: str, message: str, *, extra: Mapping[str, object], error: BaseException | None = None
        ) -> None:
            """Write a log record, with the exception that it is about. From any thread."""

        def show(self, text: str, done: int, total: int, *, has_moved: bool) -> None:
            """Show on the status board how far it is; a sign of life where it has moved. From any thread."""
