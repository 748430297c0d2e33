"""A module that does not come to an end of its import; `threads.import_lock` imports it in two threads."""

import threading

threading.has_begun.set()  # type: ignore[attr-defined]
threading.Event().wait()
