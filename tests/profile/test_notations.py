"""Addresses, patterns, signals, cron lines, accounts and masks are read as people write them."""

from __future__ import annotations

import datetime as dt
import grp
import pwd
import signal
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.profile import notations


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("127.0.0.1:6390", ("127.0.0.1", 6390)),
        (":6390", ("127.0.0.1", 6390)),
        (6390, ("127.0.0.1", 6390)),
        ("6390", ("127.0.0.1", 6390)),
        ("db.internal:5432", ("db.internal", 5432)),
        ("[::1]:80", ("::1", 80)),
        (" localhost:1 ", ("localhost", 1)),
    ],
)
def test_an_address_is_a_host_and_a_port(written: object, address: tuple[str, int]) -> None:
    """Without a host it is this machine."""
    assert notations.tcp_address(written) == address


@pytest.mark.parametrize(
    "written", ["", "1.2.3.4", "a:b", "::1:80", "http://x:80", "x:0", 0, 65536, ":65536", True, None, 1.5, "a b:1"]
)
def test_what_is_no_address_is_refused_with_the_rule(written: object) -> None:
    """An address names a port that exists."""
    with pytest.raises(ValueError, match=r"must (be an address|have a port)"):
        notations.tcp_address(written)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000/health", "https://x.org", "http://[::1]/", "http://u:p@h/?q=1"])
def test_an_http_url_is_kept_as_it_is(url: str) -> None:
    """Nothing of it is added or lost."""
    assert notations.http_url(url) == url


@pytest.mark.parametrize(
    "written",
    [
        "",
        "x",
        "ftp://x",
        "http://",
        "http:///health",
        "http://x:99999",
        "http://x:y",
        "http://[::1",
        "http://a b",
        3,
        None,
    ],
)
def test_what_is_no_http_url_is_refused_without_being_repeated(written: object) -> None:
    """A URL may hold a password."""
    with pytest.raises(ValueError, match="must be a URL such as") as caught:
        notations.http_url(written)
    assert "hunter2" not in str(caught.value)


def test_a_pattern_compiles_and_says_something() -> None:
    """The trouble is told with its place."""
    assert notations.pattern(r"listening on \d+") == r"listening on \d+"
    told = []
    for written in ("a(b", "", 3, "a{99999999999}", "(" * 5000):
        with pytest.raises(ValueError, match=r"^(is|must be) ") as caught:
            notations.pattern(written)
        told.append(str(caught.value))
    assert told[0] == "is no regular expression: missing ), unterminated subpattern at character 2"
    assert told[1].startswith("is empty, which every line has")
    assert told[2].startswith("must be a regular expression in quotes")


@pytest.mark.parametrize("line", ["*/5 * * * *", "0 4 * * MON-FRI", "0 0 L * *", "30 2 29 2 *", "*/10 * * * * *"])
def test_a_cron_line_is_kept_as_it_is(line: str) -> None:
    """Five parts, or six with the second first."""
    assert notations.cron_line(line) == line


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("* * *", "; it needs 5 parts"),
        ("61 * * * *", "; the part for the minute is wrong"),
        ("* * 0 * *", "; the part for the day-of-month is wrong"),
        ("@daily", '; did you mean "0 0 \\* \\* \\*"?'),
        ("0 0 */30 * 1#2", "a time that never comes"),
        ("", "; it needs 5 parts"),
        (5, "must be a cron expression"),
    ],
)
def test_what_is_no_cron_line_is_told_where(written: object, told: str) -> None:
    """Which of the parts is wrong, or what was meant."""
    with pytest.raises(ValueError, match=told):
        notations.cron_line(written)


def test_a_signal_has_a_name() -> None:
    """With and without SIG, in any case; only those that can end a process stop one."""
    assert {notations.signal_name(name) for name in ("HUP", "SIGHUP", "sighup", " hup ")} == {"SIGHUP"}
    assert [notations.stop_signal_name(name) for name in ("INT", "WINCH", "KILL")] == ["SIGINT", "SIGWINCH", "SIGKILL"]
    for written, told in (("TREM", 'did you mean "SIGTERM"'), (15, 'did you mean "SIGTERM"'), ("?", "the name of a")):
        with pytest.raises(ValueError, match=told):
            notations.signal_name(written)
    with pytest.raises(ValueError, match="SIGSTOP only freezes or wakes it"):
        notations.stop_signal_name("stop")


@given(st.sampled_from(sorted(signal.Signals.__members__)))
def test_every_signal_of_the_system_is_known(name: str) -> None:
    """By its own name and by its short one."""
    assert notations.signal_name(name.removeprefix("SIG")) == name


@given(st.integers(0, 0o777))
def test_a_umask_is_octal_text(mask: int) -> None:
    """With any zeros in front."""
    assert {notations.umask(text) for text in (f"{mask:o}", f"{mask:03o}", f"{mask:04o}", f"0o{mask:o}")} == {mask}


@pytest.mark.parametrize("written", ["", "8", "0x1f", "-1", "1777", "00027", -1, 0o1000, True, None, 1.5])
def test_what_is_no_umask_is_refused_with_the_rule(written: object) -> None:
    """Octal digits, no more than permissions have."""
    with pytest.raises(ValueError, match='must be octal digits in quotes, such as "027"'):
        notations.umask(written)


def test_accounts_are_those_of_this_machine() -> None:
    """Names must be there and are suggested; numbers need not be."""
    user, group = pwd.getpwall()[0].pw_name, grp.getgrall()[0].gr_name
    assert (notations.user(user), notations.user(4000), notations.group(group), notations.group(0)) == (
        user,
        4000,
        group,
        0,
    )
    for read, written in ((notations.user, "no body"), (notations.group, "no body"), (notations.user, "a\0b")):
        with pytest.raises(ValueError, match="that this machine does not have"):
            read(written)
    for number in (-1, 2**32 - 1, True, 1.5):
        with pytest.raises(ValueError, match="or a uid"):
            notations.user(number)
    with pytest.raises(ValueError, match=f'did you mean "{user}"'):
        notations.user(user + "x")


ANYTHING: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.text(alphabet="0123456789*/-,#L :[]()@.", max_size=12),
    st.lists(st.integers(), max_size=2),
    st.just(dt.date(2020, 1, 1)),
)
READERS: list[Callable[[object], object]] = [
    notations.tcp_address,
    notations.http_url,
    notations.pattern,
    notations.cron_line,
    notations.signal_name,
    notations.stop_signal_name,
    notations.umask,
    notations.user,
    notations.group,
]


@given(st.sampled_from(READERS), ANYTHING)
def test_anything_is_read_or_refused_with_a_sentence(read: Callable[[object], object], written: object) -> None:
    """No other error comes out, whatever the file holds."""
    try:
        read(written)
    except ValueError as error:
        sentence = str(error)
        assert sentence.startswith(("must ", "is ", "names "))
