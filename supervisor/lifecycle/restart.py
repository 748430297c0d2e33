"""Whether, when and how often an ended incarnation is followed by another."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Literal

Policy = Literal["never", "on-failure", "always"]


@dataclass(frozen=True, slots=True)
class RestartRule:
    """A worker's restart policy.

    The first restart after a calm time is immediate; the following wait ``backoff_min_s * 2**(n - 1)``, at most
    ``backoff_max_s``, less a share of up to `jitter` (0..1), so that those who died together do not come back
    together. More than ``max_exits`` exits within ``within_s`` end in FAILED; a life of ``reset_after_s`` forgets them.
    """

    policy: Policy = "on-failure"
    max_exits: int = 5
    within_s: float = 60.0
    backoff_min_s: float = 0.5
    backoff_max_s: float = 30.0
    jitter: float = 0.0
    reset_after_s: float | None = None
    """None: the window itself."""

    def wants_restart(self, *, exited_ok: bool) -> bool:
        return self.policy == "always" or (self.policy == "on-failure" and not exited_ok)

    def recent(self, exits_s: tuple[float, ...], now_s: float, *, lived_s: float = 0.0) -> tuple[float, ...]:
        """The exits that still count at `now_s`, after an incarnation that lived `lived_s`."""
        if self.reset_after_s is not None and lived_s >= self.reset_after_s:
            return ()
        return tuple(at_s for at_s in exits_s if now_s - at_s < self.within_s)

    def is_exhausted(self, recent_exits: int) -> bool:
        return recent_exits > self.max_exits

    def delay_s(self, recent_exits: int, whose: str = "") -> float:
        """Seconds to wait before the restart that follows the `recent_exits`-th recent exit.

        `whose` names replica and incarnation: each gets its own share of the jitter, and always the same.
        """
        if recent_exits <= 1:
            return 0.0
        full_s = float(min(self.backoff_max_s, self.backoff_min_s * 2.0 ** min(recent_exits - 2, 32)))
        return full_s * (1.0 - self.jitter * zlib.crc32(whose.encode()) / 2**32)

    def in_words(self) -> str:
        if self.policy == "never":
            return "never"
        limit = f"{self.max_exits} exits in {self.within_s:g} s"
        return f"{self.policy}: at once{self._later_words()}; gives up after more than {limit}"

    def _later_words(self) -> str:
        if not self.backoff_max_s:
            return ""
        longest = f"..{self.backoff_max_s:g} s" if self.backoff_max_s > self.backoff_min_s else ""
        return f", then after {self.backoff_min_s:g} s{longest}"
