"""Finds the mistakes in pools that need more than one key to see: functions, items, results, what goes together.

Works on the tables as parsed, like `supervisor.profile.checking`; what has the wrong type is left to validation.
"""

from __future__ import annotations

import keyword
from collections.abc import Iterator
from typing import Any, Final

from supervisor.profile.formats.toml_lines import KeyPath
from supervisor.profile.kinds import NOUNS, a
from supervisor.profile.names import did_you_mean, is_legal_name, quoted
from supervisor.profile.placing import Mistake
from supervisor.profile.supervised import named, tables_of
from supervisor.profile.targets import target_fault

FUNCTIONS: Final = ("function", "initializer", "finalizer", "on_result", "on_error", "on_complete")
_ITEMS_KINDS: Final = ("function", "range", "lines", "files", "values", "queue")
_RESULTS_KINDS: Final = ("file", "queue")
_GLOB: Final = frozenset("*?[")
_PLACED: Final = ("@output", "@profile")
_NO_CODE: Final = ("args", "resume", "max_failures", "results", "on_result", "on_error", "on_complete", "method",
                   "chunksize", "schedule", "watch", "depends_on", "significant", "autostart")  # fmt: skip
"""Keys that count only for a pool with items; code says for itself what it gives out and what it makes of it."""


def pool_mistakes(tables: dict[str, Any]) -> Iterator[Mistake]:
    """Every mistake of this kind in a profile's tables."""
    for name, pool in tables_of(tables, "pools"):
        path: KeyPath = ("pools", name)
        yield from _function_mistakes(path, pool)
        if "items" in pool:
            yield from _items_mistakes(path, pool, tables)
        else:
            yield from _code_mistakes(path, pool)
        yield from _results_mistakes(path, pool, tables)
        yield from _combination_mistakes(path, pool)


def _function_mistakes(path: KeyPath, pool: dict[str, Any]) -> Iterator[Mistake]:
    for key in FUNCTIONS:
        text = pool.get(key)
        if isinstance(text, str) and (fault := target_fault(text, "census:hash_file")):
            yield Mistake((*path, key), f"the {key} of {named(path)} {fault}")
    if "items" in pool and "function" not in pool and not _is_misspelt("function", pool):
        yield Mistake(
            path, f'{named(path)} does not say what to call for each item; give function = "census:hash_file"'
        )


def _is_misspelt(key: str, table: dict[str, Any]) -> bool:
    """Whether a key that is not there was meant by one that is; validation tells that."""
    return any(did_you_mean(str(given), (key,)) for given in table if given not in FUNCTIONS)


def _items_mistakes(path: KeyPath, pool: dict[str, Any], tables: dict[str, Any]) -> Iterator[Mistake]:
    items, place = pool["items"], (*path, "items")
    if isinstance(items, str):
        yield from _items_text_mistakes(place, items, tables)
    if isinstance(items, list) and not items:
        yield Mistake(place, f"the items of {named(path)} are an empty list, so that there is nothing to do")
    if isinstance(items, dict):
        yield from _choice_mistakes(place, items, _ITEMS_KINDS, "where they come from")
        function, queue = items.get("function"), items.get("queue")
        if isinstance(function, str) and (fault := target_fault(function, "census:list_files")):
            yield Mistake((*place, "function"), f"the function in the items of {named(path)} {fault}")
        if isinstance(queue, str):
            yield from _queue_mistakes((*place, "queue"), queue, tables)
    is_called = isinstance(items, str) or (isinstance(items, dict) and "function" in items)
    args = pool.get("args")
    if isinstance(args, dict) and not is_called:
        yield Mistake(
            (*path, "args"),
            f"args of {named(path)} have no meaning: they are for the function in items, and it has none",
        )
    for parameter in args if isinstance(args, dict) else ():
        if not parameter.isidentifier() or keyword.iskeyword(parameter):
            yield Mistake((*path, "args", parameter), f'"{parameter[:60]}" cannot be a parameter of a Python function')


def _items_text_mistakes(place: KeyPath, text: str, tables: dict[str, Any]) -> Iterator[Mistake]:
    """What text in `items` may have been meant for, where it is no function."""
    if not (fault := target_fault(text, "census:list_files")):
        return
    queues = [name for name, _ in tables_of(tables, "queues")]
    meant = ""
    if text in queues:
        meant = f'{{ queue = "{text}" }}'
    elif _GLOB & set(text):
        meant = f'{{ files = "{text[:60]}" }}'
    elif text.isdecimal():
        meant = text
    elif text.endswith((".txt", ".csv", ".tsv", ".ndjson", ".jsonl", ".lst", ".log")) or text.startswith(_PLACED):
        meant = f'{{ lines = "{text[:60]}" }}'
    near = f'must be "module:function", or what is no function; did you mean items = {meant}?' if meant else fault
    yield Mistake(place, f"the items of {named(place)} {near}")


