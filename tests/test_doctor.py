"""`procdeck doctor` looks at the machine, at engines that run, and at what killed ones have left."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

from supervisor import doctor, paths
from supervisor.findings import Finding
from supervisor.holding import Hold
from supervisor.processes.census import Census
from tests.api.fake_port import FakeEngine, a_fleet
from tests.engines import write_profile


def about(subject: str, found: tuple[Finding, ...]) -> list[Finding]:
    return [finding for finding in found if finding.subject.startswith(subject)]


def test_machine_is_looked_at_without_an_engine(place: Path) -> None:
    """Every subject has a word, and nothing is made."""
    found = doctor.diagnose()
    subjects = {finding.subject for finding in found}
    assert {"Python", "runtime directory", "open files", "shared memory", "/proc", "clock", "bytecode"} <= subjects
    assert len(about("kill tier", found)) == 5
    assert all(finding.what and (finding.level == "ok" or finding.why) for finding in found)
    assert not paths.runtime_root().exists()


def test_runtime_directory_that_is_open_or_foreign_is_told(place: Path) -> None:
    """Others may look in; or it is no directory at all."""
    paths.runtime_root().mkdir(mode=0o755)
    assert about("runtime", doctor.diagnose())[0].level == "warn"
    paths.runtime_root().rmdir()
    paths.runtime_root().symlink_to(place)
    assert about("runtime", doctor.diagnose())[0].level == "fail"


def test_profile_that_others_may_change_is_told(place: Path) -> None:
    """The file and its directory; one that is not there as well."""
    profile = write_profile(place / "p", "[workers.w]\ncommand = 'true'\n")
    assert about("profile", doctor.diagnose(profile=profile))[0].level == "ok"
    profile.chmod(0o666)
    assert "chmod go-w" in about("profile", doctor.diagnose(profile=profile))[0].advice
    assert about("profile", doctor.diagnose(profile=place / "none.toml"))[0].level == "fail"


def test_running_engine_is_asked_how_it_is(place: Path) -> None:
    """Its loop, its descriptors, its lost records."""
    with FakeEngine(a_fleet(), place / "logs"):
        found = about("project census", doctor.diagnose())
    assert [finding.level for finding in found[:2]] == ["ok", "ok"]
    assert "descriptors are in use" in found[1].what


def test_engine_that_stands_still_is_told(place: Path) -> None:
    """Its lock is held, and its socket is not served."""
    hold = Hold("web")
    (finding,) = doctor.of_project("web")
    hold.let_go()
    assert finding.level == "fail"
    assert "kill -CONT" in finding.advice


def test_what_a_double_kill_has_left_is_told(place: Path) -> None:
    """Each process that still lives, with its command; and a dead socket file, which is harmless."""
    book = Census(paths.run_directory("web", "20260101-120000-1"))
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(paths.runtime_directory("web") / "engine.sock"))
    with subprocess.Popen(["sleep", "1000"], env={**os.environ}) as sleeper:
        book.on_launched(sleeper.pid, "w")
        left, file = about("project web", doctor.diagnose())
        sleeper.kill()
    book.close()
    assert (left.level, file.level) == ("fail", "ok")
    assert f"process {sleeper.pid} of run 20260101-120000-1 still lives: sleep 1000" in left.what
