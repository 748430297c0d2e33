"""What an interpreter says of its imports becomes the packages that cost most."""

from __future__ import annotations

from supervisor.import_costs import ImportCost, imports_in

SAID = """\
import time: self [us] | cumulative | imported package
import time:      9000 |       9000 | encodings
procdeck: imports begin
import time:       100 |        100 |     collections
import time:       200 |        300 |   PIL
import time:      2000 |       3000 |   PIL.Image
import time:       700 |        700 |   json
import time:      1000 |       5000 | thumbs
something that the module prints
"""


def test_packages_are_ranked_by_what_their_import_took() -> None:
    """With all that they import themselves; what stands before the mark is the interpreter's own."""
    whole_ms, found = imports_in(SAID, ["thumbs"])
    assert whole_ms == 5.0
    assert found == (ImportCost("PIL", 3.3, 0.66), ImportCost("thumbs", 1.0, 0.2), ImportCost("json", 0.7, 0.14))


def test_text_without_imports_has_none() -> None:
    """An interpreter that was ended, or says nothing."""
    assert imports_in("", ["m"]) == (None, ())
    assert imports_in("procdeck: imports begin\nTraceback", ["m"]) == (None, ())
