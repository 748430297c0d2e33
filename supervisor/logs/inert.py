"""Makes text of workers harmless to a terminal: nothing in it moves the cursor, colours, links or reorders. Pure."""

from __future__ import annotations

import re

_SEQUENCES = re.compile(
    r"""
    (?: \x1b\] | \x9d ) [^\x07\x1b\x9c]* (?: \x07 | \x1b\\ | \x9c | $ | (?=\x1b) )     # OSC: titles, links, clipboard
  | (?: \x1b[PX^_] | [\x90\x98\x9e\x9f] ) [^\x1b\x9c]* (?: \x1b\\ | \x9c | $ | (?=\x1b) )   # DCS, SOS, PM, APC
  | (?: \x1b\[ | \x9b ) [0-?]* [\ -/]* [@-~]?                                            # CSI: colours, cursor
  | \x1b [\ -/]* [0-~]?                                                                  # other escapes
    """,
    re.VERBOSE,
)
_HIDDEN = {code: f"\\x{code:02x}" for code in (*range(32), *range(0x7F, 0xA0)) if code not in (9, 10)}
_HIDDEN |= {
    code: f"\\u{code:04x}"
    for code in (0x061C, 0x200E, 0x200F, 0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF)
}
_HIDDEN |= {code: f"\\u{code:04x}" for code in range(0xD800, 0xE000)}
_HIDDEN[13] = "\\r"
_HAS_HIDDEN = re.compile("[" + "".join(map(re.escape, map(chr, _HIDDEN))) + "]")


def inert(text: str, *, keeps_newlines: bool = True) -> str:
    """`text` without escape sequences; other control and bidirectional characters are shown as ``\\x07``.

    Tabs become spaces. Newlines stay unless `keeps_newlines` is False; then they are shown as ``⏎``.
    """
    if not text.isprintable():
        if "\t" in text:
            text = text.expandtabs(8)
        if _HAS_HIDDEN.search(text):
            text = _SEQUENCES.sub("", text).translate(_HIDDEN)
        if not keeps_newlines:
            text = text.replace("\n", "⏎")
    return text
