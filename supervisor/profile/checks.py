"""Checks of a worker: what tells that it has started, is ready, is alive. Says what is declared; runs no check.

::

    "ctx" | { tcp = ":6390", interval = "1s" } | [ ... ] ─ ProbeTable (as written) ─> ProbeSpec (as other rooms read it)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, ConfigDict, Field, PlainValidator, TypeAdapter

from supervisor.masking import mask_text, mask_words
from supervisor.profile import notations, shapes
from supervisor.profile.names import did_you_mean, quoted
from supervisor.profile.table import Duration, Table

CheckKind = Literal["ctx", "notify", "heartbeat", "tcp", "http", "exec", "log", "fd", "watchdog"]

CHECK_KINDS: Final[tuple[CheckKind, ...]] = (
    "ctx",
    "notify",
    "heartbeat",
    "tcp",
    "http",
    "exec",
    "log",
    "fd",
    "watchdog",
)
SHORT_KINDS: Final = ("ctx", "notify", "heartbeat")
"""Kinds that may be given by their name alone."""
ROLES: Final[Mapping[str, tuple[CheckKind, ...]]] = {
    "startup": ("ctx", "notify", "heartbeat", "tcp", "http", "exec", "log", "fd"),
    "ready": ("ctx", "notify", "heartbeat", "tcp", "http", "exec", "log", "fd"),
    "alive": ("heartbeat", "tcp", "http", "exec", "watchdog"),
}
"""The keys that hold checks, and the kinds that each may have."""
AGENT_KINDS: Final = ("ctx", "heartbeat")
"""Kinds that need code of ours inside the worker."""
REPEATED_KINDS: Final = ("tcp", "http", "exec")
"""Kinds that the engine asks again and again; the others are told by the worker."""


@dataclass(frozen=True, slots=True)
class ProbeSpec:
    """One check. Of `host` to `period_s`, only what belongs to the kind means something.

    Attributes:
        kind: how it is known.
        host, port: what a tcp check connects to.
        url, status_min, status_max: what an http check asks for, and which answers are good, both ends included.
        argv: the program of an exec check; a shell line is ``("/bin/sh", "-c", line)``.
        pattern: the regular expression that a line of output has.
        fd: the descriptor in the worker on which it writes a newline when it is ready, as s6 has it.
        period_s: a heartbeat or watchdog message comes at least so often. None for a heartbeat: the worker's own
            `heartbeat`, and where that is not given either, the first one is enough.
        interval_s: how long between the end of one try and the next, tcp, http and exec only; so are the following.
        timeout_s: how long one try may take.
        failures: how many tries fail in a row before the check does.
        successes: how many tries succeed in a row before the check does.
        delay_s: how long after the start of the process the first try comes.
    """

    kind: CheckKind
    _: KW_ONLY
    host: str = notations.LOOPBACK
    port: int = 0
    url: str = ""
    status_min: int = 200
    status_max: int = 399
    argv: tuple[str, ...] = ()
    pattern: str = ""
    fd: int | None = None
    period_s: float | None = None
    interval_s: float = 1.0
    timeout_s: float = 2.0
    failures: int = 3
    successes: int = 1
    delay_s: float = 0.0

    @property
    def what(self) -> str:
        """``tcp 127.0.0.1:6390``: the check in a few words, with nothing in it that looks like a secret."""
        return f"{self.kind} {detail}" if (detail := self._detail()) else self.kind

    def _detail(self) -> str:
        match self.kind:
            case "tcp":
                return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"
            case "http":
                return mask_text(self.url.partition("?")[0])
            case "exec":
                words = self.argv[2].split() if self.argv[:2] == shapes.SHELL and len(self.argv) == 3 else self.argv
                return " ".join(mask_words(words))
            case "log":
                return f"/{self.pattern}/"
            case "fd":
                return str(self.fd)
            case _:
                return "" if self.period_s is None else f"{self.period_s:g}s"


class HttpTable(Table):
    """What an http check asks for."""

    url: Annotated[str, PlainValidator(notations.http_url, json_schema_input_type=str)] = Field(
        examples=["http://127.0.0.1:8000/health"]
    )
    """The address; redirects are not followed."""
    status: Annotated[tuple[int, int], PlainValidator(shapes.status_range, json_schema_input_type=int | list[int])] = (
        Field(default=(200, 399), examples=[[200, 299]])
    )
    """Which answers are good: one status, or the lowest and the highest."""


class ProbeTable(Table):
    """One check. Give exactly one of ctx, notify, heartbeat, tcp, http, exec, log, fd and watchdog."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": [kind]} for kind in CHECK_KINDS]})

    ctx: Annotated[bool, BeforeValidator(shapes.only_true)] = Field(default=False, examples=[True])
    """The target has called `ctx.ready()`. In startup and ready, Python workers only."""
    notify: Annotated[bool, BeforeValidator(shapes.only_true)] = Field(default=False, examples=[True])
    """The worker has sent READY=1 to NOTIFY_SOCKET, as systemd's services do. In startup and ready."""
    heartbeat_s: Annotated[
        float | None, PlainValidator(shapes.heartbeat, json_schema_input_type=bool | str | float)
    ] = Field(default=None, validation_alias="heartbeat", examples=["10s"])
    """The target calls `ctx.heartbeat()` at least so often; true takes the worker's own `heartbeat`. Python workers
    only."""
    tcp: Annotated[tuple[str, int] | None, PlainValidator(notations.tcp_address, json_schema_input_type=str | int)] = (
        Field(default=None, examples=["127.0.0.1:6390"])
    )
    """A connection is accepted there. Without a host: on this machine."""
    http: Annotated[HttpTable | None, BeforeValidator(shapes.http_table, json_schema_input_type=str | HttpTable)] = (
        Field(default=None, examples=["http://127.0.0.1:8000/health"])
    )
    """A GET of the URL is answered with a good status."""
    argv: Annotated[tuple[str, ...], PlainValidator(shapes.program, json_schema_input_type=str | list[str])] = Field(
        default=(), validation_alias="exec", examples=[["pg_isready", "-q"]]
    )
    """The program ends with exit code 0: a list is executed as it is, text is a shell line."""
    pattern: Annotated[str, PlainValidator(notations.pattern, json_schema_input_type=str)] = Field(
        default="", validation_alias="log", examples=["listening on"]
    )
    """A line of the worker's output has this regular expression in it. In startup and ready."""
    fd: int | None = Field(default=None, ge=3, le=1023, examples=[3])
    """The worker writes a newline to this descriptor, as s6 has it. In startup and ready."""
    watchdog_s: Duration | None = Field(default=None, gt=0, validation_alias="watchdog", examples=["10s"])
    """The worker sends WATCHDOG=1 to NOTIFY_SOCKET at least so often. In alive."""
    interval_s: Duration = Field(default=1.0, gt=0, validation_alias="interval", examples=["1s"])
    """How long between the end of one try and the next."""
    timeout_s: Duration = Field(default=2.0, gt=0, validation_alias="timeout", examples=["2s"])
    """How long one try may take."""
    failures: int = Field(default=3, ge=1, le=1_000_000, examples=[3])
    """How many tries fail in a row before the check does."""
    successes: int = Field(default=1, ge=1, le=1_000_000, examples=[1])
    """How many tries succeed in a row before the check does."""
    delay_s: Duration = Field(default=0.0, validation_alias="delay", examples=["0s"])
    """How long after the start of the process the first try comes."""

    def spec(self) -> ProbeSpec:
        """The check as other rooms read it."""
        given = {_KEYS.get(field, field) for field in self.model_fields_set}
        host, port = self.tcp or (notations.LOOPBACK, 0)
        return ProbeSpec(
            next((kind for kind in CHECK_KINDS if kind in given), "notify"),
            host=host,
            port=port,
            url=self.http.url if self.http else "",
            status_min=self.http.status[0] if self.http else 200,
            status_max=self.http.status[1] if self.http else 399,
            argv=self.argv,
            pattern=self.pattern,
            fd=self.fd,
            period_s=self.heartbeat_s if self.watchdog_s is None else self.watchdog_s,
            interval_s=self.interval_s,
            timeout_s=self.timeout_s,
            failures=self.failures,
            successes=self.successes,
            delay_s=self.delay_s,
        )


