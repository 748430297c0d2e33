"""Which means this machine has to end a tree, and the control groups that are the strongest of them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from supervisor.processes import cgroups, linux
from supervisor.processes.cgroups import Cgroup, Place, find_place
from supervisor.processes.tiers import available_tiers, kill_tiers
from tests.engines import is_alive, wait_for

MOUNTINFO = "24 1 0:21 / /proc rw - proc proc rw\n35 24 0:30 / {mount} rw,relatime - cgroup2 cgroup2 rw\n"


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """A /proc in which this process is in ``/user.slice/us`` of a cgroup v2 that is mounted in a folder of ours."""
    own = tmp_path / "cgroup" / "user.slice" / "us"
    own.mkdir(parents=True)
    (own / "cgroup.procs").write_text("")
    folder = tmp_path / "proc" / "self"
    folder.mkdir(parents=True)
    (folder / "mountinfo").write_text(MOUNTINFO.format(mount=tmp_path / "cgroup"))
    (folder / "cgroup").write_text("1:cpu:/\n0::/user.slice/us\n")
    return tmp_path / "proc"


def test_delegated_group_of_a_user_is_used(proc: Path, tmp_path: Path) -> None:
    """Writable by an ordinary user means handed over (the file system is simulated)."""
    assert find_place(proc, uid=1000) == Place(tmp_path / "cgroup" / "user.slice" / "us")


def test_roots_own_group_is_the_systems_unless_it_is_marked(proc: Path) -> None:
    """Root may write anywhere; without systemd's mark of delegation it does not."""
    assert "nobody has delegated it" in find_place(proc, uid=0).obstacle


def test_system_without_cgroup_v2_says_so(proc: Path) -> None:
    """Only v1, or nothing at all."""
    (proc / "self" / "cgroup").write_text("1:cpu:/\n")
    assert find_place(proc).obstacle == "this process is in no cgroup v2"
    (proc / "self" / "mountinfo").write_text("24 1 0:21 / /proc rw - proc proc rw\n")
    assert find_place(proc).obstacle == "this system has no cgroup v2"
    assert find_place(proc / "nowhere").obstacle == "this system has no cgroup v2"


def test_group_of_a_run_is_named_for_it(proc: Path) -> None:
    """Where there is a place; nowhere else."""
    group = cgroups.run_group("web", "20260101-120000-1", find_place(proc, uid=1000))
    assert group is not None
    assert group.directory.name == "procdeck-web-20260101-120000-1"
    assert cgroups.run_group("web", "20260101-120000-1", Place(None, "none here")) is None


def test_group_is_made_filled_and_killed_through_its_files(tmp_path: Path) -> None:
    """What is written where, in a folder that is no cgroup; every failure is False, and nothing is raised."""
    group = Cgroup(tmp_path / "run").below("parse.2.3")
    assert not group.attach(1)
    assert not group.kill()
    assert group.is_empty()
    assert group.create()
    for name in ("cgroup.procs", "cgroup.kill"):
        (group.directory / name).touch()
    (group.directory / "cgroup.events").write_text("populated 1\nfrozen 0\n")
    assert group.attach(4711)
    assert group.kill()
    assert (group.pids(), (group.directory / "cgroup.kill").read_text()) == ((4711,), "1")
    assert not group.remove()
    assert not group.is_empty()
    shutil.rmtree(group.directory)
    assert group.remove()


@pytest.fixture
def real_group() -> Iterator[Cgroup]:
    """A control group of the kernel's own, where this user may make one."""
    mount = cgroups._mount_point(Path("/proc"))
    group = Cgroup((mount or Path("/nowhere")) / f"procdeck-test-{os.getpid()}")
    if mount is None or not group.create() or not (group.directory / "cgroup.kill").exists():
        pytest.skip("no cgroup v2 that this user may write in")
    yield group
    assert group.end()


def test_kernel_kills_a_whole_group_escapees_included(real_group: Cgroup) -> None:
    """A worker's group holds what it forks, whatever session that makes for itself."""
    worker = real_group.below("w.1")
    assert worker.create()
    program = (
        "import subprocess, sys; sys.stdin.read(1); subprocess.Popen(['setsid', 'sleep', '1000']); sys.stdin.read()"
    )
    leader = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE)
    assert leader.stdin is not None
    assert worker.attach(leader.pid)
    leader.stdin.write(b"x")
    leader.stdin.flush()
    wait_for(lambda: len(worker.pids()) == 2, "the child to be there")
    pids = worker.pids()
    assert not worker.remove()
    assert worker.kill()
    leader.communicate(timeout=30)
    wait_for(worker.is_empty, "the group to be empty")
    assert not any(map(is_alive, pids))
    assert real_group.remove()
    assert real_group.create()


def test_tiers_of_linux_are_all_told_strongest_first() -> None:
    """One that is missing says why and what to do."""
    missing = kill_tiers(Place(None, "this system has no cgroup v2"))
    assert [tier.name for tier in missing] == ["cgroup", "subreaper", "session", "PDEATHSIG", "pidfd"]
    assert not missing[0].is_available
    assert "no cgroup v2; start procdeck with `systemd-run" in missing[0].text
    there = kill_tiers(Place(Path("/x")))
    assert there[0].is_available
    assert "session" in available_tiers(there)


def test_system_without_the_kernels_tiers_says_what_that_means(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another system, or a sandbox without pidfds (simulated)."""

    def no_pidfd(_pid: int) -> int:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(os, "pidfd_open", no_pidfd)
    monkeypatch.setattr(linux, "has_subreapers", lambda: False)
    monkeypatch.setattr(linux, "has_death_signals", lambda: False)
    tiers = kill_tiers(Place(None, "none"))
    assert available_tiers(tiers) == ("session",)
    assert all(tier.text for tier in tiers)


def test_workers_do_not_inherit_the_engines_shield_from_the_oom_killer() -> None:
    """Engine and guardian are ended last where that is permitted; what they start has the score it would have had."""
    program = """
import subprocess
from supervisor.processes import linux
def score(pid):
    return int(open(f"/proc/{pid}/oom_score_adj").read())
before = score("self")
shielded = linux.shield_from_oom()
assert score("self") == (linux.SHIELDED_OOM_SCORE if shielded else before)
with subprocess.Popen(["sleep", "1000"]) as worker:
    linux.unshield(worker.pid)
    assert score(worker.pid) == before
    worker.kill()
linux.unshield(worker.pid)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=Path(__file__).parents[2], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
