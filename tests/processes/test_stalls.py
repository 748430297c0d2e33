"""Time in which the engine stood still is nobody's fault."""

from __future__ import annotations

from supervisor.processes.stalls import StallWatch


class Clock:
    now_s = 100.0

    def monotonic_s(self) -> float:
        return self.now_s

    def wall_s(self) -> float:
        return 0.0


def test_gap_between_beats_is_told_once() -> None:
    """After a minute of SIGSTOP, every deadline moves by that minute."""
    clock = Clock()
    watch = StallWatch(clock)
    clock.now_s += 61.0
    assert watch.beat() == 60.0
    clock.now_s += 1.0
    assert watch.beat() == 0.0
    assert (watch.stalls, watch.lost_s) == (1, 60.0)


def test_busy_machine_is_no_stall() -> None:
    """A few seconds late, again and again, moves nothing."""
    clock = Clock()
    watch = StallWatch(clock)
    for late_s in (0.0, 1.0, 4.9, 0.2):
        clock.now_s += 1.0 + late_s
        assert watch.beat() == 0.0
    assert watch.stalls == 0
