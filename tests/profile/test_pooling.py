"""Every mistake in a pool is told with its line and what to do, all of them at once."""

from __future__ import annotations

import pytest

from .conftest import Load, Mistakes

POOL = """\
[queues.paths]
[values.total]
type = "q"
[workers.walk]
target = "m:f"
[pools.p]
"""
F = POOL + 'function = "m:f"\n'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (POOL + "items = 3", '6: pool "p" does not say what to call for each item; give function = "census:hash_file"'),
        (POOL + 'functoin = "m:f"\nitems = 3', '7: unknown key "functoin" in [pools.p]; did you mean "function"?'),
        (
            POOL + 'function = "census.hash"\nitems = 3',
            '7: the function of pool "p" must be "module:function"; did you',
        ),
        (F + 'items = "urls.txt"', 'did you mean items = { lines = "urls.txt" }?'),
        (F + 'items = "photos/*.jpg"', 'did you mean items = { files = "photos/*.jpg" }?'),
        (F + 'items = "paths"', 'did you mean items = { queue = "paths" }?'),
        (F + 'items = "100"', "did you mean items = 100?"),
        (
            F + 'items = "census.list"',
            '8: the items of pool "p" must be "module:function"; did you mean "census:list"?',
        ),
        (F + "items = []", '8: the items of pool "p" are an empty list, so that there is nothing to do'),
        (F + "items = 0", "8: items in [pools.p] has no numbers in it"),
        (F + "items = 1.5", "8: items in [pools.p] must be a function in quotes, a number, a list or a table"),
        (F + "items = { range = [1, 2, 0] }", "8: range in [pools.p.items] must have a step that is not 0"),
        (F + "items = { range = [1, 'x'] }", "8: range in [pools.p.items] must be whole numbers"),
        (F + "items = {}", '8: the items of pool "p" do not say where they come from; give one of function, range'),
        (F + "items = { quue = 'paths' }", '8: unknown key "quue" in [pools.p.items]; did you mean "queue"?'),
        (
            F + "items = { lines = 'x', queue = 'paths' }",
            '8: the items of pool "p" have both lines and queue; keep one',
        ),
        (F + "items = { queue = 'path' }", '8: no queue is called "path"; did you mean "paths"?'),
        (
            F + "items = { queue = 'other' }",
            '8: no queue is called "other" (there is "paths"); declare it with [queues.o',
        ),
        (F + "items = { queue = 'total' }", '8: "total" is a value, and the items of a pool are for queues'),
        (
            F + "items = { function = 'x' }",
            '8: the function in the items of pool "p" must be "module:function", such as',
        ),
        (F + "items = 3\nargs = { a = 1 }", '9: args of pool "p" have no meaning: they are for the function in items'),
        (F + "items = 'm:g'\nargs.class = 1", '9: "class" cannot be a parameter of a Python function'),
        (F + "items = 3\nprocesses = 'cpu'", 'or "cpus"; did you mean "cpus"?'),
        (F + "items = 3\nprocesses = 0", '9: processes in [pools.p] must be from 1 to 1000, or "cpus"'),
        (F + "items = 3\nreplicas = 2", '9: unknown key "replicas" in [pools.p]; did you mean "processes"?'),
        (F + "items = 3\nmethod = 'imap_unorderd'", 'or "apply_async"; did you mean "imap_unordered"?'),
        (F + "items = 3\nmethod = 'starmap'", '9: pool "p" has method = "starmap", but its items are no lists'),
        (F + "items = { lines = 'x' }\nmethod = 'starmap'", '9: pool "p" has method = "starmap", but its items are'),
        (F + "items = [[1], 2]\nmethod = 'starmap'", '9: pool "p" has method = "starmap", but its items are no lists'),
        (
            F + "items = 3\nmethod = 'apply_async'\nchunksize = 4",
            '10: chunksize has no meaning for pool "p": with apply_',
        ),
        (F + "items = 3\nresume = true", '9: pool "p" cannot resume without results in a file'),
        (
            F + "items = { queue = 'paths' }\nresume = true\nresults = 'x'",
            '9: pool "p" cannot resume: what it took from a queue is not there a second time',
        ),
        (F + "items = 3\ninitargs = [1]", '9: pool "p" has initargs and no initializer'),
        (
            F + "items = 3\nresults = '@outptu/x'",
            'begin with "@outptu", which stands for nothing; did you mean "@output"?',
        ),
        (F + "items = 3\nresults = '@output'", '9: the results of pool "p" must be a file, such as "@output/hashes'),
        (F + "items = 3\nresults = 'paths'", 'did you mean { queue = "paths" }?'),
        (F + "items = 3\nresults = {}", '9: the results of pool "p" do not say where they go; give one of file, queue'),
        (
            F + "items = { queue = 'paths' }\nresults = { queue = 'paths' }",
            '9: pool "p" takes its items from the queue "paths" and puts its results there: it would never end',
        ),
        (F + "items = 3\nretries = -1", "9: retries in [pools.p] must be at least 0; for example retries = 2"),
        (
            F + "items = 3\nretries = { max = 1, bakoff = 3 }",
            '9: unknown key "bakoff" in [pools.p.retries]; did you mean',
        ),
        (F + "items = 3\nschedule = {}", '9: the schedule of pool "p" does not say when'),
        (F + "items = 3\nenv = { '' = 'x' }", "9: a name in env must not be empty"),
        (
            F + "items = 3\ndepends_on = ['wlk']",
            '9: pool "p" depends on "wlk", which is no worker; did you mean "walk"?',
        ),
        (F + "items = 3\ndepends_on = ['p']", '9: pool "p" depends on itself and would never start'),
        (POOL + "results = 'x'", '7: results has no meaning for pool "p": it has no items, so that code gives it its'),
        (POOL + "[pools.walk]", '7: "walk" is already the name of a worker; give the pool another'),
        (POOL + "[pools.paths]", '7: "paths" is already the name of a queue; give the pool another'),
        (
            POOL + "[workers.b]\ntarget = 'm:f'\ndepends_on = ['p']",
            '9: worker "b" depends on "p", which is a pool without items and no worker',
        ),
        (
            POOL + "[workers.b]\nfunction = 'm:f'",
            '8: unknown key "function" in [workers.b]; it is for a pool: [pools.b]',
        ),
        (
            POOL + "[hash]\nfunction = 'm:f'\nitems = 3",
            '7: unknown key "hash" at the top of the profile; did you mean [',
        ),
        ("[pools.p]\nprocesses = 2", "1: the profile has no workers; add one"),
    ],
)
def test_a_mistake_in_a_pool_says_what_to_do(mistakes: Mistakes, text: str, told: str) -> None:
    """Where it is, what the rule is, and what was probably meant."""
    actual = mistakes(text)
    assert any(told in mistake for mistake in actual), actual
    if told[0].isdigit():
        assert any(mistake.startswith(told) for mistake in actual), actual