def _choice_mistakes(place: KeyPath, table: dict[str, Any], kinds: tuple[str, ...], what: str) -> Iterator[Mistake]:
    given = [key for key in table if key in kinds]
    for extra in given[1:]:
        yield Mistake((*place, extra), f"the {place[2]} of {named(place)} have both {given[0]} and {extra}; keep one")
    if not given and not any(did_you_mean(str(key), kinds) for key in table):
        yield Mistake(place, f"the {place[2]} of {named(place)} do not say {what}; give one of {', '.join(kinds)}")


def _queue_mistakes(place: KeyPath, queue: str, tables: dict[str, Any]) -> Iterator[Mistake]:
    queues = [name for name, _ in tables_of(tables, "queues")]
    if queue in queues:
        return
    for kind, noun in NOUNS.items():
        if any(name == queue for name, _ in tables_of(tables, kind)):
            yield Mistake(place, f'"{queue}" is {a(noun)}, and the {place[2]} of a pool are for queues')
            return
    known = f" (there is {quoted(queues)})" if queues else ""
    shown = queue if is_legal_name(queue) else "name"
    near = did_you_mean(queue, queues) or f"{known}; declare it with [queues.{shown}]"
    yield Mistake(place, f'no queue is called "{queue[:60]}"{near}')


def _results_mistakes(path: KeyPath, pool: dict[str, Any], tables: dict[str, Any]) -> Iterator[Mistake]:
    results, place = pool.get("results"), (*path, "results")
    if isinstance(results, str):
        yield from _file_mistakes(place, results, tables)
    if not isinstance(results, dict):
        return
    yield from _choice_mistakes(place, results, _RESULTS_KINDS, "where they go")
    if isinstance(results.get("file"), str):
        yield from _file_mistakes((*place, "file"), results["file"], tables)
    queue, items = results.get("queue"), pool.get("items")
    if isinstance(queue, str):
        yield from _queue_mistakes((*place, "queue"), queue, tables)
        if isinstance(items, dict) and items.get("queue") == queue:
            yield Mistake(
                (*place, "queue"),
                f'{named(path)} takes its items from the queue "{queue}" and puts its results there: it would never '
                "end; use a second queue",
            )


def _file_mistakes(place: KeyPath, file: str, tables: dict[str, Any]) -> Iterator[Mistake]:
    head = file.partition("/")[0]
    if head.startswith("@") and head not in _PLACED:
        near = did_you_mean(head, _PLACED)
        yield Mistake(place, f'the results of {named(place)} begin with "{head[:60]}", which stands for nothing{near}')
    elif file in _PLACED or file.endswith("/"):
        yield Mistake(place, f'the results of {named(place)} must be a file, such as "@output/hashes.ndjson"')
    elif any(name == file for name, _ in tables_of(tables, "queues")):
        yield Mistake(
            place,
            f'the results of {named(place)} name a file as a queue is called; did you mean {{ queue = "{file}" }}?',
        )


def _code_mistakes(path: KeyPath, pool: dict[str, Any]) -> Iterator[Mistake]:
    if any(did_you_mean(str(key), ("items",)) for key in pool):
        return
    for key in _NO_CODE:
        if key in pool:
            yield Mistake(
                (*path, key),
                f"{key} has no meaning for {named(path)}: it has no items, so that code gives it its tasks, with "
                f'ctx.pool("{path[1]}"); add items, or remove it',
            )


def _combination_mistakes(path: KeyPath, pool: dict[str, Any]) -> Iterator[Mistake]:
    whose, items, results = named(path), pool.get("items"), pool.get("results")
    if "initargs" in pool and "initializer" not in pool:
        yield Mistake((*path, "initargs"), f"{whose} has initargs and no initializer that would get them")
    if pool.get("method") == "apply_async" and isinstance(pool.get("chunksize"), int):
        yield Mistake(
            (*path, "chunksize"),
            f"chunksize has no meaning for {whose}: with apply_async each item is a call; use imap_unordered",
        )
    if pool.get("method") == "starmap" and _gives_single_values(items):
        yield Mistake(
            (*path, "method"),
            f'{whose} has method = "starmap", but its items are no lists of arguments; use imap_unordered or map',
        )
    if pool.get("resume") is True:
        has_file = isinstance(results, str) or (isinstance(results, dict) and "file" in results)
        if isinstance(items, dict) and "queue" in items:
            yield Mistake(
                (*path, "resume"), f"{whose} cannot resume: what it took from a queue is not there a second time"
            )
        elif "items" in pool and not has_file:
            yield Mistake(
                (*path, "resume"),
                f"{whose} cannot resume without results in a file, which says what is done; give results = "
                '"hashes.ndjson"',
            )


def _gives_single_values(items: object) -> bool:
    """Whether each item is known to be no list: a number, a line, a path, a value."""
    if isinstance(items, dict):
        if isinstance(items.get("values"), list):
            items = items["values"]
        else:
            return any(kind in items for kind in ("range", "lines", "files"))
    if isinstance(items, list):
        return any(not isinstance(item, list) for item in items)
    return isinstance(items, int)
