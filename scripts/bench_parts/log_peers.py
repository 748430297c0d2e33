"""supervisord copies what four programs print into a file of each, as it is; procdeck stamps and attributes each line.

Both read the same bytes from the same programs: `cat` of one file, as fast as a pipe can be, and Python's `print`. What
is measured is how soon all of it is stored.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from supervisor.logs.intake import PIPE_BYTES, open_pipe
from supervisor.logs.lanes import Lane, Stream
from supervisor.logs.segments import SegmentWriter

LINE = b'2026-11-22 13:31:26,123 INFO census: parsed "ast.py" in 12.3 ms, 41 functions, 7 classes\n'
PRINTING = "import sys\nfor line in open(sys.argv[1]): print(line, end='')"
PATIENCE_S = 120.0
_CLOCK_TICKS = os.sysconf("SC_CLK_TCK")

_HEAD = """\
[supervisord]
nodaemon = true
logfile = {folder}/supervisord.log
pidfile = {folder}/supervisord.pid
childlogdir = {folder}
"""
_PROGRAM = """
[program:parse{number}]
command = {command}
autorestart = false
startsecs = 0
stdout_logfile = {folder}/parse{number}.out
stdout_logfile_maxbytes = 0
"""


def existing_environment() -> Path | None:
    """The peers' environment where `scripts/bench restart` has made one; it is not made for this."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "procdeck-bench" / ".venv-bench"
    return folder if (folder / "bin" / "supervisord").exists() else None


def producer(name: str, data: Path) -> list[str]:
    """The words of the program: ``cat`` or ``print``."""
    return ["cat", str(data)] if name == "cat" else [sys.executable, "-c", PRINTING, str(data)]


def through_supervisord(
    environment: Path, what: str, workers: int, lines: int, folder: Path
) -> tuple[int, float, float]:
    """Lines, seconds until all of them are in files, and CPU seconds that supervisord took for it."""
    data, gate = folder / "lines", folder / "gate"
    data.write_bytes(LINE * lines)
    words = f"while [ ! -e {shlex.quote(str(gate))} ]; do sleep 0.01; done; exec {shlex.join(producer(what, data))}"
    script = folder / "program"
    script.write_text(words)  # a configuration file would want its quotes and percent signs doubled
    command = f"sh {shlex.quote(str(script))}"
    programs = (_PROGRAM.format(number=number, command=command, folder=folder) for number in range(workers))
    file = folder / "supervisord.conf"
    file.write_text(_HEAD.format(folder=folder) + "".join(programs))
    outputs = [folder / f"parse{number}.out" for number in range(workers)]
    program = [str(environment / "bin" / "supervisord"), "-n", "-c", str(file)]
    with open(folder / "noise", "wb") as noise:
        process = subprocess.Popen(program, stdin=subprocess.DEVNULL, stdout=noise, stderr=noise, cwd=folder)
    try:
        _wait(lambda: all(path.exists() for path in outputs))
        time.sleep(1.0)  # its start is not what is measured
        began_s, began_cpu_s = time.perf_counter(), _cpu_s(process.pid)
        gate.touch()
        _wait(lambda: sum(path.stat().st_size for path in outputs) >= workers * lines * len(LINE))
        return workers * lines, time.perf_counter() - began_s, _cpu_s(process.pid) - began_cpu_s
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


def through_procdeck(
    drain: Callable[[dict[int, Lane], SegmentWriter], None], what: str, workers: int, lines: int, folder: Path
) -> tuple[int, float, float]:
    """The same of our intake, which `drain` runs, and of this process."""
    data = folder / "lines"
    data.write_bytes(LINE * lines)
    stream: Stream = "stdout"
    lanes, programs = {}, []
    writer = SegmentWriter(folder / "logs")
    began_s, began_cpu_s = time.perf_counter(), time.process_time()
    for number in range(workers):
        reading, writing = open_pipe(PIPE_BYTES)
        lanes[reading] = Lane(f"parse.{number + 1}", 1, stream)
        programs.append(subprocess.Popen(producer(what, data), stdout=writing))
        os.close(writing)
    drain(lanes, writer)
    took_s, cpu_s = time.perf_counter() - began_s, time.process_time() - began_cpu_s
    writer.close()
    for program in programs:
        program.wait()
    return writer.records, took_s, cpu_s


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _CLOCK_TICKS


def _wait(is_so: Callable[[], bool]) -> None:
    until_s = time.monotonic() + PATIENCE_S
    while not is_so():
        if time.monotonic() > until_s:
            raise TimeoutError(f"supervisord has not done it in {PATIENCE_S:g} s")
        time.sleep(0.005)