_KEYS: Final = {"heartbeat_s": "heartbeat", "watchdog_s": "watchdog", "argv": "exec", "pattern": "log"}


def _probes(value: Any) -> tuple[ProbeSpec, ...]:
    """The checks that one word, one table or a list of them declares; specs made in code stay as they are."""
    if isinstance(value, tuple) and all(isinstance(item, ProbeSpec) for item in value):
        return value
    if isinstance(value, list):
        if not value:
            raise ValueError('is empty; name a check, such as { tcp = "127.0.0.1:6390" }, or remove the key')
        return tuple(table.spec() for table in _MANY.validate_python(value, by_alias=True, by_name=False))
    return (_ONE.validate_python(value, by_alias=True, by_name=False).spec(),)


def _table(value: object) -> object:
    """The table that a word is short for."""
    if isinstance(value, dict):
        return value
    if isinstance(value, str) and value in SHORT_KINDS:
        return {value: True}
    near = did_you_mean(value, SHORT_KINDS) if isinstance(value, str) else ""
    raise ValueError(f'must be {quoted(SHORT_KINDS, "or")}, or a table such as {{ tcp = "127.0.0.1:6390" }}{near}')


_Written = Annotated[ProbeTable, BeforeValidator(_table)]
_ONE: Final[TypeAdapter[ProbeTable]] = TypeAdapter(_Written)
_MANY: Final[TypeAdapter[list[ProbeTable]]] = TypeAdapter(list[_Written])

_Short = Literal["ctx", "notify", "heartbeat"]
Probes = Annotated[
    tuple[ProbeSpec, ...],
    PlainValidator(_probes, json_schema_input_type=_Short | ProbeTable | list[_Short | ProbeTable]),
]
