"""The command line: one-shot commands on a running engine, headless runs, and the way into the dashboard.

`main` holds the grammar; every family of commands has a module of its own, which is imported when it is used. Nothing
here imports Textual, aiohttp or pydantic before it is needed. stdout is data, stderr is narration.
"""
