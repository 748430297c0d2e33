"""What a simulated run makes of a profile: threads in the place of processes, and words for what stays a process."""

from __future__ import annotations

from pathlib import Path

from supervisor.processes.preparing import choose_method
from supervisor.profile.loading import load_profile
from supervisor.profile.simulating import in_the_same_way, is_simulated, real_method, simulated, why_not

TEXT = """
name = "several"
[workers.target]
target = "mod:f"
start_method = "fork"
replicas = 2
[workers.script]
script = "job.py"
[workers.module]
module = "http.server"
[workers.command]
command = ["true"]
[workers.notifying]
target = "mod:f"
ready = "notify"
[workers.elsewhere]
target = "mod:f"
python = "/usr/bin/python3"
start_method = "fork"
"""


def written(folder: Path) -> Path:
    (folder / "mod.py").write_text("def f():\n    pass\n")
    (folder / "job.py").write_text("")
    path = folder / "procdeck.toml"
    path.write_text(TEXT)
    return path


def test_targets_become_threads_and_say_what_they_are_in_a_real_run(tmp_path: Path) -> None:
    """The start method is told with its reason; nothing else of the worker differs."""
    profile = load_profile(written(tmp_path))
    worker = simulated(profile).workers["target"]
    choice = choose_method(worker)
    assert (choice.method, real_method(worker)) == ("thread", "fork")
    assert choice.reason.startswith("--simulate; without it: fork")
    before = profile.workers["target"].model_dump(exclude={"start_method", "start_method_reason"})
    assert worker.model_dump(exclude={"start_method", "start_method_reason", "real_method"}) == before


def test_programs_stay_processes_and_say_why(tmp_path: Path) -> None:
    """Scripts, modules, commands, and what speaks through a descriptor of its process."""
    workers = simulated(load_profile(written(tmp_path))).workers
    for name, method in (
        ("script", "forkserver"),
        ("module", "forkserver"),
        ("command", "exec"),
        ("notifying", "forkserver"),
    ):
        assert choose_method(workers[name]).method == method
        assert choose_method(workers[name]).reason == why_not(workers[name]) != ""
        assert real_method(workers[name]) == ""


def test_worker_of_another_interpreter_is_a_thread_as_well(tmp_path: Path) -> None:
    """Of a process of that interpreter."""
    worker = simulated(load_profile(written(tmp_path))).workers["elsewhere"]
    assert choose_method(worker).method == "thread"
    assert worker.python == "/usr/bin/python3"


def test_reload_of_a_simulated_profile_is_simulated(tmp_path: Path) -> None:
    """And that of a real one is not."""
    real = load_profile(written(tmp_path))
    assert not is_simulated(in_the_same_way(real, real))
    assert is_simulated(in_the_same_way(simulated(real), real))
    assert in_the_same_way(simulated(real), real) == simulated(real)
