"""The status board: what is read is what was written, or what was written before, never a mixture."""

from __future__ import annotations

import os
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.channels import BoardPage, StatusBoard
from tests.channels.actors import attach_and_write
from tests.channels.conftest import Crew, until


def test_new_board_says_nothing() -> None:
    """Before the worker's first word the page is empty, not garbage."""
    board = StatusBoard.create()
    assert board.read() == BoardPage()
    board.close()


def test_writer_and_reader_see_the_same_page() -> None:
    """What one mapping writes, another one of the same page reads, with the time of it."""
    before_s = time.monotonic()
    engine_side = StatusBoard.create()
    worker_side = StatusBoard.attach(os.dup(engine_side.fd))
    worker_side.doing("parsing ast.py")
    worker_side.beat()
    worker_side.progress(3, 10)
    worker_side.waiting("paths", "get")
    page = engine_side.read()
    assert (page.activity, page.progress, page.channel, page.operation) == ("parsing ast.py", (3, 10), "paths", "get")
    assert page.heartbeat_s is not None
    assert page.operation_since_s is not None
    after_s = time.monotonic()
    assert before_s <= page.activity_since_s <= page.heartbeat_s <= page.operation_since_s <= after_s
    worker_side.moving()
    page = engine_side.read()
    assert (page.channel, page.operation, page.operation_since_s) == ("", "", None)
    assert page.activity == "parsing ast.py"
    worker_side.close()
    engine_side.close()


@given(st.text(max_size=300), st.text(max_size=300))
def test_any_text_comes_back_cut_at_a_character(activity: str, channel: str) -> None:
    """At most 200 bytes of UTF-8 are kept, never half a character."""
    board = StatusBoard.create()
    board.doing(activity)
    board.waiting(channel, "get")
    page = board.read()
    for kept, given_text in ((page.activity, activity), (page.channel, channel)):
        whole = given_text.encode("utf-8", "replace").decode()
        assert whole.startswith(kept)
        assert len(kept.encode()) <= 200
        assert kept == whole or len(whole.encode()) > 200
        assert kept == whole or len(whole[: len(kept) + 1].encode()) > 200
    board.close()


@given(st.integers(), st.integers())
def test_any_progress_comes_back_within_64_bits(done: int, total: int) -> None:
    """Numbers that no job reaches are cut, not raised about."""
    limit = 2**63 - 1
    board = StatusBoard.create()
    board.progress(done, total)
    assert board.read().progress == (max(-limit, min(done, limit)), max(-limit, min(total, limit)))
    board.close()


@given(st.integers(min_value=0, max_value=215), st.binary(min_size=1, max_size=216))
def test_half_a_write_leaves_the_last_complete_text(offset: int, noise: bytes) -> None:
    """Whatever a killed writer left in the copy it was filling, the reader shows the one before."""
    board = StatusBoard.create()
    board.doing("first")
    board.doing("second")
    cell = board._cells[0]
    other_copy = cell._copies[(cell._version[0] + 1) & 1]
    noise = noise[: len(other_copy) - offset]
    other_copy[offset : offset + len(noise)] = noise
    assert board.read().activity == "second"
    board.close()


def test_garbage_in_the_page_is_never_shown() -> None:
    """A record whose checksum is wrong is not believed: the reader keeps what it read last."""
    board = StatusBoard.create()
    board.doing("sound")
    assert board.read().activity == "sound"
    cell = board._cells[0]
    cell._copies[cell._version[0] & 1][10:20] = b"\xff" * 10
    assert board.read().activity == "sound"
    board.close()


def test_killed_writer_leaves_a_readable_page(forked: Crew) -> None:
    """SIGKILL at any instant of a writer in full swing: every read is one whole text."""
    for _ in range(5):
        board = StatusBoard.create()
        writer = forked.start(attach_and_write, board.fd)
        until(lambda board=board: board.read().progress is not None, "the first words")  # type: ignore[misc]
        for _ in range(200):
            text = board.read().activity
            assert text == text[0] * len(text)
        writer.kill()
        writer.join()
        page = board.read()
        assert page.activity == page.activity[0] * len(page.activity)
        assert page.progress is not None
        assert page.progress[0] == page.progress[1]
        board.close()


def test_forked_child_does_not_write_on_its_parents_page(forked: Crew) -> None:
    """A child that a worker forks has no board: what it says is dropped."""
    board = StatusBoard.create()
    board.doing("parent")
    forked.start(board.doing, "child")
    forked.start(board.beat)
    assert forked.join() == [0, 0]
    page = board.read()
    assert (page.activity, page.heartbeat_s) == ("parent", None)
    board.close()


def write_often(board: StatusBoard, text: str) -> None:
    for _ in range(500):
        board.doing(text)


def test_threads_that_write_at_once_do_not_mix() -> None:
    """The last of several threads wins; no text is made of two."""
    board = StatusBoard.create()
    texts = ["a" * 200, "b" * 150, "c" * 100]
    threads = [threading.Thread(target=write_often, args=(board, text)) for text in texts]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        assert board.read().activity in {"", *texts}
    for thread in threads:
        thread.join()
    assert board.read().activity in texts
    board.close()


def test_what_is_no_board_is_refused() -> None:
    """A wrong descriptor is an error in words, at attach."""
    fd = os.memfd_create("other")
    with pytest.raises(ValueError, match="is not a status board"):
        StatusBoard.attach(fd)
    os.ftruncate(fd, 4096)
    with pytest.raises(ValueError, match="not a status board of this version"):
        StatusBoard.attach(fd)


def test_page_cannot_be_cut_under_the_engines_mapping() -> None:
    """A worker that truncates its descriptor gets an error; the engine would otherwise die of SIGBUS."""
    board = StatusBoard.create()
    with pytest.raises(PermissionError):
        os.ftruncate(board.fd, 0)
    board.close()
