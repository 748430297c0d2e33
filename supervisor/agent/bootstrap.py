"""The life of a Python worker from inside: take over the descriptors, run the target, say how it ended, leave.

Whatever the target raises becomes a record with its traceback and a message to the engine; nothing is silent.
"""

from __future__ import annotations

import atexit
import faulthandler
import json
import os
import signal
import sys
import threading
from importlib import import_module
from types import FunctionType

from supervisor.agent import following, levels, records, things
from supervisor.agent.context import Context
from supervisor.agent.control import Control
from supervisor.agent.ending import what_is_left
from supervisor.agent.forking import watch_forks
from supervisor.agent.pool_watch import watch_pools
from supervisor.channels import StatusBoard, StopRequested, set_board, set_interrupt
from supervisor.channels.connecting import connect

TYPE_CHECKING = False  # typing itself would cost every worker 3 ms
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

    Spec = dict[str, Any]

_IMPORT_SYSTEM = os.path.dirname(sys.modules["importlib"].__file__ or "")

EXIT_UNCAUGHT = 1
EXIT_INTERRUPTED = 130


def read_spec(descriptor: int) -> Spec:
    """The launch order that the engine left in a memory file."""
    size = os.fstat(descriptor).st_size
    spec: Spec = json.loads(os.pread(descriptor, size, 0))
    os.close(descriptor)
    return spec


def run(spec: Spec, descriptors: list[int]) -> NoReturn:
    """Be the worker that `spec` describes, and leave the process; never returns."""
    code = EXIT_UNCAUGHT
    try:
        control = _take_over(spec, descriptors)
        if _settle_in(spec, control):
            code = _live(spec, descriptors, control)
    except StopRequested:
        code = 0
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        _leave(code)


