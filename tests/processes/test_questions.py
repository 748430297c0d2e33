"""Questions to processes: those that answer, and all the ways in which one cannot."""

from __future__ import annotations

import asyncio
import json
import os
import signal

import pytest

from supervisor.diagnose.kernel_words import kernel_wait
from supervisor.diagnose.looking import look
from supervisor.diagnose.shared_things import inode_at
from supervisor.processes import questions
from supervisor.processes.questions import ask, ask_many, fault_dump, release
from tests.diagnose.programs import first_line, running
from tests.engines import PATIENCE_S, wait_for

STAND_IN = """
    import json, os, signal, struct, sys, time
    mode = sys.argv[1]
    number = signal.SIGRTMAX - 5
    file = os.memfd_create("procdeck-answers")
    os.ftruncate(file, 1 << 20)
    magic = b"otherwise" if mode == "magic" else b"pdanswr1"
    os.pwrite(file, struct.pack("<8sIxxxxQQII", magic[:8], 1 if mode == "pid" else os.getpid(), 0, 0, 0, 0), 0)

    def answer(*_):
        asked = struct.unpack("<Q", os.pread(file, 8, 16))[0]
        question = json.loads(os.pread(file, 448, 64).partition(b"\\0")[0])
        body = {
            "silent": b"", "garbage": b"{", "error": b'{"error": "no such want"}', "released": b'{"released": true}',
            "kept": b'{"released": false, "text": "not released: it is free"}',
        }.get(mode)
        dump = {"pid": os.getpid(), "python": "3", "at_s": 1.0, "notes": [json.dumps(question)]}
        body = body or json.dumps(dump).encode()
        if mode != "silent":
            os.pwrite(file, body, 4096)
            os.pwrite(file, struct.pack("<I", len(body)), 32)
            os.pwrite(file, struct.pack("<Q", asked), 24)

    if mode != "deaf":
        signal.signal(number, answer)
    if mode == "blocked":
        signal.pthread_sigmask(signal.SIG_BLOCK, [number])
    print("up", flush=True)
    if mode == "pausing":
        signal.pause()
        os._exit(0)
    while True:
        time.sleep(1000)
"""


async def asked(mode: str, deadline_s: float = PATIENCE_S) -> questions.Answer:
    """What comes of a question to the stand-in in that mode; it must have survived it."""
    with running(STAND_IN, mode) as process:
        first_line(process)
        answer = await ask(process.pid, "stacks", deadline_s=deadline_s, depth=3)
        assert process.poll() is None
        return answer


async def test_an_answer_comes_through_the_file() -> None:
    """The question arrives whole, the answer is decoded."""
    answer = await asked("good")
    assert answer.dump is not None
    assert json.loads(answer.dump.notes[0]) == {"want": "stacks", "depth": 3}
    assert (answer.trouble, answer.took_s > 0) == ("", True)


@pytest.mark.parametrize(
    ("mode", "trouble"),
    [
        ("deaf", "does not listen: user code has taken its handler for questions away"),
        ("blocked", "does not listen: its main thread blocks signals"),
        ("magic", "has no agent: it is no Python process of ours, or has not got that far"),
        ("pid", "has no agent: it is no Python process of ours, or has not got that far"),
        ("error", "could not answer: no such want"),
        ("garbage", "gave an answer that cannot be read: Input data was truncated"),
    ],
)
async def test_no_answer_is_told_with_its_reason(mode: str, trouble: str) -> None:
    """Who would die of the signal, or cannot hear it, is never sent it; what is no answer is no dump."""
    answer = await asked(mode)
    assert (answer.dump, answer.trouble) == (None, trouble)


async def test_a_pause_is_not_ended_by_a_question() -> None:
    """It would return, and the program go on as if what it waits for had come."""
    with running(STAND_IN, "pausing") as process:
        first_line(process)

        def pauses() -> bool:
            (facts,) = look({process.pid: "w"}).processes.values()
            return kernel_wait(facts, facts.threads[0]).kind == "signal"

        wait_for(pauses, "the pause")
        answer = await ask(process.pid)
        assert answer.trouble == "is not asked: it waits in signal.pause(), which any signal ends"
        assert pauses()


async def test_silence_ends_at_the_deadline() -> None:
    """Who does not answer in time is told as such."""
    answer = await asked("silent", deadline_s=0.05)
    assert answer.trouble.startswith("did not answer within 0.05 s: ")


async def test_stopped_and_gone_processes_are_not_asked() -> None:
    """A stopped process would answer when it is continued, to nobody."""
    with running(STAND_IN, "good") as process:
        first_line(process)
        process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, process.pid, os.WSTOPPED)
        assert (await ask(process.pid)).trouble == "is stopped (SIGSTOP, or a debugger)"
        process.send_signal(signal.SIGCONT)
        assert (await ask(process.pid, deadline_s=PATIENCE_S)).dump is not None
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert (await ask(process.pid)).trouble == "has ended"
        process.wait()
        assert (await ask(process.pid)).trouble == "has ended"


async def test_who_is_not_armed_survives_every_question() -> None:
    """A process that knows nothing of us is sent nothing."""
    with running("import signal; print('up', flush=True); signal.pause()") as process:
        first_line(process)
        assert (await ask(process.pid)).trouble.startswith("has no agent")
        assert (await fault_dump(process.pid)).trouble.startswith("has no agent")
        assert "has no agent" in await release(process.pid, 1, "x")
        assert process.poll() is None


