"""Records what is seen of programs that hang: two looks and the dumps, without anything of this machine.

The programs run under the interpreter that `--python` names; this one needs procdeck's own environment.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from inspect import isfunction
from pathlib import Path
from typing import Final

import msgspec
from msgspec.structs import replace as replaced

from scripts.record_parts import alone, stuck
from scripts.record_parts.recording import RECORDED, Recording
from supervisor.diagnose import signatures
from supervisor.diagnose.evidence import Dump, Look, Thing, ThreadFacts
from supervisor.diagnose.kernel_words import is_still
from supervisor.diagnose.looking import look
from supervisor.processes import questions

ROOT: Final = Path(__file__).parents[2]
PROGRAMS: Final = tuple(
    name
    for module in (stuck, alone)
    for name, made in vars(module).items()
    if isfunction(made) and made.__module__ == module.__name__ and not name.startswith("_")
)
METHODS: Final = (
    ("queue_empty", "spawn"),
    ("queue_empty", "forkserver"),
    ("join", "forkserver"),
    ("abba", "spawn"),
)
"""Programs that are recorded under another start method as well."""
PATIENCE_S: Final = 20.0
STILL_FOR_S: Final = 1.5
BETWEEN_S: Final = 0.5

_MANY: Final = frozenset({"mp.Connection", "mp.Lock", "mp.RLock", "mp.Semaphore", "mp.BoundedSemaphore"})
"""Kinds of which a process has many that nobody waits for."""
_LIBRARY: Final = re.compile(r"[^\0 \"]*/(?=python3\.\d+t?/)")
_INTERPRETER: Final = re.compile(r"[^\0 \"]*/(?=python3?[\d.]*\b)")


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("programs", nargs="*", help="those to record, NAME or NAME:METHOD; all by default")
    words.add_argument("--python", default=sys.executable, help="the interpreter that they run under")
    words.add_argument("--into", type=Path, default=RECORDED)
    options = words.parse_args()
    version = subprocess.run(
        [options.python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"], capture_output=True, check=True
    ).stdout.decode()
    folder = options.into / version.strip()
    folder.mkdir(parents=True, exist_ok=True)
    for program, method in _wanted(options.programs):
        recording = record(options.python, program, method)
        file = folder / f"{program}-{method}.json"
        file.write_bytes(_without_machine(msgspec.json.encode(recording)) + b"\n")
        print(
            f"{file.relative_to(options.into)}: {len(recording.look.processes)} processes, {len(recording.dumps)} dumps"
        )


def _wanted(names: Iterable[str]) -> list[tuple[str, str]]:
    chosen = [(name, method or "fork") for name, _, method in (name.partition(":") for name in names)]
    return chosen or [*((name, "fork") for name in PROGRAMS), *METHODS]


def record(python: str, program: str, method: str) -> Recording:
    """Start a program, wait until it does not move any more, look twice and ask; end it."""
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [python, "-m", "scripts.record_parts.run", program, method],
            cwd=ROOT,
            env={**os.environ, "TMPDIR": folder, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            return _record(process.pid, program, method)
        finally:
            _end(process)


def _record(pid: int, program: str, method: str) -> Recording:
    roots = {pid: "main"}
    before = _settled(roots)
    time.sleep(BETWEEN_S)
    now = look(roots, has_descriptors=True)
    dumps = asyncio.run(_ask(now))
    return Recording(
        program, method, os.uname().machine, _pulses_only(before), _pruned(now, dumps), tuple(map(_cut, dumps))
    )


def _settled(roots: Mapping[int, str]) -> Look:
    """The look at which nobody has moved for a while; one that never rests is taken as it is."""
    deadline_s = time.monotonic() + PATIENCE_S
    still_since_s = time.monotonic()
    before = look(roots, has_descriptors=True)
    while time.monotonic() < min(deadline_s, still_since_s + STILL_FOR_S):
        time.sleep(0.1)
        now = look(roots, has_descriptors=True)
        if not _is_same(before, now):
            still_since_s = time.monotonic()
        before = now
    return before


def _is_same(before: Look, now: Look) -> bool:
    if before.processes.keys() != now.processes.keys():
        return False
    return all(
        (earlier := before.processes[pid].thread(thread.tid)) is not None and is_still(earlier, thread)
        for pid, process in now.processes.items()
        for thread in process.threads
    )


async def _ask(now: Look) -> tuple[Dump, ...]:
    """What the processes say; where one cannot, what faulthandler says for it."""
    alive = [pid for pid, process in now.processes.items() if process.state not in "ZXTt"]
    answers = await questions.ask_many(alive)
    dumps = []
    for pid, answer in answers.items():
        dump = answer.dump or (await questions.fault_dump(pid)).dump
        if dump is not None:
            dumps.append(dump)
    return tuple(dumps)


def _pulses_only(seen: Look) -> Look:
    """A look without what only the later one is asked for."""
    bare = {pid: replace(process, descriptors=(), semaphores=(), command="") for pid, process in seen.processes.items()}
    return replace(seen, processes=bare)


def _pruned(seen: Look, dumps: Iterable[Dump]) -> Look:
    """Without descriptors that nobody waits on and no thing is known by."""
    links = {word for dump in dumps for thing in dump.things for word in thing.facts.values() if isinstance(word, str)}
    pruned = {}
    for pid, process in seen.processes.items():
        awaited = {number for thread in process.threads for number in _descriptors(thread)}
        kept = (one for one in process.descriptors if one.number in awaited or one.link in links)
        pruned[pid] = replace(process, descriptors=tuple(kept))
    return replace(seen, processes=pruned)


def _descriptors(thread: ThreadFacts) -> tuple[int, ...]:
    first = thread.syscall.arguments[:1] if thread.syscall is not None else ()
    return (*first, *thread.polled)


def _cut(dump: Dump) -> Dump:
    """Without what is beneath the root of a forked child, and the library's lines of source."""
    threads = []
    for thread in dump.threads:
        roots = [at for at, frame in enumerate(thread.frames) if frame.function.endswith("_bootstrap")]
        frames = thread.frames[: roots[0] + 3] if roots else thread.frames
        told = (frame if signatures.is_users(frame) else replaced(frame, source="") for frame in frames)
        threads.append(replaced(thread, frames=tuple(told)))
    return replaced(dump, threads=tuple(threads), things=_needed(dump))


def _needed(dump: Dump) -> tuple[Thing, ...]:
    """The things on the stacks, the locks and queues that somebody may wait for, and the parts of them."""
    wanted = {frame.subject for thread in dump.threads for frame in thread.frames}
    wanted |= {thing.key for thing in dump.things if thing.kind not in _MANY or thing.facts.get("value") == 0}
    wholes = (thing for thing in dump.things if thing.key in wanted)
    parts = {word for thing in wholes for word in thing.facts.values() if isinstance(word, str)}
    return tuple(thing for thing in dump.things if thing.key in wanted or thing.key in parts)


def _without_machine(text: bytes) -> bytes:
    """Paths of the library from ``python3.11/`` on, of this repository from its own folder on, of nothing else."""
    words = text.decode().replace(f"{ROOT}/", "").replace(str(ROOT), "/project")
    words = _INTERPRETER.sub("", _LIBRARY.sub("lib/", words))
    return re.sub(r"/tmp/[^\" ]*/", "", words).encode()


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the whole tree: stopped ones and those in sessions of their own as well."""
    for pid in reversed(list(look({process.pid: "main"}).processes)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


if __name__ == "__main__":
    main()
