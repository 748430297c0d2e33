"""Describes the control socket as an OpenAPI 3.1 document (https://spec.openapis.org/oas/v3.1.0), from its own table.

Nothing is kept by hand: paths come from `ROUTES`, shapes from the messages, sentences from their docstrings.
"""

from __future__ import annotations

import functools
import inspect
from typing import Any, Final

import msgspec

from supervisor import __version__
from supervisor.api.messages import ErrorReply
from supervisor.api.table import ROUTES, Query, Route
from supervisor.attribute_words import attribute_words

_REF: Final = "#/components/schemas/{name}"
_PLACES: Final[dict[str, dict[str, Any]]] = {
    "name": {"type": "string", "minLength": 1, "maxLength": 100},
    "action": {"type": "string"},
    "id": {"type": "integer", "minimum": 0},
}
_ABOUT: Final = (
    "What procdeck's engine answers on its Unix socket, to its own user and root only: "
    "`curl --unix-socket SOCKET http://procdeck/v1/fleet`. `procdeck status --json` tells nearly as much. "
    "Times named `*_s` are seconds of the machine's monotonic clock, those named `*_at` Unix timestamps."
)


@functools.cache
def document() -> bytes:
    """The description, as JSON; made when it is first asked for, which takes some 30 ms."""
    messages = list(dict.fromkeys(filter(None, (ErrorReply, *_messages()))))
    _, schemas = msgspec.json.schema_components(messages, ref_template=_REF)
    _explain(schemas, messages)
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": {"title": "procdeck", "version": __version__, "description": _ABOUT},
            "paths": paths,
            "components": {"schemas": schemas},
        }
    )


def _messages() -> list[type[msgspec.Struct] | None]:
    return [message for route in ROUTES for message in (route.reply, route.body)]


def _operation(route: Route) -> dict[str, Any]:
    words = route.path.removeprefix("/v1/").replace("{", "").replace("}", "").replace(".json", "").split("/")
    described: dict[str, Any] = {
        "operationId": "-".join((route.method.lower(), *words)),
        "summary": route.says,
        "responses": {**_answers(route), "default": _content(ErrorReply, "What is wrong, and what to do.")},
    }
    parameters = [*_in_path(route), *map(_in_query, route.queries)]
    if parameters:
        described["parameters"] = parameters
    if route.body is not None:
        described["requestBody"] = {
            "content": _json_of(route.body),
            "required": any(field.required for field in msgspec.structs.fields(route.body)),
        }
    return described


def _answers(route: Route) -> dict[str, Any]:
    if route.is_stream and route.reply is not None:
        told = f"A WebSocket; each of its messages is a {route.reply.__name__} in JSON."
        return {"101": {"description": told, "content": _json_of(route.reply)}}
    if route.reply is None:
        return {"200": {"description": route.says, "content": {"application/json": {"schema": {"type": "object"}}}}}
    return {"200": _content(route.reply, inspect.cleandoc(route.reply.__doc__ or route.says).partition("\n\n")[0])}


def _content(message: type[msgspec.Struct], description: str) -> dict[str, Any]:
    return {"description": description, "content": _json_of(message)}


def _json_of(message: type[msgspec.Struct]) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": _REF.format(name=message.__name__)}}}


def _in_path(route: Route) -> list[dict[str, Any]]:
    named = [name for name in _PLACES if f"{{{name}}}" in route.path]
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {**_PLACES[name], "enum": list(route.actions)} if name == "action" else _PLACES[name],
        }
        for name in named
    ]


def _in_query(query: Query) -> dict[str, Any]:
    schema = {"type": "array", "items": query.schema} if query.is_repeatable else query.schema
    return {"name": query.name, "in": "query", "required": False, "schema": schema, "description": query.says}


def _explain(schemas: dict[str, Any], messages: list[type[msgspec.Struct]]) -> None:
    """Give each property the docstring of its field."""
    for message in _all_below(messages):
        properties = schemas.get(message.__name__, {}).get("properties", {})
        names = {field.name: field.encode_name for field in msgspec.structs.fields(message)}
        for attribute, words in attribute_words(message):
            if names.get(attribute) in properties:
                properties[names[attribute]]["description"] = words


def _all_below(messages: list[type[msgspec.Struct]]) -> list[type[msgspec.Struct]]:
    """These messages and those that they are made of."""
    seen: dict[type[msgspec.Struct], None] = {}
    waiting = list(messages)
    while waiting:
        message = waiting.pop()
        if message in seen:
            continue
        seen[message] = None
        for field in msgspec.structs.fields(message):
            waiting.extend(_structs_in(msgspec.inspect.type_info(field.type)))
    return list(seen)


def _structs_in(info: Any) -> list[type[msgspec.Struct]]:
    if isinstance(info, msgspec.inspect.StructType):
        return [info.cls]
    inner = [getattr(info, name) for name in ("item_type", "key_type", "value_type") if hasattr(info, name)]
    inner += list(getattr(info, "types", ())) + list(getattr(info, "item_types", ()))
    return [found for part in inner for found in _structs_in(part)]
