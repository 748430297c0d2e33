"""A first profile is made of a file's functions, without running them."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.profile.sketching import functions_of, profile_text
from tests.configs.conftest import CONFIGS

PIPELINE = '''
import sys
sys.exit("this file must not be run")

def produce(q, count=10):
    """Put numbers."""
    for number in range(count):
        q.put(number)

def square(q, out, ctx):
    while (number := q.get()) is not None:
        out.put(number * number)

def show(results, title):
    for number in results:
        print(title, _pretty(number))

def pretty(number): return str(number)

def _pretty(number): return pretty(number)

def hash_file(path): return hash(path)

def main():
    Process(target=produce).start()
'''


def sketched(source: str) -> dict[str, Any]:
    return tomllib.loads(profile_text("job", [("job", functions_of(source))]))


def test_producers_and_consumers_are_joined() -> None:
    """Who puts is joined to who gets: by the parameter's name, else to the next in the file."""
    profile = sketched(PIPELINE)
    assert set(profile["queues"]) == {"q", "from-square"}
    assert profile["workers"]["produce"] == {
        "description": "Put numbers",
        "target": "job:produce",
        "writes": {"q": "q"},
    }
    assert profile["workers"]["square"]["reads"] == {"q": "q"}
    assert profile["workers"]["square"]["writes"] == {"out": "from-square"}
    assert profile["workers"]["show"]["reads"] == {"results": "from-square"}


def test_what_a_person_has_to_say_is_asked_for() -> None:
    """A parameter without a default that is no queue becomes an argument."""
    assert sketched(PIPELINE)["workers"]["show"]["args"] == {"title": ""}


def test_functions_that_are_no_workers_are_left_out() -> None:
    """Helpers, tasks and the program's own main function."""
    assert set(sketched(PIPELINE)["workers"]) == {"produce", "square", "show"}
    text = profile_text("job", [("job", functions_of(PIPELINE))])
    assert "# [pools.hash_file]" in text
    assert "# main() at line" in text


def test_a_file_with_nothing_but_tasks_becomes_a_pool() -> None:
    """A profile that runs nothing would be no use."""
    profile = sketched("def measure(path):\n    return len(path)\n")
    assert profile["pools"]["measure"] == {"function": "job:measure", "items": 100}


def test_two_writers_share_the_queue_of_the_one_reader() -> None:
    """The second writer's output goes where the first one's of that name goes."""
    source = (
        "def a(out):\n    out.put(1)\ndef b(out):\n    out.put(2)\ndef c(inbox):\n    for one in inbox: print(one)\n"
    )
    workers = sketched(source)["workers"]
    assert workers["a"]["writes"] == workers["b"]["writes"] == {"out": workers["c"]["reads"]["inbox"]}


def test_the_census_is_found_again() -> None:
    """Of the shipped job's own code comes the pipeline that its profile has."""
    workers = sketched((CONFIGS / "census" / "census.py").read_text(encoding="utf-8"))["workers"]
    assert list(workers) == ["walk", "parse", "tally"]
    assert workers["walk"]["writes"]["out"] == workers["parse"]["reads"]["inbox"]
    assert workers["parse"]["writes"]["out"] == workers["tally"]["reads"]["inbox"]


def test_dictionaries_are_no_queues() -> None:
    """``get`` with a key is a dictionary's."""
    assert sketched("def run(settings):\n    print(settings.get('a'))\n")["workers"]["run"]["args"] == {"settings": ""}


def test_what_is_no_python_is_refused() -> None:
    with pytest.raises(SyntaxError):
        functions_of("def broken(:\n")


_names = st.from_regex(r"[a-z_][a-z0-9_]{0,45}", fullmatch=True)
_uses = st.sampled_from(["{0}.put(1)", "{0}.get()", "print({0})", "for x in {0}: pass", "return {0}"])


@given(st.lists(st.tuples(_names, _names, _uses, st.text(max_size=30)), min_size=1, max_size=6))
def test_whatever_comes_out_is_toml(functions: list[tuple[str, str, str, str]]) -> None:
    """Names, docstrings and uses of any kind make a document that can be read."""
    import ast
    import keyword

    source = ""
    for name, parameter, use, words in functions:
        if not keyword.iskeyword(name) and not keyword.iskeyword(parameter):
            source += f"def {name}({parameter}):\n    {words!r}\n    {use.format(parameter)}\n"
    ast.parse(source)
    tomllib.loads(profile_text("job", [("job", functions_of(source))]))