def test_all_mistakes_are_told_at_once(mistakes: Mistakes) -> None:
    """In the order of the file, those of validation among the others."""
    actual = mistakes(F + "items = 'x.txt'\ntimeout = 'soon'\nchunksize = 0\non_error = 'm'\nresults = { queue = 'q' }")
    assert [mistake.partition(":")[0] for mistake in actual] == ["8", "9", "10", "11", "12"]


def test_pools_and_workers_that_wait_for_each_other_are_told(mistakes: Mistakes) -> None:
    """The ring, at one of its ends."""
    actual = mistakes(F + "items = 3\ndepends_on = ['b']\n[workers.b]\ntarget = 'm:f'\ndepends_on = ['p']")
    assert len(actual) == 1
    assert "these workers wait for each other and none would ever start" in actual[0]


@pytest.mark.parametrize(
    "keys",
    [
        "items = [[1, 2], [3, 4]]\nmethod = 'starmap'",
        "items = { values = [[1, 2]] }\nmethod = 'starmap'",
        "items = 'm:g'\nmethod = 'starmap'\nargs = { root = '@stdlib' }",
        "items = 3\nmethod = 'apply_async'\nchunksize = 'auto'",
        "items = 3\nresume = true\nresults = { file = '@output/x' }",
        "items = 3\nschedule = { every = '10s' }\nwatch = ['*.py']\nautostart = false",
    ],
)
def test_what_fits_together_is_no_mistake(load: Load, keys: str) -> None:
    """It loads."""
    assert load(F + keys).workers["p"].kind == "pool"
