"""What a report shows of profiles, JSON and log lines: everything but what looks like a secret."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING

import pytest

from supervisor import masking
from supervisor.masking import MASK, mask_text
from tui.cli.masked import mask_line, mask_profile, mask_tree, remember_secrets

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def _nothing_known() -> Iterator[None]:
    masking.forget()
    yield
    masking.forget()


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ('env = { API_TOKEN = "abc", MODE = "x" }', f'env = {{ API_TOKEN = "{MASK}", MODE = "x" }}'),
        ("env.DB_PASSWORD = 'a\"b'", f'env.DB_PASSWORD = "{MASK}"'),
        ('"API_KEY" = """a\nb"""', f'"API_KEY" = "{MASK}"'),
        ("SECRET=abc  # an old one", f'SECRET="{MASK}"  # an old one'),
        ('# DB_PASSWORD = "abc"', f'# DB_PASSWORD = "{MASK}"'),
        ('command = ["redis", "--requirepass", "abc"]', f'command = ["redis", "--requirepass", "{MASK}"]'),
        ('command = [\n  "x",  # no\n  "--token=abc",\n]', f'command = [\n  "x",  # no\n  "--token={MASK}",\n]'),
        ('command = "redis --requirepass abc"', f'command = "redis --requirepass {MASK}"'),
        ('args = { url = "postgres://ada:abc@db/x" }', f'args = {{ url = "postgres://ada:{MASK}@db/x" }}'),
        ('API_TOKENS = ["abc", "def"]', f'API_TOKENS = ["{MASK}", "{MASK}"]'),
        ('reads = { token = "tokens" }\n[queues.tokens]', 'reads = { token = "tokens" }\n[queues.tokens]'),
        ('target = "census:walk"', 'target = "census:walk"'),
        ('stop_timeout = "5s"', 'stop_timeout = "5s"'),
    ],
)
def test_profile_is_shown_without_its_secrets(line: str, shown: str) -> None:
    """Values of secret-looking keys, options and comments; what is left is TOML as it was."""
    assert mask_profile(f"[workers.a]\n{line}\n") == f"[workers.a]\n{shown}\n"


def test_masked_profile_is_still_one() -> None:
    """Whoever reads the report can load it."""
    text = 'workers.a = { command = ["a", "--password", "b"], env = { TOKEN = "c", X = "d" }, replicas = 2 }\n'
    worker = tomllib.loads(mask_profile(text))["workers"]["a"]
    assert worker == {"command": ["a", "--password", MASK], "env": {"TOKEN": MASK, "X": "d"}, "replicas": 2}


def test_secrets_of_a_profile_are_hidden_everywhere(tmp_path: Path) -> None:
    """Those in its text, all of its env_file, though a mistake keeps the profile from being loaded."""
    (tmp_path / ".env").write_text("PLAIN=from-the-file\nOTHER='in quotes here'\n")
    profile = tmp_path / "procdeck.toml"
    text = (
        '[workers.a]\ncommand = ["x", "--password", "of-the-command"]\nenv = { API_TOKEN = "of-the-table" }\n'
        'env_file = ".env"\n'
    )
    profile.write_text(text)
    remember_secrets(profile)
    for secret in ("from-the-file", "in quotes here", "of-the-command", "of-the-table"):
        assert mask_text(f"it is {secret}.") == f"it is {MASK}."
    masking.forget()
    profile.write_text(f"{text}nonsense\n")
    remember_secrets(profile)
    assert mask_text("of-the-table, of-the-command") == f"{MASK}, {MASK}"
    remember_secrets(tmp_path / "none.toml")
    remember_secrets(None)


def test_secrets_of_this_process_are_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker has them from its engine, and that from a shell such as this one."""
    monkeypatch.setenv("MY_API_TOKEN", "of-the-shell")
    remember_secrets(None)
    assert mask_text("of-the-shell") == MASK


def test_log_line_stays_json() -> None:
    """Its texts are masked one by one, as deep as they are; a line that is none is masked as text."""
    record = {
        "message": 'login with {"password": "abc"} and password=abc',
        "extra": {"token": "abc", "list": [{"api_key": "abc"}, 7, None], "empty_secret": ""},
        "exception": {"traceback": "Bearer abcdefghijk"},
    }
    shown = json.loads(mask_line(json.dumps(record).encode()))
    assert shown == {
        "message": f'login with {{"password": "{MASK}"}} and password={MASK}',
        "extra": {"token": MASK, "list": [{"api_key": MASK}, 7, None], "empty_secret": ""},
        "exception": {"traceback": f"Bearer {MASK}"},
    }
    assert mask_line(b"torn password=abc \xff") == f"torn password={MASK} \\xff".encode()
    assert mask_line(b'{"message":"\\ud800"}') == b'{"message":"\\ud800"}'


def test_long_text_is_cut() -> None:
    """A report is no copy of the store."""
    assert len(mask_tree("x" * 100_000)) == 64 * 1024


def test_replies_of_the_engine_are_masked_to_the_ground() -> None:
    """They come as tuples where JSON has lists."""
    assert mask_tree({"rows": ({"activity": ("password=abc",)},)}) == {"rows": [{"activity": [f"password={MASK}"]}]}
