"""Where the supervisors that ours is measured beside come from: environments of their own under the user's cache."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

PYTHON_PEERS = ("supervisor==4.3.0", "circus==0.19.0", "honcho==2.0.0")
NODE_PEERS = ("mprocs@0.9.6", "pm2@7.0.4")
NODE_TIMEOUT_S = 300.0


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "procdeck-bench"


def version_of(name: str) -> str:
    """The version that is asked for: ``4.3.0``."""
    for wanted in (*PYTHON_PEERS, *NODE_PEERS):
        if wanted.replace("@", "==").startswith(f"{name}=="):
            return wanted.replace("@", "==").partition("==")[2]
    raise KeyError(name)


def python_environment() -> Path | None:
    """supervisord, circus and honcho, installed when they are missing; None, and a sentence, where they cannot be."""
    folder = _cache() / ".venv-bench"
    python = folder / "bin" / "python"

    def install() -> None:
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        words = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PYTHON_PEERS]
        subprocess.run(words, check=True)

    return _installed(folder, " ".join(PYTHON_PEERS), install)


def node_environment() -> Path | None:
    """mprocs and pm2 likewise; None where there is no npm."""
    npm = shutil.which("npm")
    if npm is None:
        print("  no mprocs and no pm2: there is no npm here", flush=True)
        return None
    folder = _cache() / "node"
    words = [npm, "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), *NODE_PEERS]

    def install() -> None:
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(words, check=True, timeout=NODE_TIMEOUT_S, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    return _installed(folder, " ".join(NODE_PEERS), install)


def _installed(folder: Path, wanted: str, install: object) -> Path | None:
    stamp = folder / ".installed"
    assert callable(install)
    try:
        if not stamp.exists() or stamp.read_text() != wanted:
            print(f"  installing {wanted} in {folder}", flush=True)
            install()
            stamp.write_text(wanted)
    except (OSError, subprocess.SubprocessError) as error:
        print(f"  not there to be compared with: {wanted} ({type(error).__name__}: {error})", flush=True)
        return None
    return folder
