"""A channel that cannot be made as it is declared is told why, with the rule and a right example."""

from __future__ import annotations

import pytest

from supervisor.profile.typecodes import TYPE_RULE

from .conftest import Mistakes

WORKER = '[workers.a]\ntarget = "m:f"\n'


@pytest.mark.parametrize(
    ("declared", "told"),
    [
        (
            '[queues.x]\ndelivery = "exactly-once"',
            '2: delivery in [queues.x] must be "at-least-once" or "at-most-once"; did you mean "at-least-once"?',
        ),
        ("[queues.x]\nmax_attempts = 0", "2: max_attempts in [queues.x] must be at least 1; for example "),
        (
            '[queues.x]\ndelivery = "at-most-once"\nmax_attempts = 3',
            '3: max_attempts has no meaning for the queue "x": at-most-once delivers nothing again; remove one',
        ),
        ('[locks.x]\nkind = "mutex"', '2: kind in [locks.x] must be "lock", "rlock", "semaphore", "bounded-semaphore"'),
        (
            "[locks.x]\nvalue = 2",
            '2: the lock "x" is a lock, which has no value; use kind = "semaphore" or "bounded-semaphore", or remove',
        ),
        (
            '[locks.x]\nkind = "semaphore"\nparties = 2',
            '3: the lock "x" is a semaphore, which has no parties; use kind = "barrier", or remove it',
        ),
        ('[locks.x]\nkind = "semaphore"\nvalue = -1', "3: value in [locks.x] must be at least 0; for example value"),
        (
            '[locks.x]\nkind = "barrier"',
            '1: the barrier "x" does not say how many it waits for; give it, such as parties = 3',
        ),
        (
            '[locks.x]\nkind = "barrier"\npartys = 3',
            '3: unknown key "partys" in [locks.x]; did you mean "parties"?',
        ),
        ('[locks.x]\nkind = "barrier"\nparties = 0', "3: parties in [locks.x] must be at least 1; for example"),
        ("[events.x]\nset = 1", "2: set in [events.x] must be true or false; for example set = true"),
        ("[events.x]\ninitial = true", '2: unknown key "initial" in [events.x]; it may have set'),
        ("[events]\nx = true", "2: [events.x] must be a table"),
        ("events = 3", "1: events must be a table; write a table for each, such as [events.name]"),
        ("[values.x]", '1: type in [values.x] is missing; for example type = "q"'),
        ('[values.x]\ntyp = "q"', '2: unknown key "typ" in [values.x]; did you mean "type"?'),
        ('[values.x]\ntype = "doubel"', f'2: type in [values.x] {TYPE_RULE}; did you mean "double"?'),
        ("[values.x]\ntype = 8", f"2: type in [values.x] {TYPE_RULE}"),
        (
            '[values.x]\ntype = "b"\ninitial = 300',
            '3: the first value of "x" must be a whole number from -128 to 127, because its type is "b"',
        ),
        (
            '[values.x]\ntype = "double"\ninitial = "1"',
            '3: the first value of "x" must be a number from -1.79e+308 to 1.79e+308, because its type is "d"',
        ),
        (
            '[values.x]\ntype = "c"\ninitial = "é"',
            '3: the first value of "x" must be one ASCII character, because its type is "c"',
        ),
        (
            '[values.x]\ntype = "q"\ninitial = true',
            '3: initial in [values.x] must be a number, or a character in quotes for the types "c" and "u"',
        ),
        ('[values.x]\ntype = "q"\nlock = "no"', "3: lock in [values.x] must be true or false; for example lock = "),
        ("[arrays.x]\nsize = 3", '1: type in [arrays.x] is missing; for example type = "d"'),
        (
            '[arrays.x]\ntype = "d"',
            '1: the array "x" does not say how long it is; give size = 1000 or initial = [0, 0, 0]',
        ),
        ('[arrays.x]\ntype = "d"\nsizes = 3', '3: unknown key "sizes" in [arrays.x]; did you mean "size"?'),
        ('[arrays.x]\ntype = "d"\nsize = 0', "3: size in [arrays.x] must be at least 1; for example size = 1000"),
        ('[arrays.x]\ntype = "d"\nsize = "3"', "3: size in [arrays.x] must be a whole number; for example size = 1000"),
        (
            '[arrays.x]\ntype = "d"\nsize = 3\ninitial = [1, 2]',
            '3: the array "x" has both size and initial; its size is that of initial',
        ),
        ('[arrays.x]\ntype = "d"\ninitial = []', '3: the array "x" would be empty and cannot grow; give it at least'),
        ('[arrays.x]\ntype = "d"\ninitial = 3', "3: initial in [arrays.x] must be a list such as initial = [0, 0, 0]"),
        (
            '[arrays.x]\ntype = "d"\ninitial = [1, true, "x"]',
            '3: initial in [arrays.x] must be a list of numbers, or of characters in quotes for the types "c" and "u"',
        ),
        (
            '[arrays.x]\ntype = "B"\ninitial = [1, -1, 256]',
            '3: item 2 of the array "x" (and 1 more) must be a whole number from 0 to 255, because its type is "B"',
        ),
        (
            '[arrays.x]\ntype = "c"\ninitial = "año"',
            '3: item 2 of the array "x" must be one ASCII character, because its type is "c"',
        ),
        ("[blocks.x]", '1: size in [blocks.x] is missing; for example size = "64MiB"'),
        ("[blocks.x]\nsize = 0", "2: size in [blocks.x] must be more than 0"),
        ('[blocks.x]\nsize = "many"', '2: size in [blocks.x] must be a size such as "64MiB", "10MB" or "512KiB"'),
        ("[dicts.x]\ninitial = []", "2: initial in [dicts.x] must be a table; for example initial = { done = 0 }"),
        (
            "[dicts.x]\ninitial = { when = 2020-01-01 }",
            "2: initial in [dicts.x] has a date or time, which cannot be passed to a worker; put it in quotes",
        ),
        ("[lists.x]\ninitial = {}", '2: initial in [lists.x] must be a list; for example initial = ["first"]'),
        (
            '[namespaces.x]\ninitial = { "a b" = 1 }',
            '2: "a b" cannot be an attribute of the namespace "x": it must be a Python name that does not begin with',
        ),
        ("[namespaces.x]\ninitial = { _a = 1 }", '2: "_a" cannot be an attribute of the namespace "x": it must be'),
    ],
)
def test_a_channel_that_cannot_be_is_told_why(mistakes: Mistakes, declared: str, told: str) -> None:
    """One sentence for one mistake, on its line."""
    actual = mistakes(f"{declared}\n{WORKER}")
    assert [mistake[: len(told)] for mistake in actual] == [told]


