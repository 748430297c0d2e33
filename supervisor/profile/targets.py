"""How a Python function is named: ``module:function``. Owns the notation; imports nothing to see whether it is there.

Standard library only: the command line asks this too.
"""

from __future__ import annotations

import re
from typing import Final

DOTTED: Final = r"[^\W\d]\w*(?:\.[^\W\d]\w*)*"
_TARGET: Final = re.compile(rf"{DOTTED}:{DOTTED}")
_ALMOST_TARGET: Final = re.compile(rf"({DOTTED}?)(?:\.py)?[.:/ ]+([^\W\d]\w*)(?:\(\))?")


def target_fault(text: str, example: str = "census:walk") -> str:
    """What is wrong with the name of a function, as the end of a sentence; empty if nothing is.

    ``must be "module:function"; did you mean "census:walk"?``
    """
    if ".py:" not in text and _TARGET.fullmatch(text):
        return ""
    almost = _ALMOST_TARGET.fullmatch(text.strip())
    near = f'; did you mean "{almost[1]}:{almost[2]}"?' if almost and almost[1] else f', such as "{example}"'
    return f'must be "module:function"{near}'
