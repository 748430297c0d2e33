"""The text that faulthandler writes, as recorded."""

from __future__ import annotations

from supervisor.processes.fault_text import parse

RECORDED_3_11 = """Thread 0x00007f8ac3fff6c0 (most recent call first):
  File "/usr/lib/python3.11/threading.py", line 327 in wait
  File "__init__", line ??? in <frame>
  File "<string>", line 7 in f

Thread 0x00007f8ac4fff6c0 (most recent call first):
  <no Python frame>

Current thread 0x00007f8ac5a1b740 (most recent call first):
  Garbage-collecting
  File "/srv/my app/wörker (1).py", line 12 in <module>
"""

RECORDED_3_14 = """Thread 0x00007f8ac3fff6c0 [QueueFeederThre] (most recent call first):
  File "/usr/lib/python3.14/threading.py", line 369 in wait
"""


def test_threads_and_frames_are_read() -> None:
    """Newest thread first, innermost frame first; the last thread is the main one; a frame in the making is dropped."""
    dump = parse(RECORDED_3_11, 10, at_s=2.0)
    assert (dump.pid, dump.source, dump.at_s) == (10, "faulthandler", 2.0)
    assert [thread.ident for thread in dump.threads] == [0x7F8AC3FFF6C0, 0x7F8AC4FFF6C0, 0x7F8AC5A1B740]
    assert [thread.is_main for thread in dump.threads] == [False, False, True]
    assert [[(frame.line, frame.function) for frame in thread.frames] for thread in dump.threads] == [
        [(327, "wait"), (7, "f")],
        [],
        [(12, "<module>")],
    ]
    assert dump.threads[2].frames[0].file == "/srv/my app/wörker (1).py"
    assert dump.notes == ("the current thread collects garbage",)


def test_thread_names_are_read_where_they_are_written() -> None:
    """From 3.14 on."""
    assert parse(RECORDED_3_14, 10, at_s=0.0).threads[0].name == "QueueFeederThre"


def test_what_was_cut_is_noted_and_no_thread_is_taken_for_the_main_one() -> None:
    """More than 100 threads end in dots."""
    dump = parse(RECORDED_3_11 + "...\n", 10, at_s=0.0)
    assert not any(thread.is_main for thread in dump.threads)
    assert "cut to 100 frames a thread and 100 threads" in dump.notes


def test_other_text_has_no_threads() -> None:
    """Nothing is made up."""
    assert parse("", 10, at_s=0.0).threads == ()
    assert parse('  File "x.py", line 1 in f\nhello\n', 10, at_s=0.0).threads == ()
