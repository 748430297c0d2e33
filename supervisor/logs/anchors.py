"""Which bytes a line must hold to be found, so that most of a store is sorted out without decoding. Pure.

An anchor is one of several alternatives; a line with none of them surely does not match. No anchor: any line may match.
"""

from __future__ import annotations

import re
from json.encoder import encode_basestring as quote
from typing import Final

_GROUP_FLAGS: Final = re.compile(r"\(\?[aiLmsux-]")
_REPEAT: Final = re.compile(r"\{\d*,?\d*\}")
_SPELLED: Final = frozenset("xuUN0123456789")
"""After a backslash these take more characters with them, or say what an earlier group has found."""


def text_anchors(text: str) -> tuple[bytes, ...]:
    """Lower-case bytes that every stored line with `text` in it holds, whatever its case; () where none are sure.

    The case of what is not ASCII cannot be told from bytes, so only the longest ASCII part counts.
    """
    anchor = _as_stored(text)
    return (anchor,) if anchor else ()


def regex_anchors(pattern: str) -> tuple[bytes, ...]:
    """The same for a valid regular expression: one for each of its alternatives at the top; () where one has none."""
    if _GROUP_FLAGS.search(pattern):
        return ()
    found = []
    for runs in _alternatives(pattern):
        anchor = max(map(_as_stored, runs), key=len, default=b"")
        if not anchor:
            return ()
        found.append(anchor)
    return tuple(dict.fromkeys(found))


def _as_stored(text: str) -> bytes:
    """The longest ASCII part of `text` as a JSON string has it, in lower case."""
    return quote(max(re.split(r"[^\x00-\x7f]+", text), key=len))[1:-1].lower().encode()


def _alternatives(pattern: str) -> list[list[str]]:
    """For each alternative at the top of `pattern`, the texts that whatever it matches must hold."""
    alternatives: list[list[str]] = [[]]
    run, at = "", 0
    while at < len(pattern):
        sign, step, text, is_kept = pattern[at], 1, "", True
        if sign == "\\":
            after, step = pattern[at + 1], 2
            if after in _SPELLED:
                return [[]]
            text = "" if after.isalpha() else after
        elif sign == "[":
            step = _class_end(pattern, at) - at
        elif sign == "(":
            step = _group_end(pattern, at) - at
        elif sign in "*?" or (repeat := _REPEAT.match(pattern, at)):
            step = 1 if sign in "*?" else len(repeat[0])  # type: ignore[index]
            is_kept = False
        elif sign not in ".^$+|":
            text = sign
        if text:
            run += text
        else:
            alternatives[-1].append(run if is_kept else run[:-1])
            run = ""
        if sign == "|":
            alternatives.append([])
        at += step
    alternatives[-1].append(run)
    return alternatives


def _class_end(pattern: str, at: int) -> int:
    """Behind the ``]`` of the class that begins at `at`."""
    at += 2 if pattern.startswith("[^", at) else 1
    at += pattern.startswith("]", at)
    while at < len(pattern) and pattern[at] != "]":
        at += 2 if pattern[at] == "\\" else 1
    return at + 1


def _group_end(pattern: str, at: int) -> int:
    """Behind the ``)`` of the group that begins at `at`."""
    depth = 0
    while at < len(pattern):
        sign = pattern[at]
        if sign == "\\":
            at += 2
            continue
        if sign == "[":
            at = _class_end(pattern, at)
            continue
        depth += (sign == "(") - (sign == ")")
        at += 1
        if not depth:
            break
    return at
