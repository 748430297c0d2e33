"""Runs a pool of a profile inside its worker's process: takes items, has them done, and puts the results where they go.

::

    items ── thread ──► intake ──► Pool ──► members          engine ◄── reports, failures ── reporter (thread)
                                    │                          └── wishes: resize, pause, cancel ... ──► Run
    results, journal, callbacks ◄── Run (main thread) ◄── outcomes

All user code runs here and in the members, none in the engine. The standard library only.
"""
