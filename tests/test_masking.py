"""What looks like a secret is hidden before anybody sees it."""

from __future__ import annotations

import pytest

from supervisor.masking import MASK, is_secret_name, mask_environment, mask_words


@pytest.mark.parametrize(
    "name", ["API_TOKEN", "db_password", "AWS_SECRET_ACCESS_KEY", "SENTRY_DSN", "api-key", "APIKEY"]
)
def test_secret_names_are_recognised(name: str) -> None:
    """Names of variables and options that usually hold secrets."""
    assert is_secret_name(name)


@pytest.mark.parametrize("name", ["HOME", "KEYBOARD", "MONKEY", "PATH", "MODE"])
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
