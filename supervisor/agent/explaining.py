"""What a failure of `multiprocessing` means and what to do about it: rules as data, loaded only when something failed.

The messages are those of CPython 3.11 to 3.14. A rule says nothing that its message does not prove.
"""

from __future__ import annotations

import errno
import re
import sys

TYPE_CHECKING = False  # typing itself would cost a worker 3 ms
if TYPE_CHECKING:
    from collections.abc import Iterator

_CHAIN_LIMIT = 10

_SENT = "What goes to another process (the target and arguments of a Process, a task of a pool, an item) is pickled"
_SHARED = "Give it to the Process as an argument (or to a Pool through initializer and initargs) when it is started"


class Rule:
    """One failure that can be explained.

    Args:
        kind: the exception's class or one of its bases, by name, so that nothing must be imported to compare.
        pattern: searched in the exception's text.
        advice: what it means and what to do; ``{0}`` is the pattern's first group.
        since: the first Python version to which it applies.
        until: the first version to which it applies no more; empty for all later ones.
    """

    def __init__(
        self, kind: str, pattern: str, advice: str, *, since: tuple[int, ...] = (), until: tuple[int, ...] = ()
    ) -> None:
        self.kind = kind
        self.pattern = pattern
        self.advice = advice
        self.since = since
        self.until = until

    def explains(self, error: BaseException, version: tuple[int, ...]) -> str:
        """The advice for `error` under `version` of Python, or nothing."""
        if version < self.since or (self.until and version >= self.until):
            return ""
        if self.kind not in (base.__name__ for base in type(error).__mro__):
            return ""
        match = re.search(self.pattern, _text(error), re.DOTALL)
        return self.advice.format(*match.groups(), python=sys.executable) if match else ""


