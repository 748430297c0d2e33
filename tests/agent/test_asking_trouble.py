"""What user code and signals may do to the agent, and what the agent must not do to user code."""

from __future__ import annotations

import os
from pathlib import Path

from supervisor.agent import asking
from tests.agent.asked import ask, ask_until, functions, main_thread, memory_file, of_kind, own_file, program
from tests.engines import wait_for

ODD_QUEUE = """
import signal
from multiprocessing.queues import Queue

class Odd(Queue):
    @property
    def _closed(self):
        return self.look()

    @_closed.setter
    def _closed(self, value):
        pass

def late(number, frame):
    raise TimeoutError("too late")
"""


def test_what_a_handler_of_user_code_raises_reaches_the_program(tmp_path: Path) -> None:
    """A timeout by signal that comes while an answer is made ends the call that the question had interrupted."""
    code = """
    Odd.look = lambda self: signal.raise_signal(signal.SIGUSR1)
    signal.signal(signal.SIGUSR1, late)
    queue = Odd(ctx=multiprocessing.get_context("fork"))
    try:
        say(pid=os.getpid())
        while True:
            time.sleep(0.01)
    except TimeoutError as error:
        del Odd.look
        say(heard=str(error))
    stay()
    """
    with program(ODD_QUEUE + code.replace("\n    ", "\n"), tmp_path) as running:
        running.heard()
        with open(own_file(running.pid), "r+b", buffering=0) as file:
            os.pwrite(file.fileno(), b'{"want": "all"}\0', asking.QUESTION_AT)
            os.pwrite(file.fileno(), (1).to_bytes(8, "little"), 16)
        os.kill(running.pid, asking.ASK_SIGNAL)

        assert running.heard() == {"heard": "too late"}
        ask_until(running.pid, "stay")


def test_what_fails_in_the_agent_itself_stays_there(tmp_path: Path) -> None:
    """A subclass with ideas of its own loses its facts; everything else is told, and the program sleeps on."""
    code = """
    def look(self):
        raise ValueError("no fact for you")
    Odd.look = look
    odd, plain = Odd(ctx=multiprocessing.get_context("fork")), multiprocessing.get_context("fork").Lock()
    say(pid=os.getpid())
    stay()
    """
    with program(ODD_QUEUE + code.replace("\n    ", "\n"), tmp_path) as running:
        running.heard()

        dump = ask_until(running.pid, "stay")

        assert [queue["facts"] for queue in of_kind(dump, "mp.Queue")] == [{}]
        assert all(lock["facts"]["value"] == 1 for lock in of_kind(dump, "mp.Lock"))
        assert running.end() == 0


def test_many_signals_at_once_give_one_answer_and_do_no_harm(tmp_path: Path) -> None:
    """Also those that come when there is no question, or while one is answered."""
    with program("say(pid=os.getpid()); stay(); say(is_collecting=__import__('gc').isenabled())", tmp_path) as running:
        running.heard()
        ask_until(running.pid, "stay")
        for _ in range(50):
            for _ in range(20):
                os.kill(running.pid, asking.ASK_SIGNAL)
            assert functions(main_thread(ask(running.pid, "stacks")))[0] == "stay"

        assert running.end() == 0
        assert running.heard() == {"is_collecting": True}


def test_whoever_begins_twice_keeps_the_file_that_a_question_may_be_in(tmp_path: Path) -> None:
    """A spawned child runs its parent's main module again, with what begins there."""
    with program("say(); sys.stdin.readline(); following.begin(); say(); stay()", tmp_path) as running:
        running.heard()
        before = os.stat(own_file(running.pid)).st_ino
        running.tell()
        running.heard()

        assert os.stat(own_file(running.pid)).st_ino == before
        ask_until(running.pid, "stay")


def test_a_question_that_is_no_question_is_answered_with_its_error(tmp_path: Path) -> None:
    """The asker never waits in vain."""
    with program("say(pid=os.getpid()); stay()", tmp_path) as running:
        running.heard()

        assert ask(running.pid, "coffee") == {"error": "asked for 'coffee'; this agent answers all, stacks and release"}
        assert "JSONDecodeError" in ask(running.pid, "x" * asking.QUESTION_BYTES)["error"]


def test_whoever_blocks_the_signal_answers_once_it_does_not(tmp_path: Path) -> None:
    """Until then nothing happens to it."""
    code = """
    import signal
    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
    say(is_blocked=True)
    sys.stdin.readline()
    say(is_alive=True)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    stay()
    """
    with program(code, tmp_path) as running:
        running.heard()
        os.kill(running.pid, asking.ASK_SIGNAL)
        running.tell()
        assert running.heard() == {"is_alive": True}

        assert ask(running.pid, "stacks")["pid"] == running.pid


