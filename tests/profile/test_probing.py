"""A check that cannot be is told why, with its place in the list and what fits instead."""

from __future__ import annotations

import pytest

from .conftest import Load, Mistakes

TABLE_RULE = 'must be "ctx", "notify" or "heartbeat", or a table such as { tcp = "127.0.0.1:6390" }'


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ('ready = "ctxx"', f'3: ready in [workers.a] {TABLE_RULE}; did you mean "ctx"?'),
        ("ready = 3", f"3: ready in [workers.a] {TABLE_RULE}"),
        ('ready = ["ctx", 3]', f"3: item 2 of ready in [workers.a] {TABLE_RULE}"),
        ("ready = []", "3: ready in [workers.a] is empty; name a check, such as"),
        ("ready = { tpc = 3 }", '3: unknown key "tpc" in [workers.a.ready]; did you mean "tcp"?'),
        (
            'ready = ["ctx", { tpc = 3 }]',
            '3: unknown key "tpc" in item 2 of ready in [workers.a]; did you mean "tcp"?',
        ),
        ("ready = { ctx = false }", "3: ctx in [workers.a.ready] must be true; remove it if there is to be no such"),
        ('ready = { tcp = "x:y" }', '3: tcp in [workers.a.ready] must be an address such as "127.0.0.1:6390", ":6390"'),
        ("\nready = [{ tcp = 0 }]", "4: tcp of item 1 of ready in [workers.a] must have a port from 1 to 65535"),
        ("ready = { http = 3 }", "3: http in [workers.a.ready] must be a URL in quotes or a table; for example http ="),
        ('ready = { http = "ftp://x" }', "3: http in [workers.a.ready] must be a URL such as"),
        (
            'ready = { http = { url = "http://x", status = [300, 200] } }',
            "3: status in [workers.a.ready.http] must be a status such as 200, or the lowest and the highest, such as",
        ),
        (
            'ready = [{ http = { ulr = "http://x" } }]',
            '3: unknown key "ulr" in http of item 1 of ready in [workers.a]; did you mean "url"?',
        ),
        ("ready = { http = {} }", "3: url in [workers.a.ready.http] is missing; for example url ="),
        ("ready = { exec = [] }", "3: exec in [workers.a.ready] is empty; a list starts with the program"),
        ('ready = { exec = " " }', "3: exec in [workers.a.ready] is empty; write a shell line"),
        ("ready = { exec = ['x', 1] }", "3: exec in [workers.a.ready] must be a shell line in quotes or a list of"),
        ("ready = { fd = 2 }", "3: fd in [workers.a.ready] must be at least 3; for example fd = 3"),
        ('ready = { log = "(" }', "3: log in [workers.a.ready] is no regular expression: missing ), unterminated"),
        ("alive = { watchdog = true }", "3: watchdog in [workers.a.alive] must be a duration such as"),
        ('alive = { heartbeat = "0s" }', "3: heartbeat in [workers.a.alive] must be more than 0"),
        ("ready = { tcp = 1, interval = 0 }", "3: interval in [workers.a.ready] must be more than 0"),
        ("ready = { tcp = 1, failures = 0 }", "3: failures in [workers.a.ready] must be at least 1; for example"),
        (
            'ready = { tcp = 3, http = "http://x" }',
            '3: a check in ready of worker "a" has both tcp and http; write a list of two checks, which must both pass',
        ),
        (
            'ready = { interval = "1s" }',
            '3: a check in ready of worker "a" does not say what it checks; give one of ctx, notify, heartbeat, tcp,',
        ),
        ('ready = { watchdog = "3s" }', '3: the check "watchdog" cannot be in ready; it belongs in alive'),
        ('alive = ["notify"]', '3: the check "notify" cannot be in alive; it belongs in startup or ready'),
        ("alive = { fd = 3 }", '3: the check "fd" cannot be in alive; it belongs in startup or ready'),
        (
            'alive = "heartbeat"',
            '3: the heartbeat check of worker "a" does not say how often one comes; give it, such as alive = { heartb',
        ),
    ],
)
def test_a_check_that_cannot_be_is_told_why(mistakes: Mistakes, body: str, told: str) -> None:
    """One sentence for one mistake."""
    actual = mistakes(f'[workers.a]\ntarget = "m:f"\n{body}\n')
    assert [mistake[: len(told)] for mistake in actual] == [told]


def test_a_mistake_in_a_table_of_its_own_has_its_own_line(mistakes: Mistakes) -> None:
    """`[workers.a.ready]` and `[[workers.a.alive]]` have lines for their keys."""
    told = mistakes("""\
        [workers.a]
        target = "m:f"
        [workers.a.ready]
        tcp = "x"
        timeout = "soon"
        [[workers.a.alive]]
        tcp = 80
        [[workers.a.alive]]
        exec = "true"
        failures = 0
        """)
    assert [mistake.split(" must")[0] for mistake in told] == [
        "4: tcp in [workers.a.ready]",
        "5: timeout in [workers.a.ready]",
        "10: failures of item 2 of alive in [workers.a]",
    ]


def test_only_python_workers_talk_to_the_agent(mistakes: Mistakes) -> None:
    """A command has no ctx."""
    told = mistakes('[workers.a]\ncommand = "x"\nready = ["ctx", "notify"]\nalive = { heartbeat = "3s" }\n')
    sentence = 'has no meaning for worker "a": a command is executed directly; use notify, tcp, http, exec or log'
    assert told == [f'3: the check "ctx" {sentence}', f'4: the check "heartbeat" {sentence}']


@pytest.mark.parametrize("where", ["[workers.a]", "[defaults]"])
def test_a_heartbeat_check_may_take_the_workers_own(load: Load, where: str) -> None:
    """`heartbeat` of the worker or of [defaults] says how often."""
    profile = load(
        f'workers.a.target = "m:f"\nworkers.a.alive = "heartbeat"\n{where}\nheartbeat = "3s"\n'.replace(
            "[workers.a]\n", "workers.a."
        )
    )
    worker = profile.workers["a"]
    assert (worker.alive[0].period_s, worker.heartbeat_s) == (None, 3.0)


def test_no_mistake_in_a_check_repeats_what_may_be_a_secret(mistakes: Mistakes) -> None:
    """URLs, programs and patterns may hold one."""
    told = mistakes(
        """\
        [workers.a]
        target = "m:f"
        startup = [{ http = "ftp://u:hunter2@h" }, { exec = ["hunter2", 3] }]
        ready = [{ http = { url = "http://u:hunter2@h:x" } }, { tcp = "hunter2@h:80" }, "hunter2"]
        alive = { exec = { hunter2 = "hunter2" } }
        stop_command = { x = "hunter2" }
        """
    )
    assert len(told) == 7
    assert not [mistake for mistake in told if "hunter2" in mistake]
