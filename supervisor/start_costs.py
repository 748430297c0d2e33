"""What a start costs on this machine with fork, forkserver and spawn, for a function of the user's own.

Says what the figures mean; `supervisor.processes.measuring` runs `supervisor.agent.start_probe`, which gets them. It
imports the user's module, calls nothing of it, and leaves no process behind.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any, Final, Literal

from supervisor.errors import ProcdeckError
from supervisor.import_costs import IMPORTS_SHOWN, ImportCost, imports_in
from supervisor.processes.executing import StartFailed
from supervisor.processes.measuring import Run, run_to_its_end
from supervisor.profile.names import did_you_mean
from supervisor.profile.targets import target_fault

Way = Literal["fork", "forkserver", "forkserver with preload", "spawn"]

STARTS: Final = 5
"""How many starts are measured of each, after one to warm up."""
START_TIMEOUT_S: Final = 30.0
"""How long one start may take."""
BUDGET_S: Final = 10.0
"""After so long there is no further start of one kind, if there has been one."""
_PROBE: Final = str(Path(__file__).resolve().parent / "agent" / "start_probe.py")
_SPARE_S: Final = 5.0
_CLOSE_MS: Final = 5.0
"""Starts that differ by less are as good as each other."""


class UnknownTarget(ProcdeckError):
    """There is no such function, or it cannot be imported."""


@dataclass(frozen=True, slots=True)
class StartCost:
    """One way to start a process.

    Attributes:
        start_ms: from the call of `start` to where the first line of the user's function would run: the median; None
            where there was no start.
        fastest_ms, slowest_ms: of the same starts.
        first_ms: the first start, which also starts the fork server and finds nothing in the disk's cache.
        starts: how many were measured.
        uss_bytes: memory that the process has for itself alone: what one more costs. None where it cannot be read.
        pss_bytes: the same and its share of what it has in common with others.
        rss_bytes: all that it has in memory.
        trouble: why there are no figures, or fewer.
    """

    way: Way
    start_ms: float | None = None
    fastest_ms: float | None = None
    slowest_ms: float | None = None
    first_ms: float | None = None
    starts: int = 0
    uss_bytes: int | None = None
    pss_bytes: int | None = None
    rss_bytes: int | None = None
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class StartCosts:
    """All of them, for one function under one interpreter.

    Attributes:
        target: ``census:hash_file``; empty for a function that does nothing.
        python: the interpreter, and `version` its version.
        preload: what the fork server had imported.
        import_ms: how long the imports of a fresh process take, and `imports` those that take longest.
        threads: how many threads a process has once it has imported the module; a fork copies only one of them.
        advice: what to choose, in a sentence or two.
    """

    target: str
    python: str
    version: str
    preload: tuple[str, ...]
    costs: tuple[StartCost, ...]
    import_ms: float | None = None
    imports: tuple[ImportCost, ...] = ()
    threads: int = 1
    advice: str = ""


def measure_starts(
    target: str = "",
    *,
    directory: Path,
    python: str = "",
    preload: Sequence[str] = (),
    timeout_s: float = START_TIMEOUT_S,
    on_step: Callable[[str], None] = lambda _: None,
) -> StartCosts:
    """Measure every way to start a process for `target`. Takes seconds; no start more than `timeout_s`.

    Args:
        target: ``module:function``, found in `directory` or where the interpreter finds modules; empty for a trivial
            function, whose process imports `preload`, if that is given.
        python: another interpreter, a path that is seen from `directory`; this one by default.
        preload: what the fork server imports; the target's module by default.
        on_step: called with what is measured next.

    Raises:
        UnknownTarget: there is no such function, or it cannot be imported; says what is wrong and what was meant.
    """
    if target and (fault := target_fault(target)):
        raise UnknownTarget(f"the target {fault}")
    program = sys.executable if not python else str(directory / python) if os.sep in python else python
    module, _, function = target.partition(":")
    modules = [module] if module else list(preload)
    bench = _Bench(program, directory, modules, function, timeout_s)
    return asyncio.run(_measure(bench, target, tuple(preload) or tuple(modules), on_step))


async def _measure(bench: _Bench, target: str, preload: tuple[str, ...], on_step: Callable[[str], None]) -> StartCosts:
    on_step(f"imports {', '.join(bench.modules)}" if bench.modules else "looks at the interpreter")
    version = await bench.look(target, preload)
    costs, threads = [], 1
    for way in _ways(preload):
        on_step(way)
        cost, found = await bench.starts(way, preload)
        costs.append(cost)
        threads = max(threads, found)
    found_costs = StartCosts(target, bench.python, version, preload, tuple(costs), threads=threads)
    if bench.modules:
        on_step("imports, with -X importtime")
        import_ms, imports = await bench.imports()
        found_costs = replace(found_costs, import_ms=import_ms, imports=imports[:IMPORTS_SHOWN])
    return replace(found_costs, advice=advise(found_costs))


def _ways(preload: Sequence[str]) -> tuple[Way, ...]:
    return ("fork", "forkserver", "forkserver with preload", "spawn") if preload else ("fork", "forkserver", "spawn")


@dataclass(frozen=True, slots=True)
class _Bench:
    """What all measurements have in common."""

    python: str
    directory: Path
    modules: list[str]
    function: str
    timeout_s: float

    async def look(self, target: str, preload: Sequence[str]) -> str:
        """The interpreter's version. Raises UnknownTarget."""
        modules = list(dict.fromkeys((*self.modules, *preload)))
        run = await self._run({"role": "look", "modules": modules, "function": self.function}, self.timeout_s)
        if run.is_late:
            raise UnknownTarget(
                f"cannot import {', '.join(modules)}: it took longer than {self.timeout_s:g} s; what a module does "
                'when it is imported, each process would do: put it below if __name__ == "__main__"'
            )
        said = _messages(run.said)
        if not said:
            raise UnknownTarget(f"{self.python} cannot be measured: {_last_line(run)}")
        if "trouble" in said[0]:
            raise UnknownTarget(_refusal(said[0], target, self.directory, self.python))
        return str(said[0].get("version", "?"))

    async def starts(self, way: Way, preload: Sequence[str]) -> tuple[StartCost, int]:
        """What one way costs, and how many threads the process has that a fork copies."""
        order = {
            "role": "starts",
            "method": way.partition(" ")[0],
            "modules": self.modules,
            "function": self.function,
            "preload": list(preload) if way == "forkserver with preload" else [],
            "starts": STARTS,
            "timeout_s": self.timeout_s,
            "budget_s": BUDGET_S,
        }
        deadline_s = 2 * self.timeout_s + BUDGET_S + _SPARE_S
        run = await self._run(order, deadline_s)
        said = _messages(run.said)
        threads = max((int(message["threads"]) for message in said if "threads" in message), default=1)
        trouble = next((str(message["trouble"]) for message in said if "trouble" in message), "")
        if run.is_late:
            trouble = f"it was not done after {deadline_s:g} s, and was ended"
        return _cost(way, [message for message in said if "took_s" in message], trouble or _end_of(run)), threads

    async def imports(self) -> tuple[float | None, tuple[ImportCost, ...]]:
        """How long a fresh process imports, and what."""
        order = {"role": "imports", "modules": self.modules}
        run = await self._run(order, self.timeout_s, "-X", "importtime")
        return imports_in(run.complaint.decode(errors="replace"), self.modules)

    async def _run(self, order: Mapping[str, object], deadline_s: float, *options: str) -> Run:
        path = os.pathsep.join(filter(None, [str(self.directory), os.environ.get("PYTHONPATH", "")]))
        environment = {**os.environ, "PYTHONPATH": path}
        argv = [self.python, *options, _PROBE, json.dumps(order)]
        try:
            return await run_to_its_end(argv, environment, str(self.directory), deadline_s)
        except StartFailed as error:
            raise UnknownTarget(f"cannot start {self.python}: {os.strerror(error.number).lower()}; check it") from None


