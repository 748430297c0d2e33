"""Gives the fields of all profile tables their docstrings as descriptions, for the schema and the reference.

pydantic can do so whenever a model is made (``use_attribute_docstrings``), which would cost each start of an engine a
tenth of a second for words that an engine never shows.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator

from supervisor.attribute_words import attribute_words
from supervisor.profile.table import Table


def describe_all() -> None:
    """Read the sources once more; every table that is defined by now has its descriptions afterwards."""
    for model in _below(Table):
        for name, docstring in _docstrings(model):
            field = model.model_fields.get(name)
            if field is not None and field.description is None:
                field.description = docstring
        model.model_rebuild(force=True)


def _below(model: type[Table]) -> list[type[Table]]:
    """All tables made of `model`, in the order in which they were defined: inner ones come first."""
    found: dict[type[Table], None] = {}
    for child in model.__subclasses__():
        found[child] = None
        found.update(dict.fromkeys(_below(child)))
    return sorted(found, key=lambda table: (list(sys.modules).index(table.__module__), _line_of(table)))


def _line_of(model: type[Table]) -> int:
    return inspect.getsourcelines(model)[1]


def _docstrings(model: type[Table]) -> Iterator[tuple[str, str]]:
    """Each field that is declared in `model` or above it, with the text that stands below it."""
    for owner in model.__mro__:
        if owner is Table or not issubclass(owner, Table):
            continue
        yield from attribute_words(owner)
