"""The places of which there are snapshots, and how each is brought about: empty, typical, failing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from textual.pilot import Pilot

from supervisor.api.messages import Fleet, LogState
from supervisor.errors import EngineUnreachable, RequestRefused
from supervisor.paths import loaded_profile_path
from tests.tui.event_fakes import history
from tests.tui.fakes import FakeLink, census, channels, lives, store, stored_line
from tests.tui.pool_fakes import pools
from tui.dashboard import Leaving

SMALL, LARGE = (80, 24), (160, 45)
RUN = Path("run")
"""In the test's own directory, and told as it is written here."""

PROFILES = Path("profiles")
"""Where the picker looks for some."""

PROFILE = """\
name = "census"

[queues.paths]
maxsize = 200

[workers.parse]
target = "census:parse"
replicas = 3
env = { API_TOKEN = "very-secret" }

[workers.new]
command = "sleep 1"
"""

Bring = Callable[[FakeLink, Pilot[Leaving]], Awaitable[None]]


@dataclass(frozen=True)
class Snapshot:
    """One picture: what the engine says, which keys are pressed, and what must then be on the screen.

    Attributes:
        shows: is waited for before the picture is taken.
        spoil: what goes wrong before the keys are pressed.
    """

    name: str
    size: tuple[int, int]
    keys: tuple[str, ...] = ()
    shows: str = ""
    fleet: Callable[[], Fleet] = lambda: typical()
    spoil: Callable[[FakeLink], None] = lambda _: None
    spoil_later: Callable[[FakeLink], None] | None = None

    @property
    def file(self) -> str:
        """Its golden."""
        return f"{self.name}_{self.size[0]}x{self.size[1]}.txt"


def log(records: int = 40) -> LogState:
    return LogState(directory=str(RUN / "logs"), records=records, bytes=4096, warnings=31, errors=2)


def typical() -> Fleet:
    """The usual: most run, one failed, one is hung; queues, pools, a log with an error."""
    return census(channels=channels(), pools=pools(), log=log(), profile_path="census.toml")


def empty() -> Fleet:
    """Nothing is declared, and nothing was logged."""
    return census(rows=(), channels=(), pools=(), log=LogState(directory=str(RUN / "nothing")))


def failing() -> Fleet:
    """Every state that a worker can be in."""
    return census(rows=lives(), channels=channels(), pools=pools(), log=log())


def write_files() -> None:
    """What the places read of the current directory."""
    bad = {
        "type": "ValueError",
        "message": "source code cannot contain null bytes",
        "traceback": 'Traceback (most recent call last):\n  File "census.py", line 41, in parse\nValueError: bad\n',
    }
    names = ("parse.1", "parse.2", "tally", "disk")
    lines = [
        stored_line(f"parsed module_{at}.py", worker=names[at % 4], second=at, level=("INFO", "DEBUG")[at % 2])
        for at in range(36)
    ]
    lines += [
        stored_line("slow: took 4.2 s", level="WARNING", worker="parse.2", second=40),
        stored_line("cannot parse 日本語.py", level="ERROR", worker="parse.3", second=44, exception=bad),
        stored_line("first\nsecond\nthird", worker="tally", second=50),
        stored_line("[b]not bold[/b] ⚠ " + "long " * 60, worker="disk", second=58),
    ]
    store(RUN / "logs", lines)
    (RUN / "nothing").mkdir()
    Path("census.toml").write_text(PROFILE)
    PROFILES.mkdir()
    (PROFILES / "census.toml").write_text(PROFILE)
    (PROFILES / "broken.toml").write_text("[workers.a]\n[workers.b]\n")
    loaded_profile_path(RUN).write_text(PROFILE.replace("200", "100"))


def _with_past(link: FakeLink) -> None:
    link.past = list(history())


def _refusing(link: FakeLink) -> None:
    link.hang_trouble = RequestRefused("this engine is simulated: its workers are threads of one process")


def _unreachable(link: FakeLink) -> None:
    link.hang_trouble = EngineUnreachable("the engine does not answer: nothing listens")


def _lose(link: FakeLink) -> None:
    link.clock.now_s += 5
    link.lose("nothing listens; the engine has died")


DOWN = ("j",)

SNAPSHOTS: tuple[Snapshot, ...] = (
    Snapshot("workers_typical", SMALL, DOWN, "parsing ast.py"),
    Snapshot("workers_typical", LARGE, DOWN, "forkserver"),
    Snapshot("workers_failing", LARGE, (), "start timeout", failing),
    Snapshot("workers_lost", SMALL, DOWN, "Engine lost", spoil_later=_lose),
    Snapshot("workers_empty", SMALL, (), "No log records yet", empty),
    Snapshot("workers_detail", SMALL, ("j", "enter"), "What runs"),
    Snapshot("channels_typical", SMALL, ("2",), "120/200"),
    Snapshot("channels_typical", LARGE, ("2",), "dict with 2 keys"),
    Snapshot("channels_empty", SMALL, ("2",), "", empty),
    Snapshot("pools_typical", SMALL, ("3",), "thumbs"),
    Snapshot("pools_typical", LARGE, ("3",), "photos/bad.jpg"),
    Snapshot("errors_typical", LARGE, ("4",), "ValueError"),
    Snapshot("errors_empty", SMALL, ("4",), "", empty),
    Snapshot("hangs_typical", LARGE, ("5",), "DEADLOCK"),
    Snapshot("hangs_refused", SMALL, ("5",), "simulated", spoil=_refusing),
    Snapshot("why_typical", SMALL, ("j", "w"), "wait for each other"),
    Snapshot("stacks_typical", LARGE, ("j", "t"), "etl.py:14"),
    Snapshot("flame_typical", LARGE, ("j", "t", "s"), "60 % parse"),
    Snapshot("plots_typical", SMALL, ("j", "i"), "Processor"),
    Snapshot("help", SMALL, ("question_mark",), "Keys"),
    Snapshot("palette", SMALL, ("colon", "k", "i", "l"), "SIGKILL"),
    Snapshot("quit", SMALL, ("q",), "Quit procdeck?"),
    Snapshot("events_typical", SMALL, ("V",), "FOLLOW", spoil=_with_past),
    Snapshot("events_typical", LARGE, ("V",), "FOLLOW", spoil=_with_past),
    Snapshot("worker_typical", LARGE, ("j", "I"), "[Overview]", spoil=_with_past),
    Snapshot("profile_typical", LARGE, ("Y",), "reload would change nothing"),
    Snapshot("picker_typical", LARGE, ("ctrl+o",), "2 mistakes"),
    Snapshot("pipeline_typical", LARGE, ("9",), "paths"),
    Snapshot("pipeline_typical", SMALL, ("9",), "paths"),
    Snapshot("logs_typical", LARGE, ("8",), "parsed module_35.py"),
)
"""At most thirty, each looked at."""
