"""Warnings of the watch for hangs: they come once, they go, and a fault in a look ends nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any

import pytest

from supervisor import hang_watch
from supervisor.diagnose.evidence import Look, ProcessFacts, Syscall, ThreadFacts
from supervisor.diagnose.stillness import Stillness
from supervisor.diagnose.verdict import Verdict
from supervisor.hang_watch import HangWatch
from supervisor.inquiry import Finding

FUTEX = Syscall(202, (0x7F00, 0x109, 0, 0, 0, 0))


class _Inquiry:
    """One process that stands still, and the verdicts that it is given."""

    def __init__(self) -> None:
        self.stillness = Stillness()
        self.turn = asyncio.Lock()
        self.verdicts: tuple[Verdict, ...] = ()
        self.examined: list[tuple[int, ...]] = []
        self.voluntary = 0
        self.error: Exception | None = None

    def roots(self) -> dict[int, str]:
        return {7: "w"}

    def look(self) -> Look:
        thread = ThreadFacts(7, "python", "S", 0, self.voluntary, 0, FUTEX)
        return Look(float(len(self.examined)), {7: ProcessFacts(7, 1, 1, "python", "S", (thread,))}, {7: "w"})

    async def examine(self, pids: Collection[int], *, is_asked_for: bool = False) -> Finding:
        self.examined.append(tuple(pids))
        if self.error is not None:
            raise self.error
        return Finding(self.verdicts, self.look(), {}, ())


def _verdict(severity: Any, sentence: str = "w waits for a lock.") -> Verdict:
    return Verdict(
        kind="LOCK_WAIT",
        severity=severity,
        warning="BLOCKED" if severity == "warning" else "",
        replica="w",
        pid=7,
        tid=7,
        sentence=sentence,
        confidence="certain",
        remedy="Restart it.",
    )


class _Scene:
    """A watch, what it told, and looks that are taken one by one."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.inquiry = _Inquiry()
        self.told: list[tuple[str, str, str]] = []
        self.changes = 0

        async def alook(_roots: object, **_: object) -> Look:
            return self.inquiry.look()

        monkeypatch.setattr(hang_watch, "alook", alook)
        loop = asyncio.get_running_loop()
        self.watch = HangWatch(loop, self.inquiry, lambda *told: self.told.append(told), self._changed)  # type: ignore[arg-type]

    def _changed(self) -> None:
        self.changes += 1

    async def looks(self, number: int) -> None:
        for _ in range(number):
            await self.watch.look_once()


@pytest.fixture
async def scene(monkeypatch: pytest.MonkeyPatch) -> _Scene:
    return _Scene(monkeypatch)


async def test_idle_is_asked_once_and_never_told(scene: _Scene) -> None:
    """As long as nobody moves, an idle process is left alone after the first question."""
    scene.inquiry.verdicts = (_verdict("idle"),)
    await scene.looks(6)
    assert scene.inquiry.examined == [(7,)]
    assert (scene.told, scene.changes) == ([], 0)


async def test_a_warning_is_told_once_and_taken_back(scene: _Scene) -> None:
    """It comes when its time has come, stays silently, and goes with a word."""
    scene.inquiry.verdicts = (_verdict("waiting"),)
    await scene.looks(3)
    assert scene.told == []
    scene.inquiry.verdicts = (_verdict("warning"),)
    await scene.looks(3)
    assert scene.told == [("WARNING", "w", "BLOCKED: w waits for a lock. Restart it.")]
    assert scene.watch.warnings_of("w") == ("BLOCKED: w waits for a lock.",)
    scene.inquiry.verdicts = (_verdict("idle"),)
    await scene.looks(hang_watch.MISSES - 1)
    assert len(scene.told) == 1, "what is not seen once may only have moved for an answer"
    await scene.looks(2)
    assert scene.told[1:] == [("INFO", "w", "BLOCKED is over: w waits for a lock.")]
    assert (scene.watch.warnings_of("w"), scene.changes) == ((), 2)


async def test_a_fault_in_a_look_is_told_once(scene: _Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """The watch goes on after it."""
    monkeypatch.setattr(hang_watch, "LOOK_EVERY_S", 0.001)
    scene.inquiry.error = RuntimeError("of ours")
    scene.watch.start()
    while len(scene.inquiry.examined) < 3:
        await asyncio.sleep(0.001)
    scene.inquiry.error, scene.inquiry.verdicts = None, (_verdict("warning"),)
    while not scene.watch.warnings_of("w"):
        await asyncio.sleep(0.001)
    scene.watch.close()
    assert [level for level, _, _ in scene.told] == ["ERROR", "WARNING"]
