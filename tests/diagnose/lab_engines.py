"""An engine on the hang lab: ready to be asked, and gone afterwards with all that its programs have left."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from supervisor.api.hangs import WhyReply
from supervisor.diagnose.verdict import Verdict
from tests.diagnose import lab
from tests.engines import RunningEngine, engine_on

PATIENCE_S = 80.0
"""How long all of the lab, some 150 processes, may take on a busy machine until each of them hangs as it should."""


@contextmanager
def lab_on(method: str) -> Iterator[RunningEngine]:
    """An engine on all that is stuck and all that is quiet, with one start method for all processes."""
    folder = Path(tempfile.mkdtemp(prefix="pd-"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PROCDECK_RUNTIME_DIR", str(folder / "r"))
        patch.setenv("PROCDECK_STATE_DIR", str(folder / "s"))
        copy = folder / lab.COPY
        shutil.copytree(lab.FOLDER, copy, ignore=shutil.ignore_patterns("__pycache__"))
        profile = copy / lab.PROFILE.name
        profile.write_text(lab.profile_text(method), encoding="utf-8")
        try:
            with engine_on(profile) as engine:
                yield engine
        finally:
            shutil.rmtree(folder, ignore_errors=True)


class Answers:
    """What was said last of all workers; asked anew only when somebody is not content with it."""

    def __init__(self, engine: RunningEngine) -> None:
        self.engine = engine
        self._reply = engine.client.why()

    def worst(self) -> dict[str, Verdict]:
        """The first verdict of each replica."""
        return worst_in(self._reply)

    def wait_for(self, name: str, wrong_with: Callable[[Mapping[str, Verdict]], str]) -> Verdict:
        """Ask until nothing is wrong with the verdict on `name`.

        Raises:
            AssertionError: something is after PATIENCE_S; it has all that was said.
        """
        deadline_s = time.monotonic() + PATIENCE_S
        while wrong := wrong_with(self.worst()):
            if time.monotonic() > deadline_s:
                said = "\n\n".join(told(verdict) for verdict in self._reply.verdicts if verdict.replica == name)
                raise AssertionError(f"{name}: {wrong}\n\n{said}\n\ntroubles: {self._reply.troubles}")
            time.sleep(0.2)
            self._reply = self.engine.client.why()
        return self.worst()[name]


def worst_in(reply: WhyReply) -> dict[str, Verdict]:
    """The first verdict of each replica."""
    found: dict[str, Verdict] = {}
    for verdict in reply.verdicts:
        found.setdefault(verdict.replica, verdict)
    return found


def told(verdict: Verdict) -> str:
    """A verdict as text, for the message of a failed test."""
    title = f"{verdict.kind} {verdict.severity} {verdict.warning or '-'} {verdict.replica} pid {verdict.pid}"
    lines = [f"{title} {verdict.thread} ({verdict.confidence})", f"  {verdict.sentence}"]
    lines += [
        f"  -> {lab.called(link)} {link.replica} pid {link.pid} {link.thread}: {link.does}" for link in verdict.chain
    ]
    lines += [f"  evidence: {text}" for text in verdict.evidence]
    lines += [f"  at {frame.function} {Path(frame.file).name}:{frame.line}" for frame in verdict.stack[:8]]
    return "\n".join(lines)
