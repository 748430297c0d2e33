"""What clients see of channels, and what they can do with the items in them."""

from __future__ import annotations

from supervisor.api import view
from supervisor.api.messages import ChannelRow
from supervisor.diagnose.flow import FlowMeter
from supervisor.driving import Driver
from supervisor.processes.plumbing import ChannelUse, sharers_of
from supervisor.profile.model import Profile


class ChannelDesk:
    """The rows of all channels, kept for clients between looks."""

    def __init__(self, profile: Profile, driver: Driver) -> None:
        self._driver = driver
        self._meter = FlowMeter()
        self._sharers = {name: sharers_of(name, profile) for name in driver.sharing.kinds()}
        self.rows: tuple[ChannelRow, ...] = ()

    def measure(self, now_s: float) -> None:
        """Take the second's look at rates and depths."""
        for count in self._driver.plumbing.counts():
            self._meter.note(count.name, count.put_total, count.got_total, count.depth or 0, now_s)

    def refresh(self, now_s: float) -> None:
        """Make the rows anew."""
        waiting = view.waiting_by_channel((r.life, r.seen) for r in self._driver.replicas.values())
        streams = [
            view.make_stream_row(
                count,
                self._driver.plumbing.uses[count.name],
                self._meter.of(count.name),
                waiting.get(count.name, ()),
                now_s,
            )
            for count in self._driver.plumbing.counts()
        ]
        owners = self._driver.owners()
        shared = [
            view.make_shared_row(
                state, self._sharers.get(state.name, ChannelUse((), ())), waiting.get(state.name, ()), owners
            )
            for state in self._driver.sharing.states()
        ]
        self.rows = (*streams, *shared)
