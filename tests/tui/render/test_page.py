"""The page shows what it is given and does nothing."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from supervisor.api.history import Series, SubjectHistory
from tui.render.page import Table, Trouble, page

HISTORY = SubjectHistory(
    name="parse.1",
    kind="worker",
    series=(
        Series(figure="cpu", unit="% of a core", values=(None, 10.0, 20.0, None, 40.0)),
        Series(figure="memory", unit="bytes", values=(0.0, 0.0, None, 0.0, 0.0)),
    ),
)


class Reader(HTMLParser):
    """What a browser finds: the words, the elements and what they would fetch or run."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.elements: list[str] = []
        self.powers: list[str] = []
        self.feed(document)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.powers += [name for name, _ in attrs if name.startswith("on") or name in ("href", "src", "action")]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_figures_are_drawn_where_something_was_measured() -> None:
    """A path for each stretch; only the words for a figure that was nothing all the time."""
    document = page("census", ["running"], [], [HISTORY], 1.0)
    assert document.count("<path") == 2
    assert document.count("<svg") == 1
    assert "<span>parse.1: memory</span><span>nothing</span>" in document
    assert "parse.1: cpu" in document
    assert "now 40 %, most 40 %" in document
    assert re.search(r"The last 5 seconds", document)


def test_charts_begin_where_the_first_of_them_does() -> None:
    """A run of a minute is not squeezed to the right edge of ten; each subject has a row of its own."""
    late = Series(figure="cpu", unit="% of a core", values=(None,) * 597 + (10.0, None, 30.0))
    later = Series(figure="cpu", unit="% of a core", values=(None,) * 599 + (5.0,))
    histories = [
        SubjectHistory(name="walk", kind="worker", series=(late,)),
        SubjectHistory(name="tally", kind="worker", series=(later,)),
        SubjectHistory(name="idle", kind="worker", series=()),
    ]
    document = page("census", ["running"], [], histories, 1.0)
    assert "The last 3 seconds" in document
    assert document.count('<div class="charts">') == 2
    assert 'd="M0.0 64' in document
    assert "The last" not in page("census", ["running"], [], [], 1.0)


def test_a_table_has_its_rows() -> None:
    reader = Reader(
        page("t", [], [Table("Workers", ("NAME", "PID"), [("parse.1", "12")], frozenset({"PID"}))], [], 1.0)
    )
    assert [word for word in reader.words if word in ("Workers", "NAME", "PID", "parse.1", "12")] == [
        "Workers",
        "NAME",
        "PID",
        "parse.1",
        "12",
    ]


@given(st.text(max_size=200))
def test_words_of_workers_have_no_powers(words: str) -> None:
    """Whatever they write: no element, no script, no control character comes out of it."""
    hostile = f"<script>alert(1)</script><img src=x onerror=y>\x1b[31m{words}"
    plain = Reader(page("t", ["l"], [Table("T", ("A",), [("x",)])], [], 1.0, [Trouble("x", "x")]))
    reader = Reader(
        page(hostile, [hostile], [Table(hostile, (hostile,), [(hostile,)])], [], 1.0, [Trouble(hostile, hostile)])
    )
    assert reader.elements == plain.elements
    assert reader.powers == []
    assert "\x1b" not in "".join(reader.words)
