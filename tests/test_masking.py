"""What looks like a secret is hidden before anybody sees it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from supervisor import masking, proctable
from supervisor.masking import MASK, is_secret_name, mask_environment, mask_text, mask_words
from tests.engines import wait_for


@pytest.fixture(autouse=True)
def nothing_is_remembered() -> Iterator[None]:
    masking.forget()
    yield
    masking.forget()


@pytest.mark.parametrize(
    "name",
    [
        "API_TOKEN",
        "db_password",
        "AWS_SECRET_ACCESS_KEY",
        "SENTRY_DSN",
        "api-key",
        "APIKEY",
        "KEY",
        "signing_keys",
        "DB_PASS",
        "MYSQL_PWD",
        "REDISCLI_AUTH",
        "AZURE_STORAGE_CONNECTION_STRING",
        "SLACK_WEBHOOK_URL",
        "--token",
        "Authorization",
    ],
)
def test_secret_names_are_recognised(name: str) -> None:
    """Names of variables and options that usually hold secrets."""
    assert is_secret_name(name)


@pytest.mark.parametrize("name", ["HOME", "KEYBOARD", "MONKEY", "PATH", "MODE", "PWD", "OLDPWD", "COMPASS", "AUTHOR"])
def test_ordinary_names_are_not(name: str) -> None:
    """A mask over everything would hide what people look for."""
    assert not is_secret_name(name)


def test_environment_keeps_names_and_hides_values() -> None:
    """Values of secret names, and passwords inside URLs, are hidden; the rest stays."""
    masked = mask_environment({"TOKEN": "abc", "MODE": "x", "URL": "redis://user:pass@host/0"})
    assert masked == {"TOKEN": MASK, "MODE": "x", "URL": f"redis://user:{MASK}@host/0"}


def test_words_of_a_command_hide_option_values() -> None:
    """Both forms of an option, and NAME=value words."""
    words = ["run", "--token", "abc", "--password=x", "-v", "DB_PASSWORD=y", "mode=z"]
    assert mask_words(words) == ["run", "--token", MASK, f"--password={MASK}", "-v", f"DB_PASSWORD={MASK}", "mode=z"]
    assert mask_words(["curl", "-H", "X-Api-Key: abc", "http://h/?token=abc&page=2"]) == [
        "curl",
        "-H",
        f"X-Api-Key: {MASK}",
        f"http://h/?token={MASK}&page=2",
    ]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("TOKEN=abc ./run --password=xyz -v", f"TOKEN={MASK} ./run --password={MASK} -v"),
        ("run --password 'two words' next", f"run --password '{MASK}' next"),
        ("curl -H 'Authorization: Basic dXNlcg==' u", f"curl -H 'Authorization: {MASK}' u"),
        ("Bearer abcdefgh12345", f"Bearer {MASK}"),
        ('{"password": "a \\" b", "x": 1}', f'{{"password": "{MASK}", "x": 1}}'),
        ("postgres://u:p@ss@h/db", f"postgres://u:{MASK}@h/db"),
        ("https://ghp_abcdefghijklmnopqrst@github.com/x", f"https://{MASK}@github.com/x"),
        ("key sk-abcdefghijklmnopqrst1234 used", f"key {MASK} used"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----", MASK),
        ("API_KEY: abc", f"API_KEY: {MASK}"),
    ],
)
def test_secrets_inside_of_a_text_are_hidden(text: str, shown: str) -> None:
    """In shell lines, headers, JSON, URLs, and in the forms that well-known services give their keys."""
    assert mask_text(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "exit code 1: KeyError: 'x' at code.py:3",
        "cannot import name 'token' from 'lexer' (lexer.py)",
        "uncaught ValueError: invalid token: eof",
        "max_tokens=100 use_auth_token=false",
        "the key is here",
        "http://127.0.0.1:8000/health",
        "python -m http.server --directory data",
    ],
)
def test_texts_that_only_speak_of_secrets_stay(text: str) -> None:
    """The reason of a failure is worth more than a mask over a word."""
    assert mask_text(text) == text


def test_remembered_values_are_hidden_wherever_they_turn_up() -> None:
    """All of an environment file's that are no common words, and those of secret names; only as whole words."""
    masking.remember({"REGION": "eu-central-1", "MODE": "test", "N": 3}, all_are_secret=True)
    masking.remember({"DB_PASSWORD": "hunter2", "PIN_TOKEN": "1234", "HOME": "/home/somebody"})
    text = "eu-central-1 test hunter2 xhunter2x 1234 /home/somebody"
    assert mask_text(text) == f"{MASK} test {MASK} xhunter2x 1234 /home/somebody"
    assert mask_words(["run", "-p", "hunter2"]) == ["run", "-p", MASK]
    masking.forget()
    assert mask_text("hunter2") == "hunter2"


def test_remembered_values_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment file that changes with every launch does not fill the engine."""
    monkeypatch.setattr(masking, "_MOST_VALUES", 10)
    for number in range(100):
        masking.remember({"TOKEN": f"value-{number}"})
    assert len(masking._values) == 10
    assert mask_text("value-99 value-1") == f"{MASK} value-1"


def test_command_lines_of_processes_are_masked_before_they_are_cut() -> None:
    """A secret that is cut in its middle would be shown up to there."""
    words = [sys.executable, "-c", "input()", "--token", "s" * 300, "--name", "x"]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, env={**os.environ})
    try:
        wait_for(lambda: "input" in proctable.command_line(process.pid), "the program to be executed")
        shown = proctable.command_line(process.pid)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.kill()
        process.wait()
    assert shown.endswith(f"--token {MASK} --name x")


def test_text_of_a_hostile_worker_costs_no_more_than_its_length() -> None:
    """Nothing that a worker says makes the search quadratic or deep: the engine waits for it."""
    pieces = ["a", "--a=", "a-", '"a', "eyJ", "-----BEGIN A", 'a="', "--a '", "://", "x:y@", "'", "\\", "A", "a=b "]
    for piece in pieces:
        text = piece * (60_000 // len(piece))
        assert len(mask_text(text)) <= len(text) + len(MASK)
