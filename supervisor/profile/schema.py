"""The JSON Schema of a profile; ``python -m supervisor.profile.schema`` rewrites ``configs/schema.json`` from it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from supervisor.profile.describing import describe_all
from supervisor.profile.model import Profile


class _Untitled(GenerateJsonSchema):
    """Leaves out titles that only repeat the key."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - the name is pydantic's
        return False


def profile_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a profile in TOML."""
    describe_all()
    schema = _as_toml(Profile.model_json_schema(schema_generator=_Untitled))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "procdeck profile",
    }


def _as_toml(node: Any) -> Any:
    """`node` without nulls, which TOML has not, and with only such keywords as JSON Schema has."""
    if isinstance(node, list):
        return [_as_toml(item) for item in node]
    if not isinstance(node, dict):
        return node
    clean = {
        key: _as_toml(value)
        for key, value in node.items()
        if key not in {"gt", "ge"} and (key, value) != ("default", None)
    }
    choices = [choice for choice in clean.get("anyOf", ()) if choice != {"type": "null"}]
    if len(choices) == 1:
        del clean["anyOf"]
        return {**clean, **choices[0]}
    return {**clean, "anyOf": choices} if choices else clean


def schema_text() -> str:
    """The schema as the file has it."""
    return json.dumps(profile_schema(), indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """Rewrite ``configs/schema.json`` of this source tree."""
    path = Path(__file__).parents[2] / "configs" / "schema.json"
    path.write_text(schema_text(), encoding="utf-8")


if __name__ == "__main__":
    main()
