"""Hides what looks like a secret before anybody sees it. Best effort: by the names of variables and options."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

MASK = "••••••"

_SECRET_NAME = re.compile(
    r"TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL|PRIVATE|API_?KEY|_KEY$|^KEY$|DSN", re.IGNORECASE
)
_OPTION = re.compile(r"^(--?[A-Za-z][\w-]*)(=)?(.*)$", re.DOTALL)
_URL_PASSWORD = re.compile(r"(?<=://)([^/:@\s]*):([^/@\s]+)@")


def is_secret_name(name: str) -> bool:
    """Whether a variable or option of this name is likely to hold a secret."""
    return _SECRET_NAME.search(name.replace("-", "_")) is not None


def mask_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """`environment` with the values of secret-looking names, and passwords inside URLs, hidden."""
    return {name: MASK if is_secret_name(name) else mask_text(value) for name, value in environment.items()}


def mask_text(text: str) -> str:
    """`text` with the passwords of URLs hidden."""
    return _URL_PASSWORD.sub(rf"\1:{MASK}@", text)


def mask_words(words: Iterable[str]) -> list[str]:
    """A command's words with the values of secret-looking options hidden: ``--token X`` and ``--token=X``."""
    masked: list[str] = []
    hide_next = False
    for word in words:
        if hide_next:
            masked.append(MASK)
            hide_next = False
            continue
        option = _OPTION.match(word)
        if option and is_secret_name(option[1]):
            masked.append(f"{option[1]}={MASK}" if option[2] else word)
            hide_next = not option[2]
            continue
        name, equals, _ = word.partition("=")
        masked.append(f"{name}={MASK}" if equals and name.isidentifier() and is_secret_name(name) else mask_text(word))
    return masked
