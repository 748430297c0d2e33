"""The life of a worker as pure policy: ``(life, event) -> (life, effects)``.

Nothing here does I/O or looks at a clock; every event carries its time. `supervisor.processes` carries the effects out.
"""
