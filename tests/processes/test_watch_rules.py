"""Which files count, and when a burst is over: no file is touched here."""

from __future__ import annotations

import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.processes.watch_rules import PATHS_LIMIT, Debouncer, Ground, Matcher, WatchRule, fits, split


def _matches(paths: str, path: str, *ignore: str, directory: str = "/home/ada/p") -> bool:
    return Matcher(WatchRule((paths,), ignore), directory).matches(path if path[0] == "/" else f"{directory}/{path}")


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("src/**/*.py", "src/a.py"),
        ("src/**/*.py", "src/x/y/a.py"),
        ("./src/*.py", "src/a.py"),
        ("*.py", "a.py"),
        ("**/*.py", "a.py"),
        ("src/**", "src/x/anything"),
        ("src", "src/x/y.txt"),
        ("src/", "src/x/y.txt"),
        ("config.toml", "config.toml"),
        ("*/templates", "web/templates/deep/a.html"),
        ("src/[ab]?.py", "src/a1.py"),
        ("../shared/*.py", "/home/ada/shared/a.py"),
        ("/etc/app/*.conf", "/etc/app/x.conf"),
        ("**/*.py", ".hidden/a.py"),
        (".venv/lib/*.py", ".venv/lib/a.py"),
    ],
)
def test_file_that_a_pattern_names_counts(pattern: str, path: str) -> None:
    """Patterns are relative to the profile's directory; a plain name is also all below it."""
    assert _matches(pattern, path)


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("src/**/*.py", "src/a.txt"),
        ("src/**/*.py", "a.py"),
        ("*.py", "src/a.py"),
        ("src/*/a.py", "src/a.py"),
        ("src/*/a.py", "src/x/y/a.py"),
        ("src", "srcs/a.py"),
        ("*.PY", "a.py"),
        ("*.py", "/home/ada/elsewhere/a.py"),
        ("*.d", "x.d/file"),
    ],
)
def test_file_that_no_pattern_names_does_not_count(pattern: str, path: str) -> None:
    """A star stays within its directory, and case matters."""
    assert not _matches(pattern, path)


@pytest.mark.parametrize(
    "path",
    [
        "src/__pycache__/a.cpython-311.pyc",
        "src/.git/index",
        "src/.venv/lib/a.py",
        "src/.a.py.swp",
        "src/a.py~",
        "src/#a.py#",
        "src/.#a.py",
        "src/4913",
        "src/a.py___jb_tmp___",
        "src/.goutputstream-X1",
        "src/a.tmp",
    ],
)
def test_what_editors_and_interpreters_leave_does_not_count(path: str) -> None:
    """Unless the pattern says its name."""
    assert not _matches("src/**", path)
    assert _matches(path, path)


@pytest.mark.parametrize(
    ("ignore", "path"),
    [
        ("src/generated", "src/generated/x/a.py"),
        ("src/gen*/**", "src/generated/a.py"),
        ("*_pb2.py", "src/x/a_pb2.py"),
        ("generated", "src/x/generated/a.py"),
        ("/home/ada/p/src/a.py", "src/a.py"),
    ],
)
def test_ignored_files_do_not_count(ignore: str, path: str) -> None:
    """A name without a slash is ignored wherever it is, a directory with all below it."""
    assert _matches("src/**/*.py", path)
    assert not _matches("src/**/*.py", path, ignore)
    assert _matches("src/**/*.py", "src/other.py", ignore)


def test_wildcards_in_the_profiles_own_path_stand_for_themselves() -> None:
    """A directory may be called [x]*."""
    assert _matches("*.py", "/tmp/[x]*/a.py", directory="/tmp/[x]*")
    assert not _matches("*.py", "/tmp/x1/a.py", directory="/tmp/[x]*")
    assert list(Matcher(WatchRule(("src/*.py",)), "/tmp/[x]*").grounds()) == [Ground("/tmp/[x]*/src", 0)]


