"""Draws the README's picture: a real engine on the services profile, the real dashboard, exported as SVG."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from pathlib import Path

SIZE = (140, 38)
ROOT = Path(__file__).resolve().parent.parent
PROFILE = ROOT / "configs" / "services" / "services.toml"
WORK_S = 14.0
"""How long the services run before the picture is taken, so that it shows restarts, errors and curves."""


async def draw(project: str) -> str:
    """The dashboard of a running engine, as SVG."""
    from supervisor import paths
    from tui.dashboard import Dashboard
    from tui.link.socket_link import SocketLink

    app = Dashboard(SocketLink(paths.socket_path(project)), project)
    async with app.run_test(size=SIZE) as pilot:
        await asyncio.sleep(WORK_S)
        await pilot.press("down", "down")
        await pilot.pause(1.0)
        return app.export_screenshot(title=f"procdeck {project}")


def main() -> int:
    target = Path(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="pd-") as folder:
        os.environ.update(PROCDECK_RUNTIME_DIR=f"{folder}/r", PROCDECK_STATE_DIR=f"{folder}/s")
        from supervisor.api.client import EngineClient
        from supervisor.paths import socket_path
        from supervisor.processes.ignition import start_engine

        note = start_engine(PROFILE, tie_to_me=True)
        try:
            picture = asyncio.run(draw(note.project))
        finally:
            EngineClient(socket_path(note.project), timeout_s=30.0).down(force=False, timeout_s=30.0)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(picture.replace(str(ROOT), "~/procdeck"))
    print(f"wrote {target}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
