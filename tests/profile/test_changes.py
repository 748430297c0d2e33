"""The plan of a reload touches only what differs, and leads from the one profile to the other."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.errors import ProfileError
from supervisor.profile.changes import LIVE_KEYS, NEXT_START_KEYS, Change, keys_of, plan
from supervisor.profile.kinds import NOUNS
from supervisor.profile.loading import load_profile
from supervisor.profile.model import Profile, WorkerSpec

from .conftest import Load

DECK = """\
[queues.paths]
maxsize = 5
[workers.walk]
target = "m:f"
writes = { out = "paths" }
[workers.parse]
target = "m:f"
replicas = 3
reads = { inbox = "paths" }
[workers.redis]
command = "redis-server"
"""


def lines(changes: tuple[Change, ...]) -> list[str]:
    return [f"{change.subject} {change.change} {','.join(change.keys)}".strip() for change in changes]


@pytest.mark.parametrize(
    ("old", "new", "steps"),
    [
        ('command = "redis-server"', 'command = "redis-server"\ndescription = "keeps"', ["redis update description"]),
        ('command = "redis-server"', 'command = "redis-server --port 1"', ["redis restart command"]),
        ('command = "redis-server"', 'command = "redis-server"\nrestart = "always"', ["redis update restart"]),
        (
            'command = "redis-server"',
            'command = "redis-server"\nhang_after = "1m"\nblocked_after = 3',
            ["redis update hang_after,blocked_after"],
        ),
        (
            'command = "redis-server"',
            'command = "x"\nready = { tcp = 1 }\nstop_timeout = 9',
            ["redis restart stop_timeout,command,ready"],
        ),
        ("replicas = 3", "replicas = 5", ["parse scale replicas"]),
        ("replicas = 3", "replicas = 5\nnice = 3", ["parse restart nice", "parse scale replicas"]),
        ("replicas = 3", 'replicas = 2\nmax_age = "1h"', ["parse update max_age", "parse scale replicas"]),
        ("[workers.redis]", '[workers.new]\ntarget = "m:g"\n[workers.redis]', ["new add"]),
        ('[workers.redis]\ncommand = "redis-server"\n', "", ["redis remove"]),
        ("maxsize = 5", "maxsize = 6", ["paths restart maxsize", "walk restart", "parse restart"]),
        ("[queues.paths]", "[locks.gate]\n[queues.paths]", ["gate add"]),
        ("[queues.paths]", '[groups.g]\nworkers = ["walk"]\n[queues.paths]', ["g add"]),
        ("[queues.paths]", 'result = "@output/x"\n[queues.paths]', ["deck update result"]),
        ("[queues.paths]", "[logs]\nkeep_runs = 9\n[queues.paths]", ["logs update keep_runs"]),
        ("[queues.paths]", "[defaults]\nstop_timeout = 5\n[queues.paths]", []),
        (
            "[queues.paths]",
            "[defaults]\nnice = 3\n[queues.paths]",
            ["walk restart nice", "parse restart nice", "redis restart nice"],
        ),
        (
            "[queues.paths]",
            '[defaults]\nheartbeat = "3s"\n[queues.paths]',
            ["walk update heartbeat", "parse update heartbeat"],
        ),
        ("[queues.paths]", '[defaults]\nstart_method = "forkserver"\n[queues.paths]', []),
    ],
)
def test_a_reload_touches_only_what_differs(load: Load, old: str, new: str, steps: list[str]) -> None:
    """One worker's key is one worker's step; what comes to the same is none."""
    before, after = load(DECK), load(DECK.replace(old, new))
    assert lines(plan(before, after, {})) == steps


def test_the_order_of_workers_is_no_change(load: Load) -> None:
    """Nor is where a value comes from."""
    first = load('[defaults]\nnice = 3\n[workers.a]\ntarget = "m:f"\n[workers.b]\ntarget = "m:f"\n')
    second = load('[workers.b]\ntarget = "m:f"\nnice = 3\n[workers.a]\ntarget = "m:f"\nnice = 3\n')
    assert plan(first, second, {}) == ()


def test_what_somebody_scaled_stays_unless_the_profile_says_otherwise(load: Load) -> None:
    """A hand-made number is not undone by a reload that is about something else."""
    three, five = load(DECK), load(DECK.replace("replicas = 3", "replicas = 5"))
    assert plan(three, three, {"parse": 7}) == ()
    assert plan(three, five, {"parse": 7})[0].text == "goes from 7 to 5 replicas"
    assert lines(plan(three, five, {"parse": 5})) == ["parse update replicas"]


def test_a_step_says_what_it_means(load: Load) -> None:
    """Sentences that go on from the subject, and hold no value."""
    after = load(
        DECK.replace("maxsize = 5", "maxsize = 6")
        .replace('command = "redis-server"', 'command = "redis-server"\nready = { tcp = 1 }\nautostart = false')
        .replace("replicas = 3", "replicas = 4\nenv = { A = 'hunter2' }\ncwd = 'x'")
        + '[workers.tick]\ntarget = "m:f"\nschedule = { every = "1s" }\n'
        + '[workers.hand]\ntarget = "m:f"\nautostart = false\n[workers.many]\ntarget = "m:f"\nreplicas = 4\n'
        + '[values.v]\ntype = "q"\n[groups.g]\nworkers = ["hand"]\n'
    )
    told = {f"{change.what} {change.subject} {change.change}": change.text for change in plan(load(DECK), after, {})}
    lost = 'what is in it would be lost, so this is refused while "walk" and "parse" use it'
    anew = 'the queue "paths" is made anew'
    late = '"ready" counts from its next start; "autostart" counts when the engine starts'
    assert told == {
        "queue paths restart": f"is made anew; {lost}",
        "value v add": "is made",
        "group g add": "counts from now on",
        "worker walk restart": f"is restarted: {anew}",
        "worker parse restart": f'is restarted: "env" and "cwd" count only for a new process, and {anew}',
        "worker parse scale": "goes from 3 to 4 replicas",
        "worker redis update": f"goes on without a restart; {late}",
        "worker tick add": "is there, and is started at its next time",
        "worker hand add": "is there, and waits until somebody starts it",
        "worker many add": "is started with 4 replicas",
    }
    back = {f"{change.subject} {change.change}": change.text for change in plan(after, load(DECK), {})}
    assert back["tick remove"] == "is stopped and forgotten"
    assert back["g remove"] == "is no group any more; its workers go on"
    assert back["v remove"] == "is closed, and what is in it is dropped"


def test_a_channel_that_nobody_uses_can_be_made_anew(load: Load) -> None:
    """Whether anybody does is told."""
    worker = '[workers.a]\ntarget = "m:f"\n'
    before, after = load(f"{worker}[queues.q]\n"), load(f"{worker}[queues.q]\nmaxsize = 3\n")
    (change,) = plan(before, after, {})
    assert (change.what, change.change, change.text) == ("queue", "restart", "is made anew; nobody uses it")
    (other,) = plan(before, load(f"{worker}[locks.q]\n"), {})
    assert (other.what, other.change, other.keys) == ("lock", "restart", ())
    assert other.text == "is made anew as a lock; nobody uses it"


def test_a_worker_that_stops_using_a_channel_is_restarted_for_that_alone(load: Load) -> None:
    """Its own key says why."""
    after = load(DECK.replace("maxsize = 5", "maxsize = 6").replace('reads = { inbox = "paths" }', ""))
    steps = {change.subject: change for change in plan(load(DECK), after, {})}
    assert steps["parse"].keys == ("reads",)
    assert steps["parse"].text == 'is restarted: "reads" counts only for a new process'


def test_changed_environment_files_restart_who_has_them(tmp_path: Path) -> None:
    """Though the profile is the same."""
    path, variables = tmp_path / "deck.toml", tmp_path / ".env"
    path.write_text('[workers.a]\ntarget = "m:f"\nenv_file = ".env"\n[workers.b]\ntarget = "m:f"\n')
    profiles = []
    for text in ("A=1\n", "# the same\nA=1\n", "A=2\n"):
        variables.write_text(text)
        profiles.append(load_profile(path))
    assert plan(profiles[0], profiles[1], {}) == ()
    assert lines(plan(profiles[0], profiles[2], {})) == ["a restart env_file"]


def test_preload_without_a_fork_server_restarts_nobody(load: Load) -> None:
    """Nothing reads it."""
    text = '[defaults]\nstart_method = "spawn"\npreload = ["json"]\n[workers.a]\ntarget = "m:f"\n'
    assert lines(plan(load(text), load(text.replace("json", "ast")), {})) == ["a update preload"]
    forked = text.replace("spawn", "forkserver")
    assert lines(plan(load(forked), load(forked.replace("json", "ast")), {})) == ["a restart preload"]


def test_a_running_project_cannot_be_renamed(tmp_path: Path) -> None:
    """Its name is where it is found; one given on the command line hides the profile's own."""
    path = tmp_path / "deck.toml"
    text = 'name = "one"\n[workers.a]\ntarget = "m:f"\n'
    path.write_text(text)
    one, hidden = load_profile(path), load_profile(path, "mine")
    path.write_text(text.replace("one", "two"))
    with pytest.raises(ProfileError) as caught:
        plan(one, load_profile(path), {})
    told = f'{path}: the project runs as "one" and a reload cannot rename it to "two"; keep the name, or stop it'
    assert caught.value.mistakes == [f"{told} and start it anew"]
    assert lines(plan(hidden, load_profile(path, "mine"), {})) == ["mine update name"]


