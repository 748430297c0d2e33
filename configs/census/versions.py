"""Says what the census is counted with. Run as a script, by procdeck or by hand: ``python versions.py [--long]``."""

from __future__ import annotations

import os
import platform
import sys
import sysconfig


def main() -> None:
    """Print one fact a line."""
    print(
        f"{platform.python_implementation()} {platform.python_version()} on {platform.machine()}, {os.cpu_count()} CPUs"
    )
    if "--long" in sys.argv[1:]:
        print(f"interpreter       {sys.executable}")
        print(f"standard library  {sysconfig.get_path('stdlib')}")
        print(f"system            {platform.platform()}")


if __name__ == "__main__":
    main()
