"""What each thread of some processes does, by the rules: one report a thread.

::

    Look ─► kernel_wait ──┐
    Dump ─► frames ───────┴─► the first rule that fits ─► resource, details ─► what other threads tell (`crossing`)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, get_args

from supervisor.agent.asking import ASK_SIGNAL
from supervisor.diagnose import crossing, signatures
from supervisor.diagnose.evidence import (
    Confidence,
    Dump,
    Frame,
    KernelKind,
    KernelWait,
    Look,
    ProcessFacts,
    StackThread,
    ThreadFacts,
    ThreadReport,
)
from supervisor.diagnose.kernel_words import kernel_wait
from supervisor.diagnose.resources import Resources, Waiter
from supervisor.diagnose.rules import RULES, Rule

_ASK_BIT: Final = 1 << (ASK_SIGNAL - 1)
"""In SigCgt: the process has an agent that can be asked."""

_WEAKER: Final[Mapping[Confidence, Confidence]] = {"certain": "likely", "likely": "possible", "possible": "possible"}


@dataclass(frozen=True, slots=True)
class Scene:
    """One thread and what surrounds it: all that a rule may ask for."""

    process: ProcessFacts
    thread: ThreadFacts
    kernel: KernelWait
    frames: Sequence[Frame]
    others: Sequence[Sequence[Frame]]
    """The stacks of all threads of its process."""
    subject: str
    """The kind of the thing that the innermost frame works on."""
    python: tuple[int, int]
    is_hot: bool
    is_forked: bool
    is_unanswered: bool


def classify(
    look: Look,
    dumps: Mapping[int, Dump],
    *,
    before: Look | None,
    still_since_s: Mapping[tuple[int, int], float] | None = None,
    machine: str = "",
) -> tuple[ThreadReport, ...]:
    """A report for every thread of every process in the look; without a dump, from the kernel's words only.

    Args:
        look: the processes now, with descriptors where the resources' names count.
        dumps: what the processes said of themselves, by pid.
        before: an earlier look, without which nobody is seen to move, compute or wait for the interpreter lock.
        still_since_s: since when, monotonic, a (pid, tid) has not moved; by default since the look before.
        machine: whose numbers the system calls have; this one's unless given.
    """
    resources = Resources(look, dumps)
    reports = []
    for process in look.processes.values():
        dump = dumps.get(process.pid)
        stacks = _stacks(process, dump)
        for thread in process.threads:
            stack = stacks.get(thread.tid)
            scene = _scene(look, before, process, thread, dump, stack, machine)
            found = _report(scene, resources, look.owners.get(process.pid, ""), dump, stack)
            still_s = _unchanged_s(look, before, thread, process, still_since_s)
            reports.append(replace(found, unchanged_s=still_s if found.rule != "moved" else 0.0))
    return crossing.cross(tuple(reports), look, before, dumps)


def _stacks(process: ProcessFacts, dump: Dump | None) -> Mapping[int, StackThread]:
    """The stacks by kernel thread; faulthandler does not tell which is which, but the main thread's and a last one."""
    if dump is None:
        return {}
    known = {thread.native_id: thread for thread in dump.threads if thread.native_id}
    for thread in dump.threads:
        if not thread.native_id and thread.is_main:
            known.setdefault(process.pid, thread)
    rest = [thread for thread in dump.threads if not thread.native_id and not thread.is_main]
    unclaimed = [thread.tid for thread in process.threads if thread.tid not in known]
    if len(rest) == len(unclaimed) == 1:
        known[unclaimed[0]] = rest[0]
    return known


