"""Whom a worker waits for, and with whom it restarts: read in every form, and refused when it could never work."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.profile.depending import dependency_mistakes
from supervisor.profile.model import DependencySpec

from .conftest import Load, Mistakes

TWO = '[workers.b]\ntarget = "m:f"\n[workers.c]\ntarget = "m:f"\n'


def test_dependencies_are_read_in_every_form(load: Load) -> None:
    """A list means ready; a table says what of each."""
    listed = load(f'[workers.a]\ntarget = "m:f"\ndepends_on = ["b", "c"]\n{TWO}').workers["a"]
    assert listed.depends_on == {"b": DependencySpec("ready"), "c": DependencySpec("ready", None)}
    table = load(
        f"""\
[workers.a]
target = "m:f"
[workers.a.depends_on]
b = "completed-ok"
c = {{ log = "listening on" }}
{TWO}"""
    ).workers["a"]
    assert table.depends_on == {"b": DependencySpec("completed-ok"), "c": DependencySpec("log", "listening on")}


def test_a_worker_may_wait_for_one_that_starts_by_hand(load: Load) -> None:
    """It is told on the screen for whom."""
    assert load(f'{TWO}autostart = false\n[workers.a]\ntarget = "m:f"\ndepends_on = ["c"]\n').workers["a"].depends_on


CONDITION_RULE = 'must be "started", "ready", "completed" or "completed-ok", or { log = "listening on" }'


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ('depends_on = ["b", "bb"]', '3: worker "a" depends on "bb", which is no worker; did you mean "b"?'),
        ('depends_on = ["zz"]', '3: worker "a" depends on "zz", which is no worker; there is "a", "b" and "c"'),
        ('depends_on = ["b.1"]', '3: worker "a" depends on "b.1", which is no worker; did you mean "b"?'),
        ('depends_on = ["q"]', '3: worker "a" depends on "q", which is a queue and no worker'),
        ('depends_on = ["a"]', '3: worker "a" depends on itself and would never start; remove it'),
        (
            'depends_on = "b"',
            "3: depends_on in [workers.a] must be a list of workers or a table; for example depends_on",
        ),
        ("depends_on = [3]", '3: depends_on in [workers.a] must be a list of workers such as ["redis"], or a table'),
        ('depends_on = { b = "redy" }', f'3: b in [workers.a.depends_on] {CONDITION_RULE}; did you mean "ready"?'),
        ("depends_on = { b = 3 }", f"3: b in [workers.a.depends_on] {CONDITION_RULE}"),
        ("depends_on = { b = {} }", "3: log in [workers.a.depends_on.b] is missing; for example log ="),
        (
            'depends_on = { b = { lg = "x" } }',
            '3: unknown key "lg" in [workers.a.depends_on.b]; did you mean "log"?',
        ),
        ('depends_on.b.log = "("', "3: log in [workers.a.depends_on.b] is no regular expression: missing )"),
        (
            'restart = "always"\n[workers.d]\ntarget = "m:f"\ndepends_on = { a = "completed" }',
            '6: worker "d" waits until "a" has completed, but that has restart = "always" and never does; use "ready"',
        ),
    ],
)
def test_a_dependency_that_cannot_be_is_told_why(mistakes: Mistakes, body: str, told: str) -> None:
    """One sentence, with the nearest name where one is near."""
    actual = mistakes(f'[workers.a]\ntarget = "m:f"\n{body}\n{TWO}[queues.q]\n')
    assert [mistake[: len(told)] for mistake in actual] == [told]


def test_a_default_restart_counts_for_who_never_completes(mistakes: Mistakes) -> None:
    """`always` in [defaults] is as good as in the worker."""
    (told,) = mistakes(
        f'[defaults]\nrestart.policy = "always"\n[workers.a]\ntarget="m:f"\ndepends_on.b="completed"\n{TWO}'
    )
    assert told.startswith('5: worker "a" waits until "b" has completed, but that has restart = "always"')


def test_a_ring_is_told_whole(mistakes: Mistakes) -> None:
    """Every name of it, on the line of the dependency that closes it; a second ring is told too."""
    told = mistakes("""\
        [workers.z]
        target = "m:f"
        depends_on = ["a", "b"]
        [workers.a]
        target = "m:f"
        depends_on = ["b"]
        [workers.b]
        target = "m:f"
        depends_on = { c = "started" }
        [workers.c]
        target = "m:f"
        [workers.c.depends_on]
        d = "completed"
        a = "ready"
        [workers.d]
        target = "m:f"
        [workers.e]
        target = "m:f"
        depends_on = ["f"]
        [workers.f]
        target = "m:f"
        depends_on = ["e"]
        """)
    sentence = "these workers wait for each other and none would ever start"
    assert told == [
        f"14: {sentence}: a -> b -> c -> a; remove one of the dependencies",
        f"22: {sentence}: e -> f -> e; remove one of the dependencies",
    ]


NODES = "abcdef"


@given(st.sets(st.sampled_from(list(itertools.permutations(NODES, 2)))))
def test_a_ring_is_told_exactly_when_there_is_one(edges: set[tuple[str, str]]) -> None:
    """Whatever depends on whatever; and each ring that is told goes along dependencies that are there."""
    workers = {name: {"target": "m:f", "depends_on": [to for of, to in sorted(edges) if of == name]} for name in NODES}
    rings = [
        mistake.text.split(": ")[1].split(";")[0].split(" -> ") for mistake in dependency_mistakes({"workers": workers})
    ]
    left = set(NODES)
    while free := {name for name in left if not any(of == name and to in left for of, to in edges)}:
        left -= free
    assert bool(rings) == bool(left)
    assert all(ring[0] == ring[-1] and set(itertools.pairwise(ring)) <= edges for ring in rings)


def test_a_long_chain_is_no_ring() -> None:
    """Thousands of workers in a row are walked without a stack of that depth."""
    workers = {f"w{number}": {"target": "m:f", "depends_on": [f"w{number + 1}"]} for number in range(5000)}
    workers["w5000"] = {"target": "m:f"}
    assert list(dependency_mistakes({"workers": workers})) == []


def test_groups_are_read(load: Load) -> None:
    """Members in order, and who restarts with whom."""
    profile = load(f'{TWO}[groups.g]\nworkers = ["c", "b"]\nstrategy = "rest-for-one"\n')
    group = profile.groups["g"]
    assert (group.name, group.workers, group.strategy) == ("g", ["c", "b"], "rest-for-one")
    assert load(f'{TWO}[groups.g]\nworkers = ["c"]\n').groups["g"].strategy == "one-for-one"


@pytest.mark.parametrize(
    ("group", "told"),
    [
        ('workers = ["b", "cc"]', '7: the group "g" has "cc", which is no worker; did you mean "c"?'),
        ('workers = ["b", "b"]', '7: the group "g" has the worker "b" twice; keep one'),
        ("workers = []", '7: workers in [groups.g] is empty; for example workers = ["walk", "parse"]'),
        ("", '6: workers in [groups.g] is missing; for example workers = ["walk", "parse"]'),
        ('wokers = ["b"]', '7: unknown key "wokers" in [groups.g]; did you mean "workers"?'),
        ('workers = "b"', '7: workers in [groups.g] must be a list; for example workers = ["walk", "parse"]'),
        ('workers = ["b", 3]', "7: item 2 of workers in [groups.g] must be text in quotes"),
        (
            'workers = ["b"]\nstrategy = "one-for-al"',
            '8: strategy in [groups.g] must be "one-for-one", "one-for-all" or "rest-for-one"; did you mean "one-for-a',
        ),
        (
            'workers = ["b"]\n[groups.h]\nworkers = ["b"]',
            '9: the worker "b" is in the group "g" already; a worker is in one group at most',
        ),
        ('workers = ["b"]\n[groups.c]\nworkers = ["c"]', '8: "c" is already the name of a worker; give the group'),
        ('workers = ["b"]\n[groups."1"]\nworkers = ["c"]', '8: the group name "1" is not allowed: names start with'),
        ('workers = ["b"]\n[groups.engine]\nworkers = ["c"]', '8: the group name "engine" is reserved for procdeck'),
        ('workers = ["b", "q"]\n[queues.q]', '7: the group "g" has "q", which is a queue and no worker'),
    ],
)
def test_a_group_that_cannot_be_is_told_why(mistakes: Mistakes, group: str, told: str) -> None:
    """Members that exist, each in one group."""
    actual = mistakes(f"# a deck\n{TWO}[groups.g]\n{group}\n")
    assert [mistake[: len(told)] for mistake in actual] == [told]
