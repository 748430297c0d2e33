"""What a record tells of an exception, with locals where they are wished."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from supervisor.agent import tracebacks
from supervisor.agent.tracebacks import LOCAL_LIMIT, exception_fields, show_locals
from tests.agent.outcome import PRELUDE, Outcome


@pytest.fixture
def with_locals() -> Iterator[None]:
    show_locals(True)
    yield
    show_locals(False)


def fallen(call: Any) -> str:
    try:
        call()
    except BaseException as error:
        return exception_fields(error)["traceback"]
    raise AssertionError("it did not fail")


def test_locals_are_not_shown_unless_they_are_wished() -> None:
    """Values may be private: nobody gets them into a log by accident."""

    def parse() -> None:
        item = "hidden"
        raise ValueError(len(item))

    text = fallen(parse)
    assert "item = " not in text.replace('item = "hidden"', "")
    assert "raise ValueError(len(item))" in text


@pytest.mark.usefixtures("with_locals")
def test_locals_stand_below_the_line_of_their_frame() -> None:
    """Name and value, the innermost frames and those of the cause as well."""

    def parse(item: str) -> None:
        number = 41
        raise ValueError(item, number)

    def walk() -> None:
        folder = "/usr/lib"
        try:
            parse("ast.py")
        except ValueError as error:
            raise RuntimeError("walk failed") from error
        del folder

    text = fallen(walk)
    for shown in (
        "    item = 'ast.py'",
        "    number = 41",
        "    folder = '/usr/lib'",
        "direct cause",
        "RuntimeError: walk failed",
    ):
        assert shown in text, text


@pytest.mark.usefixtures("with_locals")
def test_secrets_and_monsters_in_locals_do_no_harm() -> None:
    """Secrets are masked by name and by look, long values cut, and a repr that raises is told."""

    class Bad:
        def __repr__(self) -> str:
            raise RuntimeError("no")

    def parse() -> None:
        password = "hunter2hunter2"
        settings = {"api_key": "abcdefabcdef", "mode": "test"}
        long, many, bad = "x" * 100_000, list(range(100_000)), Bad()
        lines = "a\nb"
        raise ValueError(password, settings, long, many, bad, lines) from None

    text = fallen(parse).partition("ValueError: ")[0]
    below = "\n".join(line for line in text.splitlines() if " = " in line and "(" not in line.partition(" = ")[0])
    shown = dict(line.strip().split(" = ", 1) for line in below.splitlines())
    assert shown["password"] == "••••••"
    assert "abcdefabcdef" not in shown["settings"]
    assert "'mode': 'test'" in shown["settings"]
    assert len(shown["long"]) <= LOCAL_LIMIT + 50
    assert shown["many"].endswith("...]")
    assert shown["bad"] == "<Bad whose repr raises RuntimeError>" or shown["bad"].startswith("<Bad instance at")
    assert shown["lines"] == "'a\\nb'"


@pytest.mark.usefixtures("with_locals")
def test_deep_recursion_and_loops_of_causes_end() -> None:
    """A thousand frames show the innermost locals; exceptions that cause each other are told once."""

    def down(depth: int) -> None:
        if depth == 0:
            raise ValueError("deep")
        down(depth - 1)

    text = fallen(lambda: down(300))
    assert len(text) < tracebacks.TRACEBACK_LIMIT
    assert "    depth = 0" in text

    def loop() -> None:
        first, second = ValueError("a"), ValueError("b")
        first.__cause__, second.__cause__ = second, first
        raise first

    assert "ValueError: a" in fallen(loop)


@pytest.mark.usefixtures("with_locals")
def test_group_shows_the_locals_of_its_members() -> None:
    """An exception group is told with all that is in it."""

    def parse(item: str) -> None:
        raise ValueError(item)

    def gather() -> None:
        errors = []
        for name in ("ast.py", "os.py"):
            try:
                parse(name)
            except ValueError as error:
                errors.append(error)
        raise ExceptionGroup("two files", errors)

    text = fallen(gather)
    assert "item = 'ast.py'" in text
    assert "item = 'os.py'" in text


@pytest.mark.parametrize("way", ["argument", "variable"])
def test_locals_can_be_wished_by_profile_and_by_environment(way: str) -> None:
    """``traceback_locals = true``, or PROCDECK_TRACEBACK_LOCALS=1 in the worker's environment."""
    wish = (
        "records.install(lane, has_locals=True)"
        if way == "argument"
        else ("os.environ['PROCDECK_TRACEBACK_LOCALS'] = '1'; records.install(lane)")
    )
    outcome = Outcome(
        """
        def parse(item): raise ValueError('bad')
        try: parse('ast.py')
        except ValueError: logging.getLogger('census').exception('failed')
        """,
        prelude=PRELUDE + wish + "\n",
    )
    assert "    item = 'ast.py'\n" in outcome.records[0]["exception"]["traceback"]
