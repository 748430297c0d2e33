"""Changes a running fleet: more or fewer replicas of a worker, and another version of the profile.

::

    profile file ─ load ─► valid? ─ plan ─► (shown) ─ apply, a worker at a time ─► added, restarted, sent off
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from supervisor.api.requests import REPLICAS_LIMIT, PlanStep, ReloadReply, ScaleReply
from supervisor.channel_desk import ChannelDesk
from supervisor.clock import Clock
from supervisor.driving import Driver
from supervisor.errors import RequestRefused
from supervisor.lifecycle.events import RecycleDue, WishStart, WishStop
from supervisor.lifecycle.life import Wish
from supervisor.lifecycle.states import AT_REST, LIVE, State
from supervisor.processes.preparing import processes_of
from supervisor.profile.changes import Change, plan
from supervisor.profile.loading import load_profile
from supervisor.profile.model import PoolSpec, Profile, WorkerSpec
from supervisor.profile.simulating import in_the_same_way
from supervisor.replica import Replica

_ENDED_BADLY: Final = frozenset({State.FAILED, State.SKIPPED, State.BACKOFF})


class Changer:
    """Holds the profile in force. `when_changed` is called with it after each change; `when_gone` with each name."""

    def __init__(
        self,
        profile: Profile,
        driver: Driver,
        desk: ChannelDesk,
        clock: Clock,
        when_changed: Callable[[Profile], None],
        when_gone: Callable[[str], None],
    ) -> None:
        self.profile = profile
        self._driver = driver
        self._desk = desk
        self._clock = clock
        self._when_changed = when_changed
        self._when_gone = when_gone

    # --- how many ---

    def scale(self, name: str, replicas: int | None, by: int) -> ScaleReply:
        """Have so many replicas of a worker, or `by` more or fewer; those with the highest numbers go.

        Raises:
            RequestRefused: it cannot have so many.
        """
        worker = self.profile.workers[name]
        if worker.pool is not None:
            raise RequestRefused(
                f"{name} is a pool, which has members and no replicas; resize it in the dashboard, or change "
                f'"processes" in the profile and reload it'
            )
        before = len(self._driver.of_worker(name))
        after = before + by if replicas is None else replicas
        if not 1 <= after <= REPLICAS_LIMIT:
            what = f"stop it instead: procdeck stop {name}" if after < 1 else f"the most is {REPLICAS_LIMIT}"
            raise RequestRefused(f"{name} cannot have {after} replicas; {what}")
        self._have(worker, after)
        self._in_order()
        self._when_changed(self.profile)
        text = f"{name}: {before} -> {after}" if after != before else f"{name} has {before} already"
        return ScaleReply(worker=name, before=before, after=after, text=text)

    def _have(self, worker: WorkerSpec, wanted: int) -> None:
        present = self._driver.of_worker(worker.name)
        for replica in present[wanted:]:
            self._send_off(replica)
        wishes_run = any(replica.life.wish is Wish.RUN for replica in present)
        taken = {replica.number for replica in present}
        free = (number for number in range(1, REPLICAS_LIMIT * 3) if number not in taken)
        for _ in range(wanted - len(present)):
            self._enter(worker, next(free), is_started=wishes_run)

    def _enter(self, worker: WorkerSpec, number: int, *, is_started: bool) -> None:
        returning = self._driver.replicas.get(worker.replica_name(number))
        replica = returning or self._driver.add(worker, number)
        replica.is_leaving = False
        self._users()
        if is_started:
            self._driver.apply(replica, WishStart(self._clock.monotonic_s()))

    def _send_off(self, replica: Replica) -> None:
        replica.is_leaving = True
        self._driver.apply(replica, WishStop(self._clock.monotonic_s()))
        self.forget_leaver(replica)

    def forget_leaver(self, replica: Replica) -> None:
        """Let a replica go that was scaled or reloaded away, if it is at rest by now."""
        if replica.is_leaving and replica.life.state in AT_REST and replica.name in self._driver.replicas:
            self._driver.drop(replica)
            self._users()
            self._when_gone(replica.name)

    def _users(self) -> None:
        """Tell the channels who uses them now."""
        users: dict[str, tuple[WorkerSpec, tuple[str, ...]]] = {}
        for worker in self.profile.workers.values():
            names = tuple(replica.name for replica in self._driver.of_worker(worker.name))
            users[worker.name] = (worker, names)
        self._driver.plumbing.set_users(users)

    # --- another profile ---

    def reload(self, *, dry_run: bool) -> ReloadReply:
        """Read the profile again and apply what differs; with `dry_run` only say what that would be.

        Raises:
            ProfileError: it cannot be used; nothing has changed.
            RequestRefused: a channel that is in use differs; nothing has changed.
        """
        after = in_the_same_way(self.profile, load_profile(self.profile.path, self.profile.project_override))
        counts = {name: len(self._driver.of_worker(name)) for name in self.profile.workers}
        changes = plan(self.profile, after, counts)
        steps = tuple(PlanStep(subject=c.subject, change=c.change, keys=c.keys, text=c.text) for c in changes)
        if dry_run or not changes:
            text = "nothing differs" if not changes else f"would change {_counted(len(changes))}"
            return ReloadReply(plan=steps, is_applied=False, text=text)
        refusals = (*self._driver.plumbing.refusals(after), *self._desk.refusals(after))
        if refusals:
            raise RequestRefused("\n".join(refusals))
        self._driver.plumbing.change(after)
        self._apply(after, changes)
        return ReloadReply(plan=steps, is_applied=True, text=f"changed {_counted(len(changes))}")

    def _apply(self, after: Profile, changes: tuple[Change, ...]) -> None:
        before, self.profile = self.profile, after
        for name in before.workers.keys() - after.workers.keys():
            for replica in self._driver.of_worker(name):
                self._send_off(replica)
        for replica in list(self._driver.replicas.values()):
            if replica.worker.name in after.workers and not replica.is_leaving:
                replica.adopt(after.workers[replica.worker.name])
        self._users()
        self._when_changed(after)
        for name, worker in after.workers.items():
            kinds = {change.change for change in changes if change.subject == name and change.what == "worker"}
            if "add" in kinds:
                for number in range(1, worker.replicas + 1):
                    self._enter(worker, number, is_started=worker.autostart)
                continue
            if "scale" in kinds:
                self._have(worker, worker.replicas)
            if "restart" in kinds:
                self._renew(name)
            elif worker.pool is not None and any("processes" in c.keys for c in changes if c.subject == name):
                self._resize(worker.pool)
        self._in_order()

    def _resize(self, pool: PoolSpec) -> None:
        """Have the members that its table says now, if it runs: it is asked, as somebody at the dashboard would."""
        for replica in self._driver.of_worker(pool.name):
            if replica.incarnation is not None:
                replica.incarnation.ask_pool({"pool": pool.name, "do": "resize", "processes": processes_of(pool)})

    def _renew(self, name: str) -> None:
        """Have a worker's replicas run by its new table: those that live restart, those that failed try again."""
        now_s = self._clock.monotonic_s()
        for replica in self._driver.of_worker(name):
            if replica.life.state in LIVE:
                why = RecycleDue(now_s, replica.life.incarnation, "its table of the profile has changed", "reload")
                self._driver.apply(replica, why)
            elif replica.life.state in _ENDED_BADLY and replica.life.wish is Wish.RUN:
                self._driver.apply(replica, WishStart(now_s))

    def _in_order(self) -> None:
        """Replicas in the order of the profile, as screens show them."""
        places = {name: place for place, name in enumerate(self.profile.workers)}
        ordered = sorted(self._driver.replicas.values(), key=lambda r: (places.get(r.worker.name, -1), r.number))
        self._driver.replicas.clear()
        self._driver.replicas.update((replica.name, replica) for replica in ordered)


def _counted(number: int) -> str:
    return "1 thing" if number == 1 else f"{number} things"
