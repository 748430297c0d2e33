"""A block of memory that processes share: nameless in the file system, so that no kill can leave it behind.

memfd (sealed size) ── one mapping in each process ──▶ buf, as_array()
"""

from __future__ import annotations

import operator
import os

from supervisor.channels import platform
from supervisor.channels.crossing import reduce_channel

TYPE_CHECKING = False  # typing itself would cost every worker 10 ms
if TYPE_CHECKING:
    import mmap
    from collections.abc import Sequence
    from types import TracebackType
    from typing import Any, Self

__all__ = ["Block"]


class Block:
    """Shared memory for big data, in place of `multiprocessing.shared_memory.SharedMemory`.

    It lives as long as a process has it: there is no file, nothing to unlink and no resource tracker. It starts as
    zeros and takes real memory only where it is written. Nothing guards it: share a Lock beside it where two
    processes may write.

    A block passes to other processes by fork, as an argument of a multiprocessing Process of any start method, or as
    `describe()` and `fds()`. It costs a process two descriptors, from Python 3.13 on one.

    Args:
        size: its bytes; ValueError below 1, OSError when the kernel cannot give so many.
        name: what error messages call the block.
    """

    _fd = -1

    def __init__(self, size: int, *, name: str = "") -> None:
        size = operator.index(size)
        if size < 1:
            raise ValueError(f"a block needs a size of at least 1 byte, not {size}")
        self._assemble(platform.shared_page("procdeck-block", size), size, name)

    def _assemble(self, fd: int, size: int, name: str) -> None:
        self._name = name
        self._size = size
        try:
            self._map: mmap.mmap | None = platform.map_shared(fd, size)
        except BaseException:
            os.close(fd)
            raise
        self._view = memoryview(self._map)
        self._fd = fd

    @property
    def buf(self) -> memoryview:
        """The memory itself, writable."""
        self._check_open()
        return self._view

    @property
    def size(self) -> int:
        """Its bytes, exactly as asked for."""
        return self._size

    @property
    def name(self) -> str:
        """What error messages call the block."""
        return self._name

    def as_array(self, dtype: Any = "uint8", shape: int | Sequence[int] | None = None) -> Any:
        """A numpy array that lies in this memory; all of it, flat, without a `shape`.

        The array keeps the memory alive, also after close(). Raises ImportError without numpy, ValueError when
        `shape` does not fit in.
        """
        from importlib import import_module

        self._check_open()
        numpy = import_module("numpy")
        kind = numpy.dtype(dtype)
        if shape is None:
            if self._size % kind.itemsize:
                raise ValueError(f"{self!r} is no whole number of {kind} ({kind.itemsize} bytes each): give a shape")
            shape = self._size // kind.itemsize
        if not isinstance(shape, int):
            shape = tuple(shape)
        wanted = kind.itemsize * int(numpy.prod(shape, dtype="int64"))
        if wanted > self._size:
            raise ValueError(f"shape {shape} of {kind} takes {wanted} bytes; {self!r} is smaller")
        return numpy.ndarray(shape, kind, buffer=self._view)

    def close(self) -> None:
        """Let go of the block in this process; it lives on where others have it. Later uses raise ValueError.

        Arrays and views that were made of it stay valid, and keep the memory until they are gone.
        """
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            try:
                self._view.release()
            except BufferError:
                pass  # the views made of it hold it now
            self._map = None
            del self._view
            os.close(fd)

    def unlink(self) -> None:
        """Nothing to remove: the block has no name in the file system, and goes with its last user."""

    def describe(self) -> dict[str, Any]:
        """What `from_description` needs besides the descriptors, as JSON can carry it."""
        self._check_open()
        return {"kind": "block", "name": self._name, "size": self._size, "fds": [self._fd]}

    def fds(self) -> list[int]:
        """The descriptor to hand over beside `describe()`. It stays this block's own."""
        self._check_open()
        return [self._fd]

    @classmethod
    def from_description(cls, description: dict[str, Any], fds: Sequence[int]) -> Block:
        """The block that another process described; it owns the descriptor from now on.

        Raises ValueError when the descriptor is something else.
        """
        (fd,) = fds
        size = description["size"]
        found = os.fstat(fd).st_size
        if found < size:
            os.close(fd)
            raise ValueError(f"descriptor {fd} is not the described block of {size} bytes: it has {found}")
        os.set_inheritable(fd, False)
        block = cls.__new__(cls)
        block._assemble(fd, size, description["name"])  # noqa: SLF001  # its own class
        return block

    def __enter__(self) -> Self:
        self._check_open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __reduce__(self) -> tuple[Any, ...]:
        return reduce_channel(Block.from_description, self.describe(), self.fds())

    def __len__(self) -> int:
        return self._size

    def __repr__(self) -> str:
        state = f"{self._size} bytes" if self._fd >= 0 else "closed"
        return f"<Block {self._name!r} {state}>" if self._name else f"<Block {state}>"

    def __del__(self) -> None:
        self.close()

    def _check_open(self) -> None:
        if self._fd < 0:
            raise ValueError(f"{self!r} is closed")
