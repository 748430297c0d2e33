"""The channels of a profile: frozen models whose field docstrings are the schema's descriptions and the reference.

Says what is declared; what a channel does is in `supervisor.channels`. Mistakes that need more than one field to see
are found in `supervisor.profile.contents` and `supervisor.profile.connecting`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, ConfigDict, Field, PlainValidator

from supervisor.profile import shapes
from supervisor.profile.table import NamedTable, Size
from supervisor.profile.typecodes import ALIASES, CODES, Element, native, type_code

Delivery = Literal["at-least-once", "at-most-once"]
LockKind = Literal["lock", "rlock", "semaphore", "bounded-semaphore", "condition", "barrier"]

_TypeCode = Annotated[str, PlainValidator(type_code, json_schema_input_type=Literal[(*CODES, *ALIASES)])]
_LARGEST_COUNT: Final = 2**31 - 1
_LONGEST_ARRAY: Final = 2**40


class QueueSpec(NamedTable):
    """A queue between workers. Its readers' loops end when every worker that writes to it has completed."""

    maxsize: int = Field(default=0, ge=0, le=_LARGEST_COUNT, examples=[200])
    """How many items may wait before `put` waits too. 0: as many as the kernel takes."""
    delivery: Delivery = Field(default="at-least-once", examples=["at-most-once"])
    """What happens to an item whose consumer died before it was done. at-least-once: another consumer gets it, so that
    one may be seen twice. at-most-once: it is gone, and none is seen twice."""
    max_attempts: int = Field(default=3, ge=1, le=255, examples=[3])
    """How often an item is tried, at-least-once only: when so many consumers have died with it, it goes to the queue's
    dead letters."""


class PipeSpec(NamedTable):
    """A pipe between exactly two replicas: the one that writes it and the one that reads it."""

    duplex: bool = Field(default=False, examples=[True])
    """Whether both ends may send and receive."""


class LockSpec(NamedTable):
    """What workers wait for each other with: a lock, a semaphore, a condition or a barrier."""

    model_config = ConfigDict(
        json_schema_extra={
            "if": {"properties": {"kind": {"const": "barrier"}}, "required": ["kind"]},
            "then": {"required": ["parties"]},
        }
    )

    kind: LockKind = Field(default="lock", examples=["semaphore"])
    """lock: one holder. rlock: one holder, who may take it again. semaphore: as many holders as `value`.
    bounded-semaphore: the same, and releasing too often is an error. condition: a lock to wait and notify with.
    barrier: all `parties` wait until the last has come."""
    value: int = Field(default=1, ge=0, le=_LARGEST_COUNT, examples=[4])
    """How many may hold a semaphore at once."""
    parties: int | None = Field(default=None, ge=1, le=_LARGEST_COUNT, examples=[3])
    """How many processes a barrier waits for. Required there."""


class EventSpec(NamedTable):
    """A flag that workers set, clear and wait for."""

    is_set: bool = Field(default=False, validation_alias="set", examples=[True])
    """Whether it is set from the beginning."""


class ValueSpec(NamedTable):
    """One number or character in shared memory."""

    type_code: _TypeCode = Field(validation_alias="type", examples=["q"])
    """The type code, as `multiprocessing.Value` takes it, or a name of it: q is "int64", d is "double"."""
    initial: Annotated[Element | None, PlainValidator(shapes.element, json_schema_input_type=Element)] = Field(
        default=None, examples=[0]
    )
    """What it holds at first. Without it: zero."""
    has_lock: bool = Field(default=True, validation_alias="lock", examples=[False])
    """Whether it has a lock of its own, for `get_lock()`."""

    @property
    def initial_value(self) -> int | float | str | bytes:
        """What it holds at first, as ctypes takes it: bytes for the type c; zero when nothing is given."""
        return native(self.type_code, self.initial)


class ArraySpec(NamedTable):
    """Numbers or characters of one type in shared memory. Give `size` or `initial`."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["size"]}, {"required": ["initial"]}]})

    type_code: _TypeCode = Field(validation_alias="type", examples=["d"])
    """The type code, as `multiprocessing.Array` takes it, or a name of it: q is "int64", d is "double"."""
    size: int | None = Field(default=None, ge=1, le=_LONGEST_ARRAY, examples=[1000])
    """How many elements it has, all of them zero."""
    initial: Annotated[
        list[Element] | None, PlainValidator(shapes.elements, json_schema_input_type=list[Element] | str)
    ] = Field(default=None, examples=[[0, 0, 0]])
    """Its elements at first, and so its size; text for the types c and u."""
    has_lock: bool = Field(default=True, validation_alias="lock", examples=[False])
    """Whether it has a lock of its own, for `get_lock()`."""

    @property
    def length(self) -> int:
        """How many elements it has."""
        return len(self.initial) if self.initial is not None else self.size or 0

    @property
    def initial_values(self) -> list[int | float | str | bytes] | None:
        """Its elements at first, as ctypes takes them: bytes for the type c; None when all are zero."""
        return None if self.initial is None else [native(self.type_code, element) for element in self.initial]


class BlockSpec(NamedTable):
    """A block of shared memory, which is gone when the run ends."""

    size_bytes: Size = Field(gt=0, validation_alias="size", examples=["64MiB"])
    """How large it is."""


_Sent = BeforeValidator(shapes.sendable)


class DictSpec(NamedTable):
    """A dict that a manager process holds. Every operation on it is a request to that process."""

    initial: Annotated[dict[str, Any], _Sent] = Field(default_factory=dict, examples=[{"done": 0}])
    """What it holds at first."""


class ListSpec(NamedTable):
    """A list that a manager process holds. Every operation on it is a request to that process."""

    initial: Annotated[list[Any], _Sent] = Field(default_factory=list, examples=[["first"]])
    """What it holds at first."""


class NamespaceSpec(NamedTable):
    """Attributes that a manager process holds. Reading or setting one is a request to that process."""

    initial: Annotated[dict[str, Any], _Sent] = Field(default_factory=dict, examples=[{"phase": "warm-up"}])
    """The attributes it has at first."""


CHANNEL_TABLES: Final[Mapping[str, type[NamedTable]]] = {
    "queues": QueueSpec,
    "pipes": PipeSpec,
    "locks": LockSpec,
    "events": EventSpec,
    "values": ValueSpec,
    "arrays": ArraySpec,
    "blocks": BlockSpec,
    "dicts": DictSpec,
    "lists": ListSpec,
    "namespaces": NamespaceSpec,
}
"""The model of every kind of channel, by the table it is declared in."""
