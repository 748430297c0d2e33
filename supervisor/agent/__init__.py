"""The code of ours that runs inside a Python worker: it runs the target and tells the engine how it goes.

It needs the standard library only, starts no thread, and never lets a fault of its own end the worker.

::

    entry.py ─ fresh interpreter (spawn) ──┐
    forkserver.py ─ forked, modules warm ──┼─> bootstrap.run(spec, fds) ─> the target
    engine ─ forked from the engine ───────┘        │      │     │
                                              control   records  context

    engine ── a question in a memory file, a signal ──► asking ─► stacks ─► things, facts ── the answer ──► engine
"""
