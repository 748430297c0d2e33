"""What `procdeck doctor --start-methods` runs under the interpreter that is measured: ``start_probe.py ORDER OUTPUT``.

It starts processes of `multiprocessing` as a pool starts members, and calls nothing of the user's but imports.

::

    doctor ── order (JSON) ──► this ── fork, forkserver or spawn ──► a process that imports, then says when
           ◄── a line of JSON for each start ──┘ ◄── {"at", "memory"} ──┘
"""

from __future__ import annotations

import sys

if __name__ == "__main__":
    del sys.path[0]  # the folder of this file, whose module names are nobody else's business

import json
import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

IMPORTS_BEGIN = "procdeck: imports begin"
"""What stands in stderr before the imports that are measured."""
_MEMORY = {"Rss": "rss_bytes", "Pss": "pss_bytes", "Private_Clean": "uss_bytes", "Private_Dirty": "uss_bytes"}


def main() -> None:
    order, output = json.loads(sys.argv[1]), int(sys.argv[2])
    sys.argv[:] = [sys.argv[0]]

    def tell(message: dict[str, Any]) -> None:
        os.write(output, json.dumps(message).encode() + b"\n")

    os.set_inheritable(output, False)
    try:
        if order["role"] == "look":
            tell(_look(order["modules"], order["function"]))
        elif order["role"] == "imports":
            print(IMPORTS_BEGIN, file=sys.stderr, flush=True)
            _import(order["modules"])
        else:
            for message in _starts(order):
                tell(message)
            _end_servers()
    except BaseException as error:
        tell({"trouble": _in_words(error)})
    os._exit(0)  # whatever hangs is ended by who has started this


def _import(modules: list[str]) -> None:
    for name in modules:
        __import__(name)


def _function(modules: list[str], name: str) -> Any:
    found: Any = sys.modules[modules[0]] if modules else None
    for part in name.split(".") if name else ():
        found = getattr(found, part)
    return found


def _look(modules: list[str], function: str) -> dict[str, Any]:
    """Whether the target is there; what else is there, when it is not."""
    message: dict[str, Any] = {"version": ".".join(map(str, sys.version_info[:3]))}
    for name in modules:
        try:
            __import__(name)
        except ModuleNotFoundError as error:
            return {**message, "missing": error.name or name, "module": name, "trouble": _in_words(error)}
        except BaseException as error:
            return {**message, "module": name, "trouble": _in_words(error)}
    try:
        target = _function(modules, function)
    except AttributeError:
        names = [name for name, value in vars(sys.modules[modules[0]]).items() if callable(value)]
        return {**message, "module": modules[0], "trouble": "no such function", "names": names[:1000]}
    if function and not callable(target):
        return {**message, "unfit": type(target).__name__, "trouble": "no function"}
    return message


def _starts(order: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """One message for each start; the first is for warming up, and starts the fork server."""
    import multiprocessing

    context: Any = multiprocessing.get_context(order["method"])
    if order["method"] == "forkserver":
        context.set_forkserver_preload(order["preload"])
    elif order["method"] == "fork":
        _import(order["modules"])  # as the pool's own process has, which is copied
        yield {"threads": len(os.listdir("/proc/self/task")) if os.path.isdir("/proc/self/task") else 1}
    began_s = time.monotonic()
    for number in range(order["starts"] + 1):
        if number > 1 and time.monotonic() - began_s > order["budget_s"]:
            return
        message = _start(context, order)
        yield message
        if "trouble" in message:
            return


def _start(context: Any, order: dict[str, Any]) -> dict[str, Any]:
    """Start one process, and wait until it could call the function."""
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_member, args=(sender, order["modules"], order["function"]), daemon=True)
    try:
        _alarm(order["timeout_s"])
        began_s = time.monotonic()
        process.start()
        sender.close()
        said = json.loads(receiver.recv_bytes())
    except EOFError:
        process.join(5.0)
        return {"trouble": f"it ended with exit code {process.exitcode} before its first line"}
    except TimeoutError:
        return {"trouble": f"no start within {order['timeout_s']:g} s"}
    finally:
        _alarm(0.0)
        if process.pid is not None:
            process.kill()
            process.join()
        receiver.close()
    if "trouble" in said:
        return dict(said)
    return {"took_s": max(0.0, said["at"] - began_s), "memory": said["memory"]}


def _member(answer: Any, modules: list[str], function: str) -> None:
    try:
        _import(modules)
        _function(modules, function)
    except BaseException as error:
        answer.send_bytes(json.dumps({"trouble": _in_words(error)}).encode())
        return
    at_s = time.monotonic()
    answer.send_bytes(json.dumps({"at": at_s, "memory": _memory()}).encode())


def _memory() -> dict[str, int]:
    """Bytes of this process (``/proc/self/smaps_rollup``); empty where that cannot be read."""
    found: dict[str, int] = {}
    try:
        with open("/proc/self/smaps_rollup", encoding="ascii") as file:
            for line in file:
                key, _, value = line.partition(":")
                if key in _MEMORY:
                    found[_MEMORY[key]] = found.get(_MEMORY[key], 0) + int(value.split()[0]) * 1024
    except (OSError, ValueError, IndexError):
        return {}
    return found


def _alarm(after_s: float) -> None:
    """Have TimeoutError raised in the main thread after so many seconds; 0: not any more."""
    import signal

    def ring(*_: object) -> None:
        raise TimeoutError

    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, after_s)


def _end_servers() -> None:
    """End the fork server and the resource tracker, and reap them: nobody else would."""
    try:
        from multiprocessing import forkserver, resource_tracker

        forkserver._forkserver._stop()  # type: ignore[attr-defined]  # noqa: SLF001 - there is no public way
        resource_tracker._resource_tracker._stop()  # type: ignore[attr-defined]  # noqa: SLF001 - the same
    except Exception:
        pass  # another version of Python has them otherwise


def _in_words(error: BaseException) -> str:
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    last = next((frame for frame in reversed(frames) if not frame.filename.startswith("<")), None)
    where = "" if last is None or last.filename == __file__ else f" at {os.path.basename(last.filename)}:{last.lineno}"
    return f"{type(error).__name__}: {error}{where}"[:2000]


if __name__ == "__main__":
    main()
