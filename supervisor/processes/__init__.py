"""The only rooms that spawn, signal and reap.

::

    ignition ──► guardian (subreaper, holds the lock) ──fork──► engine (subreaper)
                                                                  │  launching: fork | spawn | forkserver | exec
                                                                  ▼
                                            incarnation: pid, control pipe, lane, stdout, stderr, board
                                                                  │  pidfd readable
                                                                  ▼
                                            reaping: status ─► drain ─► the rest of the tree ─► exit cause in words
"""