RULES = (
    Rule(
        "RuntimeError",
        r"A SemLock created in a (\w+) context is being shared with a process in a (\w+) context",
        "Start methods are mixed: a lock or queue of the {0} context goes to a process of the {1} context. Make both "
        "with one context: context = multiprocessing.get_context({1!r}), then context.Queue(), context.Lock() and "
        "context.Process()",
    ),
    Rule(
        "RuntimeError",
        r"start a new process before the\s+current process has finished its bootstrapping phase",
        "The file that starts processes is imported again by each of them. Put the code that starts them under "
        'if __name__ == "__main__":',
    ),
    Rule(
        "RuntimeError",
        r"context has already been set",
        "The start method of a process can be set once. Leave multiprocessing.set_start_method out and use "
        'multiprocessing.get_context("spawn") and the like, or give force=True',
    ),
    Rule(
        "RuntimeError",
        r"(\w+) objects should only be shared between processes through inheritance",
        "A {0} cannot be sent through a queue, a pipe or a pool's task. " + _SHARED,
    ),
    Rule(
        "ValueError",
        r"signal only works in main thread",
        "Handlers of signals belong to a process's main thread. With --simulate every worker is a thread: set them "
        "only where threading.current_thread() is threading.main_thread(), or let ctx.stopping say when to stop",
    ),
    Rule(
        "RuntimeError",
        r"can't start new thread",
        "The system gives no more threads: limits.nproc, limits.as, or what the container allows (pids.max)",
    ),
    Rule(
        "AssertionError",
        r"daemonic processes are not allowed to have children",
        "The process that starts another one is daemonic, as all members of a multiprocessing.Pool are. Start it from "
        "the worker itself, or use concurrent.futures.ProcessPoolExecutor",
    ),
    Rule(
        "AttributeError",
        r"Can't (?:pickle|get) local object '(.+)'$",
        _SENT + ", and {0} cannot be, because it is defined inside a function. Define it at the top of its module",
        until=(3, 14),
    ),
    Rule(
        "Exception",
        r"Can't (?:pickle|get) local object '?<?(?:function |class ')?([\w.<>]+)",
        _SENT + ", and {0} cannot be, because it is defined inside a function. Define it at the top of its module. "
        "Since Python 3.14 this is so by default; the start method fork would need no pickling",
        since=(3, 14),
    ),
    Rule(
        "Exception",
        r"Can't pickle .*?: (?:attribute lookup|it's not found as) (\S+)",
        _SENT + " by its name, and no {0} is found under that name. Define it at the top of its module, under its own "
        "name; a lambda has none",
    ),
    Rule(
        "PicklingError",
        r"Can't pickle (.+?): it's not the same object as (\S+)",
        _SENT + " by its name, and another object has the name {1} now, because of a decorator or of a module that was "
        "loaded twice. Use functools.wraps, or send what was decorated",
    ),
    Rule(
        "TypeError",
        r"cannot pickle '?(?:_thread\.(?:lock|RLock|_ThreadHandle)|weakref[\w.]*)'?",
        _SENT + ", and a thread's lock cannot be. It is often an attribute of the object whose method is the target, "
        "or of a client or a logger in it. Make it in the process that uses it, or use a lock of procdeck "
        "(shares = ...) or of multiprocessing",
    ),
    Rule(
        "TypeError",
        r"cannot pickle '?([\w.]+)'? (?:object|instances)",
        _SENT + ", and a {0} cannot be. Send what it is made from (a path, an address) and make it in the process that "
        "uses it",
    ),
    Rule(
        "MaybeEncodingError",
        r"Error sending result",
        "A pool's task returned something that cannot be pickled. Return plain data",
    ),
    Rule(
        "BrokenProcessPool",
        r"",
        "A process of the pool died before it answered: by a signal (memory?), by os._exit, by an initializer that "
        'failed, or because the file that starts the pool has no if __name__ == "__main__":. Its own words are on '
        "stderr",
    ),
    Rule(
        "AttributeError",
        r"Can't get attribute '([^']+)' on <module '(?:__main__|__mp_main__)'",
        "The other process has no {0} at the top of its main file. Define it before processes are started, outside of "
        "any if, or in a module of its own",
    ),
    Rule(
        "ModuleNotFoundError",
        r"No module named '([^']+)'",
        "Install {0} for {python}, name the folder that it is in with python_path, or run the worker under another "
        "interpreter with python",
    ),
    Rule(
        "ImportError",
        r"attempted relative import with no known parent package",
        'Run the file as a part of its package: module = "package.name" in place of script',
    ),
    Rule(
        "OSError",
        rf"\[Errno {errno.EMFILE}\]",
        "It has as many files and sockets open as it may: close what is not needed, or raise limits.nofile",
    ),
    Rule("OSError", rf"\[Errno {errno.EFBIG}\]", "The file is as large as it may be: limits.fsize"),
    Rule(
        "OSError",
        rf"\[Errno {errno.EAGAIN}\].*",
        "The system gives no more processes just now: limits.nproc, or what the container allows (pids.max)",
    ),
    Rule("MemoryError", r"", "There is no more memory for it: limits.as, limits.data, or the machine's own"),
    Rule(
        "RecursionError",
        r"pickl",
        _SENT + ", and this is nested too deeply. Send plain data",
    ),
)


def explain(error: BaseException, version: tuple[int, ...] = sys.version_info[:2]) -> str:
    """What the failure means and what to do, for `error` or what caused it; empty where no rule knows."""
    try:
        for link in _chain(error):
            for rule in RULES:
                advice = rule.explains(link, version)
                if advice:
                    return advice
    except Exception:  # an exception class of the user may do anything; its traceback tells enough
        pass
    return ""


def _chain(error: BaseException) -> Iterator[BaseException]:
    link: BaseException | None = error
    for _ in range(_CHAIN_LIMIT):
        if link is None:
            return
        yield link
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)


def _text(error: BaseException) -> str:
    try:
        return str(error)[:4000]
    except Exception:
        return ""