def _scene(
    look: Look,
    before: Look | None,
    process: ProcessFacts,
    thread: ThreadFacts,
    dump: Dump | None,
    stack: StackThread | None,
    machine: str,
) -> Scene:
    earlier = _earlier(before, process, thread.tid)
    elapsed_s = look.at_s - before.at_s if before is not None else 0.0
    parent = look.processes.get(process.parent_pid)
    return Scene(
        process=process,
        thread=thread,
        kernel=kernel_wait(process, thread, before=earlier, elapsed_s=elapsed_s, machine=machine),
        frames=signatures.within(stack.frames) if stack is not None else (),
        others=tuple(signatures.within(one.frames) for one in dump.threads) if dump is not None else (),
        subject=_subject(dump, stack),
        python=_version(dump.python) if dump is not None else (0, 0),
        is_hot=earlier is not None and _is_hot(earlier, thread),
        is_forked=parent is not None and _is_forked(process, parent),
        is_unanswered=dump is not None and dump.source != "agent" and bool(process.caught_signals & _ASK_BIT),
    )


def _is_forked(process: ProcessFacts, parent: ProcessFacts) -> bool:
    """Whether it is a copy of a process with several threads. The fork server has but one."""
    return process.command != "" and parent.command == process.command and len(parent.threads) > 1


def _subject(dump: Dump | None, stack: StackThread | None) -> str:
    key = stack.frames[0].subject if stack is not None and stack.frames else ""
    thing = dump.thing(key) if dump is not None and key else None
    return "" if thing is None else thing.kind


def _earlier(before: Look | None, process: ProcessFacts, tid: int) -> ThreadFacts | None:
    """The same thread in the look before; None where that was another process of the same pid."""
    known = before.processes.get(process.pid) if before is not None else None
    return known.thread(tid) if known is not None and known.start_ticks == process.start_ticks else None


def _version(text: str) -> tuple[int, int]:
    major, minor, *_ = (*text.split("."), "0", "0")
    return (int(major), int(minor)) if major.isdecimal() and minor.isdecimal() else (0, 0)


def _is_hot(before: ThreadFacts, now: ThreadFacts) -> bool:
    """Whether it was given a processor and never gave it up of its own will."""
    has_run = now.cpu_ticks > before.cpu_ticks or now.ran_ns > before.ran_ns
    return has_run and now.voluntary == before.voluntary


def _unchanged_s(
    look: Look,
    before: Look | None,
    thread: ThreadFacts,
    process: ProcessFacts,
    still_since_s: Mapping[tuple[int, int], float] | None,
) -> float:
    if still_since_s is not None:
        since_s = still_since_s.get((process.pid, thread.tid))
        return max(look.at_s - since_s, 0.0) if since_s is not None else 0.0
    earlier = _earlier(before, process, thread.tid)
    if before is None or earlier is None or earlier.pulse != thread.pulse:
        return 0.0
    return look.at_s - before.at_s


# --- which rule ---

_WAITS: Final = frozenset({"futex-shared", "read", "write", "poll", "child", "accept"})
_ANCHORED: Final = tuple(
    rule for rule in RULES if rule.kernel and rule.stack and rule.stack[0] not in ("...", "user", "any")
)
"""The rules whose innermost frame is the library's or ours."""
_BY_WORD: Final[Mapping[str, tuple[Rule, ...]]] = {
    word: tuple(rule for rule in RULES if word == "unknown" or not rule.kernel or word in rule.kernel)
    for word in get_args(KernelKind)
}
"""The rules that a word of the kernel leaves, in their order: a quarter of them on average."""


def _report(
    scene: Scene, resources: Resources, replica: str, dump: Dump | None, stack: StackThread | None
) -> ThreadReport:
    found = next((rule for rule in _BY_WORD[scene.kernel.kind] if fits(rule, scene)), None)
    own = signatures.own_frame(scene.frames)
    report = ThreadReport(
        pid=scene.process.pid,
        tid=scene.thread.tid,
        replica=replica,
        thread_name=(stack.name if stack is not None else "") or scene.thread.name,
        is_main=scene.thread.tid == scene.process.pid,
        kernel=scene.kernel,
        frames=stack.frames if stack is not None else (),
        details=_details(scene, own),
    )
    if _has_moved(found, scene):
        return replace(report, kind="RUNNING", rule="moved")
    if found is None:
        return report
    waiter = Waiter(scene.process, scene.thread.tid, scene.kernel, scene.frames, dump)
    resource, words = resources.find(found.target, waiter)
    return replace(
        report,
        kind=found.kind,
        rule=found.id,
        resource=resource,
        is_idle=found.is_idle,
        confidence=_confidence(found, scene),
        details={**report.details, **words},
    )


