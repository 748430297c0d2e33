"""What is said of hangs, to the letter: why, all verdicts, stacks and the flame; worker text changes nothing."""

from __future__ import annotations

from itertools import pairwise

import msgspec
import pytest

import supervisor
from supervisor.api.hangs import SampledStack, SampleReply, StacksReply, Verdict, WhyReply
from tests.tui.hang_fakes import (
    SEEN_S,
    at_rest,
    deadlock,
    everybody,
    frame,
    hostile,
    idle,
    link,
    orphaned,
    sample_reply,
    stacks_reply,
    tail,
    why_reply,
)
from tests.tui.render.test_golden import golden
from tui.render.flame import flame_lines
from tui.render.glyphs import ASCII, UNICODE, Glyphs
from tui.render.hangs import hangs_page, verdict_id, worst_first
from tui.render.pieces import Line, line_text, line_width
from tui.render.stacks import Changes, dump_text, stacks_lines
from tui.render.why import why_page

KEYS = {"release": "u", "kill-process": "X", "restart": "r", "dump": "d"}


def text(lines: list[Line], width: int) -> str:
    """What a person sees; no line is wider than the screen."""
    assert max(map(line_width, lines), default=0) <= width
    return "\n".join(line_text(line).rstrip() for line in lines).rstrip("\n")


def why(reply: WhyReply, chosen: int = 0, width: int = 80, glyphs: Glyphs = UNICODE) -> str:
    return text(why_page(reply, chosen, KEYS, glyphs, SEEN_S, width).lines, width)


def hangs(reply: WhyReply, width: int = 80, glyphs: Glyphs = UNICODE) -> str:
    return text(hangs_page(reply, glyphs, SEEN_S, width).lines, width)


def seen_twice(reply: StacksReply) -> Changes:
    changes = Changes()
    changes.take(reply, SEEN_S - 5)
    changes.take(reply, SEEN_S)
    return changes


def stacks(reply: StacksReply, width: int = 80, glyphs: Glyphs = UNICODE) -> str:
    return text(stacks_lines(reply, seen_twice(reply), glyphs, SEEN_S, width), width)


def flame(reply: SampleReply, width: int = 80, glyphs: Glyphs = UNICODE, *, with_waiting: bool = False) -> str:
    return text(flame_lines(reply, glyphs, width, with_waiting=with_waiting), width)


def test_why_is_the_cause_first_then_the_ring_evidence_remedy_and_ways_out() -> None:
    """A deadlock is a ring with its source lines; its other threads come last, in short."""
    assert golden("why_ring") == why(why_reply(deadlock(), idle("parse.1")))


def test_a_chain_that_is_no_ring_is_a_tree() -> None:
    """Each who is waited for stands below the one who waits; the dead holder too."""
    assert golden("why_chain") == why(why_reply(orphaned()))


def test_a_chain_that_comes_to_a_ring_is_both() -> None:
    """Who waits for those in a ring stands before it."""
    assert golden("why_tail") == why(why_reply(tail()))


def test_what_could_not_be_seen_is_told_once_for_each_reason() -> None:
    """A hundred processes without an agent are one sentence; each other trouble is one of its own."""
    troubles = (*(f"pid {pid}: has no agent" for pid in range(20)), "pid 99: permission denied", "no time")
    told = why(WhyReply(troubles=troubles))
    assert "20 processes: has no agent (pid 0, pid 1," in told
    assert "pid 99: permission denied" in told
    assert "no time" in told


def test_the_next_verdict_is_shown_in_full_on_demand() -> None:
    """What was in short before is in full then, and the other way round."""
    told = why(why_reply(deadlock(), idle("parse.1")), chosen=1)
    assert "parse.1 sleeps and wakes by itself." in told.split("Its other threads")[0]
    assert "DEADLOCK" in told.split("Its other threads")[1]


def test_nothing_known_is_said() -> None:
    """No verdict is no empty screen; what could not be seen is told."""
    assert "Nothing is known of it." in why(WhyReply(troubles=("pid 12: permission denied",)))
    assert "permission denied" in why(WhyReply(troubles=("pid 12: permission denied",)))


@pytest.mark.parametrize("width", [80, 160])
def test_all_verdicts_worst_first_with_who_holds_the_others_up(width: int) -> None:
    """The root blockers, each verdict, the ring with its waiters below it, and what could not be seen."""
    assert golden(f"hangs_{width}") == hangs(everybody(), width)


def test_every_verdict_is_an_item_that_stands_where_it_says() -> None:
    """The cursor goes from one to the next, in the order of the page."""
    reply = everybody()
    page = hangs_page(reply, UNICODE, SEEN_S, 80)
    assert [item.id for item in page.items] == [verdict_id(verdict) for verdict in worst_first(reply)]
    for item, verdict in zip(page.items, worst_first(reply), strict=True):
        assert verdict.replica in line_text(page.lines[item.line])


def test_nobody_stuck_is_good_news() -> None:
    """Where nobody is stuck that is the first thing said."""
    assert hangs(why_reply(idle(), idle("web", 12))).strip().startswith("Nobody is stuck.")
    assert "No worker has a process" in hangs(why_reply())


def test_stacks_of_all_processes_and_threads() -> None:
    """Who told, what each thread does, for how long its stack has been the same; why there is no more."""
    assert golden("stacks") == stacks(stacks_reply())


