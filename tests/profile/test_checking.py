"""Mistakes that only show when several keys are seen together."""

from __future__ import annotations

import pytest

from .conftest import Load, Mistakes

WORKER = '[workers.a]\ntarget = "m:f"\n'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", '1: the profile has no workers; add one, such as [workers.walk] with target = "census:walk"'),
        ("\n[workers]\n", '2: the profile has no workers; add one, such as [workers.walk] with target = "census:walk"'),
        ("workers = 3\n", "1: workers must be a table; write a table for each, such as [workers.name]"),
        ("[workers]\na = 3\n", "2: [workers.a] must be a table"),
        ("[[workers]]\na = 3\n", "1: workers must be a table; write a table for each, such as [workers.name]"),
        (
            WORKER + '[tick]\ncommand = "x"\n',
            '3: unknown key "tick" at the top of the profile; did you mean [workers.tick]?',
        ),
        (
            WORKER + "[boxes.x]\n",
            '3: unknown key "boxes" at the top of the profile; it may have name, description, result, defaults',
        ),
        (
            WORKER + "[queues.restart]\nmaxsiz = 3\n",
            '4: unknown key "maxsiz" in [queues.restart]; did you mean "maxsize"?',
        ),
        (
            WORKER + "[queues.reads]\nmaxsize = '3'\n",
            "4: maxsize in [queues.reads] must be a whole number; for example maxsize = 200",
        ),
        (WORKER + "[workers]\nrestart = 3\n", "4: [workers.restart] must be a table"),
        (WORKER + 'name = "a"\n', '3: unknown key "name" in [workers.a]; it may have '),
        (
            WORKER + "stop_timeout_s = 3\n",
            '3: unknown key "stop_timeout_s" in [workers.a]; did you mean "stop_timeout"?',
        ),
        (WORKER + "preload = ['x', 3]\n", "3: item 2 of preload in [workers.a] must be text in quotes"),
        (
            WORKER + "restart = 3\n",
            '3: restart in [workers.a] must be "never", "on-failure", "always" or a table; for ex',
        ),
        (
            WORKER + "autostart = 1\n",
            "3: autostart in [workers.a] must be true or false; for example autostart = false",
        ),
        (WORKER + "replicas = true\n", "3: replicas in [workers.a] must be a whole number; for example replicas = 3"),
        (WORKER + "replicas = 1001\n", "3: replicas in [workers.a] must be at most 1000"),
        (WORKER + "heartbeat = 0\n", "3: heartbeat in [workers.a] must be more than 0"),
        (WORKER + "hang_after = 0\n", "3: hang_after in [workers.a] must be more than 0"),
        (WORKER + 'blocked_after = "0s"\n', "3: blocked_after in [workers.a] must be more than 0"),
        (WORKER + "env = 3\n", '3: env in [workers.a] must be a table; for example env = { MODE = "test" }'),
        (WORKER + "restart.backoff = '9s..1s'\n", "3: backoff in [workers.a.restart] must be written shortest first"),
        (
            WORKER + "args = { when = 2020-01-01 }\n",
            "3: args in [workers.a] has a date or time, which cannot be passed",
        ),
    ],
)
def test_a_wrong_shape_is_told_with_the_right_one(mistakes: Mistakes, text: str, told: str) -> None:
    """Where, what is expected, and an example."""
    actual = mistakes(text)
    assert [mistake[: len(told)] for mistake in actual] == [told]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("replicas = 2", '1: worker "a" does not say what to run; give one of target, script, module, command'),
        (
            'target = "m:f"\ncommand = "ls"',
            '3: worker "a" has both target and command; a worker runs one thing: keep one',
        ),
        ('target = "m"', '2: the target of worker "a" must be "module:function", such as "census:walk"'),
        ('target = "m.py:f"', '2: the target of worker "a" must be "module:function"; did you mean "m:f"?'),
        ('target = "pkg.m.f()"', '2: the target of worker "a" must be "module:function"; did you mean "pkg.m:f"?'),
        ('target = "m:1f"', '2: the target of worker "a" must be "module:function", such as "census:walk"'),
        ('module = "a b"', '2: the module of worker "a" must be a dotted name, such as "http.server"'),
        ('script = ""', '2: the script of worker "a" is empty; name a Python file'),
        ("command = '  '", "2: command in [workers.a] is empty; write a shell line such as"),
        ("command = []", "2: command in [workers.a] is empty; a list starts with the program"),
        ("command = ['']", "2: command in [workers.a] is empty; a list starts with the program"),
        ("command = ['sleep', 3]", "2: command in [workers.a] must be a list of text"),
        ("command = 3", "2: command in [workers.a] must be a shell line in quotes or a list of text"),
        ('command = "ls"\nargs = ["-l"]', '3: worker "a" is a command: write its arguments in command itself'),
        ('target = "m:f"\nargs = ["-l"]', "3: the args of a target must be a table of parameters"),
        ('script = "s.py"\nargs = { a = 1 }', "3: the args of a script or module must be a list of text"),
        ('script = "s.py"\nargs = [1]', "3: args in [workers.a] must be a list of text"),
        ('script = "s.py"\nargs = 1', "3: args in [workers.a] must be a table such as"),
        (
            'command = "ls"\nreads = { a = "q" }',
            '3: worker "a" cannot have reads: channels are passed as parameters of a Python',
        ),
        (
            'command = "ls"\nheartbeat = "3s"',
            '3: heartbeat has no meaning for worker "a": a command is executed directly',
        ),
        ('target = "m:f"\nreads = { ctx = "q" }', '3: the parameter "ctx" always receives the Context; name this one'),
        ('target = "m:f"\nreads = { "a b" = "q" }', '3: "a b" cannot be a parameter of a Python function'),
        ('target = "m:f"\nargs = { class = 1 }', '3: "class" cannot be a parameter of a Python function'),
        (
            'target = "m:f"\nargs = { a = 1 }\nreads = { a = "q" }',
            '4: worker "a" gives the parameter "a" twice; keep one',
        ),
        (
            'target = "m:f"\nreads = { a = "zz" }',
            '3: no channel is called "zz" (there is "q"); declare it with [queues.zz]',
        ),
        (
            'target = "m:f"\nreads = { a = 3 }',
            '3: a in [workers.a.reads] must be text in quotes; for example a = "..."',
        ),
        (
            'target = "m:f"\nreads = "q"',
            '3: reads in [workers.a] must be a table; for example reads = { inbox = "paths" }',
        ),
    ],
)
def test_a_worker_that_cannot_be_is_told_why(mistakes: Mistakes, body: str, told: str) -> None:
    """One thing to run, arguments of its shape, channels that exist."""
    actual = mistakes(f"[workers.a]\n{body}\n[queues.q]\n")
    assert [mistake[: len(told)] for mistake in actual] == [told]


