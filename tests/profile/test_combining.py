"""Keys of one worker that contradict each other, and forms that would mean something else than they say."""

from __future__ import annotations

import pytest

from supervisor.profile.notations import CRON_RULE, SIGNAL_RULE, UMASK_RULE

from .conftest import Load, Mistakes

WORKER = '[workers.a]\ntarget = "m:f"\n'


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ('schedule = "* * *"', f"3: schedule in [workers.a] {CRON_RULE}; it needs 5 parts"),
        (
            "schedule = 3",
            "3: schedule in [workers.a] must be a cron expression in quotes or a table; for example sched",
        ),
        ('schedule = { cron = "61 * * * *" }', f"3: cron in [workers.a.schedule] {CRON_RULE}; the part for the minute"),
        (
            'schedule = { cron = "* * * * *", overlap = "skp" }',
            '3: overlap in [workers.a.schedule] must be "skip", "queue" or "restart"; did you mean "skip"?',
        ),
        ('schedule = { every = "0s" }', "3: every in [workers.a.schedule] must be more than 0"),
        (
            'schedule = { cron = "* * * * *", every = "1s" }',
            '3: the schedule of worker "a" has both cron and every; keep one',
        ),
        ('schedule = { corn = "* * * * *" }', '3: unknown key "corn" in [workers.a.schedule]; did you mean "cron"?'),
        ("schedule = {}", '3: the schedule of worker "a" does not say when; give cron = "*/5 * * * *" or every ='),
        (
            'schedule = { every = "10s" }\nsignificant = true',
            '4: worker "a" is significant and has a schedule: its first end would end the run; remove one of the two',
        ),
        (
            'schedule = { every = "10s" }\nrestart = "always"',
            '4: worker "a" has a schedule and restart = "always", which would leave it no time to wait for; use',
        ),
        (
            'schedule = "@hourly"\n[defaults]\nname = 3',
            f'3: schedule in [workers.a] {CRON_RULE}; did you mean "0 * * * *"?',
        ),
        (
            'schedule = { every = "10s" }\n[defaults]\nrestart = { policy = "always" }',
            '3: worker "a" has a schedule and restart = "always" from [defaults], which would leave it no time to wait',
        ),
        ("watch = []", '3: watch in [workers.a] is empty; for example watch = ["src/**/*.py"]'),
        ('watch = "src"', "3: watch in [workers.a] must be a list of patterns or a table; for example watch ="),
        ("watch = ['a', 3]", "3: item 2 of watch in [workers.a] must be text in quotes"),
        ('watch = { path = ["x"] }', '3: unknown key "path" in [workers.a.watch]; did you mean "paths"?'),
        (
            'watch = ["/etc/x"]',
            '3: watch of worker "a" has the pattern "/etc/x"; patterns begin in the directory of the profile, such as',
        ),
        (
            'watch.paths = ["x"]\nwatch.ignore = ["src/**.py"]',
            '4: watch of worker "a" has the pattern "src/**.py"; "**" stands for directories and must be alone',
        ),
        ('watch = ["a**b"]', '3: watch of worker "a" has the pattern "a**b"; "**" stands for directories and must be'),
        ('watch = [""]', '3: watch of worker "a" has the pattern ""; a pattern names files, such as "src/**/*.py"'),
        ("umask = 22", f'3: the umask of worker "a" {UMASK_RULE}'),
        ("[defaults]\numask = 0o022", f"4: the umask of [defaults] {UMASK_RULE}"),
        ('umask = "99"', f"3: umask in [workers.a] {UMASK_RULE}"),
        ("nice = 20", "3: nice in [workers.a] must be at most 19"),
        ("nice = -21", "3: nice in [workers.a] must be at least -20; for example nice = 5"),
        ('stop_signal = "TREM"', f'3: stop_signal in [workers.a] {SIGNAL_RULE}; did you mean "SIGTERM"?'),
        ('stop_signal = "STOP"', "3: stop_signal in [workers.a] must be a signal that ends a process; SIGSTOP only"),
        ("stop_command = []", "3: stop_command in [workers.a] is empty; a list starts with the program"),
        ('user = "no body"', '3: user in [workers.a] names a user that this machine does not have, "no body"'),
        ("group = true", "3: group in [workers.a] must be the name of a group, such as"),
        ("success_exit_codes = [0, 256]", "3: item 2 of success_exit_codes in [workers.a] must be at most 255"),
        ("success_exit_codes = []", "3: success_exit_codes in [workers.a] is empty; for example success_exit_codes ="),
        ("success_exit_codes = 3", "3: success_exit_codes in [workers.a] must be a list; for example"),
        ("max_age = 0", "3: max_age in [workers.a] must be more than 0"),
        ('max_memory = "much"', '3: max_memory in [workers.a] must be a size such as "64MiB", "10MB"'),
        ("start_timeout = 0", '3: start_timeout in [workers.a] must be more than 0, or "unlimited"'),
        ('start_timeout = "ever"', "3: start_timeout in [workers.a] must be a duration such as"),
        ("significant = 1", "3: significant in [workers.a] must be true or false; for example significant = true"),
        ("restart = { jitter = 2 }", "3: jitter in [workers.a.restart] must be at most 1"),
        ("restart = { jitter = true }", "3: jitter in [workers.a.restart] must be a number; for example jitter = 0.1"),
        ("restart = { reset_after = 0 }", "3: reset_after in [workers.a.restart] must be more than 0"),
        (
            "[defaults]\ndepends_on = ['a']",
            '4: unknown key "depends_on" in [defaults]; it is for one worker alone: put it in [workers.NAME]',
        ),
    ],
)
def test_a_worker_that_could_not_run_so_is_told_why(mistakes: Mistakes, body: str, told: str) -> None:
    """One sentence for one mistake, on the line of the key that has to change."""
    actual = [mistake for mistake in mistakes(f"{WORKER}{body}\n") if '"name"' not in mistake]
    assert [mistake[: len(told)] for mistake in actual] == [told]


