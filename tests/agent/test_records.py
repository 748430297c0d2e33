"""Each test logs in a process of its own, as a worker does, and reads the lane's other end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from typing import Any

import pytest

from tests.agent.outcome import INSTALLED, PRELUDE, Outcome


def test_log_call_is_one_golden_line() -> None:
    """The agent format: time, level, message, logger, place; nothing that is not needed."""
    outcome = Outcome("logging.getLogger('census').info('parsed %s', 'ä\"\\n')")
    record = dict(outcome.records[0])
    assert len(record.pop("time")) == 27
    assert outcome.lines[0].startswith(b'{"time":"2')
    assert record == {"level": "INFO", "message": 'parsed ä"\n', "logger": "census", "place": "<string>:6 <module>"}
    assert (outcome.stderr, outcome.code) == ("", 0)


def test_time_is_utc_to_the_microsecond() -> None:
    """The text of a known moment, also across the cached second."""
    from supervisor.agent.record_lines import time_text

    moments = [1795354286.123456, 1795354286.5, 1795354287.0, 0.0, 1795354286.999999]
    assert [time_text(moment) for moment in moments] == [
        "2026-11-22T13:31:26.123456Z",
        "2026-11-22T13:31:26.500000Z",
        "2026-11-22T13:31:27.000000Z",
        "1970-01-01T00:00:00.000000Z",
        "2026-11-22T13:31:26.999999Z",
    ]


def test_exception_is_recorded_with_its_chain() -> None:
    """Type, message and the whole traceback, cause included."""
    outcome = Outcome(
        """
        class ParseError(Exception): pass
        try:
            try:
                {}['x']
            except KeyError as error:
                raise ParseError('bad') from error
        except ParseError:
            logging.getLogger('census').exception('failed')
        """
    )
    [record] = outcome.records
    exception = record["exception"]
    assert (record["level"], exception["type"], exception["message"]) == ("ERROR", "ParseError", "bad")
    assert "KeyError: 'x'" in exception["traceback"]
    assert "direct cause" in exception["traceback"]
    assert exception["traceback"].endswith("ParseError: bad\n")


def test_extra_fields_are_kept_whatever_they_are() -> None:
    """Plain values stay values; all else becomes text, and nothing can break the line."""
    outcome = Outcome(
        """
        class Bad:
            def __repr__(self): raise RuntimeError
        loop = []; loop.append(loop)
        logging.info('x', extra={'n': 1, 'f': 0.5, 'yes': True, 'none': None, 'd': {'a': [1]}, 'nan': float('nan'),
            'bad': Bad(), 'loop': loop, 'set': {1}, 'big': 10**30, 'sur': '\\udcff', 'long': 'x' * 10000})
        """
    )
    extra = outcome.records[0]["extra"]
    assert extra.pop("long").startswith("x" * 8192 + "… (and 1,808")
    assert extra == {
        "n": 1,
        "f": 0.5,
        "yes": True,
        "none": None,
        "d": {"a": [1]},
        "nan": "nan",
        "bad": "<Bad whose repr raises RuntimeError>",
        "loop": "[[...]]",
        "set": "{1}",
        "big": str(10**30),
        "sur": "\\udcff",
    }


def test_wrong_arguments_never_reach_user_code() -> None:
    """A log call that cannot be formatted says so in the log, and the worker goes on."""
    outcome = Outcome(
        """
        class Bad:
            def __str__(self): raise RuntimeError('no text')
        logging.info('%d files', 'many')
        logging.info(Bad())
        logging.info('%s', Bad())
        logging.info({'a': 1})
        logging.info('done')
        """
    )
    assert len(outcome.messages) == 5
    assert outcome.messages[0].startswith("a log call's message and arguments do not fit: '%d files' % ('many',)")
    assert "no text" in outcome.messages[1]
    assert "no text" in outcome.messages[2]
    assert outcome.messages[3:] == ["{'a': 1}", "done"]
    assert (outcome.stderr, outcome.code) == ("", 0)


def test_users_levels_and_handlers_are_respected() -> None:
    """A logger's own level filters; a handler that the user adds works beside the lane."""
    outcome = Outcome(
        """
        import io
        kept = io.StringIO()
        logging.getLogger('quiet').setLevel(logging.ERROR)
        logging.getLogger().addHandler(logging.StreamHandler(kept))
        logging.getLogger('quiet').warning('not this')
        logging.debug('nor this')
        logging.info('this')
        print(repr(kept.getvalue()))
        """
    )
    assert (outcome.messages, outcome.stdout) == (["this"], "'this\\n'\n")


