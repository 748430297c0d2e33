"""`procdeck run PROFILE --simulate=sequential`: all workers one after another, in this terminal."""

from __future__ import annotations

from supervisor.paths import check_project_name
from tui.cli.choosing import profile_named
from tui.cli.telling import narrate


def run_sequentially(profile: str, project: str | None = None) -> int:
    """Run the workers of a profile one after another in one process; the exit code, as a real run's.

    Raises:
        ProfileError: the profile has mistakes; nothing was started.
        ProcdeckError: its workers cannot run one after another.
    """
    from supervisor.processes.foreground import output_place, run_in_foreground
    from supervisor.processes.foreground_plans import sequential_plan
    from supervisor.profile.loading import load_profile

    if project is not None:
        check_project_name(project)
    loaded = load_profile(profile_named(profile), project)
    with output_place(loaded.project, "sequential") as output:
        plan = sequential_plan(loaded, output)
        narrate(
            f"{loaded.project}: one worker after another, in one thread; queues take any number of items, "
            f"and the first of a worker's replicas gets them all"
        )
        return run_in_foreground(plan)
