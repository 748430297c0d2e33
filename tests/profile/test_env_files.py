"""Environment files are read as shells read them, and what is wrong is told by its line, never by its value."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.errors import ProfileError
from supervisor.profile.env_files import digest_of, read_env_files


def read(tmp_path: Path, content: str | bytes) -> dict[str, str]:
    path = tmp_path / ".env"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_env_files([path])


def refusal(tmp_path: Path, content: str | bytes) -> list[str]:
    with pytest.raises(ProfileError) as caught:
        read(tmp_path, content)
    return [mistake.removeprefix(f"{tmp_path / '.env'}:") for mistake in caught.value.mistakes]


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=plain", "plain"),
        ("  A = two words  ", "two words"),
        ("export A=x", "x"),
        ("A=", ""),
        ("A=''", ""),
        ("A=x # a comment", "x"),
        ("A=x#y", "x#y"),
        ("A= # nothing", ""),
        ("COLOUR=#fff", "#fff"),
        ("A='it # is $HOME \\n'", "it # is $HOME \\n"),
        ('A="tab\\tline\\nquote\\" dollar\\$ slash\\\\ other\\q"', 'tab\tline\nquote" dollar$ slash\\ other\\q'),
        ('A="x" # a comment', "x"),
        ("A=$HOME/${X}", "$HOME/${X}"),
        ("A=postgres://u:p@h/db?x=1&y=2", "postgres://u:p@h/db?x=1&y=2"),
        ("A='two\nlines'", "two\nlines"),
        ('A="two\nlines"', "two\nlines"),
        ("A=it's", "it's"),
        ("A=grüß Gott", "grüß Gott"),
    ],
)
def test_a_line_is_a_name_and_a_value(tmp_path: Path, line: str, value: str) -> None:
    """Comments, quotes, `export `; nothing is put in for a dollar sign."""
    name = "COLOUR" if "COLOUR" in line else "A"
    assert read(tmp_path, line) == {name: value}
    assert read(tmp_path, f"# first\r\n\r\n{line}\r\nB=1\r\n") == {name: value, "B": "1"}


def test_a_later_line_and_a_later_file_win(tmp_path: Path) -> None:
    """Files add up."""
    (tmp_path / "one").write_text("A=1\nB=1\nA=2\n")
    (tmp_path / "two").write_text("B=2\nC=2\n")
    assert read_env_files([tmp_path / "one", tmp_path / "two"]) == {"A": "2", "B": "2", "C": "2"}
    assert read_env_files([]) == {}


def test_every_wrong_line_is_told_by_its_number_and_without_its_value(tmp_path: Path) -> None:
    """The file may be full of secrets, its wrong lines too."""
    told = refusal(
        tmp_path,
        "A=1\nhunter2\n# x\n1A=hunter2\nA-B=hunter2\nB='two\nlines'\nC='hunter2\nD=\"x\" hunter2\nE='a\0b'\n=x\n",
    )
    rule = "must be NAME=VALUE, with a name of letters, digits and _, or a comment after #"
    assert told == [
        f"2: {rule}",
        f"4: {rule}",
        f"5: {rule}",
        "8: the value of C begins with ' and does not end with it; close it",
        "9: the value of D goes on after its closing quote; put all of it in quotes",
        "10: the value of E has a zero character, which no environment can hold",
        f"11: {rule}",
    ]
    assert "hunter2" not in "".join(told)


def test_an_open_quote_is_told_on_the_line_where_it_opens(tmp_path: Path) -> None:
    """Reading goes on with the next line."""
    told = refusal(tmp_path, 'A=1\nB="x\nC=2\n!\n')
    assert [mistake.split(":")[0] for mistake in told] == ["2", "4"]
    assert told[0] == '2: the value of B begins with " and does not end with it; close it'


def test_a_file_that_cannot_be_read_is_told_with_the_others(tmp_path: Path) -> None:
    """Absent, a directory, a pipe, not UTF-8, too large: all at once, and no pipe is waited for."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "latin").write_bytes(b"A=1\nB=\xe9\n")
    (tmp_path / "large").write_bytes(b"#" * (1024 * 1024 + 1))
    with pytest.raises(ProfileError) as caught:
        read_env_files([tmp_path / name for name in ("absent", "pipe", "latin", "large", "a\0b")] + [tmp_path])
    assert [mistake.removeprefix(str(tmp_path)) for mistake in caught.value.mistakes] == [
        "/absent: there is no such file; make it, or correct env_file",
        "/pipe: is not a regular file; write the variables to a file",
        "/latin:2: is not UTF-8 text; save it as UTF-8",
        "/large: is larger than 1 MiB; this is hardly an environment",
        "/a\0b: cannot be read: no file's name holds a NUL character",
        ": is not a regular file; write the variables to a file",
    ]


def test_a_digest_changes_with_the_variables_and_not_with_comments(tmp_path: Path) -> None:
    """So that a reload restarts only whom it must; what cannot be read has none."""
    path = tmp_path / ".env"
    digests = []
    for text in ("A=1\nB=2\n", "# x\nB=2\nA='1'\n", "A=1\nB=3\n", "A=1 B", "!"):
        path.write_text(text)
        digests.append(digest_of([path]))
    assert digests[0] == digests[1]
    assert len(set(digests)) == 4
    assert (digests[-1], digest_of([])) == ("", "")


@given(st.text(alphabet="AB_1='\"\\\n \t#export é$", max_size=40))
def test_any_text_is_read_or_told(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    """Whatever the file holds, its mistakes have lines of it, and every line is looked at once."""
    path = tmp_path_factory.getbasetemp() / "any.env"
    path.write_text(text, encoding="utf-8")
    try:
        found = read_env_files([path])
    except ProfileError as error:
        lines = [int(mistake.removeprefix(f"{path}:").split(":")[0]) for mistake in error.mistakes]
        assert lines == sorted(set(lines))
        assert lines[-1] <= text.count("\n") + 1
    else:
        assert all(name.isidentifier() and "\0" not in value for name, value in found.items())


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=12), max_size=4))
def test_what_a_shell_quotes_is_read_as_a_shell_reads_it(
    tmp_path_factory: pytest.TempPathFactory, values: list[str]
) -> None:
    """Single quotes keep any value whole."""
    wanted = {f"V{number}": value for number, value in enumerate(values) if "'" not in value}
    path = tmp_path_factory.getbasetemp() / "quoted.env"
    path.write_text(
        "".join(f"{name}={shlex.quote(value)}\n" for name, value in wanted.items()), encoding="utf-8", newline=""
    )
    assert read_env_files([path]) == wanted


def test_a_shell_agrees(tmp_path: Path) -> None:
    """A file that a shell can source means the same to both, but for dollar signs."""
    path = tmp_path / "shell.env"
    path.write_text('# c\nexport A=\'x # y\'\nB=x#y # z\nC="a\\"b\\\\c\\$d"\nD=\nexport E="two\nlines"\n')
    script = f'set -a; . {shlex.quote(str(path))}; printf "%s\\0" "$A" "$B" "$C" "$D" "$E"'
    done = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=True)
    assert list(read_env_files([path]).values()) == done.stdout.split("\0")[:-1]
