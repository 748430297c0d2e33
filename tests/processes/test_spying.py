"""Stacks by py-spy, with stand-ins for the program: it is an extra."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from supervisor.processes import spying
from supervisor.processes.spying import HOW_TO_GET_IT, parse, spy
from tests.engines import PATIENCE_S, is_alive

RECORDED = b"""[
  {"pid": 10, "thread_id": 140535137851072, "thread_name": "helper", "os_thread_id": 11, "active": false,
   "owns_gil": false, "process_info": null, "frames": [
      {"name": "wait", "filename": "/usr/lib/python3.11/threading.py", "module": null, "short_filename": "threading.py",
       "line": 327, "locals": null, "is_entry": false, "is_shim_entry": false}]},
  {"pid": 10, "thread_id": 140535148780416, "thread_name": null, "os_thread_id": 10, "active": true,
   "owns_gil": true, "process_info": null, "frames": [
      {"name": "hot", "filename": "hot.py", "module": null, "short_filename": "hot.py", "line": 6, "locals": null},
      {"name": "<module>", "filename": "hot.py", "module": null, "line": 7, "locals": null}]}
]"""
"""What py-spy 0.4.2 has written."""

Script = Callable[[str], str]


@pytest.fixture
def script(tmp_path: Path) -> Script:
    """Makes a stand-in for py-spy of a shell script."""

    def make(text: str) -> str:
        path = tmp_path / "py-spy"
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        return str(path)

    return make


def test_its_words_are_read() -> None:
    """Threads with their kernel ids, frames from the innermost, and who has the interpreter lock."""
    dump = parse(RECORDED, 10, at_s=1.0)
    assert [(thread.native_id, thread.name, thread.is_main) for thread in dump.threads] == [
        (11, "helper", False),
        (10, "", True),
    ]
    assert [frame.function for frame in dump.threads[1].frames] == ["hot", "<module>"]
    assert (dump.source, dump.notes) == ("py-spy", ("thread 10 has the interpreter lock",))


async def test_it_is_run_for_one_process(script: Script, tmp_path: Path) -> None:
    """What it writes becomes a dump; it is told not to stop the process."""
    (tmp_path / "answer").write_bytes(RECORDED)
    program = script(f'echo "$@" > {tmp_path}/words; cat {tmp_path}/answer')
    answer = await spy(10, program=program, deadline_s=PATIENCE_S)
    assert answer.dump is not None, answer.trouble
    assert len(answer.dump.threads) == 2
    assert (tmp_path / "words").read_text() == "dump --json --nonblocking --pid 10\n"


async def test_its_failures_are_told(script: Script) -> None:
    """Its own words without its inner life, what is no answer, and a program that is none."""
    failing = script("echo 'Error: Permission\n denied\n Stack backtrace: 0x1' >&2; exit 1")
    assert (await spy(10, program=failing)).trouble == "py-spy could not look into it: Error: Permission denied"
    assert (await spy(10, program=script("exit 3"))).trouble == "py-spy could not look into it: exit code 3"
    assert (await spy(10, program=script("echo hello"))).trouble.startswith("what py-spy said cannot be read")
    assert (await spy(10, program="/nowhere/py-spy")).trouble.startswith("py-spy could not be started")


async def test_it_is_ended_at_its_deadline_and_when_nobody_waits(script: Script, tmp_path: Path) -> None:
    """It never outlives the question."""
    hanging = script(f"echo $$ > {tmp_path}/pid; exec sleep 1000")
    assert (await spy(10, program=hanging, deadline_s=0.05)).trouble == "py-spy was ended: it took longer than 0.05 s"
    (tmp_path / "pid").unlink(missing_ok=True)
    asking = asyncio.create_task(spy(10, program=hanging, deadline_s=PATIENCE_S))
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text().endswith("\n"):
        await asyncio.sleep(0.01)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    pid = int((tmp_path / "pid").read_text())
    while is_alive(pid) or Path(f"/proc/{pid}").exists():
        await asyncio.sleep(0.01)  # the loop reaps it


async def test_without_it_the_way_to_get_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an extra."""
    monkeypatch.setattr(spying, "_program", lambda: "")
    assert (await spy(os.getpid())).trouble == HOW_TO_GET_IT
