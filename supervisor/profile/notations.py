"""Addresses, patterns, signals, cron lines, accounts and masks as people write them. Owns the notation, runs nothing.

Raises ValueError, the only kind that validation gathers, with a sentence that goes on from the key's name and never
repeats what may be a secret, such as a URL or a pattern.
"""

from __future__ import annotations

import re
import warnings
from typing import Final
from urllib.parse import urlsplit

from supervisor.profile.names import did_you_mean

TCP_RULE: Final = 'must be an address such as "127.0.0.1:6390", ":6390" or 6390'
HTTP_RULE: Final = 'must be a URL such as "http://127.0.0.1:8000/health"'
CRON_RULE: Final = 'must be a cron expression such as "*/5 * * * *": minute, hour, day of month, month, day of week'
SIGNAL_RULE: Final = 'must be the name of a signal, such as "SIGTERM"'
UMASK_RULE: Final = 'must be octal digits in quotes, such as "027"'
LOOPBACK: Final = "127.0.0.1"

_TCP: Final = re.compile(r"(?:(?P<host>[^\s:\[\]/@]*|\[[0-9A-Fa-f:.%]+\]):)?(?P<port>\d{1,5})", re.ASCII)
_CRON_NAMES: Final = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_LEVEL_SYNONYMS: Final = {"WARN": "WARNING", "FATAL": "CRITICAL"}
_FREEZING: Final = frozenset({"SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGCONT"})


