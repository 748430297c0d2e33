"""Who may come in: the token of this run, the cookie it is exchanged for, and the names a browser must know us by.

Pure: it compares and says no in words; the server answers with them.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from typing import Final

ADDRESS: Final = "127.0.0.1"
"""By this name only: a name that is looked up may lead elsewhere tomorrow (DNS rebinding)."""

MISSING: Final = "the token is missing; open the whole address that `procdeck web` has printed"
WRONG: Final = "this is not the token of this run; open the whole address that `procdeck web` has printed last"


class Door:
    """The checks of one run, whose server listens at `port`."""

    def __init__(self, port: int) -> None:
        self.host: Final = f"{ADDRESS}:{port}"
        self.origin: Final = f"http://{self.host}"
        self.cookie_name: Final = f"procdeck_{port}"
        self.cookie: Final = secrets.token_urlsafe(32)
        self._token: Final = secrets.token_urlsafe(32)

    @property
    def address(self) -> str:
        """What a person opens. A browser sends nobody what stands behind the ``#``."""
        return f"{self.origin}/#token={self._token}"

    def foreign_host(self, host: str) -> str:
        """Why a request to `host` is refused; empty where it names us."""
        return "" if host == self.host else f"this is {self.origin}, and was asked for under another name"

    def foreign_origin(self, origin: str | None) -> str:
        """Why a request that a page of `origin` makes is refused; empty where the page is ours."""
        return "" if origin == self.origin else f"only pages of {self.origin} may ask for this"

    def is_token(self, text: bytes) -> bool:
        """Whether `text` is the token; how long that takes tells nothing of it."""
        return hmac.compare_digest(text, self._token.encode())

    def has_cookie(self, cookies: Mapping[str, str]) -> bool:
        """Whether a browser has exchanged the token before."""
        held = cookies.get(self.cookie_name, "")
        return hmac.compare_digest(held.encode("utf-8", "replace"), self.cookie.encode())
