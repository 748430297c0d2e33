"""Stands for a dashboard in a browser: says who it is, then does what it is told. Run with `python -S -E`.

``say X`` paints X, ``leave`` ends as a dashboard does, ``crash`` as one does not, ``deaf`` no longer minds SIGTERM.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys


def send(kind: bytes, payload: bytes) -> None:
    os.write(1, kind + len(payload).to_bytes(4, "big") + payload)


def read_packet() -> tuple[bytes, bytes]:
    head = sys.stdin.buffer.read(5)
    if len(head) < 5:
        sys.exit(0)
    return head[:1], sys.stdin.buffer.read(int.from_bytes(head[1:], "big"))


def main() -> None:
    os.write(1, b"__GANGLION__\n")
    send(b"D", json.dumps({"pid": os.getpid(), "group": os.getpgrp(), "environment": dict(os.environ)}).encode())
    while True:
        kind, payload = read_packet()
        word, _, rest = payload.decode().partition(" ")
        if kind == b"M":
            send(b"D", b"told " + payload)
        elif word == "say":
            send(b"D", rest.encode())
        elif word == "deaf":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            child = subprocess.Popen([sys.executable, "-S", "-E", "-c", "import time; time.sleep(600)"])
            send(b"D", str(child.pid).encode())
        elif word == "leave":
            send(b"M", b'{"type": "exit"}')
            sys.exit(0)
        elif word == "crash":
            sys.exit("everything is \x1b[31mlost")


main()
