"""Loguru sinks that get the records of a run: `[logs.sinks.X]`. Frozen models; opens no file."""

from __future__ import annotations

import string
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator

from supervisor.profile import notations
from supervisor.profile.names import did_you_mean
from supervisor.profile.table import Table

SinkLevel = Literal["TRACE", "DEBUG", "INFO", "SUCCESS", "WARNING", "ERROR", "CRITICAL"]

STDERR: Final = "stderr"
FORMAT_FIELDS: Final = (
    "elapsed", "exception", "extra", "file", "function", "incarnation", "level", "line", "message", "module", "name",
    "process", "stream", "thread", "time", "worker",
)  # fmt: skip
"""What a format may show: loguru's own fields, and who has written the record."""

_NOWHERE: Final = "/nonexistent/procdeck.log"


def _path(value: str) -> str:
    if not value.strip():
        raise ValueError(f'is empty; name a file, or "{STDERR}"')
    if value in {"stdout", "-"}:
        raise ValueError(f'must be a file or "{STDERR}": the engine has no stdout of its own')
    return value


def _format(value: str) -> str:
    try:
        names = [name for _, name, _, _ in string.Formatter().parse(value) if name is not None]
    except ValueError as error:
        raise ValueError(f"is no format: {error}") from None
    for name in names:
        field = name.replace("[", ".").partition(".")[0]
        if field not in FORMAT_FIELDS:
            near = did_you_mean(field, FORMAT_FIELDS)
            raise ValueError(
                f'shows "{field[:40]}", which records have not{near}; they have {", ".join(FORMAT_FIELDS)}'
            )
    _ask_loguru(format=value)
    return value


def _rotation(value: object) -> str | int:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError('must be text in quotes, such as "100 MB" or "00:00", or a number of bytes')  # noqa: TRY004
    _ask_loguru(rotation=value)
    return value


def _retention(value: object) -> str | int:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError('must be text in quotes, such as "10 days", or a number of files')  # noqa: TRY004
    _ask_loguru(retention=value)
    return value


def _compression(value: str) -> str:
    _ask_loguru(compression=value)
    return value


def _ask_loguru(**options: Any) -> None:
    """See whether loguru takes an option of a file sink; with a delay it opens no file.

    Raises:
        ValueError: it does not; the message goes on from the key's name.
    """
    from loguru import logger

    try:
        logger.remove(logger.add(_NOWHERE, delay=True, **options))
    except (ValueError, TypeError) as error:
        raise ValueError(f"is nothing that loguru takes: {error}") from None


class SinkSpec(Table):
    """One loguru sink, which gets records as they are stored."""

    sink: Annotated[str, AfterValidator(_path)] = Field(examples=["logs/{time:YYYY-MM-DD}.log"])
    """A file, relative to the profile; `@output` stands for the run's output directory, and loguru's `{time}` for when
    the file is begun. "stderr": the engine's own, which is the run's `engine.log`."""
    level: Annotated[SinkLevel, BeforeValidator(notations.log_level)] = Field(default="TRACE", examples=["WARNING"])
    """The lowest level that it gets."""
    workers: list[str] = Field(default_factory=list, examples=[["parse"]])
    """Whose records it gets: workers, replicas, or "engine". Without it: those of all."""
    format: Annotated[str, AfterValidator(_format)] | None = Field(
        default=None, examples=["{time:HH:mm:ss} {level} {worker} {message}"]
    )
    """What a line looks like, in loguru's words, and with `{worker}`, `{incarnation}` and `{stream}`. A traceback
    follows where `{exception}` does not place it."""
    serialize: bool = Field(default=False, examples=[True])
    """Whether each line is a JSON object as loguru makes them."""
    rotation: Annotated[str | int | None, PlainValidator(_rotation, json_schema_input_type=str | int)] = Field(
        default=None, examples=["100 MB"]
    )
    """When a new file is begun: a size, an interval or a time of day, in loguru's words. Without it: never."""
    retention: Annotated[str | int | None, PlainValidator(_retention, json_schema_input_type=str | int)] = Field(
        default=None, examples=["10 days"]
    )
    """How long old files stay, or how many of them. Without it: all, for ever."""
    compression: Annotated[str, AfterValidator(_compression)] | None = Field(default=None, examples=["gz"])
    """How old files are compressed: "gz", "bz2", "xz", "zip" and the like. Without it: not at all."""
