"""Where a run in the foreground begins, in an interpreter of its own: ``python .../foreground_entry.py FD``.

`FD` is a memory file with the plan (`supervisor.processes.foreground_plans`). Like a worker's own entry, it makes this
copy of the package importable as `supervisor` and nothing else of the environment in which procdeck is installed.
"""

import sys

PR_SET_PDEATHSIG = 1


def _go_with_parent(parent_pid: int) -> None:
    """Get SIGHUP when the command line is killed (prctl(2), Linux); leave where it is gone already."""
    import os
    import signal

    try:
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGHUP), 0, 0, 0)
    except (ImportError, OSError, AttributeError):
        return  # elsewhere a terminal that is closed ends both
    if os.getppid() != parent_pid:
        sys.exit(128 + signal.SIGHUP)


def main() -> None:
    import faulthandler
    import importlib.util
    import json
    import os

    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    spec = importlib.util.spec_from_file_location("procdeck_entry", os.path.join(package, "agent", "entry.py"))
    entry = importlib.util.module_from_spec(spec)  # type: ignore[arg-type]  # it is a file of ours
    spec.loader.exec_module(entry)  # type: ignore[union-attr]
    number = int(sys.argv[1])
    sys.argv[:] = [sys.argv[0]]
    if sys.version_info < entry.OLDEST:
        wanted, is_here = (".".join(map(str, version)) for version in (entry.OLDEST, sys.version_info[:3]))
        sys.exit(f"procdeck: {sys.executable} is Python {is_here}; workers need {wanted} or newer: change python")
    del sys.path[0]
    entry._make_supervisor_importable()  # noqa: SLF001 - a file of ours, loaded by its path
    plan = json.loads(os.pread(number, os.fstat(number).st_size, 0).decode())
    os.close(number)
    from supervisor.simulation.interrupting import Ended, hear_endings

    faulthandler.enable()  # a crash in C code shows where it was
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # as in a real worker, whoever reads it
    try:
        hear_endings()
        _go_with_parent(plan.get("parent_pid", os.getppid()))
        code = _run(plan)
    except Ended as end:
        code = end.code
    sys.exit(code)


def _run(plan: "dict[str, object]") -> int:
    if plan["kind"] == "sequential":
        from supervisor.simulation.sequential import SequentialRun

        return SequentialRun(plan).run()
    from supervisor.simulation.foreground import ForegroundRun

    return ForegroundRun(plan).run()


if __name__ == "__main__":
    main()
