"""Pools of a profile: what is written, what that means, and the worker that each with items is."""

from __future__ import annotations

from pathlib import Path

import pytest

from supervisor.profile.pools import ResultsSpec, RetriesSpec

from .conftest import Load

HASH = """
[queues.paths]
[queues.hashes]
[pools.hash]
function = "census:hash_file"
"""


@pytest.mark.parametrize(
    ("written", "kind", "text"),
    [
        ('"census:list_files"', "function", "census:list_files"),
        ("1000", "range", "range(0, 1000)"),
        ("{ range = [5] }", "range", "range(0, 5)"),
        ("{ range = [1, 5] }", "range", "range(1, 5)"),
        ("{ range = [10, 0, -2] }", "range", "range(10, 0, -2)"),
        ('{ lines = "urls.txt" }', "lines", "lines of urls.txt"),
        ('{ files = "photos/*.jpg" }', "files", "photos/*.jpg"),
        ('["a", 2, { b = 3 }]', "values", "3 values"),
        ('["a"]', "values", "1 value"),
        ('{ queue = "paths" }', "queue", "queue paths"),
        ('{ function = "census:list_files" }', "function", "census:list_files"),
    ],
)
def test_items_are_written_short_or_as_a_table(load: Load, written: str, kind: str, text: str) -> None:
    """Whatever an iterable may come from."""
    items = load(f"{HASH}items = {written}").pools["hash"].items
    assert items is not None
    assert (items.kind, items.text) == (kind, text)


def test_what_is_not_said_has_a_default(load: Load) -> None:
    """As many members as processors, results as they come, nothing tried again."""
    pool = load(f"{HASH}items = 3").pools["hash"]
    assert (pool.processes, pool.method, pool.chunksize) == ("cpus", "imap_unordered", "auto")
    assert pool.retries == RetriesSpec(max=0, backoff_min_s=0.5, backoff_max_s=30.0)
    assert (pool.timeout_s, pool.results, pool.max_failures, pool.resume) == (None, None, None, False)
    assert pool.restart.policy == "on-failure"


def test_short_forms_are_their_tables(load: Load) -> None:
    """Retries as a number or with their waits, results as a file or a queue."""
    short = load(f"{HASH}items = 3\nretries = 2\nresults = 'x.ndjson'").pools["hash"]
    long = load(f"{HASH}items = 3\nretries = {{ max = 2, backoff = '1s..2s' }}\nresults = {{ queue = 'hashes' }}")
    assert short.retries == RetriesSpec(max=2)
    assert short.results == ResultsSpec(file="x.ndjson")
    assert long.pools["hash"].retries == RetriesSpec(max=2, backoff_min_s=1.0, backoff_max_s=2.0)
    assert long.pools["hash"].results == ResultsSpec(queue="hashes")


def test_pool_with_items_is_a_worker(load: Load) -> None:
    """Behind the others, with the keys of both; defaults count for it, and its queues are connected."""
    profile = load(
        f"""
        [defaults]
        stop_timeout = "9s"
        start_method = "spawn"
        env = {{ A = "1" }}
        [workers.after]
        target = "m:f"
        depends_on = {{ hash = "completed-ok" }}
        [groups.both]
        workers = ["hash", "after"]
        {HASH.replace(chr(10), chr(10) + "        ")}
        items = {{ queue = "paths" }}
        results = {{ queue = "hashes" }}
        processes = 3
        env = {{ B = "2" }}
        depends_on = []
        description = "hashes"
        significant = true
        """
    )
    assert list(profile.workers) == ["after", "hash"]
    worker = profile.workers["hash"]
    assert (worker.kind, worker.name, worker.replicas, worker.description) == ("pool", "hash", 1, "hashes")
    assert (worker.reads, worker.writes) == ({"items": "paths"}, {"results": "hashes"})
    assert (worker.stop_timeout_s, worker.start_method, worker.env) == (9.0, "spawn", {"A": "1", "B": "2"})
    assert worker.start_method_reason == "from [defaults]"
    assert worker.significant
    assert worker.pool == profile.pools["hash"]
    assert worker.pool is not None
    assert worker.pool.processes == 3


def test_pool_without_items_is_for_the_code_of_every_python_worker(load: Load) -> None:
    """It is no worker itself."""
    profile = load(
        """
        [workers.a]
        target = "m:f"
        [workers.b]
        command = "true"
        [pools.code]
        processes = 2
        start_method = "fork"
        [pools.items]
        function = "m:f"
        items = 3
        """
    )
    assert list(profile.workers) == ["a", "b", "items"]
    assert profile.workers["a"].pools == {"code": profile.pools["code"]} == profile.workers["items"].pools
    assert profile.workers["b"].pools == {}
    assert profile.pools["code"].start_method_reason == "named in [pools.code]"


def test_env_file_of_a_pool_is_its_workers(load: Load, tmp_path: Path) -> None:
    """What is in it counts for a reload, as for any worker."""
    path = tmp_path / "secrets"
    digests = []
    for text in ("A=1\n", "A=2\n"):
        path.write_text(text)
        worker = load(f"{HASH}items = 3\nenv_file = 'secrets'").workers["hash"]
        digests.append(worker.env_file_digest)
    assert digests[0] != digests[1]
    assert all(digests)
