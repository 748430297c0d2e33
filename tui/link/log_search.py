"""The client's end of the search process: one search at a time, and what it has found so far.

The process is started with the first search and kept for the next; a new search stops the one before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from supervisor.logs.query import LogQuery
from supervisor.logs.search_process import SearchReply, request_of, search_command

LINE_LIMIT_BYTES: Final = 16 * 1024 * 1024
_ROOT: Final = str(Path(__file__).resolve().parents[2])


class LogSearch:
    """Searches one store at a time.

    Attributes:
        hits: segment and number of the line in it, newest first.
        count: how many they are.
        share: how much of the store was searched, 0 to 1.
        is_done: nothing is left to search, or there are as many hits as anybody keeps.
        trouble: why there is no answer; empty where there is one.
    """

    def __init__(self, when_found: Callable[[], None]) -> None:
        """`when_found` is called whenever there is more to see, some twenty times a second at the most."""
        self._when_found = when_found
        self._process: asyncio.subprocess.Process | None = None
        self._listening: asyncio.Task[None] | None = None
        self._number = 0
        self._forget()

    def _forget(self) -> None:
        self.hits: list[tuple[int, int]] = []
        self.count = 0
        self.share = 0.0
        self.is_done = False
        self.trouble = ""

    async def search(self, directory: str, query: LogQuery) -> None:
        """Search the store in `directory` from now on, and nothing else."""
        self._number += 1
        self._forget()
        try:
            if self._process is None or self._process.returncode is not None:
                await self._start()
            assert self._process is not None
            assert self._process.stdin is not None
            self._process.stdin.write(request_of(self._number, directory, query))
            await self._process.stdin.drain()
        except OSError as error:
            self.trouble, self.is_done = f"there is no search: {error.strerror or error}", True

    async def stop(self) -> None:
        """Search no more; what was found stays."""
        self._number += 1
        if self._process is not None and self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.write(request_of(self._number, "", LogQuery()))
                await self._process.stdin.drain()

    async def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        if self._listening is not None:
            await self._listening
            self._listening = None

    async def _start(self) -> None:
        if self._listening is not None:
            await self._listening
        pipe = asyncio.subprocess.PIPE
        self._process = await asyncio.create_subprocess_exec(
            *search_command(), stdin=pipe, stdout=pipe, limit=LINE_LIMIT_BYTES, cwd=_ROOT
        )
        self._listening = asyncio.create_task(self._listen(self._process))

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        decoder = msgspec.json.Decoder(SearchReply)
        assert process.stdout is not None
        while line := await process.stdout.readline():
            reply = decoder.decode(line)
            if reply.id == self._number:
                self._take(reply)
                self._when_found()
        await process.wait()
        if process is self._process and not self.is_done:
            self.trouble, self.is_done = "the search ended unexpectedly; search again", True
            self._when_found()

    def _take(self, reply: SearchReply) -> None:
        self.hits += [(segment, line) for segment, lines in reply.hits for line in lines]
        self.count = reply.count
        self.share = reply.searched_bytes / reply.total_bytes if reply.total_bytes else 1.0
        self.is_done, self.trouble = reply.is_done, reply.trouble
