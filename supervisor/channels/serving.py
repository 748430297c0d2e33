"""The manager process: a SyncManager's server with named objects, which ends without leaving its socket behind.

Supervised, it ends when it is told to stop. Private, it ends when its maker has no more use for it, or is dead, and
the last user has hung up.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import struct
import threading
import time
from collections import Counter
from multiprocessing import connection, get_context, managers, parent_process, process
from multiprocessing.util import Finalize
from typing import TYPE_CHECKING, Any

from supervisor.channels import platform
from supervisor.channels.link import Link
from supervisor.channels.managed import Hosted
from supervisor.channels.platform import INPUT
from supervisor.channels.waiting import Blocking

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

KINDS: dict[str, Callable[..., Any]] = {"dict": dict, "list": list, "namespace": managers.Namespace}
"""What a manager can keep, by the word that profiles and descriptions use."""

_EXPOSED = {
    "dict": {name for name in dir(dict) if callable(getattr(dict, name))},
    "list": {name for name in dir(list) if callable(getattr(list, name))},
    "namespace": {"__getattribute__", "__setattr__", "__delattr__"},
}
_PROXIES = {"dict": managers.DictProxy, "list": managers.ListProxy, "namespace": managers.NamespaceProxy}  # type: ignore[attr-defined]
_CREDENTIALS = struct.Struct("3i")
_FAREWELL_S = 1.0


def serve_manager(
    address: str,
    authkey: bytes,
    ready: Callable[[], None],
    names: Mapping[str, str],
    initial: Mapping[str, Any] | None = None,
) -> None:
    """Be the manager of `names` (name -> "dict", "list" or "namespace") until StopRequested is raised.

    `initial` is the first content of some of them, by name, which is there before anybody can connect.

    Listens on the Unix socket path `address`, whose directory must exist, and calls `ready` when users can connect. A
    path left by a manager that was killed is taken over; OSError when a living one listens there. The path is removed
    at the end. Clients of the standard library find the objects as `get_dict(name)`, `get_list(name)` and
    `get_namespace(name)`.
    """
    _clear_path(address)
    process.current_process().authkey = authkey
    server = _Server(address, authkey)
    try:
        for name, kind in names.items():
            content = (initial or {}).get(name, {})
            server.keep(f"{kind}:{name}", kind, KINDS[kind](**content) if kind == "namespace" else KINDS[kind](content))
        server.start()
        ready()
        Blocking("manager", "serve", None).wait((server.over, INPUT))  # not shown: to be idle is its work
    finally:
        server.end()


class Desk:
    """The object of a private manager that makes and drops the others. An object goes with its last holder.

    Holders are its maker, and the objects of this manager that it was put into.
    """

    def __init__(self, server: _Server) -> None:
        self.address = server.path
        self._server = server
        self._holders: Counter[str] = Counter()
        self._lock = threading.RLock()

    def make(self, kind: str, ident: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """A new object."""
        self._server.keep(ident, kind, KINDS[kind](*args, **kwargs))
        self.hold(ident)

    def hold(self, ident: str) -> None:
        """One more holder."""
        with self._lock:
            self._holders[ident] += 1

    def release(self, ident: str) -> None:
        """One holder less."""
        with self._lock:
            self._holders[ident] -= 1
            if self._holders[ident] <= 0:
                del self._holders[ident]
                self._server.drop(ident)


class _Gone(dict[str, Any]):
    """Where the server looks for an object that it has not."""

    def __missing__(self, ident: str) -> Any:
        raise ReferenceError(f"{ident} is not kept here: the process that made it has closed it")


class _Server(managers.Server):
    """The standard server, which tells who it is, counts its connections and can be ended.

    Attributes:
        over: a descriptor, readable when the server shall end.
        life: when it was started and its pid; what `Link` tells incarnations by.
    """

    # A user may not end the manager of all others.
    public = [name for name in managers.Server.public if name != "shutdown"]  # noqa: RUF012  # as the standard one

    id_to_obj: dict[str, Any]
    id_to_refcount: dict[str, int]
    listener: Any

    def __init__(self, address: str, authkey: bytes) -> None:
        registry = dict(managers.SyncManager._registry)  # type: ignore[attr-defined]  # noqa: SLF001  # what it serves
        for kind, proxy in _PROXIES.items():
            registry[f"get_{kind}"] = (
                lambda name, kind=kind: self.id_to_obj[f"{kind}:{name}"][0],
                proxy._exposed_,
                getattr(proxy, "_method_to_typeid_", None),
                proxy,
            )
        super().__init__(registry, address, authkey, "pickle")
        self.path = address
        self.over = platform.counter(0)
        self.life = (time.monotonic_ns(), os.getpid())
        self.stop_event = threading.Event()
        self.id_to_local_proxy_obj = _Gone()
        self._connected = 0
        self._is_retiring = False
        self._counting = threading.Lock()

    def keep(self, ident: str, kind: str, shared: Any) -> None:
        """Offer an object under this name, until `drop`."""
        self.id_to_obj[ident] = (shared, _EXPOSED[kind], None)
        self.id_to_refcount[ident] = 1

    def drop(self, ident: str) -> None:
        """Forget an object."""
        self.id_to_refcount.pop(ident, None)
        self.id_to_obj.pop(ident, None)

    def open_desk(self) -> None:
        """Let objects be made and dropped by the users."""
        desk = Desk(self)
        self.id_to_obj["desk"] = (desk, {"make", "release"}, None)
        Hosted.desk = desk

    def start(self) -> None:
        """Accept connections from now on."""
        process.current_process()._manager_server = self  # type: ignore[attr-defined]  # noqa: SLF001  # as the standard one does
        threading.Thread(target=self.accepter, name="accepter", daemon=True).start()

    def end(self) -> None:
        """Accept and serve no more, and remove the socket's path."""
        self.stop_event.set()
        with contextlib.suppress(OSError):
            self.listener._listener._socket.shutdown(socket.SHUT_RDWR)  # noqa: SLF001  # wakes the accepter
        self.listener.close()

    def retire(self) -> None:
        """End as soon as nobody is connected."""
        with self._counting:
            self._is_retiring = True
            self._end_if_unused()

    def accepter(self) -> None:
        """Give each connection of this user a thread of its own, until `end`."""
        while not self.stop_event.is_set():
            try:
                client = self.listener.accept()
            except OSError:
                time.sleep(0.05)  # out of descriptors, most likely: one may be closed by then
                continue
            if _is_own_user(client.fileno()):
                threading.Thread(target=self.handle_request, args=(client,), daemon=True).start()
            else:
                client.close()

    def accept_connection(self, c: Any, name: str) -> None:
        """Serve a user in this thread; the answer tells it which life of the manager this is."""
        threading.current_thread().name = name
        with self._counting:
            self._connected += 1
        try:
            c.send(("#RETURN", self.life))
            self.serve_client(c)
        finally:
            c.close()
            with self._counting:
                self._connected -= 1
                self._end_if_unused()

    def _end_if_unused(self) -> None:
        if self._is_retiring and not self._connected:
            os.eventfd_write(self.over, 1)


