"""How channels flow: rates and depth history from successive totals."""

from __future__ import annotations

from dataclasses import dataclass

HISTORY_LENGTH = 30


@dataclass(frozen=True, slots=True)
class Flow:
    """One channel's flow at the last look."""

    put_rate: float = 0.0
    """Items a second since the look before."""
    got_rate: float = 0.0
    depth_history: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class _Last:
    at_s: float
    put_total: int
    got_total: int


class FlowMeter:
    """Turns totals into flows, one look a second."""

    def __init__(self) -> None:
        self._last: dict[str, _Last] = {}
        self._flows: dict[str, Flow] = {}

    def note(self, name: str, put_total: int, got_total: int, depth: int, now_s: float) -> None:
        """Take one look at a channel."""
        before = self._last.get(name)
        history = (*self.of(name).depth_history, depth)[-HISTORY_LENGTH:]
        self._last[name] = _Last(now_s, put_total, got_total)
        if before is None or now_s <= before.at_s:
            self._flows[name] = Flow(depth_history=history)
            return
        elapsed_s = now_s - before.at_s
        self._flows[name] = Flow(
            put_rate=round(max(0, put_total - before.put_total) / elapsed_s, 1),
            got_rate=round(max(0, got_total - before.got_total) / elapsed_s, 1),
            depth_history=history,
        )

    def of(self, name: str) -> Flow:
        """The flow at the last look; nothing before the first."""
        return self._flows.get(name, Flow())
