"""Other distributions with our import names. PyPI's ``supervisor`` is supervisord."""

from __future__ import annotations

import sys
from importlib import metadata

from supervisor.errors import ProcdeckError


def namesakes() -> list[str]:
    """``supervisor 4.3.0`` for each installed distribution that claims one of our import names."""
    found = []
    for name in ("supervisor", "tui"):
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            continue
    return found


def refuse_namesakes() -> None:
    """Refuse to start where another distribution claims our import names.

    Raises:
        ProcdeckError: there is one; which of the two Python imports would be chance.
    """
    for found in namesakes():
        name = found.partition(" ")[0]
        raise ProcdeckError(
            f"the distribution {found} is installed in {sys.prefix} and has the same import name as "
            f"procdeck's {name!r}; remove it (pip uninstall {name}) or give procdeck an environment of its own"
        )
