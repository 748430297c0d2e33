"""All channels of a run in one process, made from the plan; each worker gets views of its own, by its parameters."""

from __future__ import annotations

from supervisor.simulation.memory_channels import MemoryQueue, Tank
from supervisor.simulation.memory_pipes import MemoryPipeEnd, Tube, memory_pipe
from supervisor.simulation.memory_shared import make_shared, view_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from supervisor.simulation.turns import Turns

    Specs = Mapping[str, dict[str, Any]]


class ChannelSet:
    """The channels of a run.

    Args:
        channels: by name; each has a "kind", who "writers", "readers" and "sharers" are by replica name, and what its
            table in the profile says.

    Attributes:
        tanks: what the queues hold, by name.
        tubes: what the pipes hold, by name.
    """

    def __init__(self, turns: Turns, channels: Specs) -> None:
        self._turns = turns
        self._specs = channels
        self.tanks: dict[str, Tank] = {}
        self.tubes: dict[str, Tube] = {}
        self._shared: dict[str, Any] = {}
        for name, spec in channels.items():
            self._make(name, spec)

    def _make(self, name: str, spec: dict[str, Any]) -> None:
        if spec["kind"] == "queue":
            self.tanks[name] = Tank(
                self._turns,
                name,
                writers=spec["writers"],
                maxsize=spec["maxsize"],
                max_attempts=spec["max_attempts"],
                delivery=spec["delivery"],
                is_fed=spec.get("is_fed", False),
            )
        elif spec["kind"] == "pipe":
            self.tubes[name] = Tube(self._turns, name, (spec["readers"], spec["writers"]))
        else:
            self._shared[name] = make_shared(self._turns, name, spec, spec["sharers"])

    def views(self, ends: list[dict[str, Any]]) -> dict[str, Any]:
        """A worker's own ends, by the parameter that takes each, as its launch order lists them."""
        return {end["parameter"]: self._view(end["description"]["name"], end["mode"]) for end in ends}

    def _view(self, name: str, mode: str) -> Any:
        if name in self.tanks:
            return MemoryQueue(self.tanks[name], mode)
        if name in self.tubes:
            return self._pipe_end(name, mode)
        return view_of(self._shared[name], self._turns, name, self._specs[name]["kind"])

    def _pipe_end(self, name: str, mode: str) -> MemoryPipeEnd:
        reader, writer = memory_pipe(self.tubes[name], duplex=self._specs[name]["duplex"])
        return reader if mode == "read" else writer

    def counts(self, ends: list[dict[str, Any]], name: str) -> list[str]:
        """What the replica `name` has taken from its channels and put into them: ``1,204 items into paths``."""
        told = []
        for end in ends:
            channel, is_reader = end["description"]["name"], end["mode"] == "read"
            if channel in self.tanks:
                tank = self.tanks[channel]
                count = (tank.got_by if is_reader else tank.put_by).get(name, 0)
                told.append(f"{_plural(count, 'item')} {'from' if is_reader else 'into'} {channel}")
            elif channel in self.tubes:
                tube = self.tubes[channel]
                for of, way in ((tube.received_by, "from"), (tube.sent_by, "into")):
                    if count := of.get(name, 0):
                        told.append(f"{_plural(count, 'message')} {way} {channel}")
        return told

    def left(self) -> list[str]:
        """What still is in the queues: ``12 items in paths``, ``1 dead letter of paths``."""
        told = [f"{_plural(len(tank.items), 'item')} in {name}" for name, tank in self.tanks.items() if tank.items]
        return told + [
            f"{_plural(len(tank.letters), 'dead letter')} of {name}"
            for name, tank in self.tanks.items()
            if tank.letters
        ]


def _plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
