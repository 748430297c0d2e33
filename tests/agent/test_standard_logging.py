"""Each test configures `logging` as user code does, in a process of its own, and looks for lost and doubled records."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.agent.outcome import INSTALLED, Outcome

DICT_CONFIG = """
import logging.config
logging.config.dictConfig({
    "version": 1,
    "formatters": {"plain": {"format": "%(levelname)s %(message)s"}},
    "handlers": {
        "out": {"class": "logging.StreamHandler", "formatter": "plain", "stream": "ext://sys.stdout"},
        "err": {"class": "logging.StreamHandler", "formatter": "plain"},
    },
    "loggers": {"server": {"handlers": ["out", "err"], "level": "INFO", "propagate": False}},
    "root": {"handlers": ["err"], "level": "INFO"},
})
"""


@pytest.mark.parametrize(
    "setting",
    [
        "logging.basicConfig(level=logging.INFO, stream=sys.stdout, format='%(asctime)s %(message)s')",
        "logging.basicConfig(force=True, level='INFO', handlers=[logging.StreamHandler(), logging.StreamHandler()])",
        "root = logging.getLogger(); root.handlers.clear(); root.addHandler(logging.StreamHandler(sys.stdout))",
        "logging.getLogger('census').addHandler(logging.StreamHandler(sys.stderr))",
        "import rich.logging; logging.basicConfig(handlers=[rich.logging.RichHandler()], level='INFO', force=True)",
        "logging.getLogger().handlers.clear()",
        "log = logging.getLogger('census'); log.propagate = False; log.addHandler(logging.StreamHandler())",
        "logging.getLogger('census').propagate = False",
        DICT_CONFIG,
    ],
)
def test_no_way_of_printing_loses_or_doubles_a_record(setting: str) -> None:
    """Whatever a program sets up to see its records on the terminal, each is one structured record and no line."""
    outcome = Outcome(setting + "\nlogging.getLogger('census').warning('parsed %d', 7, extra={'file': 'ast.py'})")
    [record] = outcome.records
    assert (record["level"], record["message"], record["logger"]) == ("WARNING", "parsed 7", "census")
    assert record["extra"] == {"file": "ast.py"}
    assert (outcome.stdout, outcome.stderr, outcome.code) == ("", "", 0)


def test_logger_that_does_not_propagate_comes_once_by_its_own_handlers() -> None:
    """A server's configuration with a handler for stdout and one for stderr: one record each."""
    outcome = Outcome(
        DICT_CONFIG + "log = logging.getLogger('server')\nlog.info('one')\nlog.error('two')\nlog.debug('no')"
    )
    assert [(record["logger"], record["message"]) for record in outcome.records] == [
        ("server", "one"),
        ("server", "two"),
    ]
    assert (outcome.stdout, outcome.stderr) == ("", "")


def test_configuration_that_disables_loggers_leaves_ctx_log_alone() -> None:
    """`logging.config` disables every logger it does not name; the one of the context goes on."""
    outcome = Outcome("log = records.make_logger('parse')\n" + DICT_CONFIG + "log.info('still here')")
    assert outcome.messages == ["still here"]


def test_levels_and_filters_of_handlers_that_print_are_respected() -> None:
    """A logger whose records go to a printing handler only: what that one would not print is not recorded."""
    outcome = Outcome(
        """
        handler = logging.StreamHandler()
        handler.setLevel(logging.ERROR)
        handler.addFilter(lambda record: 'secret' not in record.getMessage())
        log = logging.getLogger('quiet'); log.propagate = False; log.addHandler(handler)
        log.warning('too low'); log.error('a secret'); log.error('this')
        """
    )
    assert outcome.messages == ["this"]


def test_silenced_logger_stays_silent() -> None:
    """A library that does not propagate and has a handler for nothing is not heard."""
    outcome = Outcome(
        "log = logging.getLogger('x'); log.propagate = False; log.addHandler(logging.NullHandler()); log.error('no')"
    )
    assert outcome.messages == []


def test_handlers_that_write_elsewhere_work_as_they_are(tmp_path: Any) -> None:
    """Files, memory, and streams that are not the worker's own get what they are due, and the lane as well."""
    outcome = Outcome(
        f"""
        import contextlib, io
        import logging.handlers
        kept = io.StringIO()
        with contextlib.redirect_stderr(kept):
            logging.getLogger().addHandler(logging.StreamHandler())
        logging.getLogger().addHandler(logging.FileHandler({str(tmp_path / "own.log")!r}))
        memory = logging.handlers.MemoryHandler(10, target=logging.StreamHandler(sys.stdout))
        logging.getLogger().addHandler(memory)
        logging.warning('parsed')
        memory.flush()
        print(repr(kept.getvalue()))
        """
    )
    assert outcome.messages == ["parsed"]
    assert (tmp_path / "own.log").read_text() == "parsed\n"
    assert outcome.stdout == "'parsed\\n'\n"