async def test_many_are_asked_at_once_and_one_in_turn() -> None:
    """Each gets its own answer; two questions to the same process do not meet in its file."""
    with running(STAND_IN, "good") as one, running(STAND_IN, "good") as two, running(STAND_IN, "deaf") as deaf:
        for process in (one, two, deaf):
            first_line(process)
        answers = await ask_many([one.pid, two.pid, deaf.pid, one.pid], "stacks", deadline_s=PATIENCE_S)
        told = {pid: answer.dump.pid if answer.dump else None for pid, answer in answers.items()}
        assert told == {one.pid: one.pid, two.pid: two.pid, deaf.pid: None}
        several = await asyncio.gather(*[ask(one.pid, f"w{n}", deadline_s=PATIENCE_S) for n in range(8)])
        assert [json.loads(answer.dump.notes[0])["want"] for answer in several if answer.dump] == [
            f"w{n}" for n in range(8)
        ]


async def test_releases_are_told_in_a_sentence() -> None:
    """It begins with what has happened."""
    for mode, expected in (
        ("released", "released"),
        ("kept", "not released: it is free"),
        ("error", "not released: no such want"),
        ("garbage", "not released: the answer of process"),
    ):
        with running(STAND_IN, mode) as process:
            first_line(process)
            assert (await release(process.pid, 7, "k", deadline_s=PATIENCE_S)).startswith(expected)


async def test_a_question_that_is_too_long_is_not_put() -> None:
    """The place for it has 448 bytes."""
    with running(STAND_IN, "good") as process:
        first_line(process)
        assert "bytes, more than its file takes" in (await ask(process.pid, "x" * 500)).trouble


# --- with the agent itself ---

AGENT = """
    import collections, itertools, json, multiprocessing, os, signal, sys, threading
    from supervisor.agent import asking
    asking.install()
    lock = multiprocessing.get_context("fork").Lock()

    def helper():
        threading.Event().wait()

    threading.Thread(target=helper, name="helper", daemon=True).start()

    def keeps_the_interpreter():
        collections.deque(itertools.repeat(0), maxlen=0)

    print("up", flush=True)
    if sys.argv[1] == "lock":
        lock.acquire()
        lock.acquire()
    keeps_the_interpreter()
"""


async def test_the_agent_answers_while_it_is_blocked() -> None:
    """A worker that waits for a lock for ever tells its stacks, again and again."""
    with running(AGENT, "lock") as process:
        first_line(process)
        for want in ("all", "stacks"):
            answer = await ask(process.pid, want, deadline_s=PATIENCE_S)
            assert answer.dump is not None, answer.trouble
            assert {thread.name for thread in answer.dump.threads} == {"MainThread", "helper"}
            helper = next(thread for thread in answer.dump.threads if thread.name == "helper")
            assert [frame.source for frame in helper.frames if frame.function.endswith("Event.wait")] == [
                "signaled = self._cond.wait(timeout)"
            ]


ABANDONED = """
    import multiprocessing, os, sys
    from supervisor.agent import asking, following
    following.begin()
    lock = multiprocessing.get_context("fork").Lock()
    child = os.fork()
    if child == 0:
        lock.acquire()
        os._exit(0)
    os.waitpid(child, 0)
    print("up", flush=True)
    lock.acquire()
    print("has it", flush=True)
"""


async def test_a_lock_of_a_dead_holder_is_let_go() -> None:
    """Found from outside by its inode, named by the agent, released by the agent: who waited goes on."""
    with running(ABANDONED) as process:
        first_line(process)
        answer = await ask(process.pid, deadline_s=PATIENCE_S)
        assert answer.dump is not None, answer.trouble
        (lock,) = [thing for thing in answer.dump.things if thing.kind == "mp.Lock"]
        handle = lock.facts["handle"]
        assert isinstance(handle, int)
        inode = inode_at(look({process.pid: "w"}, has_descriptors=True).processes[process.pid], handle)
        assert inode is not None
        assert (await release(process.pid, inode + 1, lock.key, deadline_s=PATIENCE_S)).startswith("not released: ")
        assert await release(process.pid, inode, lock.key, deadline_s=PATIENCE_S) == "released"
        assert first_line(process) == "has it"


async def test_stacks_come_while_c_code_keeps_the_interpreter() -> None:
    """No answer, but faulthandler's words."""
    with running(AGENT, "native") as process:
        first_line(process)

        def ran_ticks() -> int:
            (facts,) = look({process.pid: "w"}).processes.values()
            main = facts.thread(process.pid)
            return main.cpu_ticks if main is not None else 0

        before = ran_ticks()  # its imports may have taken as many
        wait_for(lambda: ran_ticks() > before + 20, "the C loop")
        silent = await ask(process.pid, deadline_s=0.05)
        assert silent.trouble.startswith("did not answer within")
        answer = await fault_dump(process.pid, deadline_s=PATIENCE_S)
        assert answer.dump is not None, answer.trouble
        (main,) = [thread for thread in answer.dump.threads if thread.is_main]
        assert answer.dump.source == "faulthandler"
        assert [frame.function for frame in main.frames] == ["keeps_the_interpreter", "<module>"]
