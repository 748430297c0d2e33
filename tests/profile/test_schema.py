"""The schema in configs/ is the model's own, and every field explains itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from supervisor.profile.loading import profile_schema
from supervisor.profile.schema import schema_text

SHIPPED = Path(__file__).parents[2] / "configs" / "schema.json"


def test_the_shipped_schema_is_current() -> None:
    """When it is not: run `python -m supervisor.profile.schema`."""
    assert SHIPPED.read_text(encoding="utf-8") == schema_text()


def tables(schema: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {"Profile": schema, **schema["$defs"]}


def test_every_key_of_the_schema_has_a_description() -> None:
    """Editors show them; the reference is made of them."""
    bare = [
        f"{name}.{key}"
        for name, table in tables(profile_schema()).items()
        for key, value in table["properties"].items()
        if not value.get("description")
    ]
    assert bare == []


def test_the_schema_has_the_keys_of_toml_and_no_others() -> None:
    """Units, nulls and what the loader fills in are not for the user to write."""
    schema = profile_schema()
    keys = {key for table in tables(schema).values() for key in table["properties"]}
    assert {"stop_timeout", "heartbeat", "backoff", "segment_size"} <= keys
    assert not [key for key in keys if key.endswith(("_s", "_bytes", "_code")) or "\0" in key or key == "path"]
    assert "kind" not in schema["$defs"]["WorkerSpec"]["properties"]
    assert all(table["additionalProperties"] is False for table in tables(schema).values())
    assert '"null"' not in schema_text()
