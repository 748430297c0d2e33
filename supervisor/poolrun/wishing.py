"""Grants what the engine wishes of a run, in its main thread, and says so in the log."""

from __future__ import annotations

from supervisor.poolrun.wording import counted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from supervisor.poolrun.host import Wish
    from supervisor.poolrun.run import Run


def grant(run: Run, wish: Wish) -> None:
    """Do what is wished. What cannot be done is told as a warning; nothing is raised for what a frame says."""
    words = _granted(run, wish)
    level, _, text = words.partition(" ")
    run._host.say(level, text, extra={})  # noqa: SLF001 - a part of the run, in a file of its own


def _granted(run: Run, wish: Wish) -> str:
    """What was done, behind the level of its record."""
    what, pool, name = wish.get("do"), run.pool, run.plan.name
    index, processes, pid = wish.get("index"), wish.get("processes"), wish.get("pid")
    if what == "resize" and isinstance(processes, int):
        try:
            pool.resize(processes)
        except ValueError as error:
            return f"WARNING {name} was not resized: {error}"
        run.intake.processes = run.processes = processes
        return f"INFO {name} has {processes} process{'' if processes == 1 else 'es'} from now on"
    if what in ("pause", "resume"):
        pool.pause() if what == "pause" else pool.resume()
        run.is_paused = what == "pause"
        return f"INFO {name} is paused" if run.is_paused else f"INFO {name} goes on"
    if what == "retry-failed" and (index is None or isinstance(index, int)):
        count = run.try_again(index)
        return f"INFO {counted(count, 'failed item')} of {name} tried again" if count else _nothing(name, index)
    if what == "cancel" and isinstance(index, int):
        if run.cancel(index):
            return f"INFO item {index} of {name} is cancelled"
        return f"WARNING item {index} of {name} cannot be cancelled: it is neither running nor waiting"
    if what == "kill-member" and isinstance(pid, int):
        if pool.kill_member(pid):
            return f"WARNING process {pid} of {name} is killed, as was wished"
        return f"WARNING process {pid} is not a member of {name}: nothing was killed"
    return f"WARNING {name} does not understand the wish {str(what)[:40]!r}"


def _nothing(name: str, index: int | None) -> str:
    if index is None:
        return f"WARNING no failed item of {name} can be tried again"
    return f"WARNING item {index} of {name} is not among the failed ones that can be tried again"
