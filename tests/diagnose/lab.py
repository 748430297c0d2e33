"""The hang lab's cases as data: which verdict each worker of ``configs/hanglab`` must get, and through whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from supervisor.diagnose.verdict import ChainLink, Verdict, WarningName

FOLDER: Final = Path(__file__).parents[2] / "configs" / "hanglab"
PROFILE: Final = FOLDER / "hanglab.toml"
QUIET_PROFILE: Final = FOLDER / "quiet.toml"
METHODS: Final = ("fork", "spawn", "forkserver")
COPY: Final = "lab"
"""The folder from which the tests run it."""


@dataclass(frozen=True, slots=True)
class Case:
    """What must be said of one worker.

    Attributes:
        kind: of the worker's worst verdict.
        warning: what it is told as, unasked; empty: only when asked.
        chain: for each link the function of the lab that it is in; how its thread is called where it is in none; empty
            for a process that tells no stack. A ring may begin anywhere. The last link is the culprit.
        says: what the sentence, the chain or the evidence must mention.
    """

    worker: str
    kind: str
    warning: WarningName
    chain: tuple[str, ...]
    is_cycle: bool = False
    says: tuple[str, ...] = ()


CASES: Final = (
    # locks.py
    Case("abba", "DEADLOCK", "DEADLOCK", ("transfer", "refund"), is_cycle=True, says=("locks.py:",)),
    Case("philosophers", "DEADLOCK", "DEADLOCK", ("dine", "dine", "dine"), is_cycle=True),
    Case("self-deadlock", "SELF_DEADLOCK", "DEADLOCK", ("add_to_total",), is_cycle=True),
    Case("lock-held", "LOCK_WAIT", "BLOCKED", ("lock_held", "keep")),
    Case("lock-orphaned", "ORPHANED_LOCK", "ORPHANED LOCK", ("lock_orphaned",)),
    Case("value-orphaned", "ORPHANED_LOCK", "ORPHANED LOCK", ("value_orphaned",)),
    Case("event-never-set", "STARVED", "STARVED", ("event_never_set",)),
    Case("condition-missed", "SIGNAL_WAIT", "", ("condition_missed", "notify")),
    Case("barrier-short", "BARRIER_WAIT", "HANG", ("barrier_short", "sleep_late")),
    # queues.py
    Case("queue-full", "QUEUE_FULL", "BLOCKED", ("produce", "queue_full")),
    Case("queue-starved", "STARVED", "STARVED", ("queue_starved",)),
    Case("tasks-not-done", "TASKS_NOT_DONE", "JOIN", ("tasks_not_done",)),
    Case("log-queue-full", "LOG_BACKPRESSURE", "BLOCKED", ("enqueue", "write_log")),
    Case("reader-killed", "ORPHANED_LOCK", "ORPHANED LOCK", ("reader_killed",)),
    Case("writer-killed", "QUEUE_CORRUPT", "HANG", ("writer_killed",)),
    Case("pipe-exchange", "DEADLOCK", "DEADLOCK", ("pipe_exchange", "exchange"), is_cycle=True),
    Case("pipe-without-end", "DEADLOCK", "DEADLOCK", ("pipe_without_end", "read_to_end"), is_cycle=True),
    # pools.py
    Case("pool-task-lost", "POOL_TASK_LOST", "HANG", ("pool_task_lost",)),
    Case("pool-wedged", "POOL_WEDGED", "ORPHANED LOCK", ("pool_wedged",)),
    Case("pool-results-dead", "POOL_RESULT_THREAD_DEAD", "HANG", ("pool_results_dead",)),
    Case("pool-respawns", "POOL_RESPAWNS", "HANG", ("pool_respawns",)),
    Case("executor-waits", "EXECUTOR_JOIN", "", ("executor_waits", "work_for_ever")),
    # exits.py
    Case("join-before-get", "DEADLOCK", "DEADLOCK", ("join_before_get", "MainThread"), is_cycle=True),
    Case("exit-flush", "EXIT_FLUSH", "JOIN", ("MainThread", "QueueFeederThread")),
    Case("join-chain", "JOIN", "JOIN", ("delegate", "delegate", "write_result", "dawdle")),
    Case("terminate-ignored", "JOIN", "", ("terminate_ignored", "dawdle")),
    Case("exit-waits-child", "EXIT_WAITS_CHILD", "", ("MainThread", "dawdle")),
    Case("exit-waits-thread", "EXIT_WAITS_THREAD", "", ("MainThread", "wait_for_news")),
    # threads.py
    Case("fork-lock", "FORK_LOCK", "HANG", ("log_from_child",)),
    Case("threads-abba", "DEADLOCK", "DEADLOCK", ("load", "evict"), is_cycle=True),
    Case("import-lock", "IMPORT_LOCK", "BLOCKED", ("import_slowly", "<module>")),
    Case("gil-held", "GIL_HELD", "HANG", ("call_c",)),
    Case("native-loop", "CPU_BOUND_C", "", ("native_loop",)),
    Case("hot-loop", "CPU_BOUND", "HANG", ("hot_loop",)),
    # outside.py
    Case("child-stopped", "STOPPED", "HANG", ("",)),
    Case("manager-stopped", "STOPPED", "HANG", ("",)),
    Case("manager-lock", "MANAGER_WAIT", "BLOCKED", ("manager_lock", "MainProcess")),
    Case("socket-silent", "NET", "", ("socket_silent",)),
    Case("program-waits", "SUBPROCESS", "", ("program_waits", "sleep")),
    Case("program-unread", "DEADLOCK", "DEADLOCK", ("program_unread", "python"), is_cycle=True),
    Case("file-locked", "FLOCK", "BLOCKED", ("file_locked", "lock_file")),
    Case("uninterruptible", "UNINTERRUPTIBLE", "HANG", ("uninterruptible",)),
    Case("slow-main", "STARTING", "HANG", ("<module>", "<module>")),
    # ours.py
    Case("left", "DEADLOCK", "DEADLOCK", ("take_both", "take_both"), is_cycle=True, says=("right-lock",)),
    Case("right", "DEADLOCK", "DEADLOCK", ("take_both", "take_both"), is_cycle=True, says=("left-lock",)),
    Case("writer", "QUEUE_FULL", "BLOCKED", ("write", "read_later"), says=("letters",)),
    Case("reader", "BARRIER_WAIT", "HANG", ("read_later",), says=("meeting",)),
)


def profile_text(method: str) -> str:
    """The lab's profile and, in it, all workers of the quiet one, each with their children started by `method`."""
    text = PROFILE.read_text(encoding="utf-8")
    assert text.count('"forkserver"') == 2
    quiet = QUIET_PROFILE.read_text(encoding="utf-8")
    return f"{text}\n{quiet[quiet.index('[queues.') :]}".replace('"forkserver"', f'"{method}"')


