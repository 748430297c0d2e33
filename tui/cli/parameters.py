"""The words that several commands take, as their grammar has them."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

Worker = Annotated[str, Parameter(help="Workers (parse) or single replicas (parse.2).", show_default=False)]
Replica = Annotated[str, Parameter(help="A worker (walk) or one replica (parse.2).")]
All = Annotated[bool, Parameter(name="--all", negative="", help="All of them.")]
Json = Annotated[bool, Parameter(name="--json", negative="", help="As JSON.")]
Project = Annotated[str | None, Parameter(name="--project", help="Project name of the engine that is meant.")]
Profile = Annotated[str, Parameter(help="A profile, or a directory that has one.")]
