"""Draws the pictures of README and docs: `procdeck screenshot` on real engines that run profiles of this repository."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROCDECK = Path(sys.executable).with_name("procdeck")
MOST_BYTES = 200_000
TRIES = 120

PICTURES = {
    "services": {
        "workers": ("workers:consume.1", "--size", "120x34"),
        "events": ("events", "--size", "120x30"),
        "pipeline": ("pipeline", "--size", "120x30"),
        "palette": ("workers:consume.1", "--size", "120x30", "--press", ": r e s t"),
    },
    "hanglab": {"why": ("why:abba", "--size", "120x30")},
    "thumbs": {"pools": ("pools:shrink", "--size", "120x30")},
}
"""Of which profile, under which name, with which words for `procdeck screenshot`."""

WORK_S = {"services": 25.0, "hanglab": 20.0, "thumbs": 4.0}
"""How long each runs before it is drawn, so that there is something to see."""


def draw(profile: str, target: Path, environment: dict[str, str]) -> None:
    """Run `profile` and draw its pictures into `target`."""
    path = ROOT / "configs" / profile / f"{profile}.toml"
    run = subprocess.Popen([PROCDECK, "run", path, "--headless"], env=environment, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)  # fmt: skip
    try:
        _until_it_answers(profile, environment)
        time.sleep(WORK_S[profile])
        for name, words in PICTURES[profile].items():
            file = target / f"{name}.svg"
            subprocess.run([PROCDECK, "screenshot", *words, "--project", profile, "--out", file], env=environment,
                           check=True, stdout=subprocess.DEVNULL)  # fmt: skip
            _mend(file)
    finally:
        run.send_signal(signal.SIGINT)
        run.wait(120)


def _until_it_answers(profile: str, environment: dict[str, str]) -> None:
    status = [PROCDECK, "status", "--project", profile]
    for _ in range(TRIES):
        if subprocess.run(status, check=False, env=environment, capture_output=True).returncode == 0:
            return
        time.sleep(0.5)
    raise SystemExit(f"{profile} does not answer: run it with `procdeck run configs/{profile} --headless`")


def _mend(file: Path) -> None:
    """Tell nobody where this repository is on this machine."""
    from tui.render.picture import self_contained

    file.write_text(self_contained(file.read_text().replace(str(ROOT), "~/procdeck")))
    file.chmod(0o644)
    size = file.stat().st_size
    print(f"wrote {file}, {size:,} bytes")
    if size > MOST_BYTES:
        raise SystemExit(f"{file} is larger than {MOST_BYTES:,} bytes: draw it smaller")


def main() -> int:
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    for profile in PICTURES:
        with tempfile.TemporaryDirectory(prefix="pd-") as folder:
            places = {"PROCDECK_RUNTIME_DIR": f"{folder}/r", "PROCDECK_STATE_DIR": f"{folder}/s"}
            draw(profile, target, {**os.environ, **places, "XDG_CONFIG_HOME": f"{folder}/c"})
    return 0


if __name__ == "__main__":
    sys.exit(main())
