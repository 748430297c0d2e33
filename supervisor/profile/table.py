"""What every table of a profile is made of: the frozen model, and quantities as fields."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from supervisor.profile.merging import HIDDEN
from supervisor.profile.quantities import duration_s, size_bytes

Duration = Annotated[float, BeforeValidator(duration_s, json_schema_input_type=str | float)]
Size = Annotated[int, BeforeValidator(size_bytes, json_schema_input_type=str | int)]


class Table(BaseModel):
    """A table of the profile: frozen, with no unknown keys and no silent conversions.

    The docstrings of its fields are their descriptions, once `supervisor.profile.describing` has been asked.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        validate_by_alias=True,
        validate_by_name=True,
    )


class NamedTable(Table):
    """A table whose key is the name of what it declares."""

    name: SkipJsonSchema[str] = Field(default="", validation_alias=f"{HIDDEN}name")
    """The name of the table."""