class PrivateManager:
    """The manager process of a process that uses Dict, List or Namespace without an engine; one serves them all.

    Attributes:
        pid: the process that it belongs to; copies in forked children are theirs to use, not to end.
    """

    current: PrivateManager | None = None
    lock = threading.RLock()

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.authkey = os.urandom(32)
        self.address = f"\0procdeck-{os.urandom(16).hex()}"  # abstract: no file that a kill could leave
        self._users = 0
        self._made = 0
        self._process, leash = _start_private(self.address, self.authkey)
        self._retire = Finalize(self, _retire, (leash, self.address), exitpriority=0)

    def is_alive(self) -> bool:
        """Whether the process of the manager lives."""
        return bool(self._process.is_alive())

    @classmethod
    def join(cls) -> PrivateManager:
        """The private manager of this process, started for its first object."""
        with cls.lock:
            if cls.current is None or not cls.current.is_alive():
                cls.current = cls()
            cls.current._users += 1  # noqa: SLF001  # its own class
            return cls.current

    def new_ident(self, kind: str) -> str:
        """A name that no other object of this manager has."""
        self._made += 1
        return f"{kind} {self._made}"

    def leave(self, *, is_lost: bool = False) -> None:
        """One object less; with the last one the manager ends, when nobody else is connected to it.

        One that `is_lost` gets no new objects, even if its process is not yet gone.
        """
        with self.lock:
            self._users -= 1
            if PrivateManager.current is self and (is_lost or not self._users):
                PrivateManager.current = None
            if self._users:
                return
        self._retire()
        self._process.join(_FAREWELL_S)  # others may use it yet: it is reaped when they are done


