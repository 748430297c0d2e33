"""Which fault is injected where. Every test of this directory names its rows of the fault matrix in its docstring:

===========  ===================================================================================================
rows         where
===========  ===================================================================================================
1, 28-32     test_logs: last words, long lines, bytes that are no text, control sequences, markup, floods
             (what the screen makes of them: tests/terminal/test_hostile_output)
2, 45-48     test_multiprocessing: orphaned locks, hung main loops, endless flushes, lost pool members
             (46, a readiness that never comes: test_reload)
3-14         test_trees: stops, identities, bombs, daemons, escapees, zombies, coalesced and stolen exits, STUCK
15, 18, 50   test_engine_loss: killed engines and guardians, out of memory, impatient people
16, 17, 35   test_standstill: nothing to adopt, a stopped engine, a full queue
19-23,       test_sockets: second engines, clients that die, stop reading, crowd, or send garbage; closed and garbled
33, 34, 49   pipes of workers; removed sockets
24-27        test_disk: full, deleted, replaced, read-only, and killed while it rotates
36-38        test_spawn_errors: no descriptors, no processes, programs and targets that cannot be started
39, 40, 44   test_restarts: crash loops, fleets that die at once, wishes without end
41           test_clock: the wall clock is set
42, 43       test_reload: bad profiles, reloads at any moment
51           test_metrics, test_standstill: a process table that tells nothing, or late
52           test_journal: damaged files of an earlier run
===========  ===================================================================================================
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROWS = range(1, 53)


def rows_of(path: Path) -> set[int]:
    """The rows that the tests of a file say they are for."""
    found: set[int] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            said = re.match(r"(?:Rows?|Fault) ([\d, ]+)", ast.get_docstring(node) or "")
            found |= {int(number) for number in re.findall(r"\d+", said[1])} if said else set()
    return found


def test_every_fault_has_a_test() -> None:
    """No row of the matrix is left out, and none is made up."""
    named: set[int] = set()
    for path in Path(__file__).parent.glob("test_*.py"):
        named |= rows_of(path)
    assert named == set(ROWS)
