"""The launch order of a pool: what its process is told, and what people read of it."""

from __future__ import annotations

import json
import os
import textwrap
from pathlib import Path
from typing import Any

import pytest

from supervisor.processes.launching import METHOD_MEANING
from supervisor.processes.preparing import Surroundings, choose_method, prepare, process_count, runs_text
from supervisor.profile.loading import load_profile
from supervisor.profile.model import WorkerSpec

POOL = """
[queues.paths]
[queues.hashes]
[pools.hash]
function = "census:hash_file"
"""


def subject_of(place: Path, text: str, worker: str = "hash") -> dict[str, Any]:
    """What the agent of a worker is told to run; it has been JSON on the way."""
    order = prepare(spec_of(place, text, worker), 1, 1, (), Surroundings(place, place / "out", 65536, {}))
    subject: dict[str, Any] = json.loads(json.dumps(order.subject))
    return subject


def spec_of(place: Path, text: str, worker: str = "hash") -> WorkerSpec:
    path = place / "deck.toml"
    path.write_text(textwrap.dedent(text))
    return load_profile(path).workers[worker]


def test_order_of_a_pool_has_everything_its_process_needs(tmp_path: Path) -> None:
    """Every key, in the words of the pool's process: paths absolute, times in seconds."""
    subject = subject_of(
        tmp_path,
        POOL
        + """
        items = "census:list_files"
        args = { root = "@stdlib", to = "@output/x" }
        processes = 3
        method = "imap"
        chunksize = 16
        timeout = "30s"
        retries = { max = 2, backoff = "1s..4s" }
        maxtasksperchild = 100
        initializer = "census:begin"
        initargs = ["@profile/db", 3]
        finalizer = "census:end"
        on_result = "census:save"
        on_error = "census:note"
        on_complete = "census:report"
        results = "@output/hashes.ndjson"
        max_failures = 7
        resume = true
        start_method = "forkserver"
        preload = ["json"]
        """,
    )
    assert subject == {
        "kind": "pool",
        "target": "census:hash_file",
        "pools": {},
        "pool": {
            "name": "hash",
            "function": "census:hash_file",
            "items": {
                "kind": "target",
                "target": "census:list_files",
                "args": {"root": "@stdlib", "to": f"{tmp_path}/out/x"},
            },
            "processes": 3,
            "method": "imap",
            "chunksize": 16,
            "timeout_s": 30.0,
            "retries": 2,
            "backoff_min_s": 1.0,
            "backoff_max_s": 4.0,
            "maxtasksperchild": 100,
            "initializer": "census:begin",
            "initargs": [f"{tmp_path}/db", 3],
            "finalizer": "census:end",
            "on_result": "census:save",
            "on_error": "census:note",
            "on_complete": "census:report",
            "results": {"kind": "file", "path": f"{tmp_path}/out/hashes.ndjson"},
            "max_failures": 7,
            "resume": True,
            "start_method": "forkserver",
            "preload": ["json"],
        },
    }


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("3", {"kind": "range", "start": 0, "stop": 3, "step": 1}),
        ("{ range = [1, 9, 2] }", {"kind": "range", "start": 1, "stop": 9, "step": 2}),
        ('["a", 2]', {"kind": "list", "values": ["a", 2]}),
        ('{ queue = "paths" }', {"kind": "queue"}),
        ('{ lines = "/etc/hosts" }', {"kind": "lines", "path": "/etc/hosts"}),
        ('{ files = "@stdlib/json/*.py" }', {"kind": "files", "pattern": f"{os.path.dirname(os.__file__)}/json/*.py"}),
    ],
)
def test_items_as_the_process_gets_them(tmp_path: Path, written: str, told: dict[str, Any]) -> None:
    """Whichever way they are written."""
    assert subject_of(tmp_path, f"{POOL}items = {written}")["pool"]["items"] == told


def test_paths_of_items_and_results_begin_at_the_profile(tmp_path: Path) -> None:
    """The working directory may be another."""
    pool = subject_of(tmp_path, f'{POOL}items = {{ lines = "urls.txt" }}\nresults = "x.ndjson"\ncwd = "/"')["pool"]
    assert (pool["items"]["path"], pool["results"]["path"]) == (f"{tmp_path}/urls.txt", f"{tmp_path}/x.ndjson")


def test_cpus_are_those_that_a_process_may_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the interpreter counts them, and where it does not, the processors of its affinity."""
    monkeypatch.setattr(os, "process_cpu_count", lambda: 7, raising=False)
    assert subject_of(tmp_path, f"{POOL}items = 3")["pool"]["processes"] == 7
    monkeypatch.delattr(os, "process_cpu_count")
    assert process_count() == len(os.sched_getaffinity(0))


def test_every_python_worker_is_told_of_the_pools_for_code(tmp_path: Path) -> None:
    """Those without items; a command is not."""
    text = """
    [workers.a]
    target = "m:f"
    [workers.b]
    command = "true"
    [pools.code]
    processes = 2
    start_method = "spawn"
    """
    subject = subject_of(tmp_path, text, "a")
    assert (subject["kind"], subject["pools"]["code"]["processes"]) == ("target", 2)
    assert (subject["pools"]["code"]["items"], subject["pools"]["code"]["start_method"]) == (None, "spawn")
    assert subject_of(tmp_path, text, "b") == {}


def test_pool_is_told_in_a_line(tmp_path: Path) -> None:
    """What is called and over what; secrets of its arguments masked."""
    assert runs_text(spec_of(tmp_path, f"{POOL}items = 10")) == "pool of census:hash_file over range(0, 10)"
    spec = spec_of(tmp_path, f'{POOL}items = "census:list"\nargs = {{ n = 3, api_token = "abcdefgh1" }}')
    assert runs_text(spec) == "pool of census:hash_file over census:list(n=3, api_token=••••••)"


def test_start_method_of_a_pool_is_chosen_as_of_a_worker(tmp_path: Path) -> None:
    """Its own process is started by it; one under another interpreter cannot be a fork of the engine."""
    plain = choose_method(spec_of(tmp_path, f'{POOL}items = 3\nstart_method = "fork"'))
    other = choose_method(spec_of(tmp_path, f'{POOL}items = 3\nstart_method = "fork"\npython = "python3"'))
    assert (plain.method, plain.reason, other.method) == ("fork", "named in [pools.hash]", "spawn")
    assert METHOD_MEANING[plain.method] == plain.meaning
