"""What the things themselves say about a wait, in words: how full a queue is, who has come to a barrier."""

from __future__ import annotations

from collections.abc import Iterator

from supervisor.diagnose.evidence import Thing, ThreadReport
from supervisor.diagnose.scene import Scene
from supervisor.diagnose.shared_things import QUEUE_KINDS, number, numbers


def particulars(report: ThreadReport, scene: Scene) -> Iterator[str]:
    """``the queue has 3 items, at most 3``; nothing where no process told."""
    for thing in _things(report, scene):
        if thing.kind in QUEUE_KINDS:
            yield from _of_queue(thing)
        elif thing.kind == "mp.Barrier":
            parties, waiting = number(thing, "parties"), number(thing, "waiting")
            if parties is not None and waiting is not None:
                yield f"{waiting} of {parties} have come to the barrier"
        elif thing.kind == "mp.Pool":
            members = ", ".join(map(str, numbers(thing, "members")))
            yield f"the pool has {number(thing, 'jobs') or 0} jobs; its members: {members or 'none'}"


def _things(report: ThreadReport, scene: Scene) -> list[Thing]:
    """What it waits for, as its own process knows it, or another where it does not."""
    dump = scene.dumps.get(report.pid)
    on_stack = [dump.thing(frame.subject) for frame in report.frames if frame.subject] if dump is not None else []
    queues = scene.things.queues.get(report.resource.id, ())
    shared = sorted(queues, key=lambda owned: owned.pid != report.pid)[:1]
    found = {thing.key: thing for thing in (*on_stack, *(owned.thing for owned in shared)) if thing is not None}
    return list(found.values())


def _of_queue(queue: Thing) -> Iterator[str]:
    size, most = number(queue, "size"), number(queue, "maxsize")
    if size is not None:
        yield f"the queue has {size} items{f', at most {most}' if most else ''}"
    if buffered := number(queue, "buffered"):
        yield f"{buffered} more have been put here and not been sent"
    if unfinished := number(queue, "unfinished"):
        yield f"task_done() is missing for {unfinished}"
