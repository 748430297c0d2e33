"""Programs that use loguru in the ways that people do: each record is in the lane once, whatever sinks they set up."""

from __future__ import annotations

from typing import Any

import pytest

from tests.agent.outcome import INSTALLED, PRELUDE, Outcome

INTERCEPT = """
class Intercept(logging.Handler):
    def emit(self, record):
        try: level = logger.level(record.levelname).name
        except ValueError: level = record.levelno
        logger.opt(depth=6, exception=record.exc_info).log(level, record.getMessage())
logging.basicConfig(handlers=[Intercept()], level=0, force=True)
"""
PROPAGATE = """
class Propagate(logging.Handler):
    def emit(self, record): logging.getLogger(record.name).handle(record)
logger.add(Propagate(), format='{message}')
"""


@pytest.mark.parametrize(
    "setting",
    [
        "",
        "logger.remove(); logger.add(sys.stderr, format='{time} {message}', level='INFO')",
        "logger.add(sys.stdout, colorize=True)",
        "logger.configure(handlers=[{'sink': sys.stdout}, {'sink': sys.stderr, 'level': 'ERROR'}])",
        "logger.remove()",
        "logger.remove(); logger.add('own.log')",
        "logger.add(logging.StreamHandler(sys.stdout))",
        INTERCEPT,
        PROPAGATE,
    ],
)
def test_no_way_of_printing_loses_or_doubles_a_record(setting: str, tmp_path: Any) -> None:
    """Sinks on stdout and stderr, files, and bridges to and from `logging`: one record, and no line."""
    outcome = Outcome(
        f"os.chdir({str(tmp_path)!r})\nfrom loguru import logger\n{setting}\n"
        "logger.bind(file='ast.py').error('parsed {}', 7)\n"
    )
    [record] = outcome.records
    assert (record["level"], record["message"], record["extra"]) == ("ERROR", "parsed 7", {"file": "ast.py"})
    assert (outcome.stdout, outcome.stderr, outcome.code) == ("", "", 0)


def test_records_of_logging_that_are_handed_to_loguru_come_once() -> None:
    """The bridge that loguru's own documentation shows."""
    outcome = Outcome("from loguru import logger\n" + INTERCEPT + "logging.getLogger('census').warning('parsed %d', 7)")
    [record] = outcome.records
    assert (record["logger"], record["message"], outcome.stderr) == ("census", "parsed 7", "")


def test_levels_and_filters_of_sinks_that_print_are_respected() -> None:
    """What a program does not print is not recorded."""
    outcome = Outcome(
        """
        from loguru import logger
        logger.remove()
        number = logger.add(sys.stderr, level='WARNING', filter=lambda record: 'secret' not in record['message'])
        logger.info('too low'); logger.error('a secret'); logger.error('this')
        logger.remove(number)
        logger.error('to nobody')
        """
    )
    assert outcome.messages == ["this"]


@pytest.mark.parametrize(
    ("level", "messages"), [("", ["debug", "info"]), ("INFO", ["info"]), ("TRACE", ["trace", "debug", "info"])]
)
def test_level_of_the_profile_counts_for_loguru(level: str, messages: list[str]) -> None:
    """Without one, loguru's own: DEBUG."""
    outcome = Outcome(
        "from loguru import logger\nlogger.trace('trace'); logger.debug('debug'); logger.info('info')",
        prelude=PRELUDE + f"records.install(lane, {level!r})\n",
    )
    assert outcome.messages == messages


def test_forked_children_log_through_loguru_with_their_pid() -> None:
    """The sink is inherited, and needs no thread."""
    outcome = Outcome(
        """
        from loguru import logger
        logger.info('parent')
        pid = os.fork()
        if not pid:
            logger.info('child')
            os._exit(0)
        os.waitpid(pid, 0)
        print(pid)
        """,
        prelude=INSTALLED,
    )
    assert [(r["message"], r.get("pid")) for r in outcome.records] == [("parent", None), ("child", int(outcome.stdout))]
