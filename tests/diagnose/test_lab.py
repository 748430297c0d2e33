"""Each worker of the hang lab gets its verdict under each start method; what rests or works gets no warning."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from supervisor.diagnose.kinds import KINDS
from supervisor.profile.loading import load_profile
from tests.diagnose import lab
from tests.diagnose.lab import CASES, METHODS, Case
from tests.diagnose.lab_engines import PATIENCE_S, Answers, lab_on

PAGE = Path(__file__).parents[2] / "docs" / "hangs.md"


@pytest.fixture(scope="module", params=METHODS)
def stuck(request: pytest.FixtureRequest) -> Iterator[Answers]:
    """The whole lab, and all that is quiet, in one engine for each start method."""
    with lab_on(request.param) as engine:
        yield Answers(engine)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.worker)
def test_a_hang_gets_its_verdict(stuck: Answers, case: Case) -> None:
    """Kind, culprit and chain, as the case has them."""
    stuck.wait_for(case.worker, lambda verdicts: lab.difference(case, verdicts))


def test_hangs_are_told_without_being_asked_and_nothing_else_is(stuck: Answers) -> None:
    """Each case has its warning in the table, sooner or later. What is idle has none meanwhile, nor is it logged."""
    wanted = {case.worker: case.warning for case in CASES}
    missing = {name for name, warning in wanted.items() if warning}
    deadline_s = time.monotonic() + PATIENCE_S
    while missing:
        told = {row.name: row.warnings for row in stuck.engine.fleet().rows}
        assert {name: texts for name, texts in told.items() if texts and not wanted.get(name)} == {}
        missing -= {name for name in missing for text in told[name] if text.startswith(f"{wanted[name]}:")}
        assert time.monotonic() < deadline_s, f"not warned of as it should be: {[(n, told[n]) for n in missing]}"
        time.sleep(0.1)
    quiet = set(load_profile(lab.QUIET_PROFILE).workers)
    loud = [record for record in stuck.engine.records() if record.level in ("WARNING", "ERROR", "CRITICAL")]
    assert [record.message for record in loud if record.worker.partition(".")[0] in quiet] == []


def test_idle_has_a_verdict_that_says_so(stuck: Answers) -> None:
    """Asked, every quiet replica has an answer, and none is a warning."""
    workers = load_profile(lab.QUIET_PROFILE).workers
    quiet = [row.name for row in stuck.engine.fleet().rows if row.worker in workers]
    assert len(quiet) > len(workers)
    stuck.wait_for(quiet[0], lambda found: ", ".join(set(quiet) - set(found)))
    worst = stuck.worst()
    told = [worst[name] for name in quiet]
    assert [f"{one.replica} {one.kind}: {one.sentence}" for one in told if one.severity in ("warning", "stuck")] == []


def test_every_case_is_described_by_its_verdict() -> None:
    """The profile tells a person what to expect, the page what it means."""
    workers = load_profile(lab.PROFILE).workers
    assert {case.worker: workers[case.worker].description.rpartition(": ")[2] for case in CASES} == {
        case.worker: case.kind for case in CASES
    }
    assert set(workers) == {case.worker for case in CASES}


def test_the_page_explains_every_verdict() -> None:
    """Each kind has a row, and no row is about one that there is not."""
    page = PAGE.read_text(encoding="utf-8")
    rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    explained = [name for row in rows for name in re.findall(r"`([A-Z_]{3,})`", row)]
    assert sorted(set(explained)) == sorted(KINDS)
