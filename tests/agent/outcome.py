"""A process of its own that logs as a worker does, and what came out of the other end of its lane."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from typing import Any

PRELUDE = """
import logging, os, sys, threading, warnings
from supervisor.agent import records
lane = int(sys.argv[1])
"""
INSTALLED = PRELUDE + "records.install(lane, 'INFO')\n"


class Outcome:
    """What a worker's process left: its records, its standard error, its exit code."""

    def __init__(self, code: str, prelude: str = INSTALLED) -> None:
        reading, writing = os.pipe()
        worker = subprocess.Popen(
            [sys.executable, "-c", prelude + textwrap.dedent(code), str(writing)],
            pass_fds=[writing],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        os.close(writing)
        with open(reading, "rb") as lane:
            self.lines = lane.read().split(b"\n")
        self.stdout, self.stderr = worker.communicate(timeout=60)
        self.code = worker.returncode
        assert self.lines.pop() == b""
        self.records: list[dict[str, Any]] = [json.loads(line) for line in self.lines]

    @property
    def messages(self) -> list[str]:
        return [record["message"] for record in self.records]