def _take_over(spec: Spec, descriptors: list[int]) -> Control:
    """Make the given descriptors this process's standard streams, lane and control pipe."""
    places = spec["fds"]
    if "notify" in places:
        _number_notify(descriptors, places["notify"], spec["notify"])
    null = os.open(os.devnull, os.O_RDONLY)
    for number, descriptor in ((0, null), (1, descriptors[places["stdout"]]), (2, descriptors[places["stderr"]])):
        os.dup2(descriptor, number, inheritable=True)
        os.close(descriptor)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - lives as long as the process
    sys.stdout = open(1, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
    sys.stdout.reconfigure(write_through=True)
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr  # type: ignore[misc]
    _be_called(spec["name"])
    os.environ.update(spec["env"])
    faulthandler.enable(2)  # also for SIGABRT, which ends a worker that hangs: its stack is in the log then
    records.install(descriptors[places["lane"]], spec["log_level"], has_locals=spec["traceback_locals"])
    watch_forks(records.emit)
    watch_pools(records.emit)
    following.begin()
    control = Control(descriptors[places["control"]])
    set_interrupt(control.fileno(), control.check)
    signal.signal(signal.SIGTERM, _on_sigterm)
    return control


def _number_notify(descriptors: list[int], place: int, number: int) -> None:
    """Give the readiness descriptor the number that the profile names, and let programs that are executed have it."""
    for other, descriptor in enumerate(descriptors):
        if descriptor == number and other != place:
            descriptors[other] = os.dup(descriptor)
    if descriptors[place] == number:
        os.set_inheritable(number, True)
        return
    os.dup2(descriptors[place], number, inheritable=True)
    os.close(descriptors[place])
    descriptors[place] = number


def _settle_in(spec: Spec, control: Control) -> bool:
    """Set the worker's limits and go to its directory; False when it must not run, which the engine then knows."""
    try:
        if spec["limits"]:
            from supervisor.agent import limiting

            try:
                limiting.apply(spec["limits"])
            except limiting.LimitRefused as refused:
                return _refuse(control, str(refused), is_permanent=refused.is_permanent)
        os.chdir(spec["cwd"])
    except OSError as error:
        return _refuse(control, f"cannot start in {spec['cwd']}: {_directory_trouble(error)}", is_permanent=True)
    sys.path[:0] = [entry for entry in spec["python_path"] if entry not in sys.path]
    return True


def _directory_trouble(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "no such directory; create it, or correct cwd"
    if isinstance(error, NotADirectoryError):
        return "that is not a directory; correct cwd"
    if isinstance(error, PermissionError):
        return "permission denied: the worker's user may not enter it, or a directory above it"
    return f"{error.strerror}; check cwd"


def _refuse(control: Control, text: str, *, is_permanent: bool) -> bool:
    """Say why the target is not run."""
    records.emit("ERROR", text)
    control.send("failed", phase="start", error=text, permanent=is_permanent)
    return False


def _be_called(name: str) -> None:
    """Show the replica's name in ps and top, where the kernel lets a process rename itself."""
    try:
        with open("/proc/self/comm", "w") as file:
            file.write(name)
    except OSError:
        pass


def _on_sigterm(number: int, frame: object) -> NoReturn:
    raise StopRequested


def _live(spec: Spec, descriptors: list[int], control: Control) -> int:
    """Run the target to its end; the exit code."""
    board = StatusBoard.attach(descriptors[spec["fds"]["board"]])
    set_board(board)
    levels.follow(board, spec["worker"])
    return play(spec, descriptors, control, board)


def play(spec: Spec, descriptors: list[int], control: Control, board: StatusBoard) -> int:
    """Find the target, connect its channels and run it to its end, in whichever thread this is; the exit code."""
    try:
        call, hears_stop = _prepare(spec, descriptors, control, board)
    except StopRequested:
        return 0
    except BaseException as error:
        _tell_failure(control, error, phase="import", what=f"cannot start {_subject(spec)}")
        return EXIT_UNCAUGHT
    control.send("running", hears_stop=hears_stop)
    try:
        return _call(call, spec, control)
    finally:
        left = what_is_left()
        if left:
            board.doing(f"exiting: {left}")


def _call(call: Callable[[], object], spec: Spec, control: Control) -> int:
    """Run the target's own code; the exit code."""
    try:
        call()
    except StopRequested:
        return 0
    except SystemExit as wish:
        return _exit_code(wish)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BaseException as error:
        _tell_failure(control, error, phase="run", what=f"uncaught {type(error).__name__} in {_subject(spec)}")
        records.call_users_hook(error)
        return EXIT_UNCAUGHT
    control.send("finished")
    return 0


def _subject(spec: Spec) -> str:
    return str(spec.get("target") or spec.get("script") or spec.get("module"))


def _exit_code(wish: SystemExit) -> int:
    """What ``sys.exit(...)`` means as an exit code, as the interpreter has it."""
    if wish.code is None:
        return 0
    if isinstance(wish.code, int):
        return wish.code & 0xFF
    print(wish.code, file=sys.stderr)
    return EXIT_UNCAUGHT


def _prepare(
    spec: Spec, descriptors: list[int], control: Control, board: StatusBoard
) -> tuple[Callable[[], object], bool]:
    """What to call, and whether it can hear a stop that is only asked for."""
    if spec["kind"] == "script":
        sys.argv[:] = [spec["script"], *map(_fill, spec["argv"])]
        sys.path.insert(0, os.path.dirname(spec["script"]))
        return (lambda: _run_script(spec["script"])), False
    if spec["kind"] == "module":
        sys.argv[:] = [spec["module"], *map(_fill, spec["argv"])]
        return (lambda: _run_module(spec["module"])), False
    context = Context(spec, control, board, records.make_logger(spec["worker"]))
    if spec["kind"] == "pool":
        from supervisor.agent.pool_hosting import prepare_run

        return prepare_run(_fill(spec["pool"]), control, board, _connect(spec, descriptors), context), True
    module_name, _, function_name = spec["target"].partition(":")
    target: Any = import_module(module_name)
    for part in function_name.split("."):
        target = getattr(target, part)
    if not callable(target):
        raise TypeError(f"{spec['target']} is a {type(target).__name__}, not a function")
    arguments = {name: _fill(value) for name, value in spec["args"].items()}
    arguments.update(_connect(spec, descriptors))
    takes_context = "ctx" in _parameters(target)
    if takes_context:
        arguments["ctx"] = context
    if not _obviously_fits(target, arguments):
        _check_fit(spec["target"], target, arguments)
    return (lambda: target(**arguments)), takes_context or bool(spec["channels"])


def _run_script(path: str) -> None:
    import runpy

    runpy.run_path(path, run_name="__main__")


def _run_module(name: str) -> None:
    import runpy

    runpy.run_module(name, run_name="__main__", alter_sys=True)


def _fill(value: Any) -> Any:
    """`value` with ``@stdlib`` in place: the folder of this interpreter's own standard library."""
    if isinstance(value, str) and (value == "@stdlib" or value.startswith("@stdlib/")):
        return os.path.dirname(os.__file__) + value[len("@stdlib") :]
    if isinstance(value, list):
        return [_fill(item) for item in value]
    if isinstance(value, dict):
        return {name: _fill(item) for name, item in value.items()}
    return value


def _is_plain(target: object) -> bool:
    """Whether the code of `target` tells its parameters, so that `inspect`, which costs 18 ms, need not be asked."""
    return type(target) is FunctionType and not hasattr(target, "__wrapped__") and not hasattr(target, "__signature__")


def _parameters(target: Any) -> tuple[str, ...]:
    """The names that `target` takes as keyword arguments."""
    if _is_plain(target):
        code = target.__code__
        return tuple(code.co_varnames[code.co_posonlyargcount : code.co_argcount + code.co_kwonlyargcount])
    import inspect

    try:
        return tuple(inspect.signature(target).parameters)
    except (TypeError, ValueError):
        return ()


def _obviously_fits(target: Any, arguments: dict[str, Any]) -> bool:
    """Whether a plain function takes exactly these arguments, or more that have defaults."""
    if not _is_plain(target) or target.__code__.co_posonlyargcount:
        return False
    parameters = _parameters(target)
    optional = len(target.__defaults__ or ())
    required = set(parameters[: target.__code__.co_argcount - optional])
    required |= set(parameters[target.__code__.co_argcount :]) - set(target.__kwdefaults__ or ())
    return required <= arguments.keys() <= set(parameters)


def _check_fit(name: str, target: Any, arguments: dict[str, Any]) -> None:
    """Raise a TypeError that names the profile when `target` cannot be called with `arguments`."""
    import inspect

    try:
        inspect.signature(target).bind(**arguments)
    except TypeError as error:
        raise TypeError(f"{name} does not fit its profile: {error}") from None
    except ValueError:
        pass  # a callable without a signature, made in C


def _connect(spec: Spec, descriptors: list[int]) -> dict[str, object]:
    """The channels that this worker's profile names, by the parameter that takes each."""
    connected: dict[str, object] = {}
    for channel in spec["channels"]:
        own = [descriptors[place] for place in channel["fds"]]
        description = channel["description"]
        made = connected[channel["parameter"]] = connect(description, own, channel["mode"])
        things.add_channel(made, description["kind"], description.get("name", ""))
    return connected


def _tell_failure(control: Control, error: BaseException, *, phase: str, what: str) -> None:
    """Write the exception into the log and tell the engine, so that the cause of the exit has words."""
    from supervisor.agent.explaining import explain

    fields = records.exception_fields(error)
    advice = explain(error)
    if advice:
        fields["advice"] = advice
    records.emit("ERROR", what, logger="procdeck.agent", exception=fields)
    control.send(
        "failed",
        phase=phase,
        error=f"{fields['type']}: {fields['message']}" if fields["message"] else fields["type"],
        place=_place(error),
        traceback=fields["traceback"],
        advice=advice,
    )


def _place(error: BaseException) -> str:
    """``file.py:41`` of the innermost frame that is neither ours nor the import system's."""
    place = ""
    trace = error.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        folder = os.path.dirname(file)
        if not file.startswith("<") and folder not in (os.path.dirname(__file__), _IMPORT_SYSTEM):
            place = f"{os.path.basename(file)}:{trace.tb_lineno}"
        trace = trace.tb_next
    if isinstance(error, SyntaxError) and error.filename:
        place = f"{os.path.basename(error.filename)}:{error.lineno}"
    return place


def _leave(code: int) -> NoReturn:
    """End the process as the interpreter would, without what a fork has inherited from its parent."""
    leaving = sys.modules.get("supervisor.channels.leaving")
    if leaving is not None:
        leaving.note_exit_code(code)  # what becomes of the items in hand depends on it
    try:
        threading._shutdown()  # type: ignore[attr-defined]  # noqa: SLF001 - waits for the target's own threads
        util = sys.modules.get("multiprocessing.util")
        if util is not None:
            util._exit_function()  # noqa: SLF001 - ends the target's own children, as its atexit hook does
        atexit._run_exitfuncs()  # noqa: SLF001
    except BaseException:
        import traceback

        traceback.print_exc()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BaseException:
            pass
    os._exit(code)
