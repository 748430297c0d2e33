"""The rules by which a stack and the kernel's word become a diagnosis, in the order in which they are tried."""

from __future__ import annotations

from supervisor.diagnose.kinds import KINDS, Kind, Limit

__all__ = ["KINDS", "Kind", "Limit"]
