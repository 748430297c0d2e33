"""Makes the first profile of somebody's Python file: reads its source, runs nothing of it, and guesses what is what.

A parameter on which ``put`` is called is an output, one on which ``get`` is called or over which a loop runs is an
input; who writes is joined to who reads next in the file. What was guessed is said in the profile's comments.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from supervisor.profile.names import legal_name_from

CONTEXT: Final = "ctx"
_GETS: Final = frozenset({"get", "get_nowait", "task_done", "recv"})
_PUTS: Final = frozenset({"put", "put_nowait", "send"})
_QUEUE_NAMES: Final = frozenset(
    {"q", "queue", "inbox", "outbox", "out", "in_queue", "out_queue", "tasks", "results", "jobs"}
)
_MAIN_NAMES: Final = frozenset({"main", "run_all", "start_all"})


@dataclass(frozen=True, slots=True)
class Function:
    """What the source says of one top-level function.

    Attributes:
        inputs, outputs: parameters that are used as queues to read from and to write to.
        given: other parameters without a default: the profile has to say what they are.
        starts_processes: it makes processes or pools itself, so that it is a program's main function.
        returns: it returns something, and might be a pool's function.
        is_called: other functions of the file call it.
        worker: what the profile calls it, once that is decided.
    """

    name: str
    line: int
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    summary: str = ""
    starts_processes: bool = False
    returns: bool = False
    is_called: bool = False
    worker: str = ""

    @property
    def is_task(self) -> bool:
        """It takes one thing and returns another: what a pool calls for each item."""
        return self.returns and len(self.given) == 1 and not self.has_queues

    @property
    def has_queues(self) -> bool:
        return bool(self.inputs or self.outputs)

    @property
    def is_worker(self) -> bool:
        is_helper = self.is_called and not self.has_queues
        return not (self.starts_processes or self.is_task or is_helper or self.name in _MAIN_NAMES)


@dataclass(slots=True)
class Sketch:
    """A profile in the making: who writes which queue, and who reads it; `taken` are names that no queue can have."""

    queues: list[str] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)
    reads: dict[tuple[str, str], str] = field(default_factory=dict)
    writes: dict[tuple[str, str], str] = field(default_factory=dict)


def functions_of(source: str, file: str = "<source>") -> list[Function]:
    """The public top-level functions of a Python file, in their order.

    Raises:
        SyntaxError: it is no Python.
    """
    tree = ast.parse(source, filename=file)
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    called = {name for node in functions for name in _called_in(node) - {node.name}}
    latest = {node.name: node for node in functions}.values()  # as Python has it: the last definition counts
    return [
        _described(node, is_called=node.name in called)
        for node in latest
        if not node.name.startswith("_") and not node.decorator_list
    ]


def _called_in(node: ast.FunctionDef) -> set[str]:
    calls = (call.func for call in ast.walk(node) if isinstance(call, ast.Call))
    return {called.id for called in calls if isinstance(called, ast.Name)}


def _described(node: ast.FunctionDef, *, is_called: bool) -> Function:
    arguments = node.args
    positional = [*arguments.posonlyargs, *arguments.args]
    names = [argument.arg for argument in (*positional, *arguments.kwonlyargs)]
    required = {argument.arg for argument in positional[: len(positional) - len(arguments.defaults)]}
    required |= {
        one.arg for one, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if value is None
    }
    gets, puts, looped = _used_as(node, _GETS), _used_as(node, _PUTS), _looped_over(node)
    outputs = tuple(name for name in names if name in puts)
    inputs = tuple(
        name for name in names if name not in puts and (name in gets or (name in looped and name in _QUEUE_NAMES))
    )
    summary = (ast.get_docstring(node) or "").partition("\n")[0].strip().rstrip(".")
    return Function(
        name=node.name,
        line=node.lineno,
        inputs=inputs,
        outputs=outputs,
        given=tuple(n for n in names if n in required and n not in (*inputs, *outputs, CONTEXT)),
        summary=summary,
        starts_processes=any(_is_process_maker(call) for call in ast.walk(node) if isinstance(call, ast.Call)),
        returns=any(isinstance(one, ast.Return) and one.value is not None for one in ast.walk(node)),
        is_called=is_called,
    )


def _used_as(node: ast.FunctionDef, methods: frozenset[str]) -> set[str]:
    """The names on which one of `methods` is called, those of dictionaries left out: ``found.get(key)``."""
    return {
        call.func.value.id
        for call in ast.walk(node)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in methods
        and isinstance(call.func.value, ast.Name)
        and not (call.func.attr == "get" and call.args and not _is_flag(call.args[0]))
    }


def _is_flag(argument: ast.expr) -> bool:
    return isinstance(argument, ast.Constant) and isinstance(argument.value, bool)


def _looped_over(node: ast.FunctionDef) -> set[str]:
    """The names over which a loop runs, in ``enumerate()`` or ``iter()`` too."""
    loops = [one.iter for one in ast.walk(node) if isinstance(one, ast.For)]
    loops += [one.args[0] for one in loops if isinstance(one, ast.Call) and one.args]
    return {one.id for one in loops if isinstance(one, ast.Name)}


def _is_process_maker(call: ast.Call) -> bool:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    return name in ("Process", "Pool", "ProcessPoolExecutor")


def joined(functions: Iterable[Function]) -> Sketch:
    """Which function's output is whose input: one that has the same parameter name, else the next that reads.

    A reader that nobody writes for, and a writer for whom nobody reads, has a queue of its own.
    """
    workers = [one for one in functions if one.is_worker]
    sketch = Sketch(taken=[one.worker for one in workers])
    for place, writer in enumerate(workers):
        for parameter in writer.outputs:
            free = [
                (reader.worker, taken)
                for reader in (*workers[place + 1 :], *workers[:place])
                for taken in reader.inputs
                if (reader.worker, taken) not in sketch.reads
            ]
            same = [one for one in free if one[1] == parameter]
            fellow = sketch.writes.get(_fellow(sketch, workers, writer, parameter))
            queue = fellow or _new_queue(sketch, parameter if same else f"from-{writer.worker}")
            sketch.writes[writer.worker, parameter] = queue
            if fellow is None and (same or free):
                sketch.reads[(same or free)[0]] = queue
    for reader in workers:
        for parameter in reader.inputs:
            if (reader.worker, parameter) not in sketch.reads:
                sketch.reads[reader.worker, parameter] = _new_queue(sketch, parameter)
    return sketch


def _fellow(sketch: Sketch, workers: list[Function], writer: Function, parameter: str) -> tuple[str, str]:
    """Another function that writes to a parameter of this name, where nobody is left to read a second queue."""
    unread = any(
        (one.worker, taken) not in sketch.reads for one in workers if one is not writer for taken in one.inputs
    )
    if not unread:
        for name, other in sketch.writes:
            if other == parameter and name != writer.worker:
                return name, other
    return "", ""


def _new_queue(sketch: Sketch, wished: str) -> str:
    name = _free(legal_name_from(wished.replace("_", "-"), "items"), (*sketch.queues, *sketch.taken))
    sketch.queues.append(name)
    return name


def _free(wished: str, taken: Iterable[str]) -> str:
    """`wished`, or the first name like it that is not taken."""
    taken = set(taken)
    others = (f"{wished[:34]}-{number}" for number in itertools.count(2))
    return next(name for name in itertools.chain((wished,), others) if name not in taken)


def profile_text(name: str, modules: Iterable[tuple[str, list[Function]]]) -> str:
    """The TOML of a first profile for some modules and their functions; comments say what to look at."""
    modules = _named(modules)
    everything = [function for _, functions in modules for function in functions]
    sketch, is_pool_shown = joined(everything), not any(one.is_worker for one in everything)
    lines = [f'name = "{name}"', ""]
    for queue in sketch.queues:
        lines += [f"[queues.{queue}]", "maxsize = 100", ""]
    for module, functions in modules:
        for function in functions:
            table = list(_table(module, function, sketch, is_pool_shown=is_pool_shown))
            lines += [*table, ""] if table else []
    return "\n".join(lines).rstrip() + "\n"


def _named(modules: Iterable[tuple[str, list[Function]]]) -> list[tuple[str, list[Function]]]:
    """The same functions, each with a name of its own in the profile."""
    taken: list[str] = []
    named = []
    for module, functions in modules:
        own = []
        for function in functions:
            taken.append(_free(legal_name_from(function.name, "worker"), taken))
            own.append(replace(function, worker=taken[-1]))
        named.append((module, own))
    return named


def _table(module: str, function: Function, sketch: Sketch, *, is_pool_shown: bool) -> Iterator[str]:
    name = function.worker
    if function.is_task and not function.is_called:
        item, mark = function.given[0], "" if is_pool_shown else "# "
        yield f"# {function.name}({item}) returns something: a pool can call it for each item of `items`."
        yield f"{mark}[pools.{name}]"
        yield f'{mark}function = "{module}:{function.name}"'
        yield f"{mark}items = 100  # the numbers from 0 on; say what they are: docs/pools.md"
        return
    if not function.is_worker:
        if not function.is_called:
            yield f"# {function.name}() at line {function.line} is the program; procdeck starts the workers now."
        return
    yield f"[workers.{name}]"
    if function.summary:
        yield f"description = {_text(function.summary)}"
    yield f'target = "{module}:{function.name}"'
    for key, joins in (("reads", sketch.reads), ("writes", sketch.writes)):
        pairs = [f'{parameter} = "{queue}"' for (whose, parameter), queue in joins.items() if whose == name]
        if pairs:
            yield f"{key} = {{ {', '.join(pairs)} }}"
    if function.given:
        given = ", ".join(f'{parameter} = ""' for parameter in function.given)
        yield f"args = {{ {given} }}  # say what they are"


def _text(words: str) -> str:
    """A TOML string (toml.io/en/v1.0.0#string)."""
    import json

    return json.dumps(words, ensure_ascii=False).replace("\x7f", "\\u007f")
