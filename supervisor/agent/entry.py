"""Where a fresh interpreter begins: ``python .../supervisor/agent/entry.py worker|forkserver FD,FD,...``.

It makes this copy of the package importable as `supervisor` without putting its folder on `sys.path`, so that a
worker sees nothing else of the environment in which procdeck is installed.
"""

import sys


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


def main() -> None:
    del sys.path[0]  # the folder of this file, whose module names are nobody else's business
    _make_supervisor_importable()
    role, numbers = sys.argv[1], [int(number) for number in sys.argv[2].split(",")]
    sys.argv[:] = [sys.argv[0]]
    if role == "forkserver":
        from supervisor.agent.forkserver import serve

        serve(numbers[0], numbers[1])
    else:
        from supervisor.agent.bootstrap import read_spec, run

        run(read_spec(numbers[0]), numbers[1:])


if __name__ == "__main__":
    main()