def called(link: ChainLink) -> str:
    """How a case calls a link."""
    return link.frame.function.rpartition(".")[2] if link.frame is not None else link.thread


def difference(case: Case, verdicts: Mapping[str, Verdict]) -> str:
    """What is wrong with what was said of a case's worker; empty when it is right.

    Args:
        verdicts: the worst of each replica.
    """
    verdict = verdicts.get(case.worker)
    if verdict is None:
        return "no verdict"
    chain = [called(link) for link in verdict.chain] or [_where(verdict)]
    told = " ".join((verdict.sentence, *verdict.evidence, *(link.does for link in verdict.chain)))
    wrong = []
    if verdict.kind != case.kind:
        wrong.append(f"kind {verdict.kind} instead of {case.kind}")
    if verdict.is_cycle != case.is_cycle:
        wrong.append("a ring" if verdict.is_cycle else "no ring")
    if not _is_chain(case, chain):
        wrong.append(f"chain {' -> '.join(chain)} instead of {' -> '.join(case.chain)}")
    wrong += [f"nothing of {words}" for words in case.says if words not in told]
    return "; ".join(wrong)


def _where(verdict: Verdict) -> str:
    """The innermost function of the lab in the stack of a verdict that has no chain: it waits for nobody."""
    own = [frame.function for frame in verdict.stack if Path(frame.file).parent.name == COPY]
    return own[0].rpartition(".")[2] if own else verdict.thread


def _is_chain(case: Case, chain: list[str]) -> bool:
    if case.is_cycle:
        return sorted(chain) == sorted(case.chain)
    return len(chain) == len(case.chain) and all(
        wanted in ("", seen) for wanted, seen in zip(case.chain, chain, strict=True)
    )
