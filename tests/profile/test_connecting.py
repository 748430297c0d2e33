"""Workers get channels that exist, of a kind that fits, as parameters they can have."""

from __future__ import annotations

import pytest

from .conftest import Load, Mistakes

CHANNELS = """
[queues.paths]
[pipes.talk]
[locks.gate]
[events.go]
[values.total]
type = "q"
[arrays.bins]
type = "d"
size = 8
[blocks.page]
size = "64KiB"
[dicts.seen]
[lists.names]
[namespaces.phase]
"""


def test_every_kind_of_channel_reaches_a_worker(load: Load) -> None:
    """Queues and pipes by reads and writes, all others by shares; parameters keep their names."""
    profile = load(
        """\
        [workers.a]
        target = "m:f"
        reads = { inbox = "paths" }
        writes = { out = "talk" }
        shares = { a = "gate", b = "go", c = "total", d = "bins", e = "page", f = "seen", g = "names", h = "phase" }
        """
        + CHANNELS.replace("\n", "\n        ")
    )
    worker = profile.workers["a"]
    assert (worker.reads, worker.writes) == ({"inbox": "paths"}, {"out": "talk"})
    assert list(worker.shares.values()) == ["gate", "go", "total", "bins", "page", "seen", "names", "phase"]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (
            'reads.x = "gate"',
            '3: "gate" is a lock, and reads is for queues and pipes; use shares',
        ),
        (
            'writes.x = "bins"',
            '3: "bins" is an array, and writes is for queues and pipes; use shares',
        ),
        (
            'shares.x = "paths"',
            '3: "paths" is a queue, and shares is for what has no direction; use reads or writes',
        ),
        (
            'shares.x = "talk"',
            '3: "talk" is a pipe, and shares is for what has no direction; use reads or writes',
        ),
        ('shares.x = "totl"', '3: no channel is called "totl"; did you mean "total"?'),
        ('reads.x = "totl"', '3: no channel is called "totl"; did you mean "total"?'),
        (
            'reads.x = "zz"',
            '3: no channel is called "zz" (there is "paths" and "talk"); declare it with [queues.zz]',
        ),
        (
            'shares.x = "z z"',
            '3: no channel is called "z z" (there is "gate", "go", "total", "bins", "page", "seen", "names" and "ph',
        ),
        ('shares.ctx = "total"', '3: the parameter "ctx" always receives the Context; name this one differently'),
        ('shares."a b" = "total"', '3: "a b" cannot be a parameter of a Python function'),
        (
            'reads.x = "paths"\nshares.x = "total"',
            '4: worker "a" gives the parameter "x" twice; keep one',
        ),
        (
            'args.x = 3\nshares.x = "total"',
            '4: worker "a" gives the parameter "x" twice; keep one',
        ),
        ("shares.x = 3", '3: x in [workers.a.shares] must be text in quotes; for example x = "..."'),
        (
            'shares = "total"',
            '3: shares in [workers.a] must be a table; for example shares = { total = "total" }',
        ),
    ],
)
def test_a_connection_that_cannot_be_is_told_why(mistakes: Mistakes, body: str, told: str) -> None:
    """What the channel is, which key takes it, and what is there instead."""
    actual = mistakes(f'[workers.a]\ntarget = "m:f"\n{body}\n{CHANNELS}')
    assert [mistake[: len(told)] for mistake in actual] == [told]


@pytest.mark.parametrize("kind", ["command", "script", "module"])
def test_only_a_target_shares(mistakes: Mistakes, kind: str) -> None:
    """What is passed as a parameter needs a function that has one."""
    (told,) = mistakes(f'[workers.a]\n{kind} = "x"\nshares.x = "total"\n{CHANNELS}')
    assert told.startswith('3: worker "a" cannot have shares: channels are passed as parameters of a Python function')
    assert told.endswith(f"a {kind} has none; use target")


def test_a_name_declared_twice_is_one_mistake(mistakes: Mistakes) -> None:
    """Whoever uses it is not told again."""
    text = '[workers.a]\ntarget = "m:f"\nreads.x = "n"\nshares.y = "n"\n[queues.n]\n[locks.n]\n'
    assert mistakes(text) == ['6: "n" is already the name of a queue; give the lock another']


def test_a_pipe_has_one_reader_and_one_writer(mistakes: Mistakes, load: Load) -> None:
    """Replicas count; a second reader is told to use a queue."""
    text = '[pipes.p]\n[workers.a]\ntarget = "m:f"\nreads.x = "p"\n[workers.b]\ntarget = "m:f"\nwrites.x = "p"\n'
    assert list(load(text).pipes) == ["p"]
    sentence = "by more than one replica, but it has one end for each side; use a queue"
    assert mistakes(text + "replicas = 2\n") == [f'7: the pipe "p" would be written {sentence}']
    assert mistakes(text + 'reads.y = "p"\n') == [f'8: the pipe "p" would be read {sentence}']