POOLS = """\
[queues.q]
[workers.a]
target = "m:f"
[pools.hash]
function = "m:f"
items = 10
processes = 2
[pools.code]
processes = 2
"""


@pytest.mark.parametrize(
    ("old", "new", "steps"),
    [
        ("items = 10\nprocesses = 2", "items = 10\nprocesses = 3", ["hash update processes"]),
        ("items = 10", "items = 11", ["hash restart items"]),
        ("items = 10", 'items = 10\ndescription = "x"', ["hash update description"]),
        ("items = 10", "items = 10\nretries = 1\ntimeout = 3", ["hash restart timeout,retries"]),
        ("items = 10", 'items = 10\nresults = { queue = "q" }', ["hash restart writes,results"]),
        ("items = 10\n", "", ["hash remove", "hash add"]),
        ("[pools.code]\nprocesses = 2", "[pools.code]\nprocesses = 3", ["code update processes"]),
        ("[pools.code]\nprocesses = 2", "[pools.other]\nprocesses = 2", ["code remove", "other add"]),
        ("[pools.code]\nprocesses = 2", '[pools.code]\nfunction = "m:f"\nitems = 3', ["code add"]),
        ('[workers.a]\ntarget = "m:f"', '[pools.a]\nfunction = "m:f"\nitems = 3', ["a restart target,function"]),
    ],
)
def test_plan_for_pools(load: Load, old: str, new: str, steps: list[str]) -> None:
    """More or fewer members come while it runs; what else only a pool has restarts it; one for code restarts nobody."""
    assert old in POOLS
    assert lines(plan(load(POOLS), load(POOLS.replace(old, new)), {})) == steps