def _messages(said: bytes) -> list[dict[str, Any]]:
    found = []
    for line in said.splitlines():
        try:
            message = json.loads(line)
        except ValueError:
            continue  # cut by the deadline
        if isinstance(message, dict):
            found.append(message)
    return found


def _end_of(run: Run) -> str:
    if run.status == 0 or run.is_late:
        return ""
    how = f"killed by signal {-run.status}" if run.status and run.status < 0 else f"exit code {run.status}"
    return f"{how}: {_last_line(run)}"


def _last_line(run: Run) -> str:
    lines = run.complaint.decode(errors="replace").strip().splitlines()
    return lines[-1][:300] if lines else "it said nothing"


def _refusal(said: Mapping[str, Any], target: str, directory: Path, python: str) -> str:
    module, trouble = str(said.get("module", "")), str(said["trouble"])
    if "names" in said:
        name = target.partition(":")[2]
        near = did_you_mean(name, [str(one) for one in said["names"]])
        return f'module "{module}" has no function "{name}"{near or "; check its name"}'
    if "unfit" in said:
        return f"{target} is no function: it is of the type {said['unfit']}"
    if said.get("missing") == module.partition(".")[0] or said.get("missing") == module:
        near = did_you_mean(module, _modules_in(directory))
        return f'there is no module "{module}" in {directory} or where {python} finds modules{near}'
    return f"cannot import {module}: {trouble}" if module else trouble


