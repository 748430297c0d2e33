"""A pool's leader without an engine: ``python -m tests.poolrun.leader FD``, the order as JSON on stdin.

What the agent would write as records goes over the control pipe as ``say``.
"""

from __future__ import annotations

import faulthandler
import json
import signal
import sys
from collections.abc import Mapping

from supervisor.agent.control import Control
from supervisor.agent.pool_hosting import AgentHost
from supervisor.channels import StopRequested, set_interrupt
from supervisor.channels.connecting import connect
from supervisor.poolrun.ending import RunFailed
from supervisor.poolrun.plan import Plan
from supervisor.poolrun.run import Run


class TalkativeHost(AgentHost):
    def __init__(self, control: Control) -> None:
        super().__init__(control, None)
        self._talk = control.send

    def say(self, level: str, message: str, *, extra: Mapping[str, object], error: BaseException | None = None) -> None:
        self._talk("say", level=level, message=message, extra=dict(extra), trouble=repr(error))


def main() -> int:
    faulthandler.register(signal.SIGUSR1)
    order = json.load(sys.stdin)
    control = Control(int(sys.argv[1]))
    set_interrupt(control.fileno(), control.check)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    channels = {
        one["parameter"]: connect(one["description"], one["fds"], one["mode"]) for one in order.pop("channels", [])
    }
    run = Run(Plan.of(order), TalkativeHost(control), channels)
    control.send("running")
    try:
        run.go()
    except StopRequested:
        return 0
    except KeyboardInterrupt:
        return 130
    except RunFailed as failed:
        control.send("failed", error=str(failed), traceback=failed.traceback)
        return 1
    control.send("finished")
    return 0


if __name__ == "__main__":
    sys.exit(main())
