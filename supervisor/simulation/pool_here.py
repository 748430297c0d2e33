"""``ctx.pool("X")`` without members: `supervisor.Pool`'s names, each task done at once in the thread that gives it.

What travels is pickled all the same. An iterator of `imap` does its items as they are asked for.
"""

from __future__ import annotations

from supervisor.agent.context import Context
from supervisor.poolrun.plan import Plan, resolve
from supervisor.pools.errors import ResultLost, TaskExited
from supervisor.simulation.calling import is_quit, without_ours
from supervisor.simulation.memory_channels import pack, unpack

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from types import TracebackType
    from typing import Any, Self

__all__ = ["HereContext", "HerePool", "as_of_a_member", "carried"]


class HereContext(Context):
    """A context whose pools have no members."""

    def pool(self, name: str) -> HerePool:  # type: ignore[override]  # by the same names
        """The pool that the profile sets up in ``[pools.name]``, without items, its tasks done in this thread."""
        if name not in self._pools:
            known = ", ".join(sorted(self._pools)) or "none"
            raise ValueError(f"the profile has no [pools.{name}] for code (without items); it has: {known}")
        return HerePool(Plan.of(self._pools[name]))


class HereResult:
    """What an asynchronous call gives: it is there already."""

    def __init__(self, value: Any = None, error: BaseException | None = None) -> None:
        self._value = value
        self._error = error

    def get(self, timeout: float | None = None) -> Any:
        """The result; raises what the task raised."""
        if self._error is not None:
            raise self._error
        return self._value

    def wait(self, timeout: float | None = None) -> None:
        """Nothing to wait for."""

    def ready(self) -> bool:
        """Always."""
        return True

    def successful(self) -> bool:
        """Whether the task has not raised."""
        return self._error is None

    def cancel(self) -> bool:
        """It is too late."""
        return False


class HereIterator:
    """The results of `imap`: each item is done when it is asked for."""

    def __init__(self, results: Iterator[Any]) -> None:
        self._results = results

    def __iter__(self) -> HereIterator:
        return self

    def __next__(self) -> Any:
        return self.next()

    def next(self, timeout: float | None = None) -> Any:
        """The next result; raises what its task raised, and goes on behind it."""
        result: HereResult = next(self._results)
        return result.get()

    def cancel(self) -> None:
        """Do no more items."""
        self._results = iter(())


