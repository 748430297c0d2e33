"""Has the command line write a report, in a process of its own: it reads logs and asks for stacks, for seconds."""

from __future__ import annotations

import asyncio
import sys
from typing import Final

TIMEOUT_S: Final = 120.0


async def make_report(project: str) -> tuple[bool, str]:
    """Whether the report of `project` was written, and what was said of it: where it is, or why there is none."""
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tui.cli.main",
            "report",
            "--project",
            project,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    except OSError as error:
        return False, f"Cannot write a report: {error.strerror or error}"
    try:
        async with asyncio.timeout(TIMEOUT_S):
            said, narrated = await process.communicate()
    except TimeoutError:
        return False, f"Cannot write a report: it was not done after {TIMEOUT_S:.0f} s"
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    told = " ".join((said + b" " + narrated).decode("utf-8", "replace").split())
    return process.returncode == 0, told or f"procdeck report ended with exit code {process.returncode}"