def test_resizing_says_that_it_happens_at_once(load: Load) -> None:
    """And the pool goes on."""
    (change,) = plan(load(POOLS), load(POOLS.replace("10\nprocesses = 2", "10\nprocesses = 3")), {})
    assert change.text.startswith('goes on without a restart; "processes" counts at once')


def test_every_live_key_is_a_key() -> None:
    """A key that is renamed is not forgotten here."""
    keys = set(keys_of(WorkerSpec(target="m:f")))
    assert keys >= LIVE_KEYS >= NEXT_START_KEYS
    assert not LIVE_KEYS & {"target", "command", "env", "cwd", "limits", "user", "reads", "replicas"}


NAMES = ["a", "b", "c"]
DRAWN: dict[str, st.SearchStrategy[Any]] = {
    "target": st.sampled_from(["m:f", "m:g"]),
    "replicas": st.integers(1, 3),
    "env": st.dictionaries(st.sampled_from("AB"), st.sampled_from("12"), max_size=2),
    "nice": st.sampled_from([None, 1]),
    "description": st.sampled_from(["", "x"]),
    "restart": st.sampled_from(["never", "always"]),
    "ready": st.sampled_from(["ctx", {"tcp": 80}, {"tcp": 81}]),
    "reads": st.sampled_from([{}, {"x": "p"}, {"x": "q"}]),
    "stop_timeout": st.sampled_from(["1s", 1, 2]),
    "limits": st.sampled_from([{}, {"nofile": 9}]),
}
WORKERS = st.dictionaries(
    st.sampled_from(NAMES),
    st.fixed_dictionaries(
        {"target": DRAWN["target"]}, optional={key: drawn for key, drawn in DRAWN.items() if key != "target"}
    ),
    min_size=1,
)
QUEUES = st.dictionaries(st.sampled_from("pq"), st.fixed_dictionaries({"maxsize": st.integers(0, 1)}), max_size=2)
LOCKS: st.SearchStrategy[dict[str, dict[str, Any]]] = st.dictionaries(st.sampled_from("q"), st.just({}), max_size=1)
GROUPS = st.dictionaries(
    st.just("g"), st.fixed_dictionaries({"workers": st.lists(st.sampled_from(NAMES), min_size=1, unique=True)})
)


