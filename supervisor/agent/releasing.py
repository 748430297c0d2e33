"""Lets go of a lock of `multiprocessing` whose holder is dead; whether it is dead, the engine has to know."""

from __future__ import annotations

from supervisor.agent import things
from supervisor.agent.facts import kind_of
from supervisor.agent.stacks import Census

TYPE_CHECKING = False  # typing itself would cost every worker 3 ms
if TYPE_CHECKING:
    from typing import Any

    Reply = dict[str, Any]

_LOCKS = ("mp.Lock", "mp.RLock")
_COUNTING = 1
"""The kind of `_multiprocessing.SemLock` whose release asks for no owner."""

_kept: list[object] = []
"""Doubles that were used: one that is collected would unmap the semaphore itself (sem_close(3))."""


def release(inode: object, key: object) -> Reply:
    """Add the missing unit to the semaphore of the lock `key`, which must be the one with the inode `inode`.

    Returns:
        ``released``, and a sentence as ``text``. Not where the lock is free, or this process holds it itself.
    """
    for entry in things.known():
        lock = entry()
        if kind_of(lock) in _LOCKS and Census().key_of(lock) == key:
            return _release(lock, inode)
    return _kept_as_it_is(f"this process knows no lock {key}")


def _release(lock: Any, inode: object) -> Reply:
    inner = lock._semlock  # noqa: SLF001
    if inner._count() > 0:  # noqa: SLF001
        return _kept_as_it_is("this process holds it")
    if inner._get_value() != 0:  # noqa: SLF001
        return _kept_as_it_is("it is free")
    if _inode_at(inner.handle) != inode:
        return _kept_as_it_is(f"it is not the semaphore {inode}")
    # A double of the same semaphore: the lock's own release would count down what this process holds.
    double = type(inner)._rebuild(inner.handle, _COUNTING, inner.maxvalue, None)  # noqa: SLF001
    _kept.append(double)
    double.release()
    return {"released": True, "text": "released"}


def _kept_as_it_is(why: str) -> Reply:
    return {"released": False, "text": f"not released: {why}"}


def _inode_at(address: int) -> int | None:
    """The inode of the file that is mapped at `address` (proc_pid_maps(5))."""
    with open("/proc/self/maps", encoding="utf-8", errors="replace") as maps:
        for line in maps:
            fields = line.split(maxsplit=5)
            start, _, end = fields[0].partition("-")
            if int(start, 16) <= address < int(end, 16):
                return int(fields[4])
    return None