def test_user_code_that_takes_the_signal_is_asked_no_more(tmp_path: Path) -> None:
    """The memory file is gone, so that nobody sends it a question; its handler gets what its own senders send."""
    code = """
    import signal
    for number in (58, 59):
        signal.signal(number, lambda number, frame: say(heard=number))
    say(is_taken=True)
    child = os.fork()
    if child:
        say(child=child)
    while True:
        time.sleep(0.01)
    """
    with program(code, tmp_path) as running:
        assert running.heard() == {"is_taken": True}
        child = running.heard()["child"]
        assert [memory_file(pid) for pid in (running.pid, child)] == ["", ""]
        assert memory_file(running.pid, asking.FAULT_FILE_NAME) == ""
        os.kill(running.pid, asking.ASK_SIGNAL)
        assert running.heard() == {"heard": asking.ASK_SIGNAL}


def test_a_program_that_closes_all_its_descriptors_keeps_what_it_opens_then(tmp_path: Path) -> None:
    """The numbers of the memory files may be other files' by now; the agent writes into none of them."""
    code = """
    os.closerange(3, 1000)
    kept = [open(f"{os.path.dirname(__file__)}/{number}", "w+b", buffering=0) for number in range(10)]
    for file in kept:
        file.write(b"mine")
    child = os.fork()
    if not child:
        say(numbers=[file.fileno() for file in kept if os.fstat(file.fileno()).st_size])
        os._exit(0)
    os.waitpid(child, 0)
    sys.stdin.readline()
    say(sizes=sorted({os.fstat(file.fileno()).st_size for file in kept}))
    """
    with program(code, tmp_path) as running:
        assert running.heard() == {"numbers": list(range(3, 13))}
        assert memory_file(running.pid) == ""
        os.kill(running.pid, asking.ASK_SIGNAL)
        running.tell()
        assert running.heard() == {"sizes": [4]}
        assert running.end() == 0


def test_the_stacks_are_written_though_c_code_keeps_the_interpreter(tmp_path: Path) -> None:
    """By faulthandler, into a memory file that is the process's own, also in a forked child."""
    code = """
    import ctypes
    def hold():
        ctypes.PyDLL(None).pause()
    child = os.fork()
    if not child:
        hold()
    say(child=child)
    stay()
    """
    with program(code, tmp_path) as running:
        child = running.heard()["child"]
        own_file(child)  # it has made its own of both
        files = [memory_file(pid, asking.FAULT_FILE_NAME) for pid in (running.pid, child)]

        def told() -> bool:
            os.kill(child, asking.FAULT_SIGNAL)
            with open(files[1], "rb") as file:
                return b" in hold" in file.read()

        wait_for(told, "the child's stack")
        assert os.stat(files[0]).st_ino != os.stat(files[1]).st_ino
        assert os.stat(files[0]).st_size == 0


def test_what_would_not_fit_is_cut_and_said_to_be(tmp_path: Path) -> None:
    """64 threads, 80 frames a thread, 2000 things; less of them if that is too long; the count of what is missing."""
    code = """
    context = multiprocessing.get_context("fork")
    locks = [context.Lock() for _ in range(2100)]
    deep = threading.Semaphore(0)
    def dive(depth):
        if depth:
            dive(depth - 1)
        deep.release()
        threading.Event().wait()
    for _ in range(70):
        threading.Thread(target=dive, args=(100,), daemon=True).start()
        deep.acquire()
    say(is_ready=True)
    stay()
    """
    with program(code, tmp_path) as running:
        running.heard()

        dump = ask_until(running.pid, "stay")

        assert len(dump["threads"]) == 64
        assert main_thread(dump)["name"] == "MainThread"
        assert "7 more threads" in dump["notes"]
        assert any(note.endswith("more locks, queues and the like") for note in dump["notes"])
        assert 0 < len(dump["things"]) <= 2000
        depths = {len(thread["frames"]) for thread in dump["threads"] if not thread["is_main"]}
        assert depths in ({80}, {20})
        assert ("cut to 20 frames a thread and 500 things" in dump["notes"]) == (depths == {20})


def test_an_event_loop_is_asked_and_runs_on(tmp_path: Path) -> None:
    """asyncio hears of every signal through a descriptor; it does not mind ours."""
    code = """
    import asyncio, signal
    async def main():
        loop = asyncio.get_running_loop()
        done = asyncio.Event()
        loop.add_signal_handler(signal.SIGUSR1, done.set)
        say(is_ready=True)
        await done.wait()
        return "done"
    say(result=asyncio.run(main()))
    """
    with program(code, tmp_path) as running:
        running.heard()
        assert len({ask(running.pid, "stacks")["at_s"] for _ in range(5)}) == 5

        os.kill(running.pid, 10)
        assert running.heard() == {"result": "done"}
        assert running.end() == 0
