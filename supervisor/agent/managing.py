"""The worker that keeps a profile's dicts, lists and namespaces: the standard library's manager, supervised.

The engine adds it to a profile that declares any; it appears in the dashboard and is started again when it dies, with
what the profile declares as first content.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from supervisor.agent.context import Context


def keep(address: str, key: bytes, kinds: dict[str, str], initial: dict[str, Any], ctx: Context) -> None:
    """Serve `kinds` (name -> dict, list or namespace) on the socket path `address` until asked to stop.

    `initial` holds the first content by name; a manager that is started again begins with it as well.
    """
    from supervisor.channels.serving import serve_manager

    def tell() -> None:
        ctx.doing(f"keeps {', '.join(kinds)}")
        ctx.ready()

    serve_manager(address, key, tell, kinds, initial)