@pytest.mark.parametrize(
    ("call", "messages", "stderr", "file"),
    [
        ("level=logging.DEBUG", ["debug", "info"], "", ""),
        ("level='WARNING', format='%(message)s'", [], "", ""),
        ("filename=path, level=logging.DEBUG", ["debug", "info"], "", "DEBUG:root:debug\nINFO:root:info\n"),
        ("force=True, level=logging.INFO", ["info"], "", ""),
        ("stream=sys.stdout, level=logging.INFO", ["info"], "", ""),
    ],
)
def test_basic_config_does_what_it_says(call: str, messages: list[str], stderr: str, file: str, tmp_path: Any) -> None:
    """Code written for a plain interpreter sets its level and gets the file it asks for."""
    path = tmp_path / "own.log"
    outcome = Outcome(
        f"path = {str(path)!r}\nlogging.basicConfig({call})\nlogging.debug('debug')\nlogging.info('info')"
    )
    written = path.read_text() if path.exists() else ""
    assert (outcome.messages, outcome.stderr, written) == (messages, stderr, file)


def test_warnings_become_records() -> None:
    """A warning is a record of level WARNING, not a line on stderr."""
    outcome = Outcome("warnings.warn('old way')")
    [record] = outcome.records
    assert (record["level"], record["logger"]) == ("WARNING", "py.warnings")
    assert record["message"].startswith("<string>:6: UserWarning: old way")
    assert not record["message"].endswith("\n")


def test_uncaught_exceptions_become_records() -> None:
    """Of the program, of a thread, and those that Python would only print."""
    outcome = Outcome(
        """
        def fall(): raise ValueError('in thread')
        class Leaving:
            def __del__(self): raise KeyError('in del')
        thread = threading.Thread(target=fall, name='T-1'); thread.start(); thread.join()
        Leaving()
        raise OSError('at last')
        """
    )
    shown = [(r["level"], r["logger"], r["exception"]["type"], r["exception"]["message"]) for r in outcome.records]
    assert shown == [
        ("ERROR", "procdeck.agent", "ValueError", "in thread"),
        ("ERROR", "procdeck.agent", "KeyError", "'in del'"),
        ("ERROR", "procdeck.agent", "OSError", "at last"),
    ]
    assert outcome.records[0]["thread"] == "T-1"
    assert outcome.messages[0] == "uncaught ValueError in thread T-1"
    assert (outcome.stderr, outcome.code) == ("", 1)


def test_children_that_a_worker_forks_log_with_their_pid() -> None:
    """A forked child's records come through the same lane, whole, whatever their size."""
    outcome = Outcome(
        """
        pids = []
        for child in range(3):
            pid = os.fork()
            if not pid:
                for number in range(200):
                    logging.info('%d %d %s', child, number, 'x' * (5000 if number % 7 == 0 else 10))
                os._exit(0)
            pids.append(pid)
        for number in range(200):
            logging.info('parent %d %s', number, 'y' * 9000)
        for pid in pids:
            os.waitpid(pid, 0)
        print(*pids)
        """
    )
    pids = list(map(int, outcome.stdout.split()))
    for child, pid in enumerate(pids):
        numbers = [int(r["message"].split()[1]) for r in outcome.records if r.get("pid") == pid]
        assert numbers == list(range(200)), child
    assert sum("pid" not in record for record in outcome.records) == 200


def test_threads_do_not_interleave() -> None:
    """Records longer than the kernel writes at once stay whole when threads log together."""
    outcome = Outcome(
        """
        def log(name):
            for number in range(100):
                logging.info('%s%s', name, name * 7000)
        threads = [threading.Thread(target=log, args=(name,)) for name in 'abc']
        [thread.start() for thread in threads]; [thread.join() for thread in threads]
        """
    )
    assert sorted(outcome.messages) == sorted(name * 7001 for name in "abc" for _ in range(100))


def test_signal_in_the_middle_of_a_long_record_does_not_tear_it() -> None:
    """A stop that arrives while the lane is full waits for the end of the record, then is raised."""
    reading, writing = os.pipe()
    code = PRELUDE + textwrap.dedent(
        """
        import signal
        records.install(lane)
        def stop(*args): raise SystemExit(7)
        signal.signal(signal.SIGTERM, stop)
        print('ready', flush=True)
        logging.info('x' * 500_000)
        """
    )
    worker = subprocess.Popen(
        [sys.executable, "-c", code, str(writing)], pass_fds=[writing], stdout=subprocess.PIPE, text=True
    )
    os.close(writing)
    assert worker.stdout is not None
    assert worker.stdout.readline() == "ready\n"
    with open(reading, "rb", buffering=0) as lane:
        data = lane.read(1000)  # the write has begun, and cannot end before it is read
        worker.terminate()
        while chunk := lane.read(65536):
            data += chunk
    assert json.loads(data)["message"] == "x" * 500_000
    assert worker.wait(60) == 7
    worker.stdout.close()


