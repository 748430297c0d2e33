"""Whatever a file holds, it loads or its mistakes are told; nothing else is raised."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from supervisor.processes.preparing import Surroundings, pool_order
from supervisor.profile import loading
from supervisor.profile.channels import CHANNEL_TABLES
from supervisor.profile.checks import HttpTable, ProbeTable
from supervisor.profile.limits import LimitsTable
from supervisor.profile.model import KINDS, LogSpec, Profile, RestartSpec, ScheduleSpec, WatchSpec, WorkerSpec
from supervisor.profile.placing import Place
from supervisor.profile.pools import ItemsSpec, PoolSpec, ResultsSpec, RetriesSpec
from supervisor.profile.running import GroupSpec
from supervisor.profile.table import Table
from supervisor.profile.wording import known_keys

INNER: list[type[Table]] = [RestartSpec, ScheduleSpec, WatchSpec, ProbeTable, HttpTable, LimitsTable, GroupSpec]
POOLS: list[type[Table]] = [PoolSpec, ItemsSpec, ResultsSpec, RetriesSpec]
MODELS: list[type[Table]] = [Profile, WorkerSpec, LogSpec, *POOLS, *INNER, *CHANNEL_TABLES.values()]
KEYS = sorted({key for model in MODELS for key in known_keys(model)})
NAMES = st.sampled_from(["a", "b", "engine", "a.1", "ctx", "", "restart", "policy"])
SCALARS = st.one_of(
    st.integers(),
    st.booleans(),
    st.floats(),
    st.just(dt.date(2020, 1, 1)),
    st.text(max_size=5),
    st.sampled_from(["m:f", "a", "b", "never", "fork", "5s", "1s..2s", "64MiB", "@output/x", "barrier", "q", "u"]),
    st.sampled_from(["* * * * *", ":80", "http://h", "SIGHUP", "027", "ready", "one-for-all", "unlimited", "**/*"]),
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.one_of(NAMES, st.sampled_from(KEYS)), inner, max_size=4)
    ),
    max_leaves=6,
)
CHANNELS = st.one_of(
    VALUES, st.dictionaries(NAMES, st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=4), max_size=2)
)
TABLES = st.fixed_dictionaries(
    {},
    optional={
        "workers": st.one_of(
            VALUES, st.dictionaries(NAMES, st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=6), max_size=3)
        ),
        "defaults": st.one_of(VALUES, st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=4)),
        **dict.fromkeys(CHANNEL_TABLES, CHANNELS),
        "groups": CHANNELS,
        "pools": CHANNELS,
        "logs": VALUES,
        "name": VALUES,
        "result": VALUES,
        "workerz": VALUES,
    },
)


@given(TABLES)
def test_any_tables_load_or_are_told_what_is_wrong(tables: dict[str, Any]) -> None:
    """A profile or sentences, never neither, and each sentence is one printable line."""
    profile, mistakes = loading._validated(tables, Path("deck.toml"), None, ())
    assert (profile is not None) or mistakes
    told = Place("deck.toml", (), {}).sentences(mistakes)
    assert all(sentence.startswith("deck.toml:1: ") and sentence.isprintable() for sentence in told)


@given(st.sampled_from(sorted(known_keys(WorkerSpec))), VALUES)
def test_any_value_of_a_worker_loads_or_is_told_what_is_wrong(key: str, value: Any) -> None:
    """Each key alone, so that its own sentences are seen often; a value that loads is one a worker can have."""
    worker = {"target": "m:f", key: value} if key not in KINDS else {key: value}
    profile, mistakes = loading._validated(
        {"workers": {"a": worker, "b": {"target": "m:f"}}}, Path("deck.toml"), None, ()
    )
    assert (profile is not None) or mistakes
    told = Place("deck.toml", (), {}).sentences(mistakes)
    assert all(sentence.startswith("deck.toml:1: ") and sentence.isprintable() for sentence in told)


@given(st.dictionaries(NAMES, st.fixed_dictionaries({"target": st.just("m:f")}), min_size=1))
def test_whatever_passes_both_checks_has_legal_names(workers: dict[str, Any]) -> None:
    """Checking and validation leave no gap between them."""
    profile, mistakes = loading._validated({"workers": workers}, Path("deck.toml"), None, ())
    is_right = not set(workers) & {"engine", "a.1", ""}
    assert (profile is not None and not mistakes) == is_right


@given(st.sampled_from(sorted(known_keys(PoolSpec))), VALUES)
def test_any_value_of_a_pool_loads_or_is_told_what_is_wrong(key: str, value: Any) -> None:
    """As of a worker; the pool that loads is a worker that can be started."""
    pool = {"function": "m:f", "items": 3, key: value}
    profile, mistakes = loading._validated({"pools": {"a": pool}}, Path("deck.toml"), None, ())
    assert (profile is not None) or mistakes
    told = Place("deck.toml", (), {}).sentences(mistakes)
    assert all(sentence.startswith("deck.toml:1: ") and sentence.isprintable() for sentence in told)
    if profile is not None and not mistakes:
        order = pool_order(profile.pools["a"], Surroundings(Path("/p"), Path("/out"), 0, {}))
        assert json.loads(json.dumps(order)).keys() == order.keys()
