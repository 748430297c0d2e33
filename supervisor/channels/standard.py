"""What a queue has by the standard library's names that comes down to its put and get."""

from __future__ import annotations

from types import GenericAlias

from supervisor.channels.taking import EndOfStream

TYPE_CHECKING = False  # typing itself would cost every worker 10 ms
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


class StandardQueue:
    """The part of a queue that is the same whatever carries its items."""

    def put(self, obj: Any, block: bool = True, timeout: float | None = None) -> None:
        """Put an item."""
        raise NotImplementedError

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        """Take the next item."""
        raise NotImplementedError

    def put_nowait(self, obj: Any) -> None:
        """put() that raises Full instead of waiting."""
        self.put(obj, False)

    def get_nowait(self) -> Any:
        """get() that raises Empty instead of waiting."""
        return self.get(False)

    def __iter__(self) -> Iterator[Any]:
        """Every item until the end of the stream: the queue is empty and every writer has completed."""
        while True:
            try:
                item = self.get()
            except EndOfStream:
                return
            yield item

    def join_thread(self) -> None:
        """Nothing to wait for: put() has handed its item to the kernel when it returns."""

    def cancel_join_thread(self) -> None:
        """Nothing to cancel: no thread of this queue can hold up the process's exit."""

    def __class_getitem__(cls, item: Any) -> GenericAlias:
        return GenericAlias(cls, item)