def test_all_mistakes_in_channels_are_told_at_once(mistakes: Mistakes) -> None:
    """Types, ranges, kinds and connections together, top to bottom."""
    told = mistakes("""\
        [values.level]
        type = "b"
        initial = 300
        [values.share]
        type = "dubble"
        [locks.gate]
        kind = "barrier"
        [arrays.bins]
        type = "q"
        size = 0
        [queues.paths]
        delivery = "at-most-once"
        max_attempts = 2
        [workers.a]
        target = "m:f"
        reads = { gate = "gate" }
        shares = { level = "levle" }
        """)
    assert [mistake.split(":")[0] for mistake in told] == ["3", "5", "6", "10", "13", "16", "17"]


def test_no_mistake_repeats_what_a_channel_holds_at_first(mistakes: Mistakes) -> None:
    """First values may be secrets, as arguments may."""
    told = mistakes(
        """\
        [dicts.x]
        initial = "hunter2"
        [lists.x2]
        initial = { a = "hunter2" }
        [values.y]
        type = "q"
        initial = "hunter2"
        [arrays.z]
        type = "q"
        initial = ["hunter2"]
        [workers.a]
        target = "m:f"
        """
    )
    assert len(told) == 4
    assert not [mistake for mistake in told if "hunter2" in mistake]
