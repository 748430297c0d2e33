"""`procdeck log-level`: what workers write into the log is more, or less, from their next call on."""

from __future__ import annotations

from tui.cli.exits import ExitCode, UsageError
from tui.cli.locating import client_of, find_engine
from tui.cli.telling import did_you_mean, one_line, tell, tell_json


def set_level(project: str | None, words: tuple[str, ...], *, logger: str, is_for_all: bool, as_json: bool) -> ExitCode:
    """Give the loggers of workers another level: ``parse DEBUG``; the level is the last word."""
    from supervisor.api.requests import LEVEL_NAMES, full_level_name

    example = "`procdeck log-level parse DEBUG`"
    if not words:
        raise UsageError(f"say whose level is to change, and to what: {example}")
    *workers, level = words
    try:
        name = full_level_name(level)
    except ValueError as error:
        if any(word.upper() in LEVEL_NAMES for word in workers):
            raise UsageError(f"the level comes last: {example}") from None
        raise UsageError(
            f"{error}{did_you_mean(level.upper(), LEVEL_NAMES)}; the level comes last: {example}"
        ) from None
    if not workers and not is_for_all:
        raise UsageError(f"say whose level is to change: `procdeck log-level WORKER {name}`, or --all for all workers")
    if workers and is_for_all:
        raise UsageError("give either workers or --all")
    reply = client_of(find_engine(project)).set_level(tuple(workers) or ("*",), name, logger)
    if as_json:
        tell_json(reply)
    else:
        tell(one_line(reply.text))
    return ExitCode.OK