class HerePool:
    """In place of `supervisor.Pool`."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._is_open = True
        self.processes = 1
        if plan.initializer:
            resolve(plan.initializer)(*plan.initargs)

    def apply(self, func: Callable[..., Any], args: Sequence[Any] = (), kwds: Mapping[str, Any] | None = None) -> Any:
        """Call ``func(*args, **kwds)``."""
        return self.apply_async(func, args, kwds).get()

    def apply_async(
        self,
        func: Callable[..., Any],
        args: Sequence[Any] = (),
        kwds: Mapping[str, Any] | None = None,
        callback: Callable[[Any], object] | None = None,
        error_callback: Callable[[BaseException], object] | None = None,
        **options: Any,
    ) -> HereResult:
        """The same, as a result that is there."""
        self._check_running()
        result = _settled(_call, func, tuple(args), dict(kwds or {}))
        return _called_back(result, callback, error_callback)

    def map(
        self, func: Callable[[Any], Any], iterable: Iterable[Any], chunksize: int | None = None, **options: Any
    ) -> list[Any]:
        """The results of ``func(item)`` for each item; raises what the first failing item raised."""
        return self.map_async(func, iterable, chunksize).get()  # type: ignore[no-any-return]  # a list

    def starmap(
        self, func: Callable[..., Any], iterable: Iterable[Sequence[Any]], chunksize: int | None = None, **options: Any
    ) -> list[Any]:
        """Like `map`, with ``func(*item)``."""
        return self.starmap_async(func, iterable, chunksize).get()  # type: ignore[no-any-return]  # a list

    def map_async(
        self,
        func: Callable[[Any], Any],
        iterable: Iterable[Any],
        chunksize: int | None = None,
        callback: Callable[[list[Any]], object] | None = None,
        error_callback: Callable[[BaseException], object] | None = None,
        **options: Any,
    ) -> HereResult:
        """`map` as a result that is there."""
        self._check_running()
        return _called_back(_all(_settled(_each, func, item) for item in iterable), callback, error_callback)

    def starmap_async(
        self,
        func: Callable[..., Any],
        iterable: Iterable[Sequence[Any]],
        chunksize: int | None = None,
        callback: Callable[[list[Any]], object] | None = None,
        error_callback: Callable[[BaseException], object] | None = None,
        **options: Any,
    ) -> HereResult:
        """`starmap` as a result that is there."""
        self._check_running()
        return _called_back(_all(_settled(_star, func, item) for item in iterable), callback, error_callback)

    def imap(
        self, func: Callable[[Any], Any], iterable: Iterable[Any], chunksize: int = 1, **options: Any
    ) -> HereIterator:
        """Results in the order of the items, each done when it is asked for."""
        self._check_running()
        return HereIterator(_settled(_each, func, item) for item in iterable)

    imap_unordered = imap

    def close(self) -> None:
        """Take no more tasks."""
        self._end()

    def terminate(self) -> None:
        """Take no more tasks."""
        self._end()

    def join(self) -> None:
        """All is done. ValueError unless closed or terminated."""
        if self._is_open:
            raise ValueError("Pool is still running; close() or terminate() it first")

    def resize(self, processes: int) -> None:
        """There is nobody to be more or fewer."""

    def pause(self) -> None:
        """Tasks are done by who gives them."""

    def resume(self) -> None:
        """Tasks are done by who gives them."""

    def __enter__(self) -> Self:
        self._check_running()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.terminate()

    def _end(self) -> None:
        if self._is_open:
            self._is_open = False
            if self._plan.finalizer:
                resolve(self._plan.finalizer)()

    def _check_running(self) -> None:
        if not self._is_open:
            raise ValueError("Pool not running")


def carried(value: Any, what: str) -> Any:
    """`value` pickled and unpickled. ResultLost, which says `what`, where that cannot be done."""
    try:
        return unpack(pack(value))
    except Exception as error:
        lost = ResultLost(f"{what}: {type(error).__name__}: {error}")
        lost.__cause__ = error
        raise lost from error


def as_of_a_member(error: BaseException) -> BaseException:
    """What a real pool's caller gets for a task that has raised this."""
    if isinstance(error, SystemExit):
        return TaskExited(f"the task called sys.exit({'' if error.code is None else repr(error.code)})")
    return without_ours(error)


def _call(func: Callable[..., Any], args: tuple[Any, ...], kwds: dict[str, Any]) -> Any:
    return func(*args, **kwds)


def _each(func: Callable[[Any], Any], item: Any) -> Any:
    return func(item)


def _star(func: Callable[..., Any], item: Any) -> Any:
    return func(*item)


def _settled(run: Callable[..., Any], *task: Any) -> HereResult:
    try:
        sent = carried(task, "it cannot be sent to a member")
        return HereResult(carried(run(*sent), "the result cannot be sent back"))
    except (Exception, SystemExit) as error:
        if is_quit(error):
            raise
        return HereResult(error=as_of_a_member(error))


def _all(results: Iterable[HereResult]) -> HereResult:
    values = []
    failed: HereResult | None = None
    for result in results:
        if result.successful():
            values.append(result.get())
        else:
            failed = failed or result
    return failed or HereResult(values)


def _called_back(
    result: HereResult,
    callback: Callable[[Any], object] | None,
    error_callback: Callable[[BaseException], object] | None,
) -> HereResult:
    try:
        value = result.get()
    except BaseException as error:
        if error_callback is not None:
            error_callback(error)
    else:
        if callback is not None:
            callback(value)
    return result
