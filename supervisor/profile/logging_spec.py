"""`[logs]`: how the central log queue is kept, how long, and what becomes of it when there is no room."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from supervisor.profile.names import NAME_PATTERN
from supervisor.profile.sinks import SinkSpec
from supervisor.profile.table import Duration, Size, Table

WhenFull = Literal["block", "drop"]


class LogSpec(Table):
    """How the central log queue is kept."""

    when_full: WhenFull = Field(default="block", examples=["drop"])
    """What happens to new records while the disk takes none and memory is short. block: workers that go on writing wait
    in their log call, print or write, until there is room; nothing is lost. drop: nobody waits; the oldest records are
    dropped, counted for each stream of each worker, and marked in the log."""
    segment_bytes: Size = Field(default=64 * 2**20, ge=64 * 2**10, validation_alias="segment_size", examples=["64MiB"])
    """A new segment file is begun after this size."""
    segment_age_s: Duration | None = Field(default=None, ge=1, validation_alias="segment_age", examples=["1h"])
    """A new segment file is begun when the newest is this old. Without it: by size only."""
    keep_bytes: Size | None = Field(default=None, ge=2**20, validation_alias="keep_size", examples=["2GiB"])
    """How large the logs of a run may get; then its oldest segments are deleted. Without it: any size."""
    keep_age_s: Duration | None = Field(default=None, ge=1, validation_alias="keep_age", examples=["7d"])
    """Segments to which nothing was added for so long are deleted. Without it: none are for their age."""
    keep_runs: int = Field(default=5, ge=1, le=1_000_000, examples=[5])
    """How many runs' logs are kept; older ones are deleted when an engine starts."""
    is_compressed: bool = Field(default=False, validation_alias="compress", examples=[True])
    """Whether segments that are full are compressed, by a process of its own. They are gzip files, which `zcat` and
    `zgrep` read as well."""
    has_files: bool = Field(default=False, validation_alias="files", examples=[True])
    """Whether there is a plain text file for each replica as well, `plain/parse.2.log` beside the segments."""
    sinks: dict[str, SinkSpec] = Field(
        default_factory=dict,
        examples=[{"errors": {"sink": "logs/errors.log"}}],
        json_schema_extra={"propertyNames": {"pattern": f"^{NAME_PATTERN}$"}},
    )
    """Loguru sinks by name, each served by a process of its own, so that a slow one delays nobody."""
