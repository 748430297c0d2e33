"""What a run says of itself: its reports, its failures, and where the engine's wishes and a stop go in."""

from __future__ import annotations

import os

from supervisor.poolrun.advice import Measures, advise
from supervisor.poolrun.reports import averages_of, eta_s, members_of
from supervisor.poolrun.wording import cut

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from supervisor.poolrun.host import Wish
    from supervisor.poolrun.run import Run


class Telling:
    """A run, as its reporter sees it. Called in the reporter's thread."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def name(self) -> str:
        return self._run.plan.name

    def wish(self, wish: Wish) -> None:
        self._run.wish(wish)

    def stop(self) -> None:
        self._run.stop()

    def is_gone(self) -> bool:
        return False

    def untold_failures(self, most: int) -> list[dict[str, Any]]:
        return self._run.failures.untold(most)

    def report(self, now_s: float) -> dict[str, Any]:
        """How far it is."""
        run, plan = self._run, self._run.plan
        progress, tally = run.pool.progress(), run.tally
        members, running = members_of(progress, run.intake.out.get, now_s)
        is_begun = tally.done + tally.failed or any(member["state"] != "starting" for member in members)
        averages, total, skipped = averages_of(progress), run.taking.total, run.taking.skipped
        rate = tally.rate(now_s)
        run.intake.item_bytes, run.intake.result_bytes = averages["item_bytes"], averages["result_bytes"]
        state = run.state if is_begun or run.state != "running" else "starting"
        return {
            "pool": plan.name,
            "function": plan.function,
            "method": plan.method,
            "state": "paused" if run.is_paused and not run.is_stop_wished and run.state != "finished" else state,
            "error": cut(run.error, 1000),
            "start_method": plan.start_method,
            "processes": run.processes,
            "members": members,
            "total": total,
            "submitted": run.intake.submitted,
            "done": tally.done,
            "failed": tally.failed,
            "retried": tally.retried,
            "retries": plan.retries,
            "skipped": skipped,
            "waiting": max(0, run.intake.open_items - progress.in_flight) + run.intake.resting,
            "in_flight": progress.in_flight,
            "replaced": progress.replaced,
            "chunksize": run.chunk.size,
            "rate": round(rate, 2),
            "eta_s": eta_s(total, tally.done + tally.failed + skipped, rate),
            "elapsed_s": round(now_s - tally.begun_s, 2),
            "history": tally.history(now_s),
            "slowest": tally.slowest(running),
            **averages,
            "advice": list(advise(self._measures(averages))),
            "results": self._results(),
        }

    def _measures(self, averages: dict[str, Any]) -> Measures:
        run = self._run
        return Measures(
            done=run.tally.done,
            item_bytes=averages["item_bytes"],
            result_bytes=averages["result_bytes"],
            pickle_share=averages["pickle_share"],
            mean_s=run.chunk.mean_s,
            chunksize=run.chunk.size,
            is_chunk_fixed=run.plan.chunksize > 0,
            repeated=run.taking.repeats.repeated,
            has_file=(run.plan.results or {}).get("kind") == "file",
        )

    def _results(self) -> str:
        """Where results go, in words."""
        results = self._run.plan.results
        if results is None:
            return self._run.plan.on_result
        if results["kind"] == "queue":
            return f"queue {self._run.queue_name}".strip()
        path, here = str(results["path"]), os.path.join(os.getcwd(), "")
        return path.removeprefix(here)
