"""What a running engine measures is there to be plotted."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from supervisor.api.history import Series
from tests.engines import engine_on, wait_for, write_profile

WORKER = """
import time

def talk(out):
    while True:
        print("words " * 20, flush=True)
        out.put(1)
        time.sleep(0.01)

def hear(inbox):
    for one in inbox:
        pass
"""


def test_workers_and_queues_have_figures(place: Path) -> None:
    """Processor, memory and log of a worker, depth and rates of a queue; an unknown name is told so."""
    profile = write_profile(
        place / "p",
        """
        name = "figures"
        [queues.words]
        [workers.talk]
        target = "job:talk"
        writes = { out = "words" }
        [workers.hear]
        target = "job:hear"
        reads = { inbox = "words" }
        """,
        job=WORKER,
    )
    with engine_on(profile) as engine:

        def series(name: str, figure: str) -> Series | None:
            subjects = engine.client.history((), 60).subjects
            found = [one for subject in subjects if subject.name == name for one in subject.series]
            return next((one for one in found if one.figure == figure), None)

        def is_measured(name: str, figure: str) -> bool:
            found = series(name, figure)
            return found is not None and any(value for value in found.values if value is not None)

        for name, figure in (("talk", "memory"), ("talk", "log"), ("words", "put"), ("words", "got")):
            wait_for(partial(is_measured, name, figure), f"{figure} of {name}")
        memory = series("talk", "memory")
        assert memory is not None
        assert (memory.unit, len(memory.values)) == ("bytes", 60)
