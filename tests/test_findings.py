"""What the figures of a machine mean: good ones are fine, bad ones say why and what to do."""

from __future__ import annotations

import pytest

from supervisor import findings
from supervisor.findings import MIB, Finding

GOOD = [
    findings.of_open_files(20_000, 20_000),
    findings.of_open_files(findings.UNLIMITED, findings.UNLIMITED),
    findings.of_send_buffer(212_992),
    findings.of_send_buffer(None),
    findings.of_shared_memory(1024 * MIB),
    findings.of_file_watches(65_536, 128),
    findings.of_file_watches(None, None),
    findings.of_proc("rw,nosuid", 1000),
    findings.of_proc("rw,hidepid=2", 0),
    findings.of_tracing(None, 1000),
    findings.of_tracing(1, 0),
    *findings.of_diagnosis(reads_locks=True, has_spy=True),
    findings.of_clock(2_000_000_000.0, 1_900_000_000.0),
    findings.of_bytecode({}),
    *findings.of_python((3, 13, 1), []),
    *findings.of_terminal({"TERM": "xterm-256color"}, "UTF-8", is_terminal=True),
    *findings.of_terminal({"TERM": "foot", "COLORTERM": "truecolor"}, "utf8", is_terminal=True),
    *findings.of_terminal({}, "ascii", is_terminal=False),
    *findings.of_profile("/p/x.toml", 1000, 1000, {"/p/x.toml": 0o100644, "/p": 0o40755}),
]

BAD = {
    "few descriptors": findings.of_open_files(256, 4096),
    "small buffers": findings.of_send_buffer(65_536),
    "full shared memory": findings.of_shared_memory(63 * MIB),
    "no shared memory": findings.of_shared_memory(None),
    "few watches": findings.of_file_watches(1000, 128),
    "no proc": findings.of_proc(None, 0),
    "hidden processes": findings.of_proc("rw,hidepid=invisible", 1000),
    "no tracing": findings.of_tracing(3, 0),
    "locks unread": findings.of_diagnosis(reads_locks=False, has_spy=False)[0],
    "clock of 1970": findings.of_clock(10.0, 1_900_000_000.0),
    "no bytecode": findings.of_bytecode({"PYTHONDONTWRITEBYTECODE": "1"}),
    "old Python": findings.of_python((3, 10, 4), [])[0],
    "supervisord": findings.of_python((3, 12, 0), ["supervisor 4.3.0"])[1],
    "no TERM": findings.of_terminal({}, "UTF-8", is_terminal=True)[0],
    "few colours": findings.of_terminal({"TERM": "linux"}, "UTF-8", is_terminal=True)[0],
    "ASCII": findings.of_terminal({"TERM": "xterm-256color"}, "ANSI_X3.4-1968", is_terminal=True)[1],
    "writable by others": findings.of_profile("/p/x.toml", 1000, 1000, {"/p/x.toml": 0o100666})[0],
    "somebody's, as root": findings.of_profile("/p/x.toml", 0, 1000, {"/p/x.toml": 0o100644})[0],
}


@pytest.mark.parametrize("finding", GOOD, ids=lambda finding: finding.subject)
def test_what_is_well_asks_for_nothing(finding: Finding) -> None:
    """No reason and no advice where nothing is wrong."""
    assert (finding.level, finding.why, finding.advice) == ("ok", "", "")


@pytest.mark.parametrize("name", BAD)
def test_what_is_not_well_says_why_and_what_to_do(name: str) -> None:
    """All three sentences, and none of them empty."""
    finding = BAD[name]
    assert finding.level in ("warn", "fail")
    assert finding.what
    assert finding.why
    assert finding.advice


def test_directory_like_tmp_may_be_written_in_by_all() -> None:
    """The sticky bit keeps others from replacing files."""
    assert findings.of_profile("/tmp/x.toml", 1000, 1000, {"/tmp": 0o41777})[0].level == "ok"
