"""The clock of whoever sits here, by the rules of their zone; `tui.render` is told of it, and asks nobody."""

from __future__ import annotations

import time


def ahead_of_utc_s(at: float) -> int:
    """Seconds that it is ahead of UTC at a Unix time; as now where no zone knows of that time."""
    try:
        return time.localtime(at).tm_gmtoff
    except (OverflowError, OSError, ValueError):
        return time.localtime().tm_gmtoff