def _start_private(address: str, authkey: bytes) -> tuple[Any, Any]:
    """The process, and the leash: a byte into it, or its end, tells the manager that its maker needs it no more."""
    context = get_context()
    is_forked = context.get_start_method() == "fork"
    news, teller = connection.Pipe(duplex=False)
    collar, leash = connection.Pipe(duplex=False)
    worker = context.Process(target=_run_private, args=(address, authkey, teller, collar, is_forked), name="Manager")
    worker.start()
    teller.close()
    collar.close()
    try:
        news.recv_bytes()
    except EOFError:
        worker.join()
        leash.close()
        raise RuntimeError(f"the private manager process ended at its start, exit code {worker.exitcode}") from None
    finally:
        news.close()
    return worker, leash


def _run_private(address: str, authkey: bytes, teller: Any, collar: Any, is_forked: bool) -> None:
    """The private manager's process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is its maker's to act upon
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if is_forked:
        _drop_inherited_sockets()
    process.current_process().authkey = authkey
    server = _Server(address, authkey)
    server.open_desk()
    server.start()
    teller.send_bytes(b"ready")
    teller.close()
    wanted = [(collar.fileno(), INPUT)]
    maker = parent_process()
    if maker is not None:  # a forked sibling may hold a copy of the leash
        wanted.append((maker.sentinel, INPUT))
    Blocking("manager", "serve", None).wait(*wanted)
    server.retire()
    Blocking("manager", "serve", None).wait((server.over, INPUT))
    server.end()


def _retire(leash: Any, address: str) -> None:
    """Tell a private manager that its maker needs it no more. Never waits; one that is dead already is fine."""
    with contextlib.suppress(BrokenPipeError):
        leash.send_bytes(b"retire")
    leash.close()
    Link.to(address, None).hang_up()


def _drop_inherited_sockets() -> None:
    """Let go of copies of the maker's sockets: who waits for the end of one would wait for this process too.

    Each number stays taken by /dev/null, because objects of the maker that are still here believe to own it.
    """
    nothing = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    for entry in os.listdir("/proc/self/fd"):
        fd = int(entry)
        with contextlib.suppress(OSError):
            if fd > 2 and os.readlink(f"/proc/self/fd/{fd}").startswith("socket:"):
                os.dup2(nothing, fd, inheritable=False)
    os.close(nothing)


def _clear_path(address: str) -> None:
    """Remove a socket that nobody listens on."""
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(address)
        except ConnectionRefusedError:
            os.unlink(address)
        except FileNotFoundError:
            pass
        else:
            raise OSError(f"a manager is serving at {address} already: stop it first")


def _is_own_user(fd: int) -> bool:
    with socket.socket(fileno=os.dup(fd)) as client:
        _, uid, _ = _CREDENTIALS.unpack(client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    return bool(uid == os.geteuid())


def _forget_after_fork() -> None:
    PrivateManager.lock = threading.RLock()
    PrivateManager.current = None  # the parent's; objects of it that came along stay usable


os.register_at_fork(after_in_child=_forget_after_fork)
