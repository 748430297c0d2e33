"""Hides what looks like a secret before anybody sees it. Best effort: by names, by well-known forms, and by value.

::

    names    API_TOKEN=…  --password …  "secret": …  Authorization: …  ?access_token=…
    forms    scheme://user:…@host   Bearer …   ghp_…   eyJ….….…
    values   what an environment file or a variable of such a name holds, wherever it turns up again
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

MASK = "••••••"

SECRET_LENGTH = 6
"""Characters that the value of a secret-looking name needs, to be looked for in other texts."""
ORDINARY_LENGTH = 8
"""The same for any other variable of an environment file, which may be a common word."""
_MOST_VALUES = 512

_SECRET_NAME = re.compile(
    r"TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|PASSCODE|CREDENTIAL|PRIVATE|DSN|AUTHORIZATION|COOKIE|BEARER|WEBHOOK"
    r"|API_?KEY|APP_?KEY|(?:ACCESS|ACCOUNT|ENCRYPTION|LICENSE|MASTER|SIGNING|SSH)KEY|(?:^|_)KEYS?(?:_|$)"
    r"|(?:^|_)PASS(?:_|$)|REQUIREPASS|_PWD$|(?:^|_)AUTH$|(?:^|_)JWT(?:_|$)|CONN(?:ECTION)?_?STR(?:ING)?",
    re.IGNORECASE,
)
_OPTION = re.compile(r"^(--?[A-Za-z][\w-]*)(=)?(.*)$", re.DOTALL)
_VALUE = r"""(?:"(?:[^"\\]|\\.)*"|'[^']*'|[^\s"'&;,|)]+)"""
_NAMED = re.compile(
    rf"""(?<![\w-])(?:(?P<option>--?[A-Za-z][\w-]*)(?P<gap>=|[ ]+){_VALUE}"""
    rf"""|(?P<variable>[A-Za-z_][\w-]*)={_VALUE}"""
    rf"""|(?P<field>["'][\w-]+["']|[A-Za-z]+[_-][\w-]+|[A-Z]{{3,}}|(?i:authorization|cookie))(?P<colon>:\s*)"""
    rf"""(?:(?:Bearer|Basic|Token)\s)?{_VALUE})"""
)
_HARMLESS = re.compile(r"\d{1,6}|true|false|none|null", re.IGNORECASE)
_URL_PASSWORD = re.compile(r"(?<=://)([^/:@\s]*):([^/\s]+)@")
_URL_TOKEN = re.compile(r"(?<=://)[\w.~-]{20,}(?=@)")
_FORMS = re.compile(
    r"(?<=Bearer )[\w.~+/=-]{8,}"
    r"|\b(?:gh[pousr]_|github_pat_|glpat-|xox[abeoprs]-|sk-|sk_live_|rk_live_|hf_|npm_|pypi-)[\w-]{16,}"
    r"|\beyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]*"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
    re.DOTALL,
)

_values: dict[str, None] = {}
"""What is known to be secret in this process, oldest first."""


def is_secret_name(name: str) -> bool:
    """Whether a variable or option of this name is likely to hold a secret."""
    return _SECRET_NAME.search(name.strip("-").replace("-", "_")) is not None


def remember(environment: Mapping[str, object], *, all_are_secret: bool = False) -> None:
    """From now on hide the values of secret-looking names of `environment`, or all of its values, in every text.

    Short ones are left out: they are words that turn up everywhere.
    """
    for name, value in environment.items():
        needed = SECRET_LENGTH if is_secret_name(name) else ORDINARY_LENGTH if all_are_secret else 0
        if needed and isinstance(value, str) and len(value) >= needed and value not in _values:
            _values[value] = None
    while len(_values) > _MOST_VALUES:
        del _values[next(iter(_values))]


def forget() -> None:
    """Look for no values any more."""
    _values.clear()


def mask_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """`environment` with the values of secret-looking names, and secrets inside of others, hidden."""
    return {name: MASK if is_secret_name(name) else mask_text(value) for name, value in environment.items()}


def mask_text(text: str) -> str:
    """`text` with everything hidden that can be told to be a secret."""
    for value in [value for value in _values if value in text]:
        text = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", MASK, text)
    text = _URL_PASSWORD.sub(rf"\1:{MASK}@", text)
    text = _URL_TOKEN.sub(MASK, text)
    text = _FORMS.sub(MASK, text)
    return _NAMED.sub(_mask_named, text)


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


def _mask_named(found: re.Match[str]) -> str:
    return _masked(found, lambda value: _NAMED.sub(_mask_inner, value))


def _mask_inner(found: re.Match[str]) -> str:
    return _masked(found, str)


def _masked(found: re.Match[str], look_inside: Callable[[str], str]) -> str:
    """A name with its value hidden, or with what `look_inside` makes of it, such as the header in -H "X-Api-Key: a"."""
    name = found["option"] or found["variable"] or found["field"]
    head = name + (found["gap"] or found["colon"] or "=")
    value = found[0][len(head) :]
    if not is_secret_name(name.strip("\"'")):
        return head + look_inside(value)
    if MASK in value or _HARMLESS.fullmatch(value):
        return found[0]
    quote = value[0] if value[0] in "\"'" else ""
    return f"{head}{quote}{MASK}{quote}"
