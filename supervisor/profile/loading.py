"""The way into this room: a path goes in, a valid `Profile` or every mistake at once comes out.

Importing this module costs no pydantic; only loading a profile does.

::

    bytes ─ text ─ tables + lines ─┬─ checking ──────────────┬─ mistakes ─ placing ─> ProfileError
                                   └─ merging ─ validation ──┴─ Profile
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from supervisor.errors import ProfileError
from supervisor.profile.finding import find_profile, read_project_name

if TYPE_CHECKING:
    from supervisor.profile.formats.toml_lines import KeyPath
    from supervisor.profile.model import Profile
    from supervisor.profile.placing import Mistake

__all__ = ["find_profile", "load_profile", "profile_schema", "read_project_name"]

_LARGEST_BYTES: Final = 1024 * 1024


def load_profile(path: Path, project: str | None = None) -> Profile:
    """The profile in the file at `path`, with defaults merged into every worker.

    Args:
        path: a TOML profile, or a ``pyproject.toml`` with ``[tool.procdeck]``.
        project: a project name to run it under instead of its own.

    Raises:
        ProfileError: it cannot be read or is not valid; holds every mistake found.
    """
    from supervisor.profile.formats.toml import MalformedDocument, read_toml
    from supervisor.profile.placing import Mistake, Place

    text = _read_text(path)
    try:
        document = read_toml(text)
    except MalformedDocument as error:
        raise ProfileError([f"{path}:{error.line}: {error}"]) from None
    prefix: KeyPath = ("tool", "procdeck") if path.name == "pyproject.toml" else ()
    place = Place(str(path), prefix, document.lines)
    tables = _section(document.tables, prefix)
    if tables is None:
        raise ProfileError([f"{path}: there is no [tool.procdeck] table; add [tool.procdeck.workers.NAME]"])
    profile, mistakes = _validated(tables, path, project, prefix)
    if project is not None:
        mistakes = [*_project_mistakes(project), *mistakes]
    if profile is None or mistakes:
        raise ProfileError(place.sentences(mistakes or [Mistake((), "the profile is not valid")]))
    return profile.model_copy(update={"source": text})


def profile_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a profile, as editors and ``configs/schema.json`` have it."""
    from supervisor.profile.schema import profile_schema as schema

    return schema()


def _read_text(path: Path) -> str:
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise ProfileError([f"{path}: is a directory; name the profile in it, such as {path / 'procdeck.toml'}"])
        if not stat.S_ISREG(mode):
            raise ProfileError([f"{path}: is not a regular file; write the profile to a file"])
        with path.open("rb") as file:
            content = file.read(_LARGEST_BYTES + 1)
    except FileNotFoundError:
        raise ProfileError([f"{path}: there is no such file; name a profile, or go to where it is"]) from None
    except ValueError:  # Python's own words for it differ from version to version
        raise ProfileError([f"{path}: cannot be read: no file's name holds a NUL character"]) from None
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise ProfileError([f"{path}: cannot be read: {reason}"]) from None
    if len(content) > _LARGEST_BYTES:
        raise ProfileError([f"{path}: is larger than 1 MiB; this is hardly a profile"])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ProfileError([f"{path}:{line}: is not UTF-8 text; save the profile as UTF-8"]) from None


def _section(tables: dict[str, Any], prefix: KeyPath) -> dict[str, Any] | None:
    section: Any = tables
    for key in prefix:
        section = section.get(key) if isinstance(section, dict) else None
    return section if isinstance(section, dict) else None


def _validated(
    tables: dict[str, Any], path: Path, project: str | None, prefix: KeyPath
) -> tuple[Profile | None, list[Mistake]]:
    from pydantic import ValidationError

    from supervisor.profile.checking import mistakes_in
    from supervisor.profile.merging import prepared
    from supervisor.profile.model import Profile
    from supervisor.profile.names import name_from_path
    from supervisor.profile.pool_workers import with_pools
    from supervisor.profile.supervised import SUPERVISED
    from supervisor.profile.wording import mistakes_of

    directory = path.absolute().parent
    mistakes = [*mistakes_in(tables), *_file_mistakes(tables, directory, prefix)]
    complete = prepared(
        tables,
        name=name_from_path(path),
        path=path.absolute(),
        project=project,
        faulty_defaults=_faulty_defaults(tables),
    )
    for kind in SUPERVISED:
        _add_digests(complete[kind], directory)
    try:
        return with_pools(Profile.model_validate(complete, by_name=False)), mistakes
    except ValidationError as error:
        return None, mistakes + mistakes_of(error.errors(include_url=False), tables, prefix)


def _faulty_defaults(tables: dict[str, Any]) -> set[str]:
    from pydantic import ValidationError

    from supervisor.profile.model import DefaultsSpec

    try:
        DefaultsSpec.model_validate(tables.get("defaults", {}), by_name=False)
    except ValidationError as error:
        return {str(item["loc"][0]) for item in error.errors(include_url=False) if item["loc"]}
    return set()


def _file_mistakes(tables: dict[str, Any], directory: Path, prefix: KeyPath) -> list[Mistake]:
    """What is wrong with the files that the profile names; a mistake in one has its own file and line in it."""
    from supervisor.profile.env_files import read_env_files
    from supervisor.profile.placing import Mistake
    from supervisor.profile.supervised import SUPERVISED, tables_of
    from supervisor.profile.wording import table_name

    owners: list[tuple[KeyPath, Any]] = [(("defaults",), tables.get("defaults"))]
    owners += [((kind, name), table) for kind in SUPERVISED for name, table in tables_of(tables, kind)]
    found: list[Mistake] = []
    for path, table in owners:
        try:
            read_env_files(_env_files(table, directory))
        except ProfileError as error:
            start = f"env_file in {table_name(prefix + path)} cannot be used"
            found += [Mistake((*path, "env_file"), f"{start}: {mistake}") for mistake in error.mistakes]
    return found


def _env_files(table: object, directory: Path) -> list[Path]:
    named = table.get("env_file") if isinstance(table, dict) else None
    files = named if isinstance(named, list) else [named]
    return [directory / _from_home(file) for file in files if isinstance(file, str)]


def _from_home(file: str) -> Path:
    try:
        return Path(file).expanduser()
    except RuntimeError:  # nobody has that home: told as a file that is not there
        return Path(file)


def _add_digests(workers: object, directory: Path) -> None:
    from supervisor.profile.env_files import digest_of
    from supervisor.profile.merging import HIDDEN

    for worker in workers.values() if isinstance(workers, dict) else ():
        if isinstance(worker, dict) and (files := _env_files(worker, directory)):
            worker[f"{HIDDEN}env_file_digest"] = digest_of(files)


def _project_mistakes(project: str) -> list[Mistake]:
    from supervisor.profile.names import NAME_RULE, is_legal_name
    from supervisor.profile.placing import Mistake

    if is_legal_name(project):
        return []
    return [Mistake((), f'the project name "{project[:60]}" is not allowed: {NAME_RULE}')]
