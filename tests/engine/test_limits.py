"""Limits, other users and environment files under a real engine; what is secret stays so wherever a client looks."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest

from supervisor.masking import MASK
from tests.engines import engine_on, wait_for, write_profile

VALUE = "correct-horse-battery"


def test_values_of_an_environment_file_are_shown_nowhere(place: Path) -> None:
    """Not in the detail, not in a command line that contains one, not in an exit cause that quotes one."""
    (place / "p").mkdir()
    (place / "p" / "secrets.env").write_text(f"APP_VALUE={VALUE}\n")
    profile = write_profile(
        place / "p",
        """
        name = "hushed"
        [defaults]
        env_file = "secrets.env"
        restart = "never"
        [workers.holds]
        command = "sh -c 'sleep 1000; :' $APP_VALUE"
        [workers.says]
        command = "echo cannot log in with $APP_VALUE >&2; exit 1"
        [workers.raises]
        target = "code:run"
        """,
        code="import os\ndef run():\n    raise ValueError('no user ' + os.environ['APP_VALUE'])\n",
    )
    with engine_on(profile) as engine:
        assert engine.wait_state("says", "failed").exit_cause == f"exit code 1 (cannot log in with {MASK})"
        assert engine.wait_state("raises", "failed").exit_cause.startswith(f"uncaught ValueError: no user {MASK}")
        engine.wait_state("holds", "running")
        wait_for(lambda: any(MASK in p.command for p in engine.client.detail("holds").tree), "its tree to be sampled")
        detail = engine.client.detail("holds")
        assert detail.environment == {"APP_VALUE": MASK}
        shown = repr([engine.fleet(), *(engine.client.detail(name) for name in ("holds", "says", "raises"))])
        assert VALUE not in shown
        assert engine.messages("says", "stderr") == [f"cannot log in with {VALUE}"]  # a worker's own words are its own


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become somebody else")
def test_command_and_target_run_as_the_user_that_the_profile_names(place: Path) -> None:
    """A wish for fork is not followed then: a copy of the engine's memory is not another user's."""
    nobody = pwd.getpwnam("nobody")
    profile = write_profile(
        place / "p",
        """
        name = "others"
        [defaults]
        restart = "never"
        cwd = "/"
        start_method = "fork"
        [workers.command]
        command = "id -un; echo $HOME $USER"
        user = "nobody"
        [workers.target]
        target = "code:run"
        user = "nobody"
        """,
        code="import os\ndef run():\n    print(os.getuid(), os.environ['USER'])\n",
    )
    place.chmod(0o755)
    with engine_on(profile) as engine:
        engine.wait_completed()
        assert engine.messages("command", "stdout") == ["nobody", f"{nobody.pw_dir} nobody"]
        detail = engine.client.detail("target")
        assert detail.start_method == "spawn"
        assert "memory is not for user nobody" in detail.start_method_reason
        row = engine.row("target")
        said = engine.messages("target", "stdout")
        # Where the tests' interpreter is in root's home, nobody cannot import from it: that is told, and nothing worse.
        assert said == [f"{nobody.pw_uid} nobody"] or "ermission denied" in row.exit_cause, row
