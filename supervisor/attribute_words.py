"""The docstrings that stand below the attributes of a class, which Python itself throws away, read from its source."""

from __future__ import annotations

import ast
import functools
import inspect
import sys
from collections.abc import Iterator
from itertools import pairwise


def attribute_words(owner: type) -> Iterator[tuple[str, str]]:
    """Each annotated attribute that `owner` itself declares, with the docstring below it, where there is one."""
    for declared, below in pairwise(_class_body(owner)):
        if (
            isinstance(declared, ast.AnnAssign)
            and isinstance(declared.target, ast.Name)
            and isinstance(below, ast.Expr)
            and isinstance(below.value, ast.Constant)
            and isinstance(below.value.value, str)
        ):
            yield declared.target.id, inspect.cleandoc(below.value.value)


def _class_body(owner: type) -> list[ast.stmt]:
    found = (node for node in _module(owner.__module__).body if isinstance(node, ast.ClassDef))
    return next(node for node in found if node.name == owner.__name__).body


@functools.lru_cache(maxsize=4)
def _module(name: str) -> ast.Module:
    return ast.parse(inspect.getsource(sys.modules[name]))