def test_signal_handler_may_log() -> None:
    """A handler that interrupts a log call and logs itself does not wait for its own lock."""
    outcome = Outcome(
        """
        import signal
        signal.signal(signal.SIGALRM, lambda *args: logging.info('from the handler'))
        signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
        for number in range(5000): logging.info('work')
        signal.setitimer(signal.ITIMER_REAL, 0)
        """
    )
    assert outcome.messages.count("work") == 5000
    assert outcome.messages.count("from the handler") > 0


def test_lane_that_nobody_reads_is_no_error() -> None:
    """When the engine is gone the worker's log calls do nothing."""
    outcome = Outcome(
        """
        other = os.pipe()
        records.install(other[1])
        os.close(other[0])
        log = logging.getLogger('x'); log.info('x'); log.info('y' * 9000)
        records.install(lane)
        logging.info('alive')
        """
    )
    assert (outcome.messages, outcome.stderr, outcome.code) == (["alive"], "", 0)


def test_record_written_before_sigkill_is_in_the_lane() -> None:
    """Nothing is buffered in the worker: all of 1,000 records survive a kill right after the last call."""
    outcome = Outcome(
        "import signal\nfor number in range(1000): logging.info('%d', number)\nos.kill(os.getpid(), signal.SIGKILL)"
    )
    assert outcome.messages == list(map(str, range(1000)))
    assert outcome.code == -9


def test_context_logger_binds_fields() -> None:
    """What is bound is on every record; names that logging keeps for itself get an underscore."""
    outcome = Outcome(
        """
        log = records.make_logger('parse')
        bound = log.bind(file='ast.py', name='x')
        bound.info('one', extra={'line': 7})
        bound.bind(file='os.py').warning('two %d', 2)
        log.error('three')
        try: 1 / 0
        except ZeroDivisionError: bound.exception('four')
        """
    )
    shown = [(r["level"], r["message"], r.get("extra")) for r in outcome.records]
    assert shown == [
        ("INFO", "one", {"file": "ast.py", "name_": "x", "line": 7}),
        ("WARNING", "two 2", {"file": "os.py", "name_": "x"}),
        ("ERROR", "three", None),
        ("ERROR", "four", {"file": "ast.py", "name_": "x"}),
    ]
    assert outcome.records[0]["place"].startswith("<string>:9")
    assert outcome.records[3]["exception"]["type"] == "ZeroDivisionError"


def test_loguru_is_taken_in_when_user_code_imports_it() -> None:
    """Its records come once, with level, fields and exception, and not on stderr."""
    outcome = Outcome(
        """
        assert 'loguru' not in sys.modules
        from loguru import logger
        logger.bind(file='ast.py').success('parsed {}', 'x')
        try: 1 / 0
        except ZeroDivisionError: logger.exception('failed')
        assert not any('Finder' in type(f).__name__ and 'loguru' in type(f).__module__ for f in sys.meta_path)
        """
    )
    shown = [(r["level"], r["message"], r["logger"], r.get("extra")) for r in outcome.records]
    assert shown == [("SUCCESS", "parsed x", "__main__", {"file": "ast.py"}), ("ERROR", "failed", "__main__", None)]
    assert outcome.records[0]["place"] == "<string>:9 <module>"
    assert outcome.records[1]["exception"]["type"] == "ZeroDivisionError"
    assert (outcome.stderr, outcome.code) == ("", 0)


def test_loguru_that_is_there_already_is_reconfigured() -> None:
    """After a fork from a process that had loguru, the child's records go to the lane only."""
    outcome = Outcome("from loguru import logger\nlogger.info('x')", prelude="import loguru\n" + INSTALLED)
    assert (outcome.messages, outcome.stderr) == (["x"], "")


def test_import_is_cheap_and_needs_the_standard_library_only() -> None:
    """A worker pays for no module that it does not use."""
    code = "import sys; import supervisor.agent.records; print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {"json", "msgspec", "loguru", "asyncio", "multiprocessing", "supervisor.logs"} & set(loaded) == set()


def test_emit_passes_by_the_users_configuration() -> None:
    """What the agent itself has to say cannot be turned off."""
    outcome = Outcome("logging.disable(50)\nlogging.critical('no')\nrecords.emit('ERROR', 'yes', extra={'a': 1})")
    assert [(r["message"], r["logger"], r["extra"]) for r in outcome.records] == [("yes", "procdeck.agent", {"a": 1})]
