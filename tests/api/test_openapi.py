"""The socket's own description has every path, and everything that it names is in it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from supervisor.api.exchange import Refusal
from supervisor.api.openapi import document
from supervisor.api.table import ROUTES, Route, find_route


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(document())
    return loaded


def operations(described: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def test_every_route_is_described_once(described: dict[str, Any]) -> None:
    """None is forgotten, and none has the name of another."""
    told = [(method, path) for method, path, _ in operations(described)]
    assert sorted(told) == sorted((route.method, route.path) for route in ROUTES)
    names = [operation["operationId"] for _, _, operation in operations(described)]
    assert len(set(names)) == len(ROUTES)


def test_every_place_of_a_path_is_a_parameter(described: dict[str, Any]) -> None:
    """A generated client knows what to put there; actions are listed."""
    for _, path, operation in operations(described):
        places = [each["name"] for each in operation.get("parameters", ()) if each["in"] == "path"]
        assert sorted(places) == sorted(re.findall(r"\{(\w+)\}", path))
        for each in operation.get("parameters", ()):
            assert each["name"] != "action" or each["schema"]["enum"]


def test_everything_that_is_named_is_there(described: dict[str, Any]) -> None:
    """No reference leads nowhere, and no shape is without a use."""
    schemas = described["components"]["schemas"]
    named = set(re.findall(r'"\$ref":"#/components/schemas/(\w+)"', json.dumps(described, separators=(",", ":"))))
    assert named == set(schemas)


def test_fields_are_explained_by_their_docstrings(described: dict[str, Any]) -> None:
    """Also those that are called differently on the wire."""
    event = described["components"]["schemas"]["Event"]["properties"]
    assert event["kind"]["description"].startswith("``state``")
    assert "the state that was left" in event["from"]["description"]


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_what_is_described_is_found(route: Route) -> None:
    """A path made by the description reaches its own handler."""
    path = route.path.replace("{name}", "a-worker.2").replace("{id}", "17")
    path = path.replace("{action}", route.actions[0] if route.actions else "")
    found, match = find_route(route.method, path)
    assert found is route
    assert set(match) == set(re.findall(r"\{(\w+)\}", route.path))


def test_dots_of_a_path_are_dots() -> None:
    """``/v1/openapi.json`` is no pattern."""
    with pytest.raises(Refusal, match="no such path"):
        find_route("GET", "/v1/openapi-json")


def test_messages_of_the_document_can_be_made(described: dict[str, Any]) -> None:
    """What is required is what the messages require."""
    for route in ROUTES:
        for message in filter(None, (route.reply, route.body)):
            required = {field.encode_name for field in msgspec.structs.fields(message) if field.required}
            assert set(described["components"]["schemas"][message.__name__].get("required", ())) == required
