"""A file goes in; a valid profile, or every mistake in the order of the file, comes out."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from supervisor.errors import ProfileError
from supervisor.profile.loading import load_profile
from supervisor.profile.names import NAME_RULE
from supervisor.profile.quantities import DURATION_RULE

from .conftest import Load, Mistakes

WORKER = '[workers.a]\ntarget = "m:f"\n'


def refusal(path: Path) -> list[str]:
    with pytest.raises(ProfileError) as caught:
        load_profile(path)
    return caught.value.mistakes


def test_the_way_in_costs_no_pydantic() -> None:
    """The command line imports this module for every command; pydantic loads only with a profile."""
    code = (
        "import sys, supervisor.profile.loading; print(sorted({'pydantic', 'tomllib', 'msgspec'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_profile_knows_its_file_and_its_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The path is absolute, relative things begin in its directory, and the command line may rename the project."""
    (tmp_path / "my deck.toml").write_text(WORKER)
    monkeypatch.chdir(tmp_path)
    profile = load_profile(Path("my deck.toml"))
    assert (profile.path, profile.directory) == (tmp_path / "my deck.toml", tmp_path)
    assert (profile.name, profile.project) == ("my-deck", "my-deck")
    assert load_profile(Path("my deck.toml"), project="other").project == "other"
    with pytest.raises(ProfileError, match='the project name "no good" is not allowed'):
        load_profile(Path("my deck.toml"), project="no good")


def test_what_is_no_readable_file_is_said(tmp_path: Path) -> None:
    """Absent, a directory, a pipe, not UTF-8, too large: each has its sentence and its way out."""
    os.mkfifo(tmp_path / "pipe.toml")
    (tmp_path / "latin.toml").write_bytes(b"# first\nname = '\xe9'\n")
    (tmp_path / "large.toml").write_bytes(b"#" * (1024 * 1024 + 1))
    names = ("absent.toml", "", "pipe.toml", "latin.toml", "large.toml", "a\0b.toml")
    told = [refusal(tmp_path / name)[0].removeprefix(str(tmp_path)) for name in names]
    assert told == [
        "/absent.toml: there is no such file; name a profile, or go to where it is",
        f": is a directory; name the profile in it, such as {tmp_path / 'procdeck.toml'}",
        "/pipe.toml: is not a regular file; write the profile to a file",
        "/latin.toml:2: is not UTF-8 text; save the profile as UTF-8",
        "/large.toml: is larger than 1 MiB; this is hardly a profile",
        "/a\0b.toml: cannot be read: no file's name holds a NUL character",
    ]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_said(tmp_path: Path) -> None:
    """The system's own reason is told."""
    path = tmp_path / "secret.toml"
    path.write_text(WORKER)
    path.chmod(0)
    assert refusal(path) == [f"{path}: cannot be read: Permission denied"]


def test_a_byte_order_mark_is_ignored(tmp_path: Path) -> None:
    """Editors on Windows write one."""
    (tmp_path / "bom.toml").write_bytes(b"\xef\xbb\xbf" + WORKER.encode())
    assert list(load_profile(tmp_path / "bom.toml").workers) == ["a"]


def test_a_syntax_error_is_the_only_mistake(mistakes: Mistakes) -> None:
    """What cannot be parsed has one mistake, with its line."""
    assert mistakes("nam = 1\n[workers.a]\ntarget =\n") == ["3: not valid TOML: invalid value at column 9"]


