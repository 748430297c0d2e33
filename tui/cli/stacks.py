"""`procdeck stacks` and `procdeck sample`: what the threads of workers do now, and where their time goes."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from supervisor.api.hangs import SampleRequest, check_sample
from tui.cli.exits import ExitCode, UsageError
from tui.cli.hang_text import folded_text, sample_text, stacks_text
from tui.cli.locating import client_of, find_engine
from tui.cli.telling import narrate, tell_block

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from supervisor.api.client import EngineClient


def show_stacks(project: str | None, names: tuple[str, ...], *, output: Path | None, as_json: bool) -> ExitCode:
    """Print the stacks of workers or replicas, or write them to `output`; as JSON a list, a reply for each replica."""
    if not names:
        raise UsageError("say whose stacks: `procdeck stacks WORKER`")
    client = client_of(find_engine(project))
    replies = [client.stacks(name) for name in _replicas(client, names)]
    if as_json:
        import msgspec

        text = msgspec.json.encode(replies).decode()
    else:
        text = "\n\n".join(map(stacks_text, replies))
    if output is None:
        tell_block(f"{text}\n")
    else:
        write_file(output, f"{text}\n".encode())
        narrate(f"the stacks are in {output}")
    return ExitCode.OK


def show_sample(
    project: str | None, name: str, *, seconds: float, rate_hz: float, is_folded: bool, as_json: bool
) -> ExitCode:
    """Print where one replica spends its time; a worker's name is enough where it has one replica."""
    if is_folded and as_json:
        raise UsageError("give either --json or --folded")
    try:
        check_sample(SampleRequest(seconds=seconds, rate_hz=rate_hz))
    except ValueError as error:
        raise UsageError(str(error).replace("rate_hz", "--rate").replace("seconds", "--seconds")) from None
    client = client_of(find_engine(project))
    replicas = _replicas(client, (name,))
    if len(replicas) > 1:
        raise UsageError(f"{name} has {len(replicas)} replicas; name one of them: {', '.join(replicas)}")
    narrate(f"looking at {replicas[0]} for {seconds:g} s")
    reply = client.sample(replicas[0], seconds, rate_hz)
    if as_json:
        import msgspec

        tell_block(msgspec.json.encode(reply).decode() + "\n")
    elif is_folded:
        if reply.stacks:
            tell_block(folded_text(reply) + "\n")
        if reply.trouble:
            narrate(reply.trouble)
    else:
        tell_block(sample_text(reply) + "\n")
    return ExitCode.OK


def _replicas(client: EngineClient, names: Sequence[str]) -> list[str]:
    """The replicas that `names` mean, each once; a name that means nobody is left for the engine to refuse."""
    rows = client.fleet().rows
    found: dict[str, None] = {}
    for name in names:
        for replica in [row.name for row in rows if name in (row.name, row.worker)] or [name]:
            found[replica] = None
    return list(found)


def write_file(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read, whole or not at all.

    Raises:
        UsageError: it cannot be written there.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        if path.is_dir():
            raise UsageError(f"{path} is a directory; name a file in it")
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
            file.write(content)
        draft.replace(path)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}; give another place with -o") from error
    finally:
        with suppress(OSError):
            draft.unlink()
