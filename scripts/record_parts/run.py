"""Runs one program for `record`: ``python -m scripts.record_parts.run PROGRAM START_METHOD``."""

from __future__ import annotations

import multiprocessing
import os
import sys
import time

from supervisor.agent import following

following.begin()  # before the programs import what it watches

from scripts.record_parts import alone, staging, stuck  # noqa: E402

if os.environ.get(staging.SLOW_IMPORT):  # set by `stuck.spawning` for its child, which imports this as well
    time.sleep(staging.LONG_S)

if __name__ == "__main__":
    name, method = sys.argv[1:]
    program = getattr(stuck, name, None) or getattr(alone, name)
    staging.play("main")
    program(multiprocessing.get_context(method))
