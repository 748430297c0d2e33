"""A second census that shares nothing with the first: it counts keywords in the token stream, not nodes of the tree.

`def`, `class` and `import` are keywords, so a token is a statement; a docstring is a string that is the first statement
after a heading's colon. Whether a file can be parsed at all is asked of the parser.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
import warnings
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

_SILENT = {tokenize.COMMENT, tokenize.NL, tokenize.INDENT, tokenize.NEWLINE, tokenize.ENCODING}


@dataclass
class Census:
    """What was found below a directory."""

    files: int = 0
    failed: list[str] = field(default_factory=list)
    lines: int = 0
    functions: int = 0
    classes: int = 0
    imports: int = 0
    docstrings: int = 0


def take(root: Path) -> Census:
    """The census of every Python file below `root`, one after the other in this process."""
    census = Census()
    for path in sorted(root.rglob("*.py")):
        if {"__pycache__", "site-packages", "dist-packages"} & set(path.relative_to(root).parts) or path.is_dir():
            continue
        census.files += 1
        content = path.read_bytes()
        if not _parses(content):
            census.failed.append(str(path))
            continue
        census.lines += len(io.BytesIO(content).readlines())
        tokens = list(tokenize.tokenize(io.BytesIO(content).readline))
        words = Counter(token.string for token in tokens if token.type == tokenize.NAME)
        census.functions += words["def"]
        census.classes += words["class"]
        census.imports += words["import"]
        census.docstrings += _docstrings(tokens)
    census.failed.sort()
    return census


def _parses(content: bytes) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(content)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _docstrings(tokens: list[tokenize.TokenInfo]) -> int:
    """How many modules, classes and functions begin with a string that is a statement of its own."""
    starts = [0]
    depth = 0
    is_heading = False
    is_first_of_statement = True
    for number, token in enumerate(tokens):
        if token.type == tokenize.OP and token.string in "([{":
            depth += 1
        elif token.type == tokenize.OP and token.string in ")]}":
            depth -= 1
        if is_first_of_statement and token.type == tokenize.NAME:
            following = tokens[number + 1].string
            is_heading = token.string in {"def", "class"} or (token.string == "async" and following == "def")
        if token.type not in {*_SILENT, tokenize.DEDENT}:
            is_first_of_statement = False
        if is_heading and depth == 0 and token.type == tokenize.OP and token.string == ":":
            starts.append(number + 1)
            is_heading = False
            is_first_of_statement = True
        elif token.type == tokenize.NEWLINE or (token.string == ";" and depth == 0):
            is_first_of_statement = True
            is_heading = False
    return sum(_is_docstring(tokens, start) for start in starts)


def _is_docstring(tokens: list[tokenize.TokenInfo], start: int) -> bool:
    position = start
    while position < len(tokens) and tokens[position].type in _SILENT:
        position += 1
    parentheses = 0
    while tokens[position].string == "(":
        parentheses += 1
        position += 1
    strings = 0
    while tokens[position].type in {tokenize.STRING, tokenize.NL, tokenize.COMMENT}:
        if tokens[position].type == tokenize.STRING:
            prefix = re.match(r"\w*", tokens[position].string)
            if prefix is not None and set(prefix[0].lower()) & {"b", "f"}:
                return False
            strings += 1
        position += 1
    while parentheses and tokens[position].string == ")":
        parentheses -= 1
        position += 1
    while tokens[position].type == tokenize.COMMENT:
        position += 1
    ends = tokens[position].type in {tokenize.NEWLINE, tokenize.ENDMARKER} or tokens[position].string == ";"
    return strings > 0 and parentheses == 0 and ends
