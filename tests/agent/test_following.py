"""The agent in the processes that a worker starts by itself, where procdeck need not be installed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from supervisor.agent import following
from tests.agent.asked import PRELUDE, ask, ask_until, functions, main_thread, of_kind, program
from tests.engines import RunningEngine, engine_on, write_profile

METHODS = ["fork", "spawn", "forkserver"]

UNINSTALLED = PRELUDE.replace(
    "from supervisor.agent import following\nfollowing.begin()\n",
    """
if __name__ == "__main__":
    from supervisor.agent import following
    following.begin()
    del os.environ["PYTHONPATH"], following
    sys.path[:] = [entry for entry in sys.path if not os.path.isdir(os.path.join(entry, "supervisor"))]
""",
)
"""What starts children from here hands on no way to find procdeck but the agent's own."""


@pytest.mark.parametrize("method", METHODS)
def test_children_and_their_children_can_be_asked(tmp_path: Path, method: str) -> None:
    """Whatever the start method; their module search path is what it was."""
    code = f"""
    context = multiprocessing.get_context({method!r})

    def nap():
        time.sleep(1000)

    def parent():
        child = context.Process(target=nap)
        child.start()
        say(child=child.pid, is_followed="supervisor" in sys.modules, path=sys.path)
        child.join()

    if __name__ == "__main__":
        child = context.Process(target=parent)
        child.start()
        say(pid=os.getpid(), path=sys.path)
        child.join()
    """
    with program(code, tmp_path, prelude=UNINSTALLED) as running:
        said = [running.heard(), running.heard()]
        [first] = [words for words in said if "pid" in words]
        [second] = [words for words in said if "child" in words]
        assert second["is_followed"] is True
        assert second["path"] == first["path"]

        nap = ask_until(second["child"], "nap")
        dump = ask(running.pid)

        assert functions(main_thread(nap))[1:3] == ["BaseProcess.run", "BaseProcess._bootstrap"]
        [middle] = dump["children"]
        assert (middle["start_method"], middle["exit_code"]) == (method, None)
        assert [child["pid"] for child in ask(middle["pid"])["children"]] == [second["child"]]


@pytest.mark.parametrize("method", METHODS)
def test_members_of_pools_and_executors_can_be_asked(tmp_path: Path, method: str) -> None:
    """Idle and busy ones, and one that a pool has put in another's place from a thread of its own."""
    code = f"""
    from concurrent.futures import ProcessPoolExecutor
    context = multiprocessing.get_context({method!r})

    def nap(_=None):
        time.sleep(1000)

    if __name__ == "__main__":
        pool = context.Pool(1, maxtasksperchild=1)
        first = pool.apply(os.getpid)
        while [member.pid for member in pool._pool] in ([], [first]):
            time.sleep(0.01)
        second = pool.apply_async(nap)
        executor = ProcessPoolExecutor(1, mp_context=context)
        executor.submit(nap)
        say(pool=[member.pid for member in pool._pool], executor=list(executor._processes))
        stay()
    """
    with program(code, tmp_path, prelude=UNINSTALLED) as running:
        said = running.heard()

        [member] = said["pool"]
        ask_until(member, "nap", "worker")
        [member] = said["executor"]
        dump = ask_until(member, "nap")
        assert "_process_worker" in functions(main_thread(dump))
        assert {queue["kind"] for queue in of_kind(dump, "mp.Queue")} == {"mp.Queue"}


def test_a_raw_fork_can_be_asked_also_one_made_by_a_thread(tmp_path: Path) -> None:
    """The forking thread is the child's main thread; the others are not there."""
    code = """
    def fork():
        pid = os.fork()
        if not pid:
            stay()
        say(child=pid)

    thread = threading.Thread(target=fork, name="forker")
    thread.start()
    thread.join()
    fork()
    """
    with program(code, tmp_path) as running:
        children = [running.heard()["child"] for _ in range(2)]
        for child in children:
            dump = ask_until(child, "stay", "fork")
            assert [thread["native_id"] for thread in dump["threads"]] == [child]


def test_a_child_where_the_agent_is_not_found_is_started_all_the_same() -> None:
    """What is unpickled there swallows every failure, and leaves nothing half imported."""
    made, arguments = following.Luggage().__reduce__()
    source, names = arguments
    assert made is exec
    assert isinstance(names, dict)
    hidden = {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] == "supervisor"}
    try:
        exec(str(source), {**names, "package": "/nowhere"})
        assert "supervisor" not in sys.modules
    finally:
        sys.modules.update(hidden)


PROFILE = """
    name = "followed"
    [defaults]
    restart = "never"
    [queues.paths]
    [locks.guard]
    [workers.fork]
    target = "work:run"
    start_method = "fork"
    reads = { inbox = "paths" }
    shares = { lock = "guard" }
    [workers.spawn]
    target = "work:run"
    start_method = "spawn"
    reads = { inbox = "paths" }
    shares = { lock = "guard" }
    [workers.forkserver]
    target = "work:run"
    start_method = "forkserver"
    preload = ["made_before"]
    reads = { inbox = "paths" }
    shares = { lock = "guard" }
"""
WORK = """
    import multiprocessing, time

    def nap():
        time.sleep(1000)

    def run(inbox, lock):
        multiprocessing.get_context("spawn").Process(target=nap, daemon=True).start()
        print("started", flush=True)
        inbox.get()
"""
MADE_BEFORE = """
    import multiprocessing
    early = multiprocessing.get_context("spawn").Lock()
"""


def test_workers_of_every_start_method_tell_their_channels_by_name(place: Path) -> None:
    """And what they wait in, and their own children can be asked; what a preloaded module made is known."""

    def look(engine: RunningEngine, name: str) -> bool:
        row = engine.row(name)
        assert row.pid is not None
        dump = ask_until(row.pid, "Blocking.wait")
        frames = main_thread(dump)["frames"]
        waited = {subject for _, _, function, _, subject in frames if function == "Queue.get"}
        channels = {(thing["kind"], thing["name"]) for thing in dump["things"] if "." not in thing["kind"]}
        assert channels == {("queue", "paths"), ("lock", "guard")}
        assert [thing["name"] for thing in dump["things"] if thing["key"] in waited] == ["paths"]
        early = [thing for thing in of_kind(dump, "mp.Lock") if thing["place"] == "made_before.py:3"]
        assert len(early) == (name == "forkserver")
        [child] = dump["children"]
        return bool(ask_until(child["pid"], "nap"))

    profile = write_profile(place / "p", PROFILE, work=WORK, made_before=MADE_BEFORE)
    with engine_on(profile) as engine:
        for name in METHODS:
            engine.wait_message(name, "started")
        for name in METHODS:
            assert look(engine, name)