def test_pyproject_tables_are_a_profile_with_their_own_lines(tmp_path: Path) -> None:
    """`[tool.procdeck]` is read, the directory names it, and mistakes stand on the lines of the whole file."""
    path = tmp_path / "pyproject.toml"
    path.write_text('[project]\nname = "q"\n\n[tool.procdeck.workers.a]\ntarget = "m:f"\n')
    assert load_profile(path).name.startswith("test_pyproject_tables")
    path.write_text('[project]\nname = "q"\n\n[tool.procdeck.workers.a]\ntarget = "m:f"\nreplica = 2\n')
    assert refusal(path) == [f'{path}:6: unknown key "replica" in [tool.procdeck.workers.a]; did you mean "replicas"?']
    path.write_text('[project]\nname = "q"\n')
    assert refusal(path) == [f"{path}: there is no [tool.procdeck] table; add [tool.procdeck.workers.NAME]"]


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file(mistakes: Mistakes) -> None:
    """Keys, types, names, channels: one run of `check` shows everything, top to bottom."""
    assert mistakes("""\
        name = "bad one"
        result = "@ouput/x.json"
        [workers.walk]
        target = "census.walk"
        writes = { out = "pathes" }
        stop_timeout = "5 sekonds"
        restart = "sometimes"
        [queues.paths]
        maxsize = "200"
        [workers.parse]
        taget = "census:parse"
        replicas = 0
        """) == [
        f'1: the project name "bad one" is not allowed: {NAME_RULE}',
        '2: result begins with "@ouput", which stands for nothing; did you mean "@output"?',
        '4: the target of worker "walk" must be "module:function"; did you mean "census:walk"?',
        '5: no channel is called "pathes"; did you mean "paths"?',
        f'6: stop_timeout in [workers.walk] {DURATION_RULE}, not "5 sekonds"',
        '7: restart in [workers.walk] must be "never", "on-failure" or "always"',
        "9: maxsize in [queues.paths] must be a whole number; for example maxsize = 200",
        '11: unknown key "taget" in [workers.parse]; did you mean "target"?',
        "12: replicas in [workers.parse] must be at least 1; for example replicas = 3",
    ]


def test_a_mistake_in_defaults_is_told_once(mistakes: Mistakes) -> None:
    """What every worker inherits is wrong in one place only."""
    text = '[defaults]\nstart_method = "frok"\nstop_timeout = []\n' + WORKER + '[workers.b]\ntarget = "m:f"\n'
    assert [mistake[:2] for mistake in mistakes(text)] == ["2:", "3:"]


def test_no_mistake_repeats_what_may_be_a_secret(mistakes: Mistakes) -> None:
    """Values of env, args and command never appear in a message."""
    told = mistakes("""\
        [defaults]
        env = { TOKEN = 271828 }
        [workers.a]
        target = "m:f"
        env = { PASSWORD = ["hunter2"], "A=B" = "hunter2", ZERO = "hunter2\\u0000" }
        args = ["hunter2"]
        [workers.b]
        command = ["login", "hunter2", 3]
        args = { password = "hunter2" }
        """)
    assert len(told) == 7
    assert not [mistake for mistake in told if "hunter2" in mistake or "271828" in mistake]


def test_environment_files_must_be_there_and_be_right(tmp_path: Path, mistakes: Mistakes) -> None:
    """Each mistake has the line of the profile and the line of the file; values are never shown."""
    (tmp_path / "bad.env").write_text("A=1\nhunter2\nB='hunter2\n")
    told = mistakes("""\
        [defaults]
        env_file = "absent.env"
        [workers.a]
        target = "m:f"
        [workers.b]
        target = "m:f"
        env_file = ["bad.env", 3]
        """)
    start = f"env_file in [workers.b] cannot be used: {tmp_path / 'bad.env'}"
    absent = f"{tmp_path / 'absent.env'}: there is no such file; make it, or correct env_file"
    assert sorted(told) == [
        f"2: env_file in [defaults] cannot be used: {absent}",
        f"7: {start}:2: must be NAME=VALUE, with a name of letters, digits and _, or a comment after #",
        f"7: {start}:3: the value of B begins with ' and does not end with it; close it",
        "7: item 2 of env_file in [workers.b] must be text in quotes",
    ]


