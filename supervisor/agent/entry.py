"""Where a fresh interpreter begins: ``python .../supervisor/agent/entry.py worker|forkserver|stage FD,FD,...``.

It makes this copy of the package importable as `supervisor` without putting its folder on `sys.path`, so that a
worker sees nothing else of the environment in which procdeck is installed.
"""

import sys

OLDEST = (3, 11)
"""The oldest Python that workers can run under. This file itself must be understood by older ones."""


def _make_supervisor_importable() -> None:
    import importlib.machinery
    import importlib.util
    import os

    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

    class SupervisorFinder:
        """Finds the package `supervisor` at the place of this file and nothing else."""

        @staticmethod
        def find_spec(name: str, path: object = None, target: object = None) -> object:
            if name != "supervisor":
                return None
            return importlib.util.spec_from_file_location(
                name, os.path.join(package, "__init__.py"), submodule_search_locations=[package]
            )

    sys.meta_path.insert(0, SupervisorFinder)  # type: ignore[arg-type]


def _refuse(role: str, numbers: "list[int]", text: str) -> None:
    """Tell the engine why nothing can run here, in words that this interpreter is able to say, and leave."""
    import json
    import os

    try:
        if role != "worker":
            os.write(numbers[0], json.dumps({"refused": text}).encode())
        else:
            spec = json.loads(os.pread(numbers[0], os.fstat(numbers[0]).st_size, 0).decode())
            control = numbers[1 + spec["fds"]["control"]]
            os.write(control, json.dumps({"op": "failed", "phase": "start", "error": text, "permanent": True}).encode())
    except Exception:
        pass  # the engine is gone, or this was not started by one
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
    os._exit(1)


def main() -> None:
    role, numbers = sys.argv[1], [int(number) for number in sys.argv[2].split(",")]
    sys.argv[:] = [sys.argv[0]]
    if sys.version_info < OLDEST:
        wanted, is_here = (".".join(map(str, version)) for version in (OLDEST, sys.version_info[:3]))
        _refuse(role, numbers, f"{sys.executable} is Python {is_here}; workers need {wanted} or newer: change python")
    del sys.path[0]  # the folder of this file, whose module names are nobody else's business
    _make_supervisor_importable()
    try:
        if role == "forkserver":
            from supervisor.agent.forkserver import serve
        elif role == "stage":
            from supervisor.simulation.stage import serve
        else:
            from supervisor.agent.bootstrap import read_spec, run
    except Exception as error:
        import traceback

        traceback.print_exc()
        what = f"{type(error).__name__}: {error}"
        _refuse(role, numbers, f"{sys.executable} cannot run procdeck's agent: {what}")
    if role != "worker":
        serve(numbers[0], numbers[1])
    run(read_spec(numbers[0]), numbers[1:])


if __name__ == "__main__":
    main()
