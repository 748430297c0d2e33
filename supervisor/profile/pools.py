"""The pools of a profile: frozen models whose field docstrings are the schema's descriptions and the reference.

Says what is declared; `supervisor.profile.pooling` finds the mistakes that need more than one key to see, and what a
pool does is in `supervisor.pools` and `supervisor.poolrun`.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, ConfigDict, Field, PlainValidator
from pydantic.config import JsonDict
from pydantic.json_schema import SkipJsonSchema

from supervisor.profile import pool_shapes, shapes
from supervisor.profile.defaults import DefaultsSpec
from supervisor.profile.merging import HIDDEN
from supervisor.profile.quantities import backoff_high_s, backoff_low_s
from supervisor.profile.running import Dependencies, Schedule, Watch
from supervisor.profile.table import Duration, Table

Method = Literal["map", "imap", "imap_unordered", "starmap", "apply_async"]
ItemsKind = Literal["function", "range", "lines", "files", "values", "queue"]

ITEMS_KINDS: Final[tuple[ItemsKind, ...]] = ("function", "range", "lines", "files", "values", "queue")
_ONE_OF_ITEMS: Final[JsonDict] = {"oneOf": [{"required": [kind]} for kind in ITEMS_KINDS]}

_BackoffLow = Annotated[float, BeforeValidator(backoff_low_s, json_schema_input_type=str | float)]
_BackoffHigh = Annotated[float, BeforeValidator(backoff_high_s)]
_Values = Annotated[list[Any], BeforeValidator(shapes.sendable)]


class ItemsSpec(Table):
    """Where a pool's items come from. Give exactly one; all but `function` are known without code of yours."""

    model_config = ConfigDict(json_schema_extra=_ONE_OF_ITEMS)

    function: str | None = Field(default=None, examples=["census:list_files"])
    """A function whose iterable gives them, `module:function`; it is called in the pool's own process, with the pool's
    `args`. `items = "census:list_files"` is short for it."""
    range: Annotated[
        tuple[int, int, int] | None, PlainValidator(pool_shapes.number_range, json_schema_input_type=list[int])
    ] = Field(default=None, examples=[[0, 1000, 2]])
    """Numbers, as Python's `range` has them: where to stop, or start and stop, or start, stop and step. `items = 1000`
    is short for `{ range = [0, 1000] }`."""
    lines: str | None = Field(default=None, min_length=1, examples=["urls.txt"])
    """A text file, relative to the profile: each line that is not empty is an item."""
    files: str | None = Field(default=None, min_length=1, examples=["photos/*.jpg"])
    """A pattern, relative to the profile; `**` is any number of directories. Each path is an item, in order."""
    values: _Values | None = Field(default=None, examples=[["a", "b"]])
    """The items themselves. `items = ["a", "b"]` is short for it."""
    queue: str | None = Field(default=None, examples=["paths"])
    """A queue of the profile. The pool ends when all that write to it have completed and it is empty."""

    @property
    def kind(self) -> ItemsKind:
        """The one that is given."""
        return next((kind for kind in ITEMS_KINDS if getattr(self, kind) is not None), "values")

    @property
    def text(self) -> str:
        """``census:list_files``, ``lines of urls.txt``: where they come from, in a few words."""
        match self.kind:
            case "function":
                return str(self.function)
            case "range":
                return f"range{self.range}" if self.range and self.range[2] != 1 else f"range{(self.range or ())[:2]}"
            case "lines":
                return f"lines of {self.lines}"
            case "files":
                return str(self.files)
            case "values":
                count = len(self.values or ())
                return "1 value" if count == 1 else f"{count} values"
            case "queue":
                return f"queue {self.queue}"