def test_stdout_that_was_sent_to_a_file_gets_the_lines(tmp_path: Any) -> None:
    """A program that puts a file in the place of its stdout prints its records there."""
    path = tmp_path / "out.log"
    outcome = Outcome(
        f"""
        os.dup2(os.open({str(path)!r}, os.O_WRONLY | os.O_CREAT), 1)
        logging.getLogger().addHandler(logging.StreamHandler(sys.stdout))
        logging.warning('parsed')
        """
    )
    assert outcome.messages == ["parsed"]
    assert path.read_text() == "parsed\n"


CHILDREN = """
import logging.handlers, multiprocessing
context = multiprocessing.get_context('fork')
queue = context.Queue()

def child():
    logging.getLogger().addHandler(logging.handlers.QueueHandler(queue))
    logging.getLogger('child').warning('from %s', 'below')
    queue.put(None); queue.close(); queue.join_thread()

process = context.Process(target=child); process.start()
received = queue.get(); queue.get(); process.join()
"""


@pytest.mark.parametrize(
    "pass_on",
    ["logging.getLogger(received.name).handle(received)", "logging.StreamHandler(sys.stdout).handle(received)"],
)
def test_record_of_a_forked_child_that_also_comes_through_a_queue_is_one(pass_on: str) -> None:
    """The cookbook's queue between processes: the child has written it already, with its pid."""
    outcome = Outcome(CHILDREN + pass_on + "\nprint(process.pid)")
    [record] = outcome.records
    assert (record["message"], str(record["pid"])) == ("from below", outcome.stdout.strip())
    assert "extra" not in record


def test_record_of_a_process_without_a_lane_is_kept() -> None:
    """One that came from elsewhere, such as a spawned child, is a record where it is handled, or a line of stdout."""
    outcome = Outcome(
        """
        made = logging.makeLogRecord({'name': 'far', 'levelname': 'ERROR', 'levelno': 40, 'msg': 'hello', 'process': 1})
        logging.getLogger('far').handle(made)
        logging.StreamHandler(sys.stdout).handle(made)
        """
    )
    [record] = outcome.records
    assert (record["message"], record["pid"], outcome.stdout) == ("hello", 1, "hello\n")


def test_asyncio_tells_what_nobody_awaited() -> None:
    """A task whose exception is never retrieved, and a callback that raises: records with their tracebacks."""
    outcome = Outcome(
        """
        import asyncio, gc
        async def fall(): raise ValueError('nobody asks')
        def stumble(): raise KeyError('callback')
        async def main():
            loop = asyncio.get_running_loop()
            task = asyncio.ensure_future(fall())
            await asyncio.sleep(0); await asyncio.sleep(0)
            del task; gc.collect()
            loop.call_soon(stumble)
            await asyncio.sleep(0)
        asyncio.run(main())
        """
    )
    seen = [(r["logger"], r["level"], r["exception"]["type"]) for r in outcome.records]
    assert seen == [("asyncio", "ERROR", "ValueError"), ("asyncio", "ERROR", "KeyError")]
    assert outcome.messages[0].startswith("Task exception was never retrieved")


def test_own_excepthook_is_called_after_the_record() -> None:
    """Code that reports its crashes elsewhere goes on doing so; the hook before it makes no second record."""
    outcome = Outcome(
        """
        before = sys.excepthook
        def report(kind, error, trace):
            print('reported', kind.__name__)
            before(kind, error, trace)
        sys.excepthook = report
        error = ValueError('bad')
        records.emit('ERROR', 'uncaught', exception=error)
        records.call_users_hook(error)
        """
    )
    assert (outcome.messages, outcome.stdout) == (["uncaught"], "reported ValueError\n")


def test_fork_waits_for_the_record_of_another_thread() -> None:
    """Parent and children write records of every size at once, while another thread of the parent does too."""
    outcome = Outcome(
        """
        def log(name, count):
            for number in range(count):
                logging.info('%s %d %s', name, number, 'x' * (40_000 if number % 3 == 0 else 10))
        writer = threading.Thread(target=log, args=('thread', 60)); writer.start()
        warnings.simplefilter('ignore')
        pids = []
        for child in range(6):
            pid = os.fork()
            if not pid:
                log(f'child-{child}', 30)
                os._exit(0)
            pids.append(pid)
        writer.join()
        for pid in pids: os.waitpid(pid, 0)
        """
    )
    numbers: dict[str, list[int]] = {}
    for line in outcome.lines:
        name, number, _ = json.loads(line)["message"].split()
        numbers.setdefault(name, []).append(int(number))
    assert numbers.pop("thread") == list(range(60))
    assert numbers == {f"child-{child}": list(range(30)) for child in range(6)}


def test_warnings_once_and_as_they_are_filtered() -> None:
    """The worker's own warning filters decide, and what they let through is a record."""
    outcome = Outcome(
        """
        warnings.simplefilter('ignore', DeprecationWarning)
        warnings.warn('old', DeprecationWarning)
        warnings.warn('odd')
        """,
        prelude=INSTALLED + "logging.basicConfig()\n",
    )
    assert len(outcome.messages) == 1
    assert "odd" in outcome.messages[0]
    assert outcome.stderr == ""
