"""What a worker may use and as whom it runs: looked up at the launch, set in the new process, never half."""

from __future__ import annotations

import grp
import os
import pwd
import resource
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from supervisor.processes.limits import UnknownIdentity, resolve
from supervisor.processes.preparing import Surroundings, prepare, shown_environment
from supervisor.profile.loading import load_profile
from supervisor.profile.model import WorkerSpec
from tests.engines import write_profile
from tests.processes.launches import command_order, live, target_order

METHODS = ["fork", "spawn", "forkserver"]

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may become somebody else")
needs_no_root = pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")

HARD_NOFILE = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
NOBODY = pwd.getpwnam("nobody")
AS_NOBODY = {"name": "nobody", "uid": NOBODY.pw_uid, "gid": NOBODY.pw_gid, "groups": [NOBODY.pw_gid]}

ALL = {"rlimits": {"nofile": [64, 128], "core": [0, 0]}, "nice": os.getpriority(os.PRIO_PROCESS, 0) + 3, "umask": 0o027}


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that another user can enter; pytest keeps its own to itself."""
    path = Path(tempfile.mkdtemp(prefix="pd-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


def worker(folder: Path, keys: str = "", **later: object) -> WorkerSpec:
    """The worker ``w`` with `keys` of a profile, and what has changed since the profile was found to be right."""
    path = write_profile(folder, f'name = "p"\n[workers.w]\ncommand = "true"\n{keys}\n')
    return load_profile(path).workers["w"].model_copy(update=later)


async def test_command_is_held_to_its_limits(folder: Path) -> None:
    """rlimits, niceness and umask are those of the program and of all that it starts."""
    life = await live(command_order(folder, "sh", "-c", "ulimit -Sn; ulimit -Hn; ulimit -c; umask; nice", limits=ALL))
    assert life.stdout.split() == ["64", "128", "0", "0027", str(ALL["nice"])]


@pytest.mark.parametrize("method", METHODS)
async def test_python_worker_is_held_to_its_limits_before_its_code_is_imported(folder: Path, method: str) -> None:
    """At import time already, with each start method."""
    source = (
        "import os, resource\n"
        "seen = [resource.getrlimit(resource.RLIMIT_NOFILE), os.getpriority(os.PRIO_PROCESS, 0), os.umask(0)]\n"
        "def run():\n    print(seen)\n"
    )
    life = await live(target_order(folder, method, source, limits=ALL))
    assert life.stdout == f"[(64, 128), {ALL['nice']}, {0o027}]\n"


async def test_limit_of_cpu_time_has_a_second_of_grace_so_that_its_end_has_a_name(folder: Path) -> None:
    """At the hard limit the kernel sends SIGKILL, which could be anybody's."""
    limits = {"rlimits": {"cpu": [1000, 1000]}}
    life = await live(command_order(folder, "sh", "-c", "ulimit -St; ulimit -Ht", limits=limits))
    assert life.stdout.split() == ["1000", "1001"]


@pytest.mark.parametrize("method", ["exec", *METHODS])
async def test_limit_that_cannot_be_set_prevents_the_start(folder: Path, method: str) -> None:
    """It is told with its number and the most that is possible; the target does not run without it."""
    beyond = 2**40
    order = target_order(folder, method, "def run(): print('ran')", limits={"rlimits": {"nofile": [beyond, beyond]}})
    life = await live(order if method != "exec" else command_order(folder, "echo", "ran", limits=order.limits))
    text = life.frames[0]["error"] if life.frames else life.why_not.text
    assert text.startswith(f"cannot set limits.nofile = {beyond}: ")
    assert "the kernel allows" in text if os.geteuid() == 0 else "only root may raise it" in text
    assert "ran" not in life.said.get("stdout", "")
    assert life.status in (None, 1)


@needs_root
@pytest.mark.parametrize("method", ["exec", *METHODS])
async def test_worker_runs_as_another_user_for_good(folder: Path, method: str) -> None:
    """User, group and groups are changed, root cannot be had back, and /dev/stdout can be opened."""
    source = (
        "import os\n"
        "def run():\n"
        "    print(os.getresuid(), os.getresgid(), os.getgroups())\n"
        "    open('/dev/stdout', 'w').write('reopened\\n')\n"
        "    print('NoNewPrivs:\\t1' in open('/proc/self/status').read(), os.access('/proc/self/environ', os.R_OK))\n"
        "    try:\n        os.setuid(0)\n    except PermissionError:\n        print('for good')\n"
    )
    limits = {"identity": AS_NOBODY}
    if method == "exec":
        order = command_order(folder, "/usr/bin/env", "-i", "sh", "-c", "id -u; id -g; id -G", limits=limits)
        assert (await live(order)).stdout.split() == [str(NOBODY.pw_uid), str(NOBODY.pw_gid), str(NOBODY.pw_gid)]
        order = command_order(folder, "grep", "NoNewPrivs", "/proc/self/status", limits=limits)
        assert (await live(order)).stdout == "NoNewPrivs:\t1\n"
        return
    life = await live(target_order(folder, method, source, limits=limits))
    uid, gid = NOBODY.pw_uid, NOBODY.pw_gid
    lines = [f"({uid}, {uid}, {uid}) ({gid}, {gid}, {gid}) [{gid}]", "reopened", "True True", "for good"]
    assert life.stdout.splitlines() == lines, life


