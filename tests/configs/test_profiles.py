"""Every shipped profile loads, and the code it names is there and fits."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from supervisor.profile.loading import load_profile
from supervisor.profile.model import Profile, WorkerSpec

from .conftest import CONFIGS

PROFILES = sorted(CONFIGS.glob("*/*.toml"))


def parameters(profile: Profile, worker: WorkerSpec) -> set[str]:
    """The parameters of a worker's function, read from the source beside the profile."""
    module, _, function = str(worker.target).partition(":")
    tree = ast.parse((profile.directory / f"{module}.py").read_text(encoding="utf-8"))
    found = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == function]
    return {argument.arg for argument in found[0].args.args}


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.name)
def test_a_shipped_profile_fits_its_code(path: Path) -> None:
    """What the profile passes is what each function takes, the Context apart."""
    profile = load_profile(path)
    for worker in profile.workers.values():
        if worker.kind == "target":
            given = {*worker.args, *worker.reads, *worker.writes, *worker.shares}
            assert parameters(profile, worker) - {"ctx"} == given
        if worker.script is not None:
            assert (profile.directory / worker.script).is_file()


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.name)
def test_a_shipped_profile_teaches_and_names_its_schema(path: Path) -> None:
    """Editors find the schema beside it, and a person finds words at its head."""
    first, second, *_ = path.read_text(encoding="utf-8").splitlines()
    assert first.startswith("#:schema ")
    assert (path.parent / first.removeprefix("#:schema ")).resolve() == CONFIGS / "schema.json"
    assert second == "#"


def test_all_profiles_are_shipped() -> None:
    """One that completes, one that runs on, the hang lab, pools; every kind and start method between them."""
    profiles = [load_profile(path) for path in PROFILES]
    workers = [worker for profile in profiles for worker in profile.workers.values()]
    assert [profile.name for profile in profiles] == ["census", "hanglab", "quiet", "services", "thumbs"]
    assert {worker.kind for worker in workers} == {"target", "script", "command", "pool"}
    assert {worker.start_method for worker in workers if worker.kind == "target"} == {"fork", "spawn", "forkserver"}