def test_an_environment_file_may_be_at_home(
    tmp_path: Path, load: Load, mistakes: Mistakes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A home that nobody has is a file that is not there."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "own.env").write_text("A=1\n")
    assert load(WORKER + 'env_file = "~/own.env"\n').workers["a"].env_file == ["~/own.env"]
    (told,) = mistakes(WORKER + 'env_file = "~nobody-here/own.env"\n')
    assert told.endswith("/~nobody-here/own.env: there is no such file; make it, or correct env_file")


def test_environment_files_belong_to_the_profiles_directory(tmp_path: Path, load: Load) -> None:
    """A worker's own replace those of [defaults]; what is in them is told apart, and is not in the model."""
    (tmp_path / "one.env").write_text("TOKEN=hunter2\n")
    (tmp_path / "two.env").write_text("TOKEN=hunter3\n")
    text = (
        '[defaults]\nenv_file = "one.env"\n'
        + WORKER
        + '[workers.b]\ncommand = "x"\nenv_file = ["one.env", "two.env"]\n'
    )
    profile = load(text)
    a, b = profile.workers.values()
    assert (a.env_file, b.env_file) == (["one.env"], ["one.env", "two.env"])
    assert a.env_file_digest not in {"", b.env_file_digest}
    assert "hunter" not in repr(profile)
    (tmp_path / "one.env").write_text("TOKEN=hunter4\n")
    again = load(text)
    assert a.env_file_digest != again.workers["a"].env_file_digest
    assert b.env_file_digest == again.workers["b"].env_file_digest


def test_a_mistake_holds_nothing_that_a_terminal_obeys(mistakes: Mistakes) -> None:
    """Control characters of the file are shown, not sent."""
    told = mistakes('"\\u001b[31mx" = 1\n[workers."\\u001b[2J"]\ntarget = "m:f"\nreads = { a = "\\u0007" }\n')
    assert all(mistake.isprintable() for mistake in told)


def test_the_example_of_the_design_loads(load: Load) -> None:
    """Defaults are merged, units are read, kinds are told apart."""
    profile = load("""\
        name = "census"
        [defaults]
        start_method = "spawn"
        stop_timeout = "3s"
        env = { A = "1", B = "1" }
        [queues.paths]
        maxsize = 200
        [values.total]
        type = "q"
        [workers.walk]
        target = "census:walk"
        writes = { out = "paths" }
        args = { root = "@stdlib" }
        restart = "never"
        [workers.parse]
        target = "census:parse"
        replicas = 2
        reads = { inbox = "paths" }
        shares = { total = "total" }
        heartbeat = "10s"
        start_method = "fork"
        env = { B = "2", C = "2" }
        restart = { policy = "always", max = 3, within = "1m", backoff = "1s..10s" }
        [workers.redis]
        command = "redis-server --port 6390"
        [logs]
        segment_size = "1MiB"
        """)
    walk, parse, redis = profile.workers.values()
    assert (walk.kind, walk.restart.policy, walk.stop_timeout_s, walk.args) == (
        "target",
        "never",
        3.0,
        {"root": "@stdlib"},
    )
    assert (walk.start_method, walk.start_method_reason) == ("spawn", "from [defaults]")
    assert (parse.start_method, parse.start_method_reason) == ("fork", "named in [workers.parse]")
    assert (parse.env, parse.heartbeat_s) == ({"A": "1", "B": "2", "C": "2"}, 10.0)
    assert parse.replica_names() == ["parse.1", "parse.2"]
    assert walk.replica_names() == ["walk"]
    limits = parse.restart
    assert (limits.max, limits.within_s, limits.backoff_min_s, limits.backoff_max_s) == (3, 60.0, 1.0, 10.0)
    assert (redis.name, redis.kind, redis.start_method_reason) == (
        "redis",
        "command",
        "not used: a command is executed directly",
    )
    assert (profile.queues["paths"].name, profile.queues["paths"].maxsize) == ("paths", 200)
    assert (profile.values["total"].type_code, parse.shares, walk.shares) == ("q", {"total": "total"}, {})
    assert profile.logs.segment_bytes == 2**20
