"""The worker that keeps a profile's dicts, lists and namespaces: the standard library's manager, supervised.

The engine adds it to a profile that declares any; it appears in the dashboard and is started again when it dies, empty.
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

    def fill() -> None:
        for name, content in initial.items():
            _fill(kinds[name], name, address, key, content)
        ctx.doing(f"keeps {', '.join(kinds)}")
        ctx.ready()

    serve_manager(address, key, fill, kinds)


def _fill(kind: str, name: str, address: str, key: bytes, content: Any) -> None:
    from supervisor.channels.manager import Dict, List, Namespace

    description = {"kind": kind, "name": name, "address": address}
    if kind == "dict":
        Dict.from_description(description, key).update(content)
    elif kind == "list":
        List.from_description(description, key).extend(content)
    else:
        namespace = Namespace.from_description(description, key)
        for attribute, value in content.items():
            setattr(namespace, attribute, value)
