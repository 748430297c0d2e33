"""Where settings are on this machine: the user's own file, and for each project a file with how its view was left.

::

    <config>/procdeck/settings.toml                 written by a person
    <state>/procdeck/<project>/view.json   0600     written by the dashboard

`PROCDECK_CONFIG_DIR` names another folder for the first; `PROCDECK_STATE_DIR` another root for the second.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from supervisor.paths import check_project_name, state_root

SETTINGS_NAME: Final = "settings.toml"
VIEW_NAME: Final = "view.json"


def config_directory() -> Path:
    """The folder of the user's own settings; it need not be there."""
    named = os.environ.get("PROCDECK_CONFIG_DIR")
    if named:
        return Path(named)
    from platformdirs import user_config_path

    return user_config_path("procdeck", appauthor=False)


def settings_path() -> Path:
    return config_directory() / SETTINGS_NAME


def view_path(project: str) -> Path:
    """Where it is kept how the project's dashboard was left.

    Raises:
        ProjectError: `project` names none.
    """
    return state_root() / check_project_name(project) / VIEW_NAME
