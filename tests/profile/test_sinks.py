"""`[logs.sinks.X]`: what loguru takes, and sentences for what it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from supervisor.errors import ProfileError
from supervisor.processes.sinking import sink_orders
from supervisor.profile.loading import load_profile
from supervisor.profile.model import Profile

WORKER = '[workers.walk]\ncommand = "true"\n[logs.sinks.out]\n'


def loaded(folder: Path, lines: str) -> Profile:
    path = folder / "procdeck.toml"
    path.write_text(WORKER + lines)
    return load_profile(path)


def test_sink_has_what_loguru_knows(tmp_path: Path) -> None:
    """Paths are seen from the profile; `@output` is the run's."""
    lines = """
        sink = "@output/{time:HH}.log"
        level = "warn"
        workers = ["walk", "engine"]
        rotation = "100 MB"
        retention = 3
        compression = "gz"
        format = "<green>{time:HH:mm}</green> {worker} {extra[file]} {message}"
        [logs.sinks.all]
        sink = "logs/all.log"
        serialize = true
        [logs.sinks.console]
        sink = "stderr"
    """
    orders = sink_orders(loaded(tmp_path, lines), Path("/run/output"))
    assert list(orders) == ["out", "all", "console"]
    out = orders["out"]
    assert (out.sink, out.level, out.workers) == ("/run/output/{time:HH}.log", "WARNING", ("walk", "engine"))
    assert (out.rotation, out.retention, out.compression) == ("100 MB", 3, "gz")
    assert (orders["all"].sink, orders["all"].serialize) == (str(tmp_path / "logs/all.log"), True)
    assert (orders["console"].sink, orders["console"].level) == ("stderr", "TRACE")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('rotation = "soon"', "rotation in [logs.sinks.out] is nothing that loguru takes"),
        ("rotation = true", 'must be text in quotes, such as "100 MB"'),
        ('retention = "never"', "retention in [logs.sinks.out] is nothing that loguru takes"),
        ("retention = 1.5", 'must be text in quotes, such as "10 days"'),
        ('compression = "rar"', "compression in [logs.sinks.out] is nothing that loguru takes"),
        ('format = "{wrker}"', 'shows "wrker", which records have not; did you mean "worker"?'),
        ('format = "{"', "format in [logs.sinks.out] is no format"),
        ('format = "<green>{message}</red>"', "format in [logs.sinks.out] is nothing that loguru takes"),
        ('level = "loud"', "level in [logs.sinks.out] must be"),
        ('workers = ["walc"]', 'sink "out" wants worker "walc", which is none; did you mean "walk"?'),
        ("rotatoin = 1", 'unknown key "rotatoin" in [logs.sinks.out]; did you mean "rotation"?'),
    ],
)
def test_mistakes_are_told(tmp_path: Path, line: str, told: str) -> None:
    """With the line, what is wrong, and what would be right."""
    with pytest.raises(ProfileError) as caught:
        loaded(tmp_path, f'sink = "out.log"\n{line}\n')
    [mistake] = caught.value.mistakes
    assert told in mistake
    assert ":5: " in mistake


@pytest.mark.parametrize(("value", "told"), [('""', "is empty"), ('"stdout"', "the engine has no stdout of its own")])
def test_sink_is_a_file_or_stderr(tmp_path: Path, value: str, told: str) -> None:
    """Nothing else, and it has to be said."""
    with pytest.raises(ProfileError, match=told):
        loaded(tmp_path, f"sink = {value}\n")
    with pytest.raises(ProfileError, match=r"sink in .* is missing"):
        loaded(tmp_path, 'level = "INFO"\n')


def test_loguru_is_loaded_only_where_there_are_sinks(tmp_path: Path) -> None:
    """It takes 80 ms, which no other profile should pay."""
    import subprocess
    import sys

    path = tmp_path / "procdeck.toml"
    path.write_text('[workers.walk]\ncommand = "true"\n')
    code = (
        "import sys; from pathlib import Path; from supervisor.profile.loading import load_profile;"
        f"load_profile(Path({str(path)!r})); print('loguru' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"


def test_level_and_locals_are_for_python_workers(tmp_path: Path) -> None:
    """Any case of letters; from [defaults] too; without meaning for a command."""
    path = tmp_path / "procdeck.toml"
    (tmp_path / "job.py").write_text("")
    path.write_text(
        '[defaults]\nlog_level = "debug"\ntraceback_locals = true\n'
        '[workers.a]\nscript = "job.py"\n[workers.b]\nscript = "job.py"\nlog_level = "Warn"\n'
        '[workers.c]\ncommand = "true"\n'
    )
    workers = load_profile(path).workers
    assert [(worker.log_level, worker.traceback_locals) for worker in workers.values()] == [
        ("DEBUG", True),
        ("WARNING", True),
        (None, False),
    ]
    path.write_text('[workers.c]\ncommand = "true"\nlog_level = "INFO"\n')
    with pytest.raises(ProfileError, match="log_level has no meaning"):
        load_profile(path)
