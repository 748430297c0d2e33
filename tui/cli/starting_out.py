"""`procdeck init`: the first profile, made of a Python file's functions or of answers to a few questions."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from supervisor.errors import ProfileError
from supervisor.profile.names import NAME_RULE, did_you_mean, is_legal_name, legal_name_from
from tui.cli.exits import ExitCode, UsageError
from tui.cli.telling import complain, narrate, tell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from supervisor.profile.sketching import Function

DEFAULT_NAME: Final = "procdeck.toml"
_SHELL: Final = re.compile(r"[;&|<>$`(){}*?!'\"\\]|^(?:while|for|if|until|case|exec|cd|time|ulimit)\b")
"""What a shell makes something of; such a line is taken as it is."""


def init(files: tuple[str, ...], output: str | None, name: str | None, *, is_forced: bool) -> ExitCode:
    """Write a profile and say what to do next. A file that is there is left alone unless `is_forced`."""
    where = Path(output) if output else (Path(files[0]).parent if files else Path()) / DEFAULT_NAME
    for file in map(Path, files):
        if not file.exists():  # before what is said of the profile: a slip of the finger is the nearer mistake
            raise UsageError(f"there is no file {file}{_near(file)}")
    if where.exists() and not is_forced:
        raise UsageError(f"{where} is there already; --force replaces it, --output NAME.toml writes another one")
    project = name or legal_name_from(where.absolute().parent.name)
    if not is_legal_name(project):
        raise UsageError(f'the name "{project[:60]}" is not allowed: {NAME_RULE}')
    if files:
        text = _of_files(files, project, where)
    elif sys.stdin.isatty():
        text = _of_answers(project)
    else:
        raise UsageError("name a Python file whose functions are the workers: procdeck init job.py")
    _write(where, text)
    return _check(where)


def _of_files(files: tuple[str, ...], project: str, where: Path) -> str:
    from supervisor.profile.sketching import profile_text

    modules = [(_module_of(Path(file), where), _functions(Path(file))) for file in files]
    if not any(one.is_worker or one.is_task for _, functions in modules for one in functions):
        raise UsageError(
            f"{', '.join(files)}: no function at the top level that could be a worker; a worker is an ordinary "
            "function, such as def parse(inbox, out):"
        )
    return profile_text(project, modules)


def _functions(file: Path) -> list[Function]:
    from supervisor.profile.sketching import functions_of

    try:
        return functions_of(file.read_text(encoding="utf-8-sig"), str(file))
    except SyntaxError as error:
        raise UsageError(f"{file}:{error.lineno or 1}: {error.msg}; this is no Python") from None
    except UnicodeDecodeError:
        raise UsageError(f"{file} is not UTF-8 text; name a Python file") from None
    except IsADirectoryError:
        raise UsageError(f"{file} is a directory; name the Python file in it") from None
    except OSError as error:
        raise UsageError(f"cannot read {file}: {error.strerror}{_near(file)}") from None


def _near(file: Path) -> str:
    """The Python file beside it that was probably meant."""
    beside = [entry.name for entry in os.scandir(file.parent)] if file.parent.is_dir() else []
    return did_you_mean(file.with_suffix(".py").name, [one for one in beside if one.endswith(".py")])


def _module_of(file: Path, where: Path) -> str:
    """The module's name as the profile finds it: beside itself."""
    beside = file.absolute().parent == where.absolute().parent
    if file.suffix != ".py" or not file.stem.isidentifier():
        hint = "" if file.is_dir() else _near(file)
        raise UsageError(f"{file} cannot be imported: its name has to be a Python name and end with .py{hint}")
    if not beside:
        raise UsageError(f"{file} is not beside {where}: write the profile there, --output {file.parent / where.name}")
    return file.stem


# --- answers ---


