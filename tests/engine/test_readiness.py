"""Workers that say when they can serve, in every way there is, seen from outside of a real engine."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.engines import engine_on, wait_for, write_profile

NOTIFY = """
import os, socket, sys, time
def tell(text):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.sendto(text.encode(), os.environ["NOTIFY_SOCKET"].replace("@", chr(0), 1))
tell("STATUS=warming up")
while not os.path.exists("go"):
    time.sleep(0.02)
tell("READY=1")
time.sleep(1000)
"""


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_target_is_ready_when_it_says_so(place: Path, method: str) -> None:
    """ctx.ready(): UNREADY before, RUNNING after, and dependents wait for it."""
    profile = f"""
    name = "ctx"
    [workers.server]
    target = "code:serve"
    start_method = "{method}"
    ready = "ctx"
    [workers.client]
    command = "exec sleep 1000"
    depends_on = ["server"]
    """
    code = """
    import os, time
    def serve(ctx):
        while not os.path.exists("go"):
            time.sleep(0.02)
        ctx.ready()
        ctx.stopping.wait(1000)
    """
    path = write_profile(place / "p", profile, code=code)
    with engine_on(path) as engine:
        row = engine.wait_state("server", "unready")
        assert row.waits_for == "ready: ctx (ctx.ready() has not been called)"
        engine.wait_state("client", "waiting")
        (path.parent / "go").touch()
        engine.wait_state("server", "running")
        engine.wait_state("client", "running")
        (check,) = engine.client.detail("server").checks
        assert (check.role, check.what, check.is_passing) == ("ready", "ctx", True)


def test_service_speaks_sd_notify(place: Path) -> None:
    """READY=1 makes it RUNNING; STATUS= is what it is doing."""
    profile = f"""
    name = "notify"
    [workers.service]
    command = ["{sys.executable}", "service.py"]
    ready = "notify"
    """
    path = write_profile(place / "p", profile, service=NOTIFY)
    with engine_on(path) as engine:
        engine.wait_row("service", lambda row: row.activity == "warming up", "to say its status")
        assert engine.row("service").state == "unready"
        (path.parent / "go").touch()
        engine.wait_state("service", "running")


def test_service_writes_a_newline_to_its_descriptor(place: Path) -> None:
    """s6's notification-fd, at the number that the program expects."""
    profile = """
    name = "s6"
    [workers.service]
    command = "until test -e go; do sleep 0.02; done; echo >&7; exec 7>&-; exec sleep 1000"
    ready = { fd = 7 }
    """
    path = write_profile(place / "p", profile)
    with engine_on(path) as engine:
        engine.wait_state("service", "unready")
        (path.parent / "go").touch()
        engine.wait_state("service", "running")


def test_failed_liveness_restarts(place: Path) -> None:
    """An exec check that fails for good: a new incarnation, the cause in words, and no probe left behind."""
    profile = """
    name = "alive"
    [workers.service]
    command = "exec sleep 1000"
    alive = { exec = "test ! -e sick", interval = "50ms", failures = 2 }
    """
    path = write_profile(place / "p", profile)
    with engine_on(path) as engine:
        engine.wait_state("service", "running")
        (path.parent / "sick").touch()
        engine.wait_row("service", lambda row: row.incarnation >= 2, "to be replaced")
        (path.parent / "sick").unlink()
        engine.wait_state("service", "running")
        first = engine.client.detail("service").exits[0]
        assert first.cause.startswith("liveness failed: ")
        assert not first.ok


def test_silent_worker_leaves_its_stack_and_is_replaced(place: Path) -> None:
    """A heartbeat that stops: SIGABRT, the stack of the hang in the log, then a new incarnation (fault 45)."""
    profile = """
    name = "silent"
    [workers.hangs]
    target = "code:work"
    alive = { heartbeat = "2s" }
    restart = { max = 100, backoff = "10ms..10ms" }
    """
    code = """
    import os, time
    def work(ctx):
        ctx.heartbeat()
        if not os.path.exists("hung"):
            open("hung", "w").close()
            hang_here()
        while not ctx.stopping.wait(0.05):
            ctx.heartbeat()
    def hang_here():
        time.sleep(1000)
    """
    with engine_on(write_profile(place / "p", profile, code=code)) as engine:
        engine.wait_row("hangs", lambda row: row.incarnation >= 2 and row.state == "running", "to be replaced")
        wait_for(lambda: any("hang_here" in text for text in engine.messages("hangs")), "the stack of the hang")


def test_changed_file_restarts_its_worker_once(place: Path) -> None:
    """watch: a save restarts; what the worker does not watch does not."""
    profile = """
    name = "watch"
    [workers.dev]
    target = "code:work"
    watch = ["*.py"]
    [workers.other]
    command = "exec sleep 1000"
    """
    code = """
    def work(ctx):
        ctx.log.info("version 1")
        ctx.stopping.wait(1000)
    """
    path = write_profile(place / "p", profile, code=code)
    with engine_on(path) as engine:
        engine.wait_message("dev", "version 1")
        wait_for(lambda: engine.row("dev").state == "running", "it to run")
        source = path.parent / "code.py"

        def save_again() -> bool:
            # The helper that watches may not have begun when the first save comes.
            source.write_text(source.read_text().replace("version 1", "version 2") + "\n")
            return "version 2" in engine.messages("dev")

        wait_for(save_again, "the new version to run")
        assert engine.row("other").incarnation == 1


def test_environment_file_and_limits_reach_the_worker(place: Path) -> None:
    """Its values are there and shown nowhere; the limits are the process's own."""
    profile = """
    name = "limits"
    [workers.w]
    target = "code:work"
    env_file = ".env"
    umask = "027"
    nice = 3
    limits = { nofile = 200, core = 0 }
    [workers.c]
    command = "ulimit -n; umask; exec sleep 1000"
    umask = "027"
    limits = { nofile = 201 }
    """
    code = """
    import os, resource
    def work(ctx):
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        ctx.log.info(f"nofile {soft} nice {os.nice(0)} umask {os.umask(0):03o} length {len(os.environ['API_TOKEN'])}")
        ctx.stopping.wait(1000)
    """
    path = write_profile(place / "p", "\n", code=code)
    (path.parent / ".env").write_text("API_TOKEN='s3cret-value'\n")
    write_profile(place / "p", profile)
    with engine_on(path) as engine:
        engine.wait_message("w", "nofile 200 nice 3 umask 027 length 12")
        engine.wait_message("c", "201")
        engine.wait_message("c", "0027")
        detail = engine.client.detail("w")
        assert "s3cret-value" not in repr(detail)
        assert {"nofile 200", "nice 3", "umask 027"} <= set(detail.limits)
