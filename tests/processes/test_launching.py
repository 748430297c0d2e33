"""Orders carried out for real: what a new process has, and why there is none."""

from __future__ import annotations

import errno
import os
import resource
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from supervisor.processes import lifeline, refusals
from supervisor.processes.executing import Program, StartFailed, execute
from tests.processes.launches import Life, command_order, live, target_order

METHODS = ["fork", "spawn", "forkserver"]

FORKED = {"nice": 1}
"""A limit that makes a command take the longer way, by a fork of ours."""

WAYS = [pytest.param({}, id="cheap"), pytest.param(FORKED, id="forked")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tmp_path.chmod(0o755)
    return tmp_path


def write_program(path: Path, text: str, mode: int = 0o755) -> Path:
    path.write_bytes(text.encode())
    path.chmod(mode)
    return path


@pytest.mark.parametrize("limits", WAYS)
async def test_command_has_three_descriptors_a_session_and_default_signals(
    folder: Path, limits: dict[str, int]
) -> None:
    """A program is given its streams and nothing else of the engine: no descriptor, no ignored signal, no mask."""
    source = (
        "import os, signal\n"
        "print(sorted(int(name) for name in os.listdir('/proc/self/fd'))[:-1])\n"
        "print(os.getsid(0) == os.getpid(), os.getcwd())\n"
        "lines = dict(line.split(':\\t') for line in open('/proc/self/status').read().splitlines())\n"
        "print(lines['SigBlk'], sorted(signal.Signals(n).name for n in signal.valid_signals()"
        " if int(lines['SigIgn'], 16) >> n - 1 & 1))\n"
    )
    life = await live(command_order(folder, sys.executable, "-c", source, limits=limits))
    assert life.stdout.splitlines() == [
        "[0, 1, 2]",
        f"True {folder}",
        "0000000000000000 ['SIGPIPE', 'SIGXFSZ']",  # ignored by this very interpreter
    ]


@pytest.mark.parametrize("limits", WAYS)
async def test_readiness_descriptor_has_the_number_that_the_profile_names(folder: Path, limits: dict[str, int]) -> None:
    """s6's notification: the program writes to the number it was told, whatever the engine's own is."""
    for number in (3, 7, 40):
        life = await live(
            command_order(folder, "bash", "-c", f"echo up >&{number}", notify_number=number, limits=limits)
        )
        assert (life.status, life.said["notify"]) == (0, "up\n")


@pytest.mark.parametrize("method", METHODS)
async def test_python_worker_has_the_readiness_descriptor_too(folder: Path, method: str) -> None:
    """Also where the number is one that the agent would have used, and in programs that the worker executes."""
    source = "import os\ndef run():\n    os.system('echo up >&4')\n"
    life = await live(target_order(folder, method, source, notify_number=4))
    assert life.said["notify"] == "up\n", life


def why_not(life: Life) -> str:
    assert (life.pid, life.why_not.is_permanent) == (None, True)
    return life.why_not.text


@pytest.mark.parametrize("limits", WAYS)
async def test_program_that_does_not_exist_is_named_with_where_it_was_looked_for(
    folder: Path, limits: dict[str, int]
) -> None:
    """A name is searched in PATH, a path is not, and a list of one word with spaces is a misunderstanding."""
    path = os.environ["PATH"]
    life = await live(command_order(folder, "no-such-thing", limits=limits))
    assert why_not(life) == f"no such command: no-such-thing; check its spelling and PATH ({path})"
    life = await live(command_order(folder, "./no-such-thing", limits=limits))
    assert why_not(life) == "no such command: ./no-such-thing; check its spelling"
    life = await live(command_order(folder, "ls -l", limits=limits))
    assert why_not(life).startswith("no such command: 'ls -l'; a shell line is written as text")


@pytest.mark.parametrize("limits", WAYS)
async def test_program_that_is_there_and_cannot_run_says_what_is_wrong_with_it(
    folder: Path, limits: dict[str, int]
) -> None:
    """The interpreter line, line ends, permission bits, the kind of file: each has its own words."""
    write_program(folder / "lost", "#!/no/such/interpreter\n")
    write_program(folder / "windows", "#!/bin/sh\r\n")
    write_program(folder / "text", "hello")
    write_program(folder / "plain", "#!/bin/sh\n", mode=0o644)
    write_program(folder / "empty", "")
    write_program(folder / "foreign", "\x7fELF" + "\0" * 60)
    (folder / "link").symlink_to("nowhere")
    expected = {
        "./lost": "its first line names /no/such/interpreter, which does not exist",
        "./windows": "its first line ends with a carriage return",
        "./text": "no interpreter line (#!) and no binary",
        "./plain": f"it is not executable; chmod +x {folder}/plain",
        "./empty": "the file is empty",
        "./foreign": "it was built for another kind of processor",
        "./link": "it is a link to nowhere, which does not exist",
        "./text/more": "a part of its path is a file, not a directory",
        ".": "it is a directory, not a program",
    }
    for name, words in expected.items():
        assert words in why_not(await live(command_order(folder, os.path.join(".", name), limits=limits)))


@pytest.mark.parametrize("limits", WAYS)
async def test_program_on_the_path_that_is_not_executable_is_told_apart_from_a_missing_one(
    folder: Path, limits: dict[str, int]
) -> None:
    """execvp goes on after EACCES and reports it in the end."""
    write_program(folder / "tool", "#!/bin/sh\n", mode=0o644)
    order = command_order(folder, "tool", environment={"PATH": f"/nowhere:{folder}"}, limits=limits)
    assert f"cannot run tool ({folder}/tool): it is not executable" in why_not(await live(order))


@pytest.mark.parametrize("limits", WAYS)
async def test_too_many_arguments_are_counted(folder: Path, limits: dict[str, int]) -> None:
    """E2BIG tells how large the words and the environment are."""
    text = why_not(await live(command_order(folder, "true", "x" * 200_000, limits=limits)))
    assert "its arguments (200,006 bytes)" in text


@pytest.mark.parametrize("method", ["exec", *METHODS])
async def test_working_directory_that_is_not_there_is_named(folder: Path, method: str) -> None:
    """With every start method; a forkserver and a command find out before there is a process."""
    order = target_order(folder, method, "def run():\n    print('ran')\n", cwd=str(folder / "gone"), argv=("true",))
    life = await live(order)
    text = life.frames[0]["error"] if life.frames else why_not(life)
    assert text == f"cannot start in {folder}/gone: no such directory; create it, or correct cwd"
    assert not life.frames or life.frames[0]["permanent"]


async def test_words_with_a_nul_are_refused(folder: Path) -> None:
    """No system call can take them, and the engine does not fall over them."""
    assert "embedded null byte" in why_not(await live(command_order(folder, "true", "a\0b")))


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
async def test_interpreter_that_is_missing_foreign_or_too_old_is_told(folder: Path, method: str) -> None:
    """`python` is checked by running it: its own last words are the reason."""
    old = write_program(folder / "old", f'#!/bin/sh\nexec {sys.executable} -c "$(cat {folder}/pretend)" "$@"\n')
    entry = Path(refusals.__file__).parent.parent / "agent" / "entry.py"
    (folder / "pretend").write_text(
        "import sys; sys.version_info = (3, 7, 16); sys.argv[:] = sys.argv[1:]\n"
        f"exec(compile(open({str(entry)!r}).read(), {str(entry)!r}, 'exec'))\n"
    )
    dying = write_program(folder / "dying", "#!/bin/sh\necho first >&2\necho no python here >&2\nexit 3\n")

    async def told(python: str) -> str:
        life = await live(target_order(folder, method, "def run(): pass", python=python))
        if life.refusal is not None:
            return why_not(life)
        return str(life.frames[0]["error"]) if life.frames else f"{life.status} {life.said['stderr'].splitlines()[-1:]}"

    assert await told("/no/such/python") == "no such interpreter: /no/such/python; check python"
    assert "is Python 3.7.16; workers need 3.11 or newer: change python" in await told(str(old))
    assert "no python here" in await told(str(dying))
    if method == "forkserver":
        assert await told(str(dying)) == f"{dying} ended with exit code 3 before it could run a worker: no python here"
        assert "is it Python 3.11 or newer?" in await told("/bin/true")


def test_failure_that_passes_by_itself_is_worth_another_try() -> None:
    """No memory, no processes, no descriptors, a file that is being written: the same order may go well later."""
    for number in (errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.ETXTBSY):
        refusal = refusals.program_refusal(("tool",), {}, "/", number)
        assert not refusal.is_permanent
    assert "too many open files" in refusals.program_refusal(("tool",), {}, "/", errno.EMFILE).text


@contextmanager
def no_descriptors_but(spare: int) -> Iterator[None]:
    """A process that can open `spare` more and no others."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = []
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (200, limits[1]))
        try:
            while True:
                taken.append(os.open(os.devnull, os.O_RDONLY))
        except OSError as error:
            assert error.errno == errno.EMFILE  # noqa: PT017 - anything else is a fault of the test itself
        for _ in range(spare):
            os.close(taken.pop())
        yield
    finally:
        for descriptor in taken:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


@pytest.mark.parametrize("limits", WAYS)
def test_engine_without_descriptors_says_so_and_leaks_none(limits: dict[str, int]) -> None:
    """EMFILE at every point of both ways is a StartFailed, and what was opened by then is closed again."""
    with open(os.devnull, "w") as file:
        program = Program(["true"], dict(os.environ), "/", {1: file.fileno(), 2: file.fileno()}, limits=limits)
        used = os.listdir("/proc/self/fd")
        numbers = []
        for spare in range(8):
            with no_descriptors_but(spare):
                try:
                    os.waitpid(execute(program), 0)
                except StartFailed as failure:
                    numbers.append(failure.number)
        assert numbers[0] == errno.EMFILE
        assert set(numbers) == {errno.EMFILE}
        assert len(numbers) < 8
        assert os.listdir("/proc/self/fd") == used


@pytest.mark.parametrize("method", ["exec", *METHODS])
async def test_launch_without_descriptors_is_answered_once_and_leaks_none(
    folder: Path, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever the engine runs out of them: a refusal that passes, and all that was opened is closed again."""
    monkeypatch.setattr(lifeline, "_ends", list(os.pipe()))
    order = target_order(folder, method, "def run(): pass", argv=("true",))
    used = len(os.listdir("/proc/self/fd"))
    refusals_seen = 0
    for spare in (0, 1, 2, 3, 5, 8, 12, 30):
        life = await live(order, circumstances=no_descriptors_but(spare))
        if life.refusal is not None:
            refusals_seen += 1
            assert "too many open files" in life.refusal.text
            assert not life.refusal.is_permanent
        assert len(os.listdir("/proc/self/fd")) == used
    assert 0 < refusals_seen < 8
    for descriptor in lifeline._ends:
        os.close(descriptor)


async def test_output_of_a_forked_command_is_its_own_pipe(folder: Path) -> None:
    """Descriptors that collide in number with what they are to become arrive where they belong."""
    low = [os.open(os.devnull, os.O_RDONLY) for _ in range(3)]
    try:
        life = await live(command_order(folder, "sh", "-c", "echo out; echo err >&2", limits=FORKED))
    finally:
        for descriptor in low:
            os.close(descriptor)
    assert (life.said["stdout"], life.said["stderr"]) == ("out\n", "err\n")


async def test_umask_alone_keeps_to_the_cheap_way(folder: Path) -> None:
    """It is set, and the program is the engine's direct child all the same."""
    life = await live(command_order(folder, "sh", "-c", "umask; : > made", limits={"umask": 0o027}))
    assert life.stdout == "0027\n"
    assert stat.S_IMODE((folder / "made").stat().st_mode) == 0o640