def test_how_a_process_began_is_shown_on_demand() -> None:
    """Below the outermost call of its own code there are only ours and the library's."""
    process = stacks_reply().processes[0]
    began = (
        frame(f"{supervisor.__path__[0]}/engine.py", 127, "Engine.start", "apply()"),
        frame("<string>", 1, "<module>"),
    )
    thread = msgspec.structs.replace(process.threads[0], frames=(*process.threads[0].frames, *began))
    reply = StacksReply(replica="x", processes=(msgspec.structs.replace(process, threads=(thread,)),))
    short, whole = (
        text(stacks_lines(reply, Changes(), UNICODE, SEEN_S, 80, is_whole=is_whole), 80) for is_whole in (False, True)
    )
    assert "and below 2 calls by which it began (v)" in short
    assert "engine.py:127" not in short
    assert "engine.py:127" in whole


def test_a_thread_that_moves_is_told_from_one_that_does_not() -> None:
    """The same frames look after look are counted in seconds; other frames begin anew."""
    changes = seen_twice(stacks_reply())
    assert changes.still_s((4007, 4007), SEEN_S) == 5.0
    changes.take(stacks_reply(line=15), SEEN_S + 1)
    assert changes.still_s((4007, 4007), SEEN_S + 1) == 0.0
    assert changes.still_s((4007, 4020), SEEN_S + 1) == 6.0
    assert changes.still_s((1, 1), SEEN_S) is None


def test_a_worker_at_rest_tells_how_it_ended() -> None:
    """The post-mortem stands where stacks would."""
    told = stacks(at_rest())
    assert "It does not run. This is how it ended" in told
    assert "In its hands: 'a.py'" in told
    many = stacks(StacksReply(replica="x", post_mortem=("traceback: one", "traceback:   two", "log: three")))
    assert "   traceback: one\n                two\n   log: three" in many
    assert "nothing is known of its last one" in stacks(StacksReply(replica="x"))


def test_where_time_is_spent() -> None:
    """Blocks as wide as their share, callers above what they call; what only waited is shown on demand."""
    assert golden("flame") == flame(sample_reply())
    assert golden("flame_waiting") == flame(sample_reply(), with_waiting=True)
    assert golden("flame_ascii") == flame(sample_reply(), glyphs=ASCII)


def test_a_flame_of_nothing_says_so() -> None:
    """No samples, and why."""
    told = flame(SampleReply(replica="x", seconds=2.0, samples=0, trouble="it has no Python frames"))
    assert "it has no Python frames" in told
    assert "No stack was seen in that time." in told


def test_deep_stacks_do_not_make_the_flame_deeper_than_a_screen() -> None:
    """Hundreds of calls that branch at each level end in a word about the rest."""
    frames = tuple(frame("/srv/a.py", line, f"call{line}") for line in range(300))
    stacks_seen = tuple(SampledStack(pid=1, thread="MainThread", frames=frames[: at + 1], count=1) for at in range(300))
    told = flame(SampleReply(replica="x", seconds=2.0, samples=300, stacks=stacks_seen))
    assert "calls deeper" in told
    assert len(told.splitlines()) < 60


def test_long_chains_of_waiters_are_drawn_without_end() -> None:
    """A thousand workers that wait one for the other are judged and drawn, cut where nobody reads on."""
    links = [link(f"w.{at}", 100 + at, "waits") for at in range(1000)]
    verdicts = tuple(
        Verdict(
            kind="LOCK_WAIT", severity="waiting", replica=one.replica, pid=one.pid, tid=one.pid,
            sentence="It waits.", confidence="likely", chain=(one, other),
        )
        for one, other in pairwise(links)
    )  # fmt: skip
    told = hangs(why_reply(*verdicts))
    assert "w.999 (pid 1099) blocks 999 workers" in told
    assert "and 600 more" in told


@pytest.mark.parametrize("width", [60, 80, 160])
@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
def test_worker_text_is_never_obeyed_and_breaks_no_line(width: int, glyphs: Glyphs) -> None:
    """Escapes are gone, markup is text, wide characters leave every line within the screen."""
    bad = hostile()
    nasty = SampledStack(pid=1, thread=bad.thread, frames=tuple(reversed(bad.stack)), count=3)
    told = [
        why(why_reply(bad, bad), width=width, glyphs=glyphs),
        hangs(why_reply(bad), width, glyphs),
        flame(SampleReply(replica="x", seconds=1.0, samples=3, stacks=(nasty,)), width, glyphs),
        dump_text("t", [bad], [at_rest()], [bad.sentence]),
    ]
    for page in told:
        assert "\x1b" not in page
        assert "[b]bold[/b]" in page


def test_everything_can_be_said_in_ascii() -> None:
    """PROCDECK_GLYPHS=ascii leaves nothing that a plain terminal cannot show."""
    for page in (
        why(why_reply(deadlock(), idle()), glyphs=ASCII),
        why(why_reply(orphaned()), glyphs=ASCII),
        hangs(everybody(), glyphs=ASCII),
        stacks(stacks_reply(), glyphs=ASCII),
    ):
        assert page.isascii()


def test_the_dump_has_verdicts_and_stacks_of_all() -> None:
    """What a person hands on: who is stuck and why, then every frame with its file, line and text."""
    told = dump_text("Stacks of census", everybody().verdicts, [stacks_reply(), at_rest()], ["w.9: gone"])
    assert golden("stacks_dump") == told.rstrip("\n")


def test_what_was_not_examined_is_told_with_the_key_that_shows_it() -> None:
    """A person at the dashboard has a key for what the engine advises a shell to do; with no verdict at all, too."""
    told = "a, b are threads of one process (--simulate), whose waits are not examined"
    reply = WhyReply(troubles=(f"{told}; procdeck stacks a shows what each thread does, by the worker's name",))
    for page in (hangs(reply, 160), hangs(msgspec.structs.replace(everybody(), troubles=reply.troubles), 160)):
        assert f"{told}; t on a (1 shows the workers) shows what each" in page
        assert "procdeck" not in page
    assert f"{told}; t on a shows what each thread" in " ".join(why(reply, width=160).split())
