"""The one sentence of a verdict, its chain and its evidence, from a thread's concern. It decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from supervisor.diagnose import rules
from supervisor.diagnose.concern import Concern, Concerns
from supervisor.diagnose.evidence import ThreadReport
from supervisor.diagnose.particulars import particulars
from supervisor.diagnose.scene import Scene
from supervisor.diagnose.signatures import own_frame, place_of
from supervisor.diagnose.verdict import ChainLink
from supervisor.diagnose.waits import Edge, wanted
from supervisor.diagnose.wording import Wording, lasted, listed

_MOST_DEAD: Final = 3


class Sentences:
    """Sentences about the threads of one scene."""

    def __init__(self, scene: Scene, concerns: Concerns, words: Wording) -> None:
        self._scene = scene
        self._concerns = concerns
        self._words = words
        self._special: Mapping[str, Callable[[Concern], str]] = {
            "DEADLOCK": self._deadlock,
            "SELF_DEADLOCK": self._self_deadlock,
            "ORPHANED_LOCK": self._orphaned,
            "WLOCK_ORPHAN": self._write_lock,
            "STARVED": self._starved,
            "HANG": self._hang,
            "UNKNOWN": self._unknown,
        }

    def sentence(self, concern: Concern, behind: str = "") -> str:
        """The cause; with what the board adds, and who waits for it."""
        make = self._special.get(concern.kind.name, self._plain)
        parts = [make(concern)]
        if concern.board_says:
            parts.append(f"{concern.board_says[0].upper()}{concern.board_says[1:]}.")
        if behind:
            parts.append(behind)
        return " ".join(parts)

    # --- the kinds that have sentences of their own ---

    def _deadlock(self, concern: Concern) -> str:
        steps = [f"{self._words.who(self._report(edge.waiter))} {does}" for edge, does in self._ring(concern)]
        return f"{_ring_words(concern)}: {'; '.join(steps)}."

    def _self_deadlock(self, concern: Concern) -> str:
        who, name = self._words.who(concern.report), self._scene.label(concern.report.resource)
        holds = "may hold" if concern.confidence == "possible" else "holds"
        return f"{_ring_words(concern)}: {who} waits for {name}, which it {holds} itself."

    def _orphaned(self, concern: Concern) -> str:
        part = self._scene.part_of_queue(concern.report)
        who, name = self._words.who(concern.report), self._scene.label(concern.report.resource)
        dead = self._dead(concern.report)
        if part is not None and part.part == "rlock":
            queue, cause = self._queue(concern.report), dead or "a reader"
            return f"{who} cannot read {queue}: {cause} was killed while waiting on it and took its read lock along."
        cause = f"{dead}, which was killed, probably held it" if dead else "whoever took it has ended with it"
        return f"{who} waits for {name}, and nobody who lives holds it: {cause}."

    def _write_lock(self, concern: Concern) -> str:
        who, queue = self._words.who(concern.report), self._queue(concern.report)
        dead = self._dead(concern.report) or "a writer"
        return f"{who} cannot write to {queue}: {dead} was killed while writing and took its write lock along."

    def _queue(self, report: ThreadReport) -> str:
        """The queue of which a thread waits for a lock."""
        return report.details.get("queue", "") or self._scene.queue_label(report.resource)

    def _starved(self, concern: Concern) -> str:
        who, name = self._words.who(concern.report), self._scene.label(concern.report.resource)
        if concern.report.resource.kind == "signal" or concern.report.kind in ("SIGNAL_WAIT", "BARRIER_WAIT"):
            return f"{who} waits for {name}, and nobody is left who could set it."
        what = "an item" if concern.report.resource.kind == "queue" else "a message"
        name = self._scene.queue_label(concern.report.resource)
        return f"{who} waits for {what} from {name}, and nobody is left who could send one."

    def _hang(self, concern: Concern) -> str:
        report = concern.report
        place = place_of(own_frame(report.frames))
        where = f" in {place}" if place else ""
        return f"{self._words.who(report)} has not moved{where} for {lasted(concern.lasted_s)}{self._kernel(report)}."

    def _unknown(self, concern: Concern) -> str:
        report = concern.report
        place = place_of(own_frame(report.frames))
        where = f" in {place}" if place else ""
        return f"{self._words.who(report)} waits{where} for something that no rule knows{self._kernel(report)}."

    @staticmethod
    def _kernel(report: ThreadReport) -> str:
        return f"; the kernel says: {report.kernel.text}" if report.kernel.text else ""

    # --- all others ---

    def _plain(self, concern: Concern) -> str:
        """What it does; then who holds what it waits for, and what the last of the chain does."""
        first = self._first(concern)
        if not concern.edges:
            return f"{first}{self._left(concern.report)}."
        edge = concern.edges[0]
        if not edge.node:
            return f"{first}; {self._words.process(edge.holder.pid)} {self._words.holds(edge, 'it')}."
        holder = self._concerns.of(self._report(edge.node))
        who = self._words.who(holder.report)
        if edge.resource.kind not in ("process", "thread"):
            who = f"{who}, which {self._words.holds(edge, 'it')},"
        then = f"{first}; {who} {self._words.state(holder)}"
        root = concern.root
        if len(concern.edges) > 1 and root is not None and root.node != edge.node:
            then += f"; behind it all {self._words.who(root)} {self._words.state(self._concerns.of(root))}"
        return f"{then}."

    def _first(self, concern: Concern) -> str:
        """Who does what, by the rule's own words where the graph has no others."""
        report = concern.report
        who, known = self._words.who(report), rules.rule(report.rule)
        if known is None or known.kind != concern.kind.name or not known.text:
            return f"{who} {self._words.state(concern)}"
        plain, best = report.resource.label, self._scene.label(report.resource)
        details = {name: best if plain and text == plain else text for name, text in report.details.items()}
        text = rules.say(known.text, details).rstrip(".")
        if text.startswith("It "):
            return f"{who} {text.removeprefix('It ')}"
        return f"{who}: {text}"

    def _left(self, report: ThreadReport) -> str:
        """That nobody is left who could do it."""
        graph = self._scene.graph
        if not graph.is_orphaned(report.node):
            return ""
        is_of_members = report.resource.kind == "pool"
        ended = [self._words.process(edge.holder.pid) for edge in graph.edges(report.node) if not is_of_members]
        if ended:
            return f"; {listed(ended)} {'has' if len(ended) == 1 else 'have'} ended"
        return "; nobody is left who reads it" if wanted(report).endswith(" readers") else ""

    def _dead(self, report: ThreadReport) -> str:
        """Who was killed lately among its kin: ``pid 14 (Process-2)``."""
        kin = frozenset({report.replica})
        dead = [f"pid {child.pid} ({child.name})" for child in self._scene.the_dead(kin)]
        return listed(dead) if 0 < len(dead) <= _MOST_DEAD else ""

    # --- the chain ---

    def chain(self, concern: Concern) -> tuple[ChainLink, ...]:
        """The thread, whom it waits for, and so on; a ring without its first again."""
        if concern.is_cycle:
            return tuple(self._words.link(self._report(edge.waiter), does) for edge, does in self._ring(concern))
        links = [self._words.link(concern.report, self._words.state(concern))]
        for edge in concern.edges:
            if not edge.node:
                replica = self._scene.look.owners.get(edge.holder.pid, "")
                links.append(ChainLink(replica=replica, pid=edge.holder.pid, does=self._words.holds(edge)))
                break
            report = self._report(edge.node)
            links.append(self._words.link(report, self._both(edge, self._concerns.of(report))))
        return tuple(links) if concern.edges else ()

    def _both(self, edge: Edge, concern: Concern) -> str:
        """``holds the lock made at etl.py:12 and waits for the lock made at etl.py:13``."""
        state = self._words.state(concern)
        return state if edge.resource.kind in ("process", "thread") else f"{self._words.holds(edge)} and {state}"

    def _ring(self, concern: Concern) -> list[tuple[Edge, str]]:
        """Each edge of a ring, and what its waiter holds and waits for."""
        edges = concern.edges
        found = []
        for index, edge in enumerate(edges):
            waits = self._words.waits_plainly(self._report(edge.waiter))
            towards = edges[index - 1]
            is_end = towards.resource.kind in ("process", "thread")
            found.append((edge, waits if is_end else f"{self._words.holds(towards)} and {waits}"))
        return found

    def _report(self, node: str) -> ThreadReport:
        return self._scene.graph.reports[node]

    # --- the evidence ---

    def evidence(self, concern: Concern) -> tuple[str, ...]:
        """What it rests on, the strongest first."""
        report = concern.report
        found = []
        at = own_frame(report.frames)
        if at is not None:
            found.append(f"{place_of(at)} in {at.function}{f': {at.source}' if at.source else ''}")
        if report.frames and report.frames[0] is not at:
            found.append(f"innermost: {report.frames[0].function} ({place_of(report.frames[0])})")
        if report.kernel.text:
            found.append(f"kernel: {report.kernel.text}")
        found += particulars(report, self._scene)
        if concern.lasted_s > 0:
            found.append(f"unchanged for {lasted(concern.lasted_s)}")
        found += [f"pid {edge.holder.pid}: {edge.holder.why} ({edge.holder.confidence})" for edge in concern.edges]
        if not concern.edges and self._scene.graph.is_orphaned(report.node):
            found.append(f"nobody who lives holds or serves {wanted(report)}")
        if concern.kind.name in ("ORPHANED_LOCK", "WLOCK_ORPHAN", "POOL_WEDGED", "POOL_TASK_LOST"):
            found += [
                f"pid {child.pid} ({child.name}) was ended by signal {-(child.exit_code or 0)}"
                for child in self._scene.the_dead(frozenset({report.replica}))
            ]
        if report.rule:
            found.append(f"rule: {report.rule}")
        return tuple(dict.fromkeys(found))


def _ring_words(concern: Concern) -> str:
    return "Perhaps a deadlock" if concern.confidence == "possible" else "Deadlock"
