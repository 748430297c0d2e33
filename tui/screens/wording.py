"""What the first screen says in its header, titles, banner and empty places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from supervisor.api.messages import ChannelRow, ReplicaRow, WorkerDetail
from supervisor.api.pools import PoolDetail, PoolRow
from supervisor.clock import Clock
from supervisor.logs.errors import ErrorGroup
from tui.link.error_source import ErrorSource
from tui.link.view import FleetView, LinkState
from tui.offers import places_offered
from tui.render import header as lines
from tui.render.channel_detail import ChannelInside, Page, channel_page
from tui.render.detail import detail_lines
from tui.render.errors import Order, error_page
from tui.render.figures import duration
from tui.render.glyphs import Glyphs
from tui.render.pieces import Line, Piece, Tone, plain
from tui.render.pool_detail import pool_page
from tui.render.ways import Ways, titled
from tui.render.zone import Offset, ahead_s, local
from tui.situation import Access, Place

NEARLY_ALL: Final = 0.99
"""What arrives while errors are shown is looked through at once: no word about that."""

BannerTone = Literal["", "good", "amber", "red"]


@dataclass(frozen=True, slots=True)
class Wording:
    """The sentences of one dashboard."""

    project: str
    glyphs: Glyphs
    clock: Clock
    utc_offset_s: Offset
    access: Access = "all"

    def local_offset_s(self) -> Offset:
        """What makes a time of the monotonic clock one that people read off the wall."""
        ahead_of_start_s = self.clock.wall_s() - self.clock.monotonic_s()
        return lambda time_s: ahead_of_start_s + ahead_s(time_s + ahead_of_start_s, self.utc_offset_s)

    def header(self, view: FleetView, width: int) -> Line:
        """The top line."""
        clock = f"{local(self.clock.wall_s(), self.utc_offset_s):%H:%M:%S}"
        return lines.header(view.fleet, self.project, clock, width, self.glyphs, is_lost=view.state is LinkState.LOST)

    def banner(self, view: FleetView, now_s: float) -> tuple[BannerTone, str]:
        """What a person must not miss, and how loud; empty where there is nothing."""
        fleet = view.fleet
        if view.state is LinkState.LOST and fleet is not None:
            if fleet.phase == "stopping":
                return "amber", lines.stopped_banner(fleet)
            now_s = self.clock.monotonic_s()
            ago_s = None if view.heard_s is None else now_s - view.heard_s
            return "red", lines.lost_banner(
                view.trouble, ago_s, view.retry_s - now_s, fleet.log.directory, is_ended=view.is_project_free
            )
        if fleet is None:
            return ("amber", f"No engine yet: {plain(view.trouble)}. Trying again.") if view.trouble else ("", "")
        if fleet.phase == "completed":
            return "good", lines.completed_banner(fleet.outcome)
        if fleet.phase == "stopping":
            return "amber", lines.stopping_banner(fleet)
        return "", ""

    def table_title(
        self, place: Place, view: FleetView, shown: int, needle: str, width: int, marked: int = 0,
        hidden: int | None = None, order: str = "", grouping: str = "", trouble: str = "",
    ) -> Ways:  # fmt: skip
        """The title of the table that is shown.

        `hidden` rows have no problem where only problems are shown, else None; `order` is the column it is sorted by,
        `grouping` what its rows stand together by, `trouble` why the filter cannot be used.
        """
        notes: list[Piece] = []
        if view.fleet is not None:
            total = len({"workers": view.rows, "channels": view.channels, "pools": view.pools}[place])
            is_part = bool(needle and not trouble) or hidden is not None
            notes.append((f"{shown} of {total}" if is_part else str(total), Tone.DIM))
        if hidden is not None:
            notes += [("  only problems", Tone.AMBER), (f"  {hidden} hidden: ! shows all", Tone.DIM)]
        if marked:
            notes.append((f"  {marked} marked", Tone.ACCENT))
        notes += _needle_notes(needle, trouble)
        if view.state is LinkState.LOST and view.heard_s is not None:
            age = duration(self.clock.monotonic_s() - view.heard_s)
            notes.append((f"  as of {age} ago", Tone.AMBER))
        ordered = [f"grouped by {grouping}"] if grouping else []
        ordered += [f"by {order}"] if order else []
        chip: Line = ((f" {', '.join(ordered)} ", Tone.DIM),) if ordered else ()
        return titled(place.capitalize(), tuple(notes), chip, places_offered(self.access), place, width)

    def errors_title(
        self, errors: ErrorSource, shown: int, needle: str, order: Order, width: int, trouble: str
    ) -> Ways:
        """The title of the errors."""
        total = len(errors.groups)
        notes: list[Piece] = [(f"{shown} of {total}" if needle else str(total), Tone.DIM)]
        notes += _needle_notes(needle, trouble)
        if errors.is_scanning and errors.share < NEARLY_ALL:
            notes.append((f"  looking through the log, {errors.share:.0%}", Tone.AMBER))
        if errors.forgotten:
            notes.append((f"  {errors.forgotten} that happened earlier are not kept", Tone.AMBER))
        chip: Line = ((f" by {order} ", Tone.DIM),)
        return titled("Errors", tuple(notes), chip, places_offered(self.access), "errors", width)

    def error(self, error: ErrorGroup | None, width: int) -> Page:
        """The selected error in full."""
        if error is None:
            return Page([((" No error is selected.", Tone.DIM),)])
        first, last = (self._local_time(at) for at in (error.first_at, error.last_at))
        return error_page(error, (first, last), self.clock.wall_s(), self.glyphs, width)

    def _local_time(self, at: float) -> str:
        return f"{local(at, self.utc_offset_s):%Y-%m-%d %H:%M:%S}"

    def no_errors(self, errors: ErrorSource, needle: str) -> tuple[str, ...]:
        """What the table of errors says when it has no rows."""
        if errors.is_scanning:
            return ("Looking through the log",)
        if needle and errors.groups:
            return (f'No error matches "{plain(needle)}"', "Esc clears the filter.")
        return (
            "Nothing has failed in this run",
            "Exceptions, fatal errors and bad ends of workers are grouped here.",
        )

    def detail_title(self, name: str | None, width: int) -> Line:
        """The title of the detail."""
        return lines.pane_title(plain(name) if name else "Detail", (), (), width)

    def detail(
        self, row: ReplicaRow | None, detail: WorkerDetail | None, view: FleetView, now_s: float, width: int
    ) -> Page:
        """The selected replica in full."""
        if row is None:
            return Page([((" No worker is selected.", Tone.DIM),)] if view.fleet else [])
        offsets = self.utc_offset_s, self.local_offset_s()
        pool = view.pools_of.get(row.name)
        is_live = view.state is not LinkState.LOST
        return Page(
            detail_lines(
                row, detail, view.channels, self.glyphs, now_s, width, *offsets, pool,
                is_live=is_live, access=self.access,
            )
        )  # fmt: skip

    def channel(
        self, channel: ChannelRow | None, inside: ChannelInside | None, view: FleetView, now_s: float, width: int
    ) -> Page:
        """The selected channel in full."""
        if channel is None:
            return Page([((" No channel is selected.", Tone.DIM),)] if view.fleet else [])
        return channel_page(channel, inside, view.rows, self.glyphs, now_s, width)

    def pool(self, pool: PoolRow | None, detail: PoolDetail | None, view: FleetView, now_s: float, width: int) -> Page:
        """The selected pool in full."""
        if pool is None:
            return Page([((" No pool is selected.", Tone.DIM),)] if view.fleet else [])
        return pool_page(pool, detail, self.glyphs, now_s, self.clock.wall_s(), width)

    def no_pools(self, view: FleetView, needle: str) -> tuple[str, ...]:
        """What the table of pools says when it has no rows."""
        if view.fleet is None:
            return (f"Waiting for the engine of {self.project}",)
        if needle and view.pools:
            return (f'No pool matches "{plain(needle)}"', "Esc clears the filter.")
        return (
            "This run has no pools yet",
            f"A function that is called once for each item, in {plain(view.fleet.profile_path)}:",
            "",
            "[pools.thumbs]",
            'function = "thumbs:shrink"       # def shrink(path): ...',
            'items = { files = "photos/*.jpg" }',
            "processes = 4",
            'results = "sizes.ndjson"',
        )

    def no_problems(self, place: Place, total: int, needle: str) -> tuple[str, ...]:
        """What the table says when it shows only problems, and of its `total` rows none is one."""
        noun = place[:-1]
        if needle:
            return (f'No {noun} with a problem matches "{plain(needle)}"', "Esc clears the filter, ! shows all.")
        return (f"No {noun} has a problem", f"! shows {'it' if total == 1 else f'all {total}'}.")

    def no_workers(self, view: FleetView, needle: str) -> tuple[str, ...]:
        """What the table says when it has no rows."""
        if view.fleet is None:
            return (f"Waiting for the engine of {self.project}",)
        if needle and view.rows:
            return (f'No worker matches "{plain(needle)}"', "Esc clears the filter.")
        return (
            "This profile names no workers yet",
            f"Add one to {plain(view.fleet.profile_path)}:",
            "",
            "[workers.hello]",
            'command = "while sleep 1; do date; done"',
        )

    def no_channels(self, view: FleetView, needle: str) -> tuple[str, ...]:
        """What the table of channels says when it has no rows."""
        if view.fleet is None:
            return (f"Waiting for the engine of {self.project}",)
        if needle and view.channels:
            return (f'No channel matches "{plain(needle)}"', "Esc clears the filter.")
        return (
            "This profile names no channels yet",
            f"A queue between two workers, in {plain(view.fleet.profile_path)}:",
            "",
            "[queues.paths]",
            "maxsize = 200",
            "[workers.walk]",
            'writes = { out = "paths" }       # given to its function as `out`',
            "[workers.parse]",
            'reads = { inbox = "paths" }      # given to its function as `inbox`',
        )


def _needle_notes(needle: str, trouble: str) -> list[Piece]:
    """What is said of a table's filter beside its title."""
    if not needle:
        return []
    if trouble:
        return [(f"  /{plain(needle)} cannot be used: {plain(trouble)}", Tone.RED)]
    return [(f"  /{plain(needle)}", Tone.AMBER), ("  esc clears", Tone.DIM)]