def test_only_directories_that_can_hold_matches_are_ground() -> None:
    """As deep as the pattern can reach."""
    rule = WatchRule(("*.py", "src/**/*.py", "web/*/a.html", "config.toml", "../x/*/y"))
    assert list(Matcher(rule, "/home/ada/p").grounds()) == [
        Ground("/home/ada/p", 0),
        Ground("/home/ada/p/src", None),
        Ground("/home/ada/p/web", None),
        Ground("/home/ada/p/config.toml", None),
        Ground("/home/ada/p", 0),
        Ground("/home/ada/x", None),
    ]


@pytest.mark.parametrize(
    ("directory", "concerns"),
    [
        ("/p/src", True),
        ("/p", True),
        ("/", True),
        ("/p/src/x", True),
        ("/p/src/x/y", False),
        ("/p/src/.git", False),
        ("/p/srcs", False),
        ("/q", False),
    ],
)
def test_ground_knows_the_directories_that_concern_it(directory: str, concerns: bool) -> None:
    """Those above it, and those below it as deep as it reaches, but for those of tools."""
    assert Ground("/p/src", 1).concerns(directory) == concerns


def test_paths_are_told_as_people_know_them() -> None:
    """Relative to the profile, where they are below it."""
    matcher = Matcher(WatchRule(("*",)), "/home/ada/p")
    assert matcher.told("/home/ada/p/src/a.py") == "src/a.py"
    assert matcher.told("/etc/app.conf") == "/etc/app.conf"


_names = st.lists(st.text("ab", min_size=1, max_size=2), max_size=5).map(tuple)
_pattern_parts = st.lists(st.sampled_from(["**", "*", "a", "b", "?", "a*"]), max_size=5).map(tuple)


@given(parts=_names, pattern=_pattern_parts)
def test_fitting_is_what_its_parts_say(parts: tuple[str, ...], pattern: tuple[str, ...]) -> None:
    """Told by the plain recursive reading of a pattern."""

    def plain(parts: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
        if not pattern:
            return not parts
        if pattern[0] == "**":
            return any(plain(parts[start:], pattern[1:]) for start in range(len(parts) + 1))
        return bool(parts) and fnmatch.fnmatchcase(parts[0], pattern[0]) and plain(parts[1:], pattern[1:])

    assert fits(parts, pattern) == plain(parts, pattern)
    below = any(plain(parts[:end], pattern) for end in range(len(parts) + 1))
    assert fits(parts, pattern, with_below=True) == below


@given(st.text(max_size=30), st.text(max_size=30))
def test_no_pattern_and_no_path_make_it_fail(pattern: str, path: str) -> None:
    """Whatever people and file systems come up with."""
    matcher = Matcher(WatchRule((pattern,), (path,)), "/home")
    matcher.matches("/" + path)
    assert all(ground.path.startswith("/") for ground in matcher.grounds())
    assert "" not in split(path)


def test_burst_is_over_when_nothing_has_changed_for_a_while() -> None:
    """Each worker has its own quiet time, and its own burst."""
    debouncer = Debouncer({"web": 0.3, "jobs": 2.0})
    debouncer.add("web", "b.py", 10.0)
    debouncer.add("jobs", "b.py", 10.0)
    debouncer.add("web", "a.py", 10.2)
    debouncer.add("web", "b.py", 10.25)
    assert debouncer.take_ripe(10.5) == {}
    assert debouncer.take_ripe(10.55) == {"web": ("a.py", "b.py")}
    assert debouncer.take_ripe(11.0) == {}
    assert debouncer.take_ripe(12.0) == {"jobs": ("b.py",)}


def test_burst_without_an_end_is_told_all_the_same() -> None:
    """A file that is written to all the time does not hold back the others for ever, and costs bounded memory."""
    debouncer = Debouncer({"web": 0.25})
    told: list[tuple[str, ...]] = []
    for tick in range(1000):
        debouncer.add("web", f"{tick}.py", tick * 0.125)
        told += debouncer.take_ripe(tick * 0.125).values()
    assert len(told) == 1000 // 41
    assert {len(paths) for paths in told} == {41}
    for number in range(2 * PATHS_LIMIT):
        debouncer.add("web", f"x{number}", 500.0)
    assert len(debouncer.take_ripe(600.0)["web"]) == PATHS_LIMIT
