"""Has the command line write a report, in a process of its own: it reads logs and asks for stacks, for seconds."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Final

TIMEOUT_S: Final = 120.0


async def make_report(project: str, path: Path) -> str:
    """Have a report of `project` written to `path`; empty when it is there, or why there is none."""
    words = ("-m", "tui.cli.main", "report", "--project", project, "--output", str(path))
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
    except OSError as error:
        return f"Cannot write a report: {error.strerror or error}"
    try:
        async with asyncio.timeout(TIMEOUT_S):
            _, told = await process.communicate()
    except TimeoutError:
        return f"Cannot write a report: it was not done after {TIMEOUT_S:.0f} s"
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode == 0:
        return ""
    why = told.decode("utf-8", "replace").strip().splitlines()
    return why[-1] if why else f"Cannot write a report: procdeck report ended with exit code {process.returncode}"
