"""The engine's socket: what is said on it, the server in the engine, and the small synchronous client.

::

    tui.link (aiohttp) ──WebSocket /v1/stream──┐
    tui.cli (client.py, http.client) ──HTTP────┴─> server.py ──> EnginePort (engine.py)

Everything on the wire is JSON, so `curl --unix-socket` is a full client. Nothing is ever unpickled.
"""
