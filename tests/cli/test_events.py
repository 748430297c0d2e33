"""`procdeck events`, of a running engine and of the last run."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from supervisor.api.messages import Event
from supervisor.journal import Journal
from supervisor.paths import runs_directory
from tests.api.fake_port import FakeEngine, an_event, wait_until
from tui.cli.events import event_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.conftest import Command


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A clock on the wall that golden lines can hold."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


EVENTS = (
    an_event(1, "starting (incarnation 1)"),
    an_event(2, "stop asked for", subject="tally", kind="action", by="uid 1000 (ada)"),
    an_event(3, "exit code 3; restart \x1b[2Jin 0.5 s", level="WARNING"),
    an_event(4, "run run-1 begins", subject="engine", kind="engine"),
)

GOLDEN = """\
2023-11-14 22:13:21.000  parse.1  INFO     starting (incarnation 1)
2023-11-14 22:13:22.000  tally    INFO     stop asked for  (by uid 1000 (ada))
2023-11-14 22:13:23.000  parse.1  WARNING  exit code 3; restart in 0.5 s
2023-11-14 22:13:24.000  engine   INFO     run run-1 begins
"""


def _tell(engine: FakeEngine, *events: Event) -> None:
    for event in events:
        engine.do(lambda port, event=event: port.happen(event))  # type: ignore[misc]
    wait_until(lambda: len(engine.port.kept_events) >= len(events))


def _journal(directory: Path, *events: Event) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    journal = Journal(directory / "journal.ndjson")
    for event in events:
        journal.append(event)
    journal.close()


def test_events_of_the_engine_are_lines(command: Command, engine: FakeEngine) -> None:
    """When, who, how bad, what, and who asked; what a worker wrote cannot do anything to the terminal."""
    _tell(engine, *EVENTS)
    outcome = command("events")
    assert (outcome.code, outcome.out, outcome.err) == (0, GOLDEN, "")


def test_the_last_ones_of_some(command: Command, engine: FakeEngine) -> None:
    """A worker's name means its replicas; -n counts what is wanted, not what there is."""
    _tell(engine, *EVENTS)
    lines = GOLDEN.splitlines()
    assert command("events", "parse", "-n", "1").out.splitlines() == [lines[2]]
    assert command("events", "tally", "engine").out.splitlines() == [lines[1], lines[3]]
    assert command("events", "-n", "0").out == ""
    assert command("events", "-n", "-1").code == 2


def test_events_as_json_are_objects_on_lines(command: Command, engine: FakeEngine) -> None:
    """As the engine told them, a line each, so that they can be followed."""
    _tell(engine, *EVENTS)
    told = command("events", "--json").out.splitlines()
    assert [msgspec.json.decode(line, type=Event) for line in told] == list(EVENTS)


def test_an_unknown_worker_is_told_with_what_comes_close(command: Command, engine: FakeEngine) -> None:
    """Exit code 4; a worker without events is no mistake."""
    _tell(engine, *EVENTS)
    outcome = command("events", "prase")
    assert (outcome.code, outcome.out) == (4, "")
    assert outcome.err.startswith('procdeck: census has no events of "prase"; did you mean "parse"?\nthere are ')
    assert command("events", "walk").code == 0


def test_of_very_many_subjects_the_workers_are_listed(command: Command) -> None:
    """A typo in a large fleet fills no terminal, and what comes close stands first."""
    run = runs_directory("census") / "20260101-1"
    (run / "logs").mkdir(parents=True)
    names = [f"w{number // 40:02d}.{number % 40}" for number in range(1600)]
    _journal(run, *(an_event(at, "starting", subject=name) for at, name in enumerate(names, 1)))
    outcome = command("events", "--project", "census", "w077")
    assert (outcome.code, outcome.out) == (4, "")
    assert outcome.err.splitlines() == [
        'procdeck: census has no events of "w077"; did you mean "w07.7"?',
        f"there are {', '.join(f'w{at:02d}' for at in range(30))} and 10 more",
    ]


def test_followed_events_come_until_the_engine_has_ended(
    command: Command, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each as it happens, and the last words from the journal; then that it is over."""
    _tell(engine, EVENTS[0])
    last = an_event(9, "stopped: exit code 0")
    _journal(Path(engine.note.log_directory).parent, *EVENTS, last)

    waited_from: list[int] = []
    wait_event = engine.port.wait_event

    async def noted(after: int, timeout_s: float) -> bool:
        waited_from.append(after)
        return await wait_event(after, timeout_s)

    monkeypatch.setattr(engine.port, "wait_event", noted)

    def live_on() -> None:
        wait_until(lambda: waited_from == [1])
        engine.do(lambda port: port.happen(EVENTS[1]))
        engine.do(lambda port: port.happen(EVENTS[2]))
        wait_until(lambda: waited_from[-1] == 3)
        engine.end()

    living = threading.Thread(target=live_on)
    living.start()
    outcome = command("events", "-f", "parse")
    living.join()
    assert outcome.code == 0
    told = [line[25:] for line in outcome.out.splitlines()]
    assert told == [
        "parse.1  INFO     starting (incarnation 1)",
        "parse.1  WARNING  exit code 3; restart in 0.5 s",
        "parse.1  INFO     stopped: exit code 0",
    ]
    assert outcome.err.endswith("census has ended\n")


def test_what_the_engine_no_longer_keeps_is_in_the_journal(command: Command, engine: FakeEngine) -> None:
    """More than the engine holds can be asked for."""
    _journal(Path(engine.note.log_directory).parent, *EVENTS)
    _tell(engine, EVENTS[3])
    engine.port.missed = 3
    assert command("events").out == GOLDEN
    assert command("events", "-n", "1").out == GOLDEN.splitlines()[3] + "\n"


def test_events_of_the_last_run(command: Command, place: Path) -> None:
    """Without an engine: the newest run's journal, and that it is over."""
    for run in ("20260101-000000-1", "20260102-000000-1"):
        (runs_directory("census") / run / "logs").mkdir(parents=True)
        _journal(runs_directory("census") / run, *(EVENTS if "0102" in run else EVENTS[:1]))
    outcome = command("events", "--project", "census")
    assert (outcome.code, outcome.out) == (0, GOLDEN)
    assert outcome.err == "census is not running; these are the events of its last run\n"
    assert command("events", "--project", "census", "--follow", "parse").out.count("\n") == 2
    assert command("events", "--project", "census", "prase").code == 4


def test_the_date_is_left_out_today() -> None:
    """A time of day is enough for what has just happened."""
    assert event_line(EVENTS[0], 8, today_is="2023-11-14").startswith("22:13:21.000  parse.1   INFO")
    assert "\x1b[33mWARNING\x1b[0m" in event_line(EVENTS[2], 8, colours=True)


def test_what_was_asked_for_ends_with_its_command_line(command: Command, engine: FakeEngine) -> None:
    """To be copied; as JSON it is a field, beside how far it has come."""
    line = "procdeck stop tally --project census"
    wish = an_event(1, "stop wished", subject="tally", kind="action", by="policy", step="accepted", command=line)
    _tell(engine, wish)
    assert command("events").out.rstrip().endswith(f"stop wished  (by policy)  $ {line}")
    told = msgspec.json.decode(command("events", "--json").out)
    assert (told["command"], told["step"]) == (line, "accepted")