@needs_root
async def test_directory_that_the_new_user_may_not_enter_is_told(folder: Path) -> None:
    """The directory is entered as that user, not as root."""
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    life = await live(command_order(closed, "true", limits={"identity": AS_NOBODY}))
    assert life.why_not.text.startswith(f"cannot start in {closed}: permission denied: the worker's user may not enter")
    life = await live(target_order(closed, "spawn", "def run(): pass", limits={"identity": AS_NOBODY}))
    assert life.frames[0]["error"].startswith(f"cannot start in {closed}: permission denied")


@needs_root
def test_user_is_looked_up_with_all_its_groups(folder: Path) -> None:
    """By name or number; its environment names it; a group alone changes nothing else."""
    resolved = resolve(worker(folder, user="nobody"))
    expected = {**AS_NOBODY, "name": f'user "nobody" (uid {NOBODY.pw_uid}, gid {NOBODY.pw_gid})'}
    assert resolved.limits["identity"] == {**expected, "groups": sorted(os.getgrouplist("nobody", NOBODY.pw_gid))}
    assert resolved.environment == {"HOME": NOBODY.pw_dir, "USER": "nobody", "LOGNAME": "nobody"}
    assert resolve(worker(folder, user=NOBODY.pw_uid)).limits == resolved.limits
    group = grp.getgrall()[0]
    only_group = resolve(worker(folder, group=group.gr_gid))
    assert only_group.limits["identity"]["uid"] is None
    assert only_group.limits["identity"]["gid"] == group.gr_gid
    assert only_group.environment == {}


def test_unknown_user_and_group_are_refused_with_what_to_do(folder: Path) -> None:
    """Also a bare number whose group nobody knows."""
    for later, words in (
        ({"user": "no-such-user"}, 'cannot run as user "no-such-user": there is no such user'),
        ({"group": "no-such-group"}, 'cannot run with group "no-such-group": there is no such group'),
        ({"user": 54321}, "cannot run as user 54321: no entry of this machine names its group; say which with group"),
    ):
        with pytest.raises(UnknownIdentity, match=words):
            resolve(worker(folder, **later))


@needs_no_root
def test_ordinary_user_may_name_itself_and_nobody_else(folder: Path) -> None:
    """A profile that says who runs it works for that user; another user is refused before anything starts."""
    assert resolve(worker(folder, user=os.geteuid(), group=os.getegid())).limits == {}
    with pytest.raises(UnknownIdentity, match="only root may run a worker as somebody else"):
        resolve(worker(folder, user=0, group=0))


def test_order_carries_limits_environment_and_refusal(folder: Path) -> None:
    """What the profile says reaches the order; what cannot be is its refusal, not an exception."""
    (folder / "one.env").write_text("A=from one\nB=from one\nC=from one\n")
    (folder / "two.env").write_text("B=from two\nC=from two\n")
    keys = 'env_file = ["one.env", "two.env"]\nenv = { C = "from env" }\nlimits = { core = 0 }\n'
    keys += "success_exit_codes = [0, 3]"
    spec = worker(folder, keys)
    order = prepare(spec, 1, 1, (), around(folder))
    assert order.refusal is None
    assert {name: order.environment[name] for name in "ABC"} == {"A": "from one", "B": "from two", "C": "from env"}
    assert (order.limits, order.success_exit_codes) == ({"rlimits": {"core": [0, 0]}}, (0, 3))
    shown = shown_environment(spec, folder)
    assert shown["C"] == "from env"
    assert "from" not in shown["A"] + shown["B"]

    (folder / "two.env").write_text("B='half\n")
    refusal = prepare(spec, 1, 1, (), around(folder)).refusal
    assert refusal is not None
    assert f"cannot read its env_file: {folder}/two.env:1: " in refusal.text
    assert "half" not in refusal.text
    assert not refusal.is_permanent


async def test_refused_order_makes_no_process(folder: Path) -> None:
    """The launcher answers with the order's own refusal."""
    order = prepare(worker(folder, user="nobody", group="no-such-group"), 1, 1, (), around(folder))
    life = await live(order)
    assert life.pid is None
    assert life.why_not.is_permanent


def around(folder: Path) -> Surroundings:
    return Surroundings(folder, folder, 65536, {})
