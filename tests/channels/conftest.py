"""What the channel tests share: the start methods, processes that never outlive their test, waits with a deadline."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterator
from multiprocessing.process import BaseProcess
from typing import Any

import pytest

METHODS = ("fork", "spawn", "forkserver")
DEADLINE_S = 60.0


def until(is_so: Callable[[], bool], what: str) -> None:
    """Wait until a condition holds; fails after a minute."""
    deadline_s = time.monotonic() + DEADLINE_S
    while not is_so():
        assert time.monotonic() < deadline_s, f"never came: {what}"
        time.sleep(0.002)


class Crew:
    """Starts processes of one start method and ends what is left of them."""

    def __init__(self, method: str) -> None:
        self.method = method
        self.context: Any = multiprocessing.get_context(method)
        self.members: list[BaseProcess] = []

    def start(self, target: Callable[..., object], *args: object) -> BaseProcess:
        process: BaseProcess = self.context.Process(target=target, args=args)
        process.start()
        self.members.append(process)
        return process

    def join(self) -> list[int | None]:
        """Wait for all; their exit codes."""
        for process in self.members:
            process.join(DEADLINE_S)
        return [process.exitcode for process in self.members]

    def dismiss(self) -> None:
        for process in self.members:
            process.kill()
            process.join()
            process.close()
        self.members.clear()


@pytest.fixture(params=METHODS)
def crew(request: pytest.FixtureRequest) -> Iterator[Crew]:
    """Processes of each start method in turn."""
    crew = Crew(request.param)
    yield crew
    crew.dismiss()


@pytest.fixture
def forked() -> Iterator[Crew]:
    """Processes of the quickest start method, where the method does not matter."""
    crew = Crew("fork")
    yield crew
    crew.dismiss()
