"""The engine's hold on channels while its fleet changes: who uses them, what a reload may do, when a stream ends."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from supervisor.channels import EndOfStream, PipeConnection, Queue
from supervisor.channels.connecting import connect
from supervisor.errors import RequestRefused
from supervisor.lifecycle.states import State
from supervisor.processes.orders import ChannelEnd
from supervisor.processes.plumbing import Plumbing
from supervisor.processes.sharing import Sharing
from supervisor.profile.loading import load_profile
from supervisor.profile.model import Profile

BASE = """
name = "plumbed"
[queues.paths]
maxsize = 3
[pipes.talk]
[values.total]
type = "q"
[locks.guard]
[workers.walk]
command = "true"
[workers.talker]
target = "code:talk"
writes = { out = "talk" }
[workers.listener]
target = "code:listen"
reads = { inbox = "talk" }
[workers.write]
target = "code:write"
replicas = 2
writes = { out = "paths" }
shares = { total = "total", guard = "guard" }
[workers.read]
target = "code:read"
reads = { inbox = "paths" }
"""


def profile_of(place: Path, text: str) -> Profile:
    (place / "code.py").write_text(
        "def talk(out): ...\ndef listen(inbox): ...\ndef write(out, **_): ...\ndef read(inbox): ...\n"
    )
    path = place / "procdeck.toml"
    path.write_text(text)
    return load_profile(path)


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    return profile_of(tmp_path, BASE)


@pytest.fixture
def plumbing(profile: Profile, tmp_path: Path) -> Iterator[Plumbing]:
    plumbing = Plumbing(profile, tmp_path / "spill", tmp_path / "letters")
    yield plumbing
    plumbing.close()


class States(dict[str, State]):
    """What the replicas are in; those that are not named run."""

    def __missing__(self, name: str) -> State:
        return State.RUNNING


def end_of(plumbing: Plumbing, profile: Profile, worker: str) -> PipeConnection:
    """A worker's end of its pipe, as it would be connected there."""
    (end,) = plumbing.ends_for(profile.workers[worker])
    assert isinstance(end, ChannelEnd)
    made = connect(end.description, [os.dup(fd) for fd in end.descriptors], end.mode)
    assert isinstance(made, PipeConnection)
    return made


def queue_of(plumbing: Plumbing) -> Queue:
    queue = plumbing.queue("paths")
    assert queue is not None
    return queue


@pytest.mark.parametrize("over", [State.FINISHED, State.FAILED, State.SKIPPED])
@pytest.mark.parametrize("not_over", [State.SCHEDULED, State.WAITING, State.BACKOFF, State.STOPPED, State.RUNNING])
def test_stream_ends_when_no_writer_will_write_again(plumbing: Plumbing, over: State, not_over: State) -> None:
    """Finished, failed and skipped writers are over; one that is to run again, or may, holds the stream open."""
    states = States({"write.1": over, "write.2": not_over})
    assert plumbing.settle(states.__getitem__) == []
    states["write.2"] = over
    assert plumbing.settle(states.__getitem__) == ["paths"]
    assert queue_of(plumbing).is_ended
    states["write.1"] = not_over
    assert plumbing.settle(states.__getitem__) == []
    assert not queue_of(plumbing).is_ended


def test_writer_that_was_scaled_up_holds_the_stream_open(plumbing: Plumbing, profile: Profile) -> None:
    """Who writes is who there is now, not who the profile began with."""
    states = States({f"write.{number}": State.FINISHED for number in (1, 2)})
    write, read = profile.workers["write"], profile.workers["read"]
    plumbing.set_users({"write": (write, ("write.1", "write.2", "write.3")), "read": (read, ("read", "read.2"))})
    assert plumbing.settle(states.__getitem__) == []
    assert plumbing.uses["paths"].writers == ("write.1", "write.2", "write.3")
    assert plumbing.uses["paths"].readers == ("read", "read.2")
    states["write.3"] = State.FINISHED
    assert plumbing.settle(states.__getitem__) == ["paths"]


def test_writer_that_was_scaled_away_is_waited_for(plumbing: Plumbing, profile: Profile) -> None:
    """It may write until it has ended."""
    states = States({"write.1": State.FINISHED, "write.2": State.STOPPING})
    plumbing.set_users({"write": (profile.workers["write"], ("write.1",))})
    assert plumbing.settle(states.__getitem__) == []
    states["write.2"] = State.STOPPED
    assert plumbing.settle(states.__getitem__) == ["paths"]


def test_reload_opens_what_is_new_and_closes_what_is_gone(plumbing: Plumbing, tmp_path: Path) -> None:
    """Channels that stay as they are keep what they hold."""
    kept = queue_of(plumbing)
    kept.put("kept")
    after = profile_of(
        tmp_path,
        BASE.replace("[pipes.talk]", "[queues.more]")
        .replace('writes = { out = "talk" }', 'writes = { out = "more" }')
        .replace('reads = { inbox = "talk" }', 'reads = { inbox = "more" }'),
    )
    plumbing.change(after)
    assert plumbing.settle(States().__getitem__) == []
    assert [count.name for count in plumbing.counts()] == ["paths", "more"]
    assert queue_of(plumbing) is kept
    assert kept.get() == "kept"
    assert plumbing.queue("more") is not None
    plumbing.set_users({"talker": (after.workers["talker"], ("talker",))})
    assert plumbing.uses["more"].writers == ("talker",)


