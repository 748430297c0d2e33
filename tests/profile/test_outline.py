"""What a profile contains, in short, without running anything of it."""

from __future__ import annotations

from pathlib import Path

from supervisor.profile.outline import Part, outline_of
from tests.engines import write_profile

GOOD = """
    name = "small"
    description = "two and a pool"
    [queues.items]
    maxsize = 2000
    [locks.guard]
    [workers.make]
    target = "work:make"
    writes = { out = "items" }
    [workers.take]
    target = "work:take"
    replicas = 3
    reads = { inbox = "items" }
    shares = { guard = "guard" }
    depends_on = ["make"]
    [workers.later]
    command = ["sleep", "1000"]
    autostart = false
    [pools.hash]
    function = "work:hash"
    items = 10
    processes = 4
"""
WORK = """
    raise SystemExit("nobody imports this only to look")
"""


def test_every_part_is_told_in_short(tmp_path: Path) -> None:
    """Workers, pools and channels in the order of the profile, and how many there are."""
    outline = outline_of(write_profile(tmp_path, GOOD, work=WORK))
    assert (outline.name, outline.description, outline.mistakes, outline.is_valid) == (
        "small", "two and a pool", (), True,
    )  # fmt: skip
    assert outline.parts == (
        Part("worker", "make", "work:make", ("writes items",)),
        Part("worker", "take", "work:take", ("3 replicas", "reads items", "shares guard", "after make")),
        Part("worker", "later", "sleep 1000", ("starts when told",)),
        Part("pool", "hash", "work:hash", ("4 processes",)),
        Part("queue", "items", words=("at most 2,000",)),
        Part("lock", "guard"),
    )
    assert outline.counts() == {"worker": 3, "pool": 1, "queue": 1, "lock": 1}


def test_one_with_mistakes_has_a_name_and_all_of_them(tmp_path: Path) -> None:
    """So that it can be found in a list, and mended."""
    path = write_profile(tmp_path / "here", "[workers.a]\ncomand = 'x'\n[workers.b]\n")
    outline = outline_of(path)
    assert (outline.name, outline.parts, outline.is_valid) == ("here", (), False)
    assert outline.mistakes[0].startswith(f"{path}:2: ")
    assert len(outline.mistakes) == 2
    assert "there is no such file" in outline_of(tmp_path / "gone.toml").mistakes[0]
