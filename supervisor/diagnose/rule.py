"""What a rule is: a signature, and what it means. The rules themselves are in `rulebook`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from supervisor.diagnose.evidence import Confidence, KernelKind
from supervisor.diagnose.kinds import KINDS, Kind

Target = Literal[
    "", "lock", "queue", "signal", "pipe", "child", "thread", "pool", "manager", "program", "file", "socket", "futex"
]
"""What is waited for, and so how its resource is found; empty: nothing."""

THREAD_FUTEX: Final[tuple[KernelKind, ...]] = ("futex-private", "gil")
"""A wait for a lock between threads; with a timeout it can look like one for the interpreter lock."""

_UNSAID: Final = {
    "queue": "a queue",
    "lock": "a lock",
    "signal": "a signal",
    "pipe": "a pipe",
    "child": "a child",
    "thread": "a thread",
    "pool": "a pool",
    "manager": "a manager",
    "program": "a program",
    "file": "a file",
    "socket": "a connection",
    "futex": "a lock",
    "waiters": "other threads",
    "place": "an unknown place",
    "at": "",
    "line": ".",
    "bytes": "some",
    "kernel": "the kernel does not say what",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A signature and its meaning. A field that is empty, or None, asks for nothing.

    Attributes:
        stack: steps of `signatures`, innermost first.
        kernel: what the kernel may say. Where it may say nothing, the stack alone counts, with less confidence.
        resource: how the kernel's name of what is waited for begins.
        sources: the line of the innermost frame contains one of them.
        subjects: the innermost frame works on a thing of one of these kinds.
        count: how many bytes are asked for by the read.
        not_count: how many are not.
        has_timeout: whether the kernel knows an end of the wait.
        descriptors: one of them is read or written.
        lacks_thread: a step that no thread of the process is in, although one is in `has_thread`.
        is_alone: it is the only thread of its process.
        is_forked: its process is a copy of its parent's, which has several threads.
        is_hot: it has computed for most of the time since the look before.
        is_unanswered: its process was asked, and could not answer in Python code.
        command: what the command line contains.
        since: the first version of Python in which it looks so.
        until: the first in which it does not any more.
        target: what is waited for.
        confidence: how sure it is with a stack and a word of the kernel that fit.
        text: the cause in a sentence; braces are filled from the report's `details`.
        remedy: what a person can do.
    """

    id: str
    kind: str
    stack: tuple[str, ...] = ()
    kernel: tuple[KernelKind, ...] = ()
    resource: str = ""
    sources: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    count: int | None = None
    not_count: int | None = None
    has_timeout: bool | None = None
    descriptors: tuple[int, ...] = ()
    has_thread: str = ""
    lacks_thread: str = ""
    is_alone: bool = False
    is_forked: bool = False
    is_hot: bool = False
    is_unanswered: bool = False
    command: str = ""
    since: tuple[int, int] = (3, 0)
    until: tuple[int, int] = (4, 0)
    target: Target = ""
    confidence: Confidence = "likely"
    text: str = ""
    remedy: str = ""

    @property
    def is_idle(self) -> bool:
        """It is no reason for concern, however long it lasts."""
        return self._kind.grown == "idle"

    @property
    def warning(self) -> str:
        """What it is told as, unasked."""
        return self._kind.warning

    @property
    def _kind(self) -> Kind:
        return KINDS[self.kind]


def say(template: str, details: Mapping[str, str]) -> str:
    """A rule's text or remedy in full; what is not known has a general word, so this never fails."""
    known = {name: text for name, text in details.items() if text}
    return template.format_map(defaultdict(lambda: "?", {**_UNSAID, **known}))
