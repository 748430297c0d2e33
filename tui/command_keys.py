"""What the engine advises as a command line, said as the key that does the same here.

The engine does not know who asks it: to a shell it answers with a command, and a person at the dashboard has a key.
"""

from __future__ import annotations

import re
from typing import Final

from tui.actions import BY_ID, WORKER, key_of

_ACTION_OF: Final[dict[str, str]] = {
    "start": "start",
    "stop": "stop",
    "restart": "restart",
    "kill": "kill",
    "pause": "pause",
    "resume": "resume",
    "why": "why",
    "stacks": "stacks",
    "channels": "channels",
    "channels letters": "channels",
    "pools": "pools",
    "errors": "errors",
    "hangs": "hangs",
    "events": "events",
    "reload": "reload",
}
"""The actions, by the command that does the same; any other command is for a shell, and is said as it is."""

_VERB: Final = f"(?P<verb>{'|'.join(sorted(_ACTION_OF, key=len, reverse=True))})(?![\\w-])"
_NAME: Final = r"[^\s;,()`]*[^\s;,.()`]"
_COMMAND: Final = re.compile(rf"(?P<colon>: )?(?P<tick>`?)procdeck {_VERB}(?P<names>(?: {_NAME})*)(?P=tick)")


def in_keys(sentence: str, *, is_elsewhere: bool = False) -> str:
    """`sentence` with a key instead of each command that has one: ``r on paint runs it again``.

    After a colon all that follows the command is names; elsewhere the first word alone is one. `is_elsewhere`: it is
    read where the workers may not be in sight, so the key that shows them is named too.
    """

    def keyed(found: re.Match[str]) -> str:
        action = BY_ID[_ACTION_OF[found["verb"]]]
        words = found["names"].split()
        names = words if found["colon"] or found["tick"] else words[:1]
        rest = "".join(f" {word}" for word in words[len(names) :])
        told = key_of(action.id)
        if names:
            link = " on " if action.group == WORKER else ", then "
            told += f"{link}{', '.join(names)}"
        if names and is_elsewhere and action.group == WORKER:
            told += f" ({key_of('workers')} shows the workers)"
        return f"{found['colon'] or ''}{told}{rest}"

    return _COMMAND.sub(keyed, sentence)