def _has_moved(found: Rule | None, scene: Scene) -> bool:
    """Whether stack and kernel speak of different waits: it went on after the look, before it was asked.

    The rule that was found then goes by the kernel alone, and another would by the stack.
    """
    if (
        scene.kernel.kind not in _WAITS
        or not scene.frames
        or (found is not None and found.stack and found.stack != ("any",))
    ):
        return False
    if signatures.is_users(scene.frames[0]):
        return False
    told = next((rule for rule in _ANCHORED if _fits_stack(rule, scene)), None)
    return told is not None and scene.kernel.kind not in told.kernel


def _details(scene: Scene, own: Frame | None) -> dict[str, str]:
    details = {"kernel": scene.kernel.text}
    if own is not None:
        details["place"] = signatures.place_of(own)
        details["at"] = f" at {details['place']}"
        details["function"] = own.function
        details["source"] = signatures.text_of(own)
        details["line"] = f": {details['source']}" if details["source"] else "."
    if scene.kernel.count is not None:
        details["bytes"] = f"{scene.kernel.count:,}"
    return details


def _confidence(rule: Rule, scene: Scene) -> Confidence:
    """Less where the kernel may say nothing, and the stack stands alone."""
    return _WEAKER[rule.confidence] if rule.kernel and scene.kernel.kind == "unknown" else rule.confidence


def fits(rule: Rule, scene: Scene) -> bool:
    """Whether everything that the rule asks for is so."""
    return (
        _fits_kernel(rule, scene.kernel, has_stack=bool(rule.stack))
        and _fits_flags(rule, scene)
        and (not rule.stack or _fits_stack(rule, scene))
        and _fits_neighbours(rule, scene)
        and (not rule.sources or _fits_source(rule, scene))
    )


def _fits_kernel(rule: Rule, kernel: KernelWait, *, has_stack: bool) -> bool:
    if kernel.kind == "unknown":
        return has_stack and rule.has_timeout is not True and rule.not_count is None and not rule.descriptors
    return (
        (not rule.kernel or kernel.kind in rule.kernel)
        and (rule.count is None or kernel.count == rule.count)
        and (rule.not_count is None or kernel.count not in (None, rule.not_count))
        and (rule.has_timeout is None or kernel.has_timeout == rule.has_timeout)
        and (not rule.descriptors or kernel.descriptor in rule.descriptors)
        and kernel.resource.startswith(rule.resource)
    )


def _fits_flags(rule: Rule, scene: Scene) -> bool:
    return (
        (not rule.is_alone or len(scene.process.threads) == 1)
        and (not rule.is_forked or scene.is_forked)
        and (not rule.is_hot or scene.is_hot)
        and (not rule.is_unanswered or scene.is_unanswered)
        and (not rule.subjects or scene.subject in rule.subjects)
        and rule.command in scene.process.command
    )


def _fits_stack(rule: Rule, scene: Scene) -> bool:
    is_version = scene.python == (0, 0) or rule.since <= scene.python < rule.until
    return is_version and signatures.find(rule.stack, scene.frames) is not None


def _fits_source(rule: Rule, scene: Scene) -> bool:
    text = signatures.text_of(scene.frames[0]) if scene.frames else ""
    return any(words in text for words in rule.sources)


def _fits_neighbours(rule: Rule, scene: Scene) -> bool:
    if rule.has_thread and not _is_anywhere(rule.has_thread, scene):
        return False
    return not rule.lacks_thread or not _is_anywhere(rule.lacks_thread, scene)


def _is_anywhere(step: str, scene: Scene) -> bool:
    return any(signatures.find(("...", step), frames) is not None for frames in scene.others)