@st.composite
def profiles(draw: st.DrawFn) -> Profile:
    tables: dict[str, Any] = {"name": "deck", "result": draw(st.sampled_from([None, "x"]))}
    for kind, drawn in (("workers", WORKERS), ("queues", QUEUES), ("locks", LOCKS), ("groups", GROUPS)):
        tables[kind] = {
            name: {**{key: item for key, item in table.items() if item is not None}, "\0name": name}
            for name, table in draw(drawn).items()
        }
    tables["locks"] = {name: table for name, table in tables["locks"].items() if name not in tables["queues"]}
    return Profile.model_validate({key: item for key, item in tables.items() if item is not None}, by_name=False)


def applied(before: Profile, after: Profile, steps: tuple[Change, ...]) -> dict[str, dict[str, Any]]:
    """What an engine has that does what `steps` says and nothing else: every table by name."""
    kinds = {"worker": "workers", "group": "groups"} | {noun: kind for kind, noun in NOUNS.items()}
    have: dict[str, dict[str, Any]] = {kind: dict(getattr(before, kind)) for kind in kinds.values()}
    have["profile"] = {"result": before.result}
    for step in steps:
        if step.what == "profile":
            have["profile"] = {key: getattr(after, key) for key in step.keys}
            continue
        kind = kinds[step.what]
        new = getattr(after, kind).get(step.subject)
        if step.change == "remove":
            del have[kind][step.subject]
        elif step.change == "add":
            have[kind][step.subject] = new
        elif not step.keys and step.what != "worker":
            for other in NOUNS:
                have[other].pop(step.subject, None)
            have[kind][step.subject] = new
        else:
            taken = {keys_of(new)[key]: getattr(new, keys_of(new)[key]) for key in step.keys}
            have[kind][step.subject] = have[kind][step.subject].model_copy(update=taken)
    return have


@given(profiles(), profiles(), st.dictionaries(st.sampled_from(NAMES), st.integers(0, 4)))
def test_what_a_plan_says_leads_from_one_profile_to_the_other(
    before: Profile, after: Profile, replicas: Mapping[str, int]
) -> None:
    """Nothing that differs is left out, and nothing is touched that does not differ."""
    steps = plan(before, after, replicas)
    have = applied(before, after, steps)
    assert have.pop("profile") == {"result": after.result}
    assert have == {kind: getattr(after, kind) for kind in have}
    for step in steps:
        old, new = before.workers.get(step.subject), after.workers.get(step.subject)
        if step.what != "worker" or old is None or new is None:
            continue
        attributes = keys_of(new)
        assert all(getattr(old, attributes[key]) != getattr(new, attributes[key]) for key in step.keys)
        assert step.change != "update" or set(step.keys) <= LIVE_KEYS | {"replicas"}


@given(profiles(), st.dictionaries(st.sampled_from(NAMES), st.integers(0, 4)))
def test_a_profile_that_is_the_same_needs_nothing(profile: Profile, replicas: Mapping[str, int]) -> None:
    """Whatever was scaled by hand."""
    assert plan(profile, profile.model_copy(deep=True), replicas) == ()


@given(profiles(), profiles())
def test_a_worker_has_one_restart_or_one_update(before: Profile, after: Profile) -> None:
    """And beside it one scale at most."""
    steps = [(step.what, step.subject, "scale" if step.change == "scale" else "") for step in plan(before, after, {})]
    assert len(steps) == len(set(steps))


def test_of_the_log_it_is_said_what_waits_for_the_next_run(load: Load) -> None:
    """What is kept of a log can be changed at once; what processes of their own were started with cannot."""
    before = load(DECK)

    def told(logs: str) -> list[str]:
        return [change.text for change in plan(before, load(f"[logs]\n{logs}\n{DECK}"), {})]

    assert told('keep_size = "1GiB"\nsegment_size = "1MiB"') == ["go on without a restart"]
    assert told('compress = true\nkeep_age = "1h"') == [
        'go on without a restart; "compress" counts when the engine starts'
    ]