def tcp_address(value: object) -> tuple[str, int]:
    """Host and port; without a host it is the loopback address. An IPv6 host is written in brackets.

    Raises:
        ValueError: it is no address, or its port is not from 1 to 65535.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        host, port = "", value
    else:
        match = _TCP.fullmatch(value.strip()) if isinstance(value, str) else None
        if match is None:
            raise ValueError(TCP_RULE)
        host, port = (match["host"] or "").strip("[]"), int(match["port"])
    if not 1 <= port <= 65535:
        raise ValueError("must have a port from 1 to 65535")
    return host or LOOPBACK, port


def http_url(value: object) -> str:
    """An ``http`` or ``https`` URL with a host. Raises ValueError."""
    if not isinstance(value, str) or not value.isprintable() or " " in value:
        raise ValueError(HTTP_RULE)
    try:
        parts = urlsplit(value)
        has_port = parts.port != 0
    except ValueError:
        raise ValueError(f"{HTTP_RULE}; its host or port is not one") from None
    if parts.scheme not in {"http", "https"}:
        raise ValueError(f'{HTTP_RULE}; it must begin with "http://" or "https://"')
    if not parts.hostname or not has_port:
        raise ValueError(f"{HTTP_RULE}; it names no host")
    return value


def pattern(value: object) -> str:
    """A regular expression that compiles and does not match every line. Raises ValueError."""
    if not isinstance(value, str):
        raise ValueError('must be a regular expression in quotes, such as "listening on"')  # noqa: TRY004
    if not value:
        raise ValueError('is empty, which every line has; write what the line says, such as "listening on"')
    try:
        with warnings.catch_warnings():  # what a pattern may mean one day is no mistake today
            warnings.simplefilter("ignore", FutureWarning)
            re.compile(value)
    except re.error as error:
        where = f" at character {error.pos + 1}" if error.pos is not None else ""
        raise ValueError(f"is no regular expression: {error.msg}{where}") from None
    except (OverflowError, RecursionError):
        raise ValueError("is no regular expression: it is too large") from None
    return value


def cron_line(value: object) -> str:
    """A cron expression of five fields, or of six with seconds first. Raises ValueError."""
    if not isinstance(value, str):
        raise ValueError(CRON_RULE)  # noqa: TRY004
    if meant := _CRON_NAMES.get(value.strip().lower()):
        raise ValueError(f'{CRON_RULE}; did you mean "{meant}"?')
    from datetime import datetime

    from cronsim import CronSim, CronSimError

    try:
        next(CronSim(value, datetime(2000, 1, 1)))  # noqa: DTZ001 - asked only whether there is a next time
    except StopIteration:
        raise ValueError("names a time that never comes; check its day of the month and its month") from None
    except CronSimError as error:
        reason = str(error).replace("Bad ", "the part for the ").replace("Wrong number of fields", "it needs 5 parts")
        told = f"{reason} is wrong" if reason.startswith("the part") else reason
        raise ValueError(f"{CRON_RULE}; {told}") from None
    except (AssertionError, TypeError, ValueError, OverflowError, RecursionError):  # what its parser did not foresee
        raise ValueError(CRON_RULE) from None
    return value


def signal_name(value: object) -> str:
    """``SIGHUP`` for ``HUP``, ``sighup`` or ``SIGHUP``.

    Raises:
        ValueError: no signal of this system has the name.
    """
    import signal

    known = signal.Signals.__members__
    if isinstance(value, int) and not isinstance(value, bool):
        named = next((name for name, number in known.items() if number == value), None)
        raise ValueError(f'{SIGNAL_RULE}; did you mean "{named}"?' if named else SIGNAL_RULE)  # noqa: TRY004
    if not isinstance(value, str):
        raise ValueError(SIGNAL_RULE)  # noqa: TRY004
    name = value.strip().upper()
    name = name if name.startswith("SIG") else f"SIG{name}"
    if name not in known:
        raise ValueError(f"{SIGNAL_RULE}{did_you_mean(name, known)}")
    return name


def stop_signal_name(value: object) -> str:
    """`signal_name` of a signal that can end a process. Raises ValueError."""
    name = signal_name(value)
    if name in _FREEZING:
        raise ValueError(f"must be a signal that ends a process; {name} only freezes or wakes it")
    return name


def umask(value: object) -> int:
    """The mask that octal text such as ``"027"`` stands for; a number is taken as it is.

    Raises:
        ValueError: it has other digits, or more bits than permissions have.
    """
    if isinstance(value, str) and re.fullmatch(r"(?:0o)?[0-7]{1,4}", value):
        mask = int(value.removeprefix("0o"), 8)
    elif isinstance(value, int) and not isinstance(value, bool):
        mask = value
    else:
        raise ValueError(UMASK_RULE)
    if not 0 <= mask <= 0o777:
        raise ValueError(f'{UMASK_RULE}, from "000" to "777"')
    return mask


def user(value: object) -> str | int:
    """A user of this machine by name, or any uid. Raises ValueError."""
    import pwd

    if isinstance(value, str):
        try:
            pwd.getpwnam(value)
        except (KeyError, ValueError):
            near = did_you_mean(value, [entry.pw_name for entry in pwd.getpwall()])
            raise ValueError(f'names a user that this machine does not have, "{value[:60]}"{near}') from None
        return value
    return _account_number(value, 'must be the name of a user, such as "www-data", or a uid')


def group(value: object) -> str | int:
    """A group of this machine by name, or any gid. Raises ValueError."""
    import grp

    if isinstance(value, str):
        try:
            grp.getgrnam(value)
        except (KeyError, ValueError):
            near = did_you_mean(value, [entry.gr_name for entry in grp.getgrall()])
            raise ValueError(f'names a group that this machine does not have, "{value[:60]}"{near}') from None
        return value
    return _account_number(value, 'must be the name of a group, such as "www-data", or a gid')


def _account_number(value: object, rule: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(rule)  # noqa: TRY004
    if not 0 <= value < 2**32 - 1:
        raise ValueError(f"{rule} from 0 to 4294967294")
    return value


def log_level(value: object) -> object:
    """The name of a level in capitals, ``WARN`` by its full name; anything else as it is."""
    if not isinstance(value, str):
        return value
    name = value.strip().upper()
    return _LEVEL_SYNONYMS.get(name, name)
