"""Which bytes a line must hold to be found, so that most of a store is sorted out without decoding. Pure.

An anchor is one of several alternatives; a line with none of them surely does not match. No anchor: any line may match.
"""

from __future__ import annotations

import re
from json.encoder import encode_basestring as quote
from typing import Final

_GROUP_FLAGS: Final = re.compile(r"\(\?[aiLmsux-]")
_REPEAT: Final = re.compile(r"\{\d*,?\d*\}")
_PLAIN_GROUP: Final = re.compile(r"\?(?::|P<\w+>)")
_SPELLED: Final = frozenset("xuUN0123456789")
"""After a backslash these take more characters with them, or say what an earlier group has found."""


def text_anchors(text: str) -> tuple[bytes, ...]:
    """Lower-case bytes that every stored line with `text` in it holds, whatever its case; () where none are sure.

    The case of what is not ASCII cannot be told from bytes, so only the longest ASCII part counts.
    """
    anchor = _as_stored(text)
    return (anchor,) if anchor else ()


def regex_anchors(pattern: str) -> tuple[bytes, ...]:
    """The same for a valid regular expression: some for each of its alternatives; () where one has none."""
    return () if has_flags(pattern) else _anchors_of(pattern)


def has_flags(pattern: str) -> bool:
    """Whether a regular expression says for itself what letters and lines are."""
    return _GROUP_FLAGS.search(pattern) is not None


def _anchors_of(pattern: str) -> tuple[bytes, ...]:
    """Of each alternative at the top the part that is surest to be rare: its shortest text is the longest."""
    found: list[bytes] = []
    for parts in _alternatives(pattern):
        surest = max(parts, key=lambda part: min(map(len, part), default=0), default=())
        if not surest or not all(surest):
            return ()
        found += surest
    return tuple(dict.fromkeys(found))


def _as_stored(text: str) -> bytes:
    """The longest ASCII part of `text` as a JSON string has it, in lower case."""
    return quote(max(re.split(r"[^\x00-\x7f]+", text), key=len))[1:-1].lower().encode()


def _alternatives(pattern: str) -> list[list[tuple[bytes, ...]]]:
    """For each alternative at the top of `pattern`, its parts: of each one text must occur in whatever it matches."""
    alternatives: list[list[tuple[bytes, ...]]] = [[]]
    run, at = "", 0
    while at < len(pattern):
        sign, step, text, is_kept = pattern[at], 1, "", True
        inner: tuple[bytes, ...] = ()
        if sign == "\\":
            after, step = pattern[at + 1], 2
            if after in _SPELLED:
                return [[]]
            text = "" if after.isalpha() else after
        elif sign == "[":
            step = _class_end(pattern, at) - at
        elif sign == "(":
            step = _group_end(pattern, at) - at
            inner = _of_group(pattern[at + 1 : at + step - 1], pattern[at + step :])
        elif sign in "*?" or (repeat := _REPEAT.match(pattern, at)):
            step = 1 if sign in "*?" else len(repeat[0])  # type: ignore[index]
            is_kept = False
        elif sign not in ".^$+|":
            text = sign
        if text:
            run += text
        else:
            alternatives[-1] += [(_as_stored(run if is_kept else run[:-1]),), inner]
            run = ""
        if sign == "|":
            alternatives.append([])
        at += step
    alternatives[-1].append((_as_stored(run),))
    return alternatives


def _of_group(inside: str, behind: str) -> tuple[bytes, ...]:
    """What a group surely holds, unless what stands behind it lets it be left out."""
    if behind.startswith(("*", "?", "{")):
        return ()
    if inside.startswith("?"):
        head = _PLAIN_GROUP.match(inside)
        if head is None:
            return ()
        inside = inside[head.end() :]
    return _anchors_of(inside)


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