def test_channel_in_use_is_not_changed(plumbing: Plumbing, tmp_path: Path) -> None:
    """A sentence says who uses it and what to do; nothing has changed then, not even what could."""
    before = queue_of(plumbing)
    after = profile_of(
        tmp_path, BASE.replace("maxsize = 3", "maxsize = 5").replace("[pipes.talk]", "[pipes.talk]\nduplex = true")
    )
    states = States({"talker": State.STOPPED, "listener": State.FAILED, "write.2": State.STOPPED})
    plumbing.settle(states.__getitem__)
    with pytest.raises(
        RequestRefused, match=r"paths cannot change while write\.1 and read use it; first: procdeck stop write\.1 read"
    ):
        plumbing.change(after)
    assert queue_of(plumbing) is before
    states.update(dict.fromkeys(("write.1", "read"), State.STOPPED))
    before.put("item")
    with pytest.raises(RequestRefused, match="paths cannot change while it holds 1 item; see: procdeck channels paths"):
        plumbing.change(after)
    before.drain()
    plumbing.change(after)
    assert (queue_of(plumbing).maxsize, before is queue_of(plumbing)) == (5, False)


def test_pipe_ends_for_good_with_either_side(plumbing: Plumbing, profile: Profile) -> None:
    """The reader of a writer that is over sees EOF after the last message; one that will be restarted ends nothing."""
    states = States()
    reader, writer = end_of(plumbing, profile, "listener"), end_of(plumbing, profile, "talker")
    writer.send("last")
    states["talker"] = State.BACKOFF
    assert plumbing.settle(states.__getitem__) == []
    assert not plumbing.counts()[1].is_ended, "it will be started again and write on"
    again = end_of(plumbing, profile, "talker")
    again.send("from the next life")
    states["talker"] = State.FINISHED
    assert plumbing.settle(states.__getitem__) == ["talk"]
    assert (reader.recv(), reader.recv()) == ("last", "from the next life")
    with pytest.raises(EOFError):
        reader.recv()
    for connection in (reader, writer, again):
        connection.close()


def test_reader_that_starts_late_gets_what_an_ended_writer_sent(plumbing: Plumbing, profile: Profile) -> None:
    """A writer that has finished before its reader began takes nothing with it."""
    states = States({"listener": State.WAITING})
    writer = end_of(plumbing, profile, "talker")
    writer.send("early")
    writer.close()
    states["talker"] = State.FINISHED
    assert plumbing.settle(states.__getitem__) == ["talk"]
    reader = end_of(plumbing, profile, "listener")
    assert reader.recv() == "early"
    with pytest.raises(EOFError):
        reader.recv()
    reader.close()


def test_writer_learns_that_its_reader_is_over(plumbing: Plumbing, profile: Profile) -> None:
    """It need not fill the buffer first; both get a new pipe when they are started again, in whichever order."""
    states = States()
    reader, writer = end_of(plumbing, profile, "listener"), end_of(plumbing, profile, "talker")
    states["listener"] = State.FAILED
    plumbing.settle(states.__getitem__)
    with pytest.raises(BrokenPipeError):
        writer.send("to nobody")
    states["talker"] = State.FAILED
    plumbing.settle(states.__getitem__)
    reader.close()
    writer.close()
    reader = end_of(plumbing, profile, "listener")
    states["listener"] = State.RUNNING
    plumbing.settle(states.__getitem__)
    writer = end_of(plumbing, profile, "talker")
    states["talker"] = State.RUNNING
    plumbing.settle(states.__getitem__)
    writer.send("anew")
    assert reader.recv() == "anew"
    reader.close()
    writer.close()


def test_shared_channels_change_unless_somebody_uses_them(profile: Profile, tmp_path: Path) -> None:
    """What is new is made, what is gone is let go, what differs is made anew or, in use, stays with a sentence."""
    sharing = Sharing(profile, tmp_path)
    text = BASE.replace('type = "q"', 'type = "d"\n[events.go]').replace(
        "[locks.guard]", '[locks.guard]\nkind = "rlock"'
    )
    after = profile_of(tmp_path, text)
    users = {"total": ("write.1", "write.2")}
    (refusal,) = sharing.change(after, users)
    assert refusal == "total cannot change while write.1 and write.2 use it; first: procdeck stop write.1 write.2"
    assert sharing.kinds() == {"guard": "rlock", "go": "event", "total": "value"}
    assert next(state.state for state in sharing.states() if state.name == "total") == "0 (type q)"
    assert sharing.change(after, {}) == ()
    assert next(state.state for state in sharing.states() if state.name == "total") == "0.0 (type d)"
    (refusal,) = sharing.refusals(profile_of(tmp_path, text + "[dicts.seen]\n"), {})
    assert refusal.startswith("dict seen cannot be added to a run")
    sharing.close()


def test_ended_queue_tells_a_late_reader(plumbing: Plumbing) -> None:
    """The end holds for who comes later, too."""
    plumbing.settle(States({"write.1": State.FAILED, "write.2": State.SKIPPED}).__getitem__)
    with pytest.raises(EndOfStream):
        queue_of(plumbing).get(timeout=60)
