"""`procdeck init` writes a profile that can be run, and never over one that is there."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from supervisor.profile.loading import load_profile
from tui.cli.exits import ExitCode
from tui.cli.main import main

JOB = "def produce(out):\n    out.put(1)\n\ndef consume(inbox):\n    for one in inbox:\n        print(one)\n"


@pytest.fixture
def job(tmp_path: Path) -> Path:
    file = tmp_path / "squares" / "job.py"
    file.parent.mkdir()
    file.write_text(JOB)
    return file


def test_a_files_functions_become_a_profile(job: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is written beside the file, and it is right."""
    assert main(["init", str(job)]) == ExitCode.OK
    profile = load_profile(job.parent / "procdeck.toml")
    assert profile.name == "squares"
    assert profile.workers["produce"].writes == {"out": "from-produce"}
    assert profile.workers["consume"].reads == {"inbox": "from-produce"}
    assert f"written: {job.parent / 'procdeck.toml'}" in capsys.readouterr().out


def test_a_profile_that_is_there_is_left_alone(job: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Unless it is said that it is to be replaced."""
    mine = job.parent / "procdeck.toml"
    mine.write_text("mine")
    assert main(["init", str(job)]) == ExitCode.USAGE
    assert "--force" in capsys.readouterr().err
    assert mine.read_text() == "mine"
    assert main(["init", str(job), "--force"]) == ExitCode.OK
    assert sorted(path.name for path in job.parent.iterdir()) == ["job.py", "procdeck.toml"]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("job.txt", JOB, "end with .py"),
        ("bad.py", "def f(:", "bad.py:1:"),
        ("empty.py", "x = 1\n", "no function"),
        ("latin.py", "# \xe9\ndef f(): pass", "not UTF-8"),
    ],
)
def test_what_no_profile_can_be_made_of_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, content: str, words: str
) -> None:
    """What, where, and nothing is written."""
    file = tmp_path / name
    file.write_bytes(content.encode("latin-1"))
    assert main(["init", str(file)]) == ExitCode.USAGE
    assert words in capsys.readouterr().err
    assert not (tmp_path / "procdeck.toml").exists()


def test_a_misspelt_file_is_guessed(job: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A typo gets the name that was meant."""
    assert main(["init", str(job.with_name("jib.py"))]) == ExitCode.USAGE
    assert 'did you mean "job.py"?' in capsys.readouterr().err


def test_a_missing_file_is_told_before_a_profile_that_is_there(job: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Replacing the profile would not help."""
    (job.parent / "procdeck.toml").write_text("mine")
    assert main(["init", str(job.with_name("jib.py"))]) == ExitCode.USAGE
    told = capsys.readouterr().err
    assert f'there is no file {job.with_name("jib.py")}; did you mean "job.py"?' in told
    assert "--force" not in told


class Answers(io.StringIO):
    """A person at a terminal."""

    def isatty(self) -> bool:
        return True


def test_answers_become_a_profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command, a file and a function, each with its name; an empty answer ends it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "job.py").write_text(JOB)
    lines = [
        "sleep 6390",
        "",
        "",
        "",
        "job:consume",
        "9bad",
        "",
        "3",
        "never",
        "job.py",
        "consume",
        "main",
    ]
    monkeypatch.setattr("sys.stdin", Answers("\n".join([*lines, "", "", ""]) + "\n"))
    assert main(["init", "--name", "mine"]) == ExitCode.OK
    profile = load_profile(tmp_path / "procdeck.toml")
    assert profile.name == "mine"
    assert profile.workers["sleep"].command == "sleep 6390"
    assert profile.workers["consume"].target == "job:consume"
    assert (profile.workers["consume"].replicas, profile.workers["consume"].restart.policy) == (3, "never")
    assert profile.workers["main"].script == "job.py"


def test_without_a_terminal_a_file_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Questions that nobody can answer are not asked."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert main(["init"]) == ExitCode.USAGE
    assert "procdeck init job.py" in capsys.readouterr().err


@pytest.mark.parametrize("named", ["jop.py", "job", "job.pyy"])
def test_a_mistyped_file_is_told_with_the_near_one(
    job: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    """Nothing is written."""
    monkeypatch.chdir(job.parent)
    assert main(["init", named]) == ExitCode.USAGE
    assert 'did you mean "job.py"?' in capsys.readouterr().err
    assert not (job.parent / "procdeck.toml").exists()


@pytest.mark.parametrize(("answer", "doubt"), [
    ("jop.py", 'there is no file jop.py here; did you mean "job.py"?'),
    ("job:prodce", 'job.py has no function prodce; did you mean "produce"?'),
    ("no-such-program --fast", "there is no program no-such-program"),
])  # fmt: skip
def test_a_mistyped_answer_is_asked_about(
    job: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, answer: str, doubt: str
) -> None:
    """Enter takes it back; y takes it all the same."""

    monkeypatch.chdir(job.parent)
    monkeypatch.setattr("sys.stdin", Answers(f"{answer}\n\njob:produce\n\n\n\n\n"))
    assert main(["init"]) == ExitCode.OK
    assert doubt in capsys.readouterr().err
    assert list(load_profile(Path("procdeck.toml")).workers) == ["produce"]
    monkeypatch.setattr("sys.stdin", Answers(f"{answer}\ny\nother\n\n\n\n"))
    assert main(["init", "--force"]) == ExitCode.OK
    assert list(load_profile(Path("procdeck.toml")).workers) == ["other"]


@pytest.mark.parametrize(
    "answer", ["while true; do date; sleep 1; done", "module.elsewhere:run", "sleep 5", "exec sleep 5"]
)
def test_what_may_be_right_is_not_doubted(
    job: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    """A shell's own words, and modules that are found elsewhere."""

    monkeypatch.chdir(job.parent)
    monkeypatch.setattr("sys.stdin", Answers(f"{answer}\nw\n\n\n\n"))
    assert main(["init"]) == ExitCode.OK
    assert "all the same" not in capsys.readouterr().err
