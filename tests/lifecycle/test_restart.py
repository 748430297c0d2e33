"""A restart policy as a person reads it."""

from __future__ import annotations

import pytest

from supervisor.lifecycle.restart import RestartRule


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        (RestartRule("never"), "never"),
        (RestartRule(), "on-failure: at once, then after 0.5 s..30 s; gives up after more than 5 exits in 60 s"),
        (
            RestartRule("always", backoff_min_s=2, backoff_max_s=2),
            "always: at once, then after 2 s; gives up after more than 5 exits in 60 s",
        ),
        (
            RestartRule("always", max_exits=9, backoff_min_s=0, backoff_max_s=0),
            "always: at once; gives up after more than 9 exits in 60 s",
        ),
    ],
)
def test_policy_is_told_in_words(rule: RestartRule, told: str) -> None:
    """For the detail of a worker; a backoff that never grows is one number, and none is not told."""
    assert rule.in_words() == told
