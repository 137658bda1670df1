"""Pieces of HTML for notebooks hold text of strangers as mere text, and are well formed."""

from __future__ import annotations

from html.parser import HTMLParser

import polars as pl
import pytest

from comporta.acts.trace.tree import TraceTree
from comporta.api.boundary import explaining_errors
from comporta.api.frames import Frames
from comporta.api.listing import Listing
from comporta.api.results import Trace
from comporta.errors import NotFound
from comporta.records import PlainText, Verdict
from comporta.records.credential import hide
from comporta.report import ReportedVerdict
from comporta.report.fragment import LONGEST, frame_page, table, verdict_table

HOSTILE = (
    "<script>x</script>", "</td><img src=x onerror=y>", "' onmouseover='x", '" on="x', "\x1b[2J", "\u202eabc",
    "a\x00b", "&lt;b&gt;", "]]>", "</iframe>",
)  # fmt: skip
SEEN = "\x1b\x00\u202e"


class Shape(HTMLParser):
    """The elements with their attributes' names, and the text."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, tuple[str, ...]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(name for name, _ in attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def shape(html: str) -> Shape:
    found = Shape()
    found.feed(html)
    return found


def pieces(text: str) -> list[str]:
    judged = Verdict(check="c", outcome="fail", required=True, reason=PlainText(text), what="scores")
    row = ReportedVerdict(verdict=judged, title=text, reason=text, section="own")
    tree = TraceTree(kind="row", id=text, label=PlainText(text), facts={text: text})
    return [
        table((text,), [(text,)], text, text),
        verdict_table((row,), text, text),
        frame_page(text),
        Listing([text], title=text, columns=(text,), row=lambda each: (each,))._repr_html_(),
        Trace(tree)._repr_html_(),
        Frames({text: pl.DataFrame({"a": [text]})})._repr_html_(),
    ]


@pytest.mark.parametrize("text", HOSTILE)
def test_text_of_strangers_makes_no_element_and_hides_nothing(text: str) -> None:
    for hostile, plain in zip(pieces(text), pieces("plain"), strict=True):
        assert shape(hostile).elements == shape(plain).elements
        assert not set(hostile) & set(SEEN)
    listed = repr(Listing([text], title="t", columns=("a",), row=lambda each: (each,)))
    assert not set(listed) & set(SEEN) and len(listed.splitlines()) == 2


def test_of_a_long_table_the_first_rows_are_shown_and_how_many_there_are() -> None:
    html = table(("n",), [(n,) for n in range(1000)])
    assert html.count("<tr>") == LONGEST + 1 and f"the first {LONGEST} of 1,000" in shape(html).text


def test_what_blocks_comes_first_and_the_title_says_whether_it_may_be_released() -> None:
    def row(name: str, outcome: str, required: bool) -> ReportedVerdict:
        judged = Verdict(check=name, outcome=outcome, required=required, reason=PlainText("so"))  # type: ignore[arg-type]
        return ReportedVerdict(verdict=judged, title=name, reason="so")

    rows = (row("informed", "fail", False), row("passed", "pass", True), row("blocked", "fail", True))
    text = shape(verdict_table(rows, "late/1")).text
    assert text.index("blocked") < text.index("passed") < text.index("informed")
    assert "may not be released" in text
    assert "may not" not in shape(verdict_table(rows[:2], "late/1")).text


def test_an_error_leaves_without_secrets_and_control_characters() -> None:
    hide("s3cr3t-word")
    with pytest.raises(NotFound) as raised, explaining_errors():
        raise NotFound("found no \x1b[2J s3cr3t-word, expected y.")
    assert str(raised.value) == r"found no \x1b[2J ***, expected y."