@pytest.mark.parametrize(
    ("tables", "told"),
    [
        ("[workers.engine]", '1: the worker name "engine" is reserved for procdeck itself; choose another'),
        ("[workers.'a.1']", '1: the worker name "a.1" is not allowed: names start with a letter'),
        ("[queues.x]\n[pipes.x]\n[workers.a]", '2: "x" is already the name of a queue; give the pipe another'),
        (
            "[values.x]\ntype = 'd'\n[locks.x]\n[workers.a]",
            '3: "x" is already the name of a value; give the lock another',
        ),
        (
            "[events.x]\n[namespaces.x]\n[workers.a]",
            '2: "x" is already the name of an event; give the namespace another',
        ),
        ("[blocks.engine]\nsize = 1\n[workers.a]", '1: the block name "engine" is reserved for procdeck itself'),
        ("[queues.x]\n[workers.x]", '2: "x" is already the name of a queue; give the worker another'),
        ("[queues.1x]\n[workers.a]", '1: the queue name "1x" is not allowed: names start with a letter'),
    ],
)
def test_a_name_that_cannot_be_is_told_why(mistakes: Mistakes, tables: str, told: str) -> None:
    """Workers and channels share one space of names, and none takes procdeck's own."""
    actual = mistakes(f'{tables}\ntarget = "m:f"\n')
    assert [mistake[: len(told)] for mistake in actual] == [told]


def test_a_channel_that_nobody_uses_is_no_mistake(load: Load) -> None:
    """Profiles grow piece by piece; preload without forkserver is as harmless."""
    profile = load('[queues.q]\n[workers.a]\ntarget = "m:f"\npreload = ["json"]\nstart_method = "fork"\n')
    assert list(profile.queues) == ["q"]


def test_defaults_that_only_python_knows_do_not_reach_commands(load: Load) -> None:
    """A command has no agent, so a default heartbeat would make it look hung."""
    text = '[defaults]\nheartbeat = "3s"\ncwd = "/"\n[workers.a]\ncommand = "ls"\n[workers.b]\ntarget = "m:f"\n'
    a, b = load(text).workers.values()
    assert (a.heartbeat_s, a.cwd, b.heartbeat_s, b.cwd) == (None, "/", 3.0, "/")