class ResultsSpec(Table):
    """Where a pool's results go. Give exactly one."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["file"]}, {"required": ["queue"]}]})

    file: str | None = Field(default=None, min_length=1, examples=["@output/hashes.ndjson"])
    """A file, relative to the profile, `@output` is the run's output directory: a JSON object for each item that is
    done. Those that failed go to a second file beside it. `results = "hashes.ndjson"` is short for it."""
    queue: str | None = Field(default=None, examples=["hashes"])
    """A queue of the profile, which gets what the function returns."""


class RetriesSpec(Table):
    """How often an item that failed is tried again."""

    max: int = Field(default=0, ge=0, le=1000, examples=[2])
    """How many more times. `retries = 2` is short for it."""
    backoff_min_s: _BackoffLow = Field(
        default=0.5, validation_alias="backoff", examples=["0.5s..30s"], json_schema_extra={"default": "0.5s..30s"}
    )
    """How long to wait before each: the shorter time first, and it doubles up to the longer. Other items go on
    meanwhile. One duration is both."""
    backoff_max_s: SkipJsonSchema[_BackoffHigh] = Field(default=30.0, validation_alias="backoff")
    """The longest wait."""


Items = Annotated[
    ItemsSpec | None,
    BeforeValidator(pool_shapes.items_table, json_schema_input_type=str | int | list[Any] | ItemsSpec),
]
Results = Annotated[
    ResultsSpec | None, BeforeValidator(pool_shapes.results_table, json_schema_input_type=str | ResultsSpec)
]
Retries = Annotated[RetriesSpec, BeforeValidator(pool_shapes.retries_table, json_schema_input_type=int | RetriesSpec)]
Processes = Annotated[
    int | Literal["cpus"],
    PlainValidator(
        pool_shapes.processes, json_schema_input_type=Annotated[int, Field(ge=1, le=1000)] | Literal["cpus"]
    ),
]
Chunksize = Annotated[
    int | Literal["auto"],
    PlainValidator(pool_shapes.chunksize, json_schema_input_type=Annotated[int, Field(ge=1)] | Literal["auto"]),
]


class PoolSpec(DefaultsSpec):
    """A function that is called once for each item, in several processes. Without `items` it is for code: a Python
    worker makes it with `ctx.pool("NAME")`."""

    model_config = ConfigDict(
        json_schema_extra={"dependentRequired": {"items": ["function"], "initargs": ["initializer"]}}
    )

    name: SkipJsonSchema[str] = Field(default="", validation_alias=f"{HIDDEN}name")
    """The name of the table."""
    start_method_reason: SkipJsonSchema[str] = Field(
        default="procdeck's default", validation_alias=f"{HIDDEN}start_method_reason"
    )
    """Who chose the start method, in words."""
    env_file_digest: SkipJsonSchema[str] = Field(default="", validation_alias=f"{HIDDEN}env_file_digest", repr=False)
    """Stands for what was in `env_file` when the profile was loaded, so that a reload knows when that has changed."""
    function: str | None = Field(default=None, examples=["census:hash_file"])
    """What is called for each item, `module:function`, found beside the profile or on `python_path`. Required where
    there are `items`."""
    items: Items = Field(default=None, examples=["census:list_files"])
    """Where the items come from: a function, a number, a list, or a table."""
    args: Annotated[dict[str, Any], BeforeValidator(shapes.sendable)] = Field(
        default_factory=dict, examples=[{"root": "@stdlib"}]
    )
    """Keyword arguments of the function in `items`. `@profile`, `@output` and `@stdlib` stand for the profile's
    directory, the run's output directory and the worker's standard library."""
    processes: Processes = Field(default="cpus", examples=[4])
    """How many members work, and may be changed while they do. "cpus": as many as there are processors for them."""
    method: Method = Field(default="imap_unordered", examples=["imap"])
    """How items are given out and results come back. imap_unordered: results as they come. imap: results in the order
    of the items. map: all items are taken first, and the results come in their order. starmap: like map, each item is a
    list of arguments. apply_async: each item is a call of its own, results as they come."""
    chunksize: Chunksize = Field(default="auto", examples=[16])
    """How many items travel at once. More cost less for each; fewer are lost, or tried again, together. "auto": so many
    that the travelling costs little beside the work."""
    timeout_s: Duration | None = Field(default=None, gt=0, validation_alias="timeout", examples=["30s"])
    """How long an item may take; then its member is killed and replaced, and the item fails or is tried again. Without
    it: for ever."""
    retries: Retries = Field(default_factory=RetriesSpec, examples=[2])
    """How often an item that failed is tried again: a number, or a table with its waits."""
    maxtasksperchild: int | None = Field(default=None, ge=1, le=2**31 - 1, examples=[1000])
    """After how many items a member leaves and a fresh one comes. Without it: never."""
    initializer: str = Field(default="", examples=["census:open_database"])
    """Called in each member when it starts, with `initargs`."""
    initargs: _Values = Field(default_factory=list, examples=[["@output/census.db"]])
    """Arguments of the initializer."""
    finalizer: str = Field(default="", examples=["census:close_database"])
    """Called in each member that leaves in good order."""
    on_result: str = Field(default="", examples=["census:save"])
    """Called in the pool's own process with each result."""
    on_error: str = Field(default="", examples=["census:note"])
    """Called there with the exception of each item that failed for good."""
    on_complete: str = Field(default="", examples=["census:report"])
    """Called there once, when all is done."""
    results: Results = Field(default=None, examples=["@output/hashes.ndjson"])
    """Where results go: a file, or `{ queue = "hashes" }`. Without it: only to `on_result`."""
    max_failures: int | None = Field(default=None, ge=0, examples=[10])
    """How many items may fail; one more, and the pool ends as failed. Without it: any number."""
    resume: bool = Field(default=False, examples=[True])
    """Whether a run that was cut short goes on where it was: what is done is kept in a journal beside `results`."""
    description: str = Field(default="", examples=["hashes what is in a file"])
    """One sentence for the dashboard."""
    autostart: bool = Field(default=True, examples=[False])
    """Whether it starts with the engine, or waits until somebody starts it."""
    significant: bool = Field(default=False, examples=[True])
    """Whether its end is the end of the run: everything is stopped, and procdeck ends with its exit code."""
    schedule: Schedule = Field(default=None, examples=["*/5 * * * *"])
    """When it is started again and again: a cron expression, or a table."""
    watch: Watch = Field(default=None, examples=[["src/**/*.py"]])
    """Files whose change restarts it: patterns relative to the profile, or a table."""
    depends_on: Dependencies = Field(default_factory=dict, examples=[["redis"]])
    """Workers that must be ready before it starts, or a table of what must be true of each, as for a worker."""

    @property
    def reads(self) -> dict[str, str]:
        """The queue that its items come from, as a worker's `reads` has it."""
        return {"items": self.items.queue} if self.items is not None and self.items.queue is not None else {}

    @property
    def writes(self) -> dict[str, str]:
        """The queue that its results go to, as a worker's `writes` has it."""
        return {"results": self.results.queue} if self.results is not None and self.results.queue is not None else {}