def test_a_pattern_that_was_almost_right_is_corrected(mistakes: Mistakes) -> None:
    """Where the meaning is plain."""
    (told,) = mistakes(f'{WORKER}watch = ["src/**.py"]\n')
    assert told.endswith('; did you mean "src/**/*.py"?')


def test_how_a_worker_runs_is_read_with_its_units(load: Load) -> None:
    """Attributes carry the units that the keys have not."""
    worker = load(
        f"""\
{WORKER}restart = {{ jitter = 0, reset_after = "10m" }}
success_exit_codes = [0, 3]
significant = true
max_age = "1h"
max_memory = "500MiB"
watch = ["src/**/*.py", "../shared/*.toml"]
start_timeout = "2m"
stop_signal = "int"
stop_command = "redis-cli shutdown"
nice = -5
umask = "027"
user = 0
group = 0
"""
    ).workers["a"]
    assert (worker.restart.jitter, worker.restart.reset_after_s, worker.success_exit_codes) == (0.0, 600.0, [0, 3])
    assert (worker.significant, worker.max_age_s, worker.max_memory_bytes) == (True, 3600.0, 500 * 2**20)
    assert worker.watch is not None
    assert (worker.watch.paths, worker.watch.debounce_s) == (["src/**/*.py", "../shared/*.toml"], 0.3)
    assert (worker.start_timeout_s, worker.stop_signal) == (120.0, "SIGINT")
    assert worker.stop_command == ("/bin/sh", "-c", "redis-cli shutdown")
    assert (worker.nice, worker.umask, worker.user, worker.group) == (-5, 0o027, 0, 0)


def test_what_is_not_said_is_as_ever(load: Load) -> None:
    """No limit, no schedule, no check; a minute to start."""
    worker = load(WORKER).workers["a"]
    assert (worker.restart.jitter, worker.restart.reset_after_s, worker.success_exit_codes) == (0.1, None, [0])
    assert (worker.significant, worker.max_age_s, worker.max_memory_bytes) == (False, None, None)
    assert (worker.schedule, worker.watch, worker.depends_on, worker.limits) == (None, None, {}, {})
    assert (worker.start_timeout_s, worker.stop_signal, worker.stop_command) == (60.0, "SIGTERM", ())
    assert (worker.nice, worker.umask, worker.user, worker.group, worker.env_file) == (None, None, None, None, [])
    assert load(f'{WORKER}start_timeout = "unlimited"\n').workers["a"].start_timeout_s is None


def test_a_schedule_is_a_line_or_a_table(load: Load) -> None:
    """With what happens when it still runs."""
    line = load(f'{WORKER}schedule = "*/5 * * * *"\n').workers["a"].schedule
    table = load(f'{WORKER}schedule = {{ every = "10s", overlap = "queue", at_start = true }}\n').workers["a"].schedule
    assert line is not None
    assert table is not None
    assert (line.cron, line.every_s, line.overlap, line.at_start) == ("*/5 * * * *", None, "skip", False)
    assert (table.cron, table.every_s, table.overlap, table.at_start) == (None, 10.0, "queue", True)


def test_defaults_reach_every_worker(load: Load) -> None:
    """Also a command: nothing of this needs our code inside it."""
    profile = load("""\
        [defaults]
        restart = { policy = "never", jitter = 0.5 }
        success_exit_codes = [0, 2]
        max_age = 60
        max_memory = 1000
        start_timeout = "unlimited"
        stop_signal = "QUIT"
        stop_command = ["x"]
        limits = { nofile = 10 }
        nice = 1
        umask = "007"
        [workers.a]
        target = "m:f"
        [workers.b]
        command = "x"
        """)
    for worker in profile.workers.values():
        assert (worker.restart.policy, worker.restart.jitter, worker.success_exit_codes) == ("never", 0.5, [0, 2])
        assert (worker.max_age_s, worker.max_memory_bytes, worker.start_timeout_s) == (60.0, 1000, None)
        assert (worker.stop_signal, worker.stop_command, worker.limits) == ("SIGQUIT", ("x",), {"nofile": (10, 10)})
        assert (worker.nice, worker.umask) == (1, 7)