def _modules_in(directory: Path) -> list[str]:
    try:
        entries = list(directory.iterdir())
    except OSError:
        return []
    files = [entry.stem for entry in entries if entry.suffix == ".py"]
    return files + [entry.name for entry in entries if (entry / "__init__.py").is_file()]


def _cost(way: Way, said: Sequence[Mapping[str, Any]], trouble: str) -> StartCost:
    """The figures of some starts, the first of which was for warming up."""
    if not said:
        return StartCost(way, trouble=trouble or "no start was seen")
    measured = said[1:] or said
    took_ms = [round(float(start["took_s"]) * 1000, 1) for start in measured]

    def bytes_of(key: str) -> int | None:
        found = [int(start["memory"][key]) for start in measured if key in start["memory"]]
        return int(median(found)) if found else None

    return StartCost(
        way,
        start_ms=round(median(took_ms), 1),
        fastest_ms=min(took_ms),
        slowest_ms=max(took_ms),
        first_ms=round(float(said[0]["took_s"]) * 1000, 1),
        starts=len(took_ms),
        uss_bytes=bytes_of("uss_bytes"),
        pss_bytes=bytes_of("pss_bytes"),
        rss_bytes=bytes_of("rss_bytes"),
        trouble=trouble,
    )


def advise(costs: StartCosts) -> str:
    """What to choose, by the figures."""
    took = {cost.way: cost.start_ms for cost in costs.costs if cost.start_ms is not None}
    if not took:
        return "No start succeeded: mend what is said above first."
    warning = ""
    if costs.threads > 1:
        count = costs.threads - 1
        warning = (
            f" Do not use fork: the import starts {count} thread{'s' if count > 1 else ''}, and a fork copies the "
            "locks that they hold."
        )
    return _choice(costs, took) + warning


def _choice(costs: StartCosts, took: Mapping[Way, float]) -> str:
    spawn, plain, warm = (took.get(way) for way in ("spawn", "forkserver", "forkserver with preload"))
    if spawn is None or plain is None:
        best = min(took, key=lambda way: took[way])
        return f"Use {best}: {_ms(took[best])}, and not every other way works."
    if warm is not None and plain - warm > max(_CLOSE_MS, plain * 0.2):
        heaviest = costs.imports[0] if costs.imports else None
        heavy = f", most of it the import of {heaviest.module}" if heaviest is not None and heaviest.share > 0.5 else ""
        listed = ", ".join(f'"{name}"' for name in costs.preload)
        return (
            f"Use forkserver with preload = [{listed}]: a process can begin after {_ms(warm)} instead of "
            f"{_ms(plain)}{heavy}{_saved(costs)}{_faster_fork(costs, took)}."
        )
    if spawn - plain > _CLOSE_MS:
        little = "preloading saves little" if warm is not None else "there is nothing to preload"
        return f"Use forkserver: {_ms(plain)} instead of spawn's {_ms(spawn)}; {little}{_faster_fork(costs, took)}."
    return f"Whichever you like: spawn takes {_ms(spawn)}, and is the cleanest."


def _ms(ms: float) -> str:
    return f"{ms:.0f} ms" if ms >= 100 else f"{ms:g} ms"


def _faster_fork(costs: StartCosts, took: Mapping[Way, float]) -> str:
    """A word for fork, where it is safe and the fastest by far."""
    fork = took.get("fork")
    if fork is None or costs.threads > 1 or fork > min(took.values()) or fork * 2 > sorted(took.values())[1]:
        return ""
    return f"; fork is faster still ({_ms(fork)}), as long as whoever forks has one thread"


def _saved(costs: StartCosts) -> str:
    """What preloading saves in memory, where it is worth a word."""
    own = {cost.way: cost.uss_bytes for cost in costs.costs}
    plain, warm = own.get("forkserver"), own.get("forkserver with preload")
    if plain is None or warm is None or plain - warm < 2**20:
        return ""
    return f", and has {warm / 2**20:.1f} MiB for itself alone instead of {plain / 2**20:.1f} MiB"
