"""Only who has the token comes in, by the one name we have, from a page of ours."""

from __future__ import annotations

import pytest

from tui.web.door import Door

PORT = 8123


def test_every_run_has_a_token_of_its_own() -> None:
    """It stands behind the #, which no browser sends; the cookie is another secret, named for the port."""
    one, other = Door(PORT), Door(PORT)
    base, _, token = one.address.partition("#token=")
    assert base == "http://127.0.0.1:8123/"
    assert one.is_token(token.encode())
    assert not other.is_token(token.encode())
    assert len(token) >= 40
    assert one.cookie not in (token, other.cookie)
    assert one.cookie_name == "procdeck_8123"


@pytest.mark.parametrize("text", [b"", b"token", "schlüssel".encode(), b"\xff\x00"])
def test_anything_else_is_no_token(text: bytes) -> None:
    assert not Door(PORT).is_token(text)


def test_the_cookie_is_asked_for() -> None:
    door = Door(PORT)
    assert door.has_cookie({"procdeck_8123": door.cookie})
    assert not door.has_cookie({})
    assert not door.has_cookie({"procdeck_8123": "ü" + door.cookie[1:]})
    assert not door.has_cookie({"procdeck_8124": door.cookie})


@pytest.mark.parametrize(
    "host", ["", "localhost:8123", "127.0.0.1", "127.0.0.1:8124", "evil.example:8123", "127.0.0.1:8123.evil.example"]
)
def test_other_names_are_refused(host: str) -> None:
    """A name that leads here today may have been made to (DNS rebinding)."""
    assert "another name" in Door(PORT).foreign_host(host)
    assert Door(PORT).foreign_host("127.0.0.1:8123") == ""


@pytest.mark.parametrize(
    "origin", [None, "", "null", "http://localhost:8123", "https://127.0.0.1:8123", "http://127.0.0.1:8124"]
)
def test_pages_of_others_are_refused(origin: str | None) -> None:
    assert "only pages of http://127.0.0.1:8123" in Door(PORT).foreign_origin(origin)
    assert Door(PORT).foreign_origin("http://127.0.0.1:8123") == ""