def _of_answers(project: str) -> str:
    narrate(f"A profile for {project}. An empty answer ends it.")
    lines, names = [f'name = "{project}"', ""], set[str]()
    while True:
        what = _ask("What is to run? (a command, a Python file, or module:function) ")
        if not what:
            break
        key, value, guess = _kind_of(what)
        doubt = _doubt(key, value)
        if doubt and _ask(f"{doubt}. Take it all the same? [y/N] ").lower() not in ("y", "yes"):
            continue
        worker = _name_for(legal_name_from(guess, "worker"), names)
        names.add(worker)
        lines += [f"[workers.{worker}]", f"{key} = {_text(value)}"]
        lines += list(_more())
        lines.append("")
    if not names:
        raise UsageError("nothing was named; nothing is written")
    return "\n".join(lines).rstrip() + "\n"


def _more() -> Iterator[str]:
    copies = _ask("How many copies? [1] ")
    if copies.isdigit() and int(copies) > 1:
        yield f"replicas = {int(copies)}"
    policy = _ask("Start it again when it ends: never, on-failure, always? [on-failure] ")
    if policy in ("never", "always"):
        yield f'restart = "{policy}"'


def _kind_of(what: str) -> tuple[str, str, str]:
    """The profile's key, its value, and a name that comes to mind."""
    module, _, function = what.partition(":")
    if function.isidentifier() and all(part.isidentifier() for part in module.split(".")):
        return "target", what, function
    if what.endswith(".py") and " " not in what:
        return "script", what, Path(what).stem
    try:
        words = shlex.split(what)
    except ValueError:
        words = what.split()
    return "command", what, Path(words[0]).name if words else "worker"


def _doubt(key: str, value: str) -> str:
    """Why it looks as if something was mistyped; empty where it does not. Nothing is imported to find out."""
    if key == "script":
        file = Path(value)
        return "" if file.is_file() else f"there is no file {value} here{_near(file)}"
    if key == "target":
        module, _, function = value.partition(":")
        file = Path(*module.split(".")).with_suffix(".py")
        try:
            known = re.findall(r"^(?:async +)?(?:def|class) +(\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)
        except (OSError, UnicodeDecodeError):
            return ""  # it may be found elsewhere
        return "" if function in known else f"{file} has no function {function}{did_you_mean(function, known)}"
    program = shlex.split(value)[0] if _is_plain(value) else ""
    return f"there is no program {program}" if program and shutil.which(program) is None else ""


def _is_plain(command: str) -> bool:
    """It is a program and its words, and nothing that only a shell understands."""
    return re.fullmatch(r"[\w./-]+( .*)?", command) is not None and not _SHELL.search(command)


def _name_for(guess: str, names: set[str]) -> str:
    free = next(name for name in (guess, *(f"{guess[:36]}-{n}" for n in range(2, 1000))) if name not in names)
    while True:
        answer = _ask(f"Its name? [{free}] ") or free
        if is_legal_name(answer) and answer not in names:
            return answer
        narrate(f"there is a worker {answer} already" if answer in names else NAME_RULE)


def _ask(question: str) -> str:
    sys.stderr.write(question)
    sys.stderr.flush()
    answer = sys.stdin.readline()
    if not answer:
        narrate("")
    return answer.strip()


def _text(words: str) -> str:
    import json

    return json.dumps(words, ensure_ascii=False)


# --- the file ---


def _write(where: Path, text: str) -> None:
    """The whole file or none of it."""
    new = where.with_name(f".{where.name}.{os.getpid()}")
    try:
        new.write_text(text, encoding="utf-8")
        new.replace(where)
    except OSError as error:
        new.unlink(missing_ok=True)
        raise UsageError(f"cannot write {where}: {error.strerror}") from None


def _check(where: Path) -> ExitCode:
    """Say what was written, whether it is right, and how to go on."""
    from supervisor.profile.loading import load_profile

    tell(f"written: {where}")
    try:
        profile = load_profile(where)
    except ProfileError as error:
        for mistake in error.mistakes:
            narrate(mistake)
        complain("it has to be mended before it runs")
        return ExitCode.PROFILE_INVALID
    number = f"{len(profile.workers)} worker{'' if len(profile.workers) == 1 else 's'}"
    narrate(f"it has {number}; look at its comments, then: procdeck {where}")
    return ExitCode.OK
