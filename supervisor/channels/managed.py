"""What Dict, List and Namespace have in common: an object in a manager process, used from any other.

It turns every way in which a manager can be missing into one clear error, told once to each process.
"""

from __future__ import annotations

import contextlib
import os
from types import GenericAlias

from supervisor.channels.link import BROKEN, NEVER, Link, SharedStateLost, request_for, result_of

TYPE_CHECKING = False  # typing itself would cost every worker 10 ms
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any, Self

    from supervisor.channels.link import Life
    from supervisor.channels.serving import Desk, PrivateManager

_PATIENCE_S = 10.0


class Hosted:
    """What the manager of this process, if it is one, does with the objects that are kept inside others."""

    desk: Desk | None = None


class Managed:
    """One object in a manager, as one process uses it. It connects at the first use, each thread by itself."""

    _kind = ""
    _is_closed = True  # until it is assembled

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        from supervisor.channels.serving import PrivateManager

        try:
            self._make(PrivateManager.join(), args, kwargs)
        except SharedStateLost:  # it was dying when it was joined
            self._make(PrivateManager.join(), args, kwargs)

    def _make(self, manager: PrivateManager, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        ident = manager.new_ident(self._kind)
        self._assemble(ident, "", Link.to(manager.address, manager.authkey), manager=manager)
        try:
            self._ask("desk", "make", (self._kind, ident, args, kwargs), {})
        except BaseException as error:
            self._is_closed = True
            manager.leave(is_lost=isinstance(error, SharedStateLost))
            raise

    def _assemble(
        self, ident: str, name: str, link: Link, *, manager: PrivateManager | None = None, is_private: bool = True
    ) -> None:
        self._ident = ident
        self._name = name
        self._link = link
        self._manager = manager
        self._is_private = is_private
        self._attached: Life = NEVER
        self._told: Life = NEVER
        self._desk: Desk | None = None
        self._is_closed = False

    def close(self) -> None:
        """Let go of the object in this process. In the process that made it, with that its content goes."""
        if self._is_closed:
            return
        self._is_closed = True
        desk, manager = self._desk, self._manager
        if desk is not None:
            desk.release(self._ident)
        elif manager is not None and manager.pid == os.getpid():
            try:
                with contextlib.suppress(SharedStateLost):
                    self._ask("desk", "release", (self._ident,), {})
            finally:
                manager.leave()
        self._manager = None
        del self._link

    def describe(self) -> dict[str, Any]:
        """What `from_description` needs besides the key, as JSON can carry it."""
        self._check_open()
        return {
            "kind": self._kind,
            "name": self._name,
            "address": self._link.address,
            "ident": self._ident,
            "is_private": self._is_private,
        }

    @classmethod
    def from_description(cls, description: dict[str, Any], authkey: bytes | None) -> Self:
        """The object that another process described.

        Needed are "kind", "name" and "address". Nothing is connected yet: a manager that is still starting is waited
        for, 10 seconds at the most, at the first use. Without an `authkey` the one that this process knows is used.
        """
        if description["kind"] != cls._kind:
            raise ValueError(f"a {description['kind']} is described, not a {cls._kind}")
        name = description["name"]
        ident = description.get("ident") or f"{cls._kind}:{name}"
        shared = cls.__new__(cls)
        link = Link.to(description["address"], authkey)
        shared._assemble(  # noqa: SLF001  # its own class
            ident, name, link, is_private=description.get("is_private", False)
        )
        return shared

    def _call(self, method: str, *args: Any, **kwargs: Any) -> Any:
        self._check_open()
        return self._ask(self._ident, method, args, kwargs)

    def _ask(self, ident: str, method: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        request = request_for(ident, method, args, kwargs)
        link = self._link
        while True:
            try:
                line = link.take(self._channel, 0.0 if self._is_private else _PATIENCE_S)
            except BROKEN as error:
                raise self._absence(error) from None
            lost = self._attached
            if line.life < lost or line.life <= self._told:
                line.close()  # another thread has been told of this one's end
                continue
            self._attached = line.life
            if lost not in (NEVER, line.life):
                self._told = lost
                link.give_back(line)
                raise self._loss(lost)
            try:
                reply = line.exchange(request, self._channel, method.strip("_#"))
            except BROKEN:
                line.close()
                if line.life <= self._told:
                    continue
                self._told = line.life
                self._attached = NEVER
                raise self._loss(line.life) from None
            except BaseException:
                line.close()
                raise
            link.give_back(line)
            del line  # an exception that somebody keeps shall not keep the connection
            return result_of(reply)

    def _loss(self, life: Life) -> SharedStateLost:
        comes_back = (
            f"make a new {type(self).__name__}"
            if self._is_private
            else "it is being restarted empty, and the next use works with the new one"
        )
        return SharedStateLost(f"the manager of {self._label} (pid {life[1]}) died; its content is lost: {comes_back}")

    def _absence(self, error: Exception) -> SharedStateLost:
        if self._is_private:
            return SharedStateLost(
                f"the manager of {self._label} has ended; its content is lost: make a new {type(self).__name__}"
            )
        return SharedStateLost(
            f"the manager of {self._label} does not answer at {self._link.address} since {_PATIENCE_S:g} s ({error}); "
            f"its content is lost, and it has not been started again yet"
        )

    @property
    def _channel(self) -> str:
        return self._name or self._kind

    @property
    def _label(self) -> str:
        return f"{self._kind} {self._name!r}" if self._name else self._kind

    def _check_open(self) -> None:
        if self._is_closed:
            raise ValueError(f"this {self._label} is closed")

    def _getvalue(self) -> Any:
        """A copy of the whole content, as multiprocessing's proxies have it."""
        return self._call("#GETVALUE")

    def __deepcopy__(self, memo: Any) -> Any:
        return self._getvalue()

    def __enter__(self) -> Self:
        self._check_open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __reduce__(self) -> tuple[Any, ...]:
        from multiprocessing.context import get_spawning_popen

        # The key goes to processes that are started, never into data.
        key = None if get_spawning_popen() is None else self._link.authkey
        return rebuild, (type(self), self.describe(), key)

    def __class_getitem__(cls, item: Any) -> GenericAlias:
        return GenericAlias(cls, item)

    def __str__(self) -> str:
        return str(self._call("__repr__"))

    def __repr__(self) -> str:
        state = " closed" if self._is_closed else ""
        return f"<{type(self).__name__} {self._name!r}{state}>" if self._name else f"<{type(self).__name__}{state}>"

    def __del__(self) -> None:
        with contextlib.suppress(Exception):
            self.close()


def rebuild(shared_type: type[Managed], description: dict[str, Any], authkey: bytes | None) -> Managed:
    """An object that arrived in a message, or as an argument of a new process."""
    shared = shared_type.from_description(description, authkey)
    desk = Hosted.desk
    if desk is not None and desk.address == description["address"]:
        desk.hold(description["ident"])  # an object kept inside another lives as long as that
        shared._desk = desk  # noqa: SLF001  # this module's own class
    return shared
