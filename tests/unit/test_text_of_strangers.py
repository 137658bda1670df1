"""Text from data and requests reaches a terminal, a page, a picture, Markdown and JUnit as mere text."""

from __future__ import annotations

import ast
import io
import json
import re
from contextlib import redirect_stderr, redirect_stdout
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml
from markdown_it import MarkdownIt
from rich.console import Console

from comporta.acts.trace.tree import TraceTree, tree_svg
from comporta.cli import progress, show
from comporta.records import PlainText, Verdict
from comporta.records.visible import visible
from comporta.report import ReportedVerdict
from comporta.report.escape import escape
from comporta.report.junit import suites
from comporta.report.markdown import verdicts
from comporta.report.pictures import Mark, marks

ROOT = Path(__file__).parents[2]
HOSTILE = (
    "\x1b[2J\x1b[H\x1b]0;title\x07all is well", "\x9b31m", "\r✓ released", "a\x00b\x7f",
    "\x1b]8;;http://e.vil\x07x",
    "abc\u202etxt.exe", "\u2066hidden\u2069", "\u2028next line", "zero\u200bwidth\ufeff", "lone \ud800 half",
    "![x](https://e.vil/p.png)", "[click](javascript:x)", "@everyone @org/team", "see #12, www.e.vil",
    "<img src=x>",     "a|b|c", "`code`", "**bold** _it_ ~~no~~ &#64;all", "</td><script>x</script>",
    "' on='x",
    '" on="x', "]]>",
)  # fmt: skip
SEEN = "\x1b\x9b\r\x00\x7f\u202e\u2066\u2028\ud800\x07"


@pytest.mark.parametrize("text", HOSTILE)
def test_a_terminal_gets_no_control_character(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        show.line(text)
        show.aside(text)
        show.table("Rows", ("a", "b"), [(text, 1)])
        if "\ud800" not in text:
            show.json({"value": text})
        steps = progress.StepProgress()
        steps(text, "started", 0.0)
        Console(file=err, force_terminal=False).print(progress.steps_table(steps, 1.0))
    printed = out.getvalue() + err.getvalue()
    assert not set(printed) & set(SEEN)
    assert len(out.getvalue().splitlines()) == out.getvalue().count("\n"), "a line break that no line has"
    if "\ud800" not in text:
        document = out.getvalue()[out.getvalue().rindex("\n{") :]
        assert json.loads(document) == {"value": text}


def test_a_value_with_a_line_break_stays_in_its_row(capsys: pytest.CaptureFixture[str]) -> None:
    show.table("Rows", ("name", "state"), [("a\nlate/9  released", "failed")])
    assert capsys.readouterr().out.splitlines()[1:] == [r"a\nlate/9  released  failed"]


def test_emoji_and_scripts_that_need_joiners_stay_as_they_are() -> None:
    for text in ("👩‍🔬", "می‌خواهم", "ação", "日本"):
        assert visible(text) == text


def verdict(text: str) -> ReportedVerdict:
    """One verdict whose title and reason are this text."""
    judged = Verdict(check="c", outcome="fail", required=True, reason=PlainText(text), what="scores")
    return ReportedVerdict(verdict=judged, title=text, reason=text, section="own")


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[str, ...]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(sorted(name for name, _ in attrs))))


@pytest.mark.parametrize("text", HOSTILE)
def test_a_page_and_a_picture_get_text_alone(text: str) -> None:
    def shape(name: str) -> list[tuple[str, tuple[str, ...]]]:
        seen = Tags()
        seen.feed(marks([Mark(name=name, value=1.0, text=name)], name))
        seen.feed(f"<p title='{escape(name)}'>{escape(name)}</p>")
        return seen.tags

    assert shape(text) == shape("plain")
    assert not set(escape(text)) & set(SEEN)


@pytest.mark.parametrize("text", HOSTILE)
def test_the_picture_of_a_trace_gets_text_alone(text: str) -> None:
    def drawn(value: str) -> str:
        leaf = TraceTree(kind="row", id=value, label=PlainText(value), facts={"seen": value, value: 1})
        return tree_svg(TraceTree(kind="prediction", id="", label=PlainText(value), children=(leaf,)))

    picture = drawn(text)
    assert not set(picture) & set(SEEN)
    tags = [each.tag for each in ElementTree.fromstring(picture.encode("utf-8")).iter()]
    assert tags == [each.tag for each in ElementTree.fromstring(drawn("plain")).iter()]


def test_only_the_door_escapes() -> None:
    """Whoever escapes markup by himself leaves control characters in it."""
    package = ROOT / "src/comporta"
    doors = {
        str(file.relative_to(package))
        for file in package.rglob("*.py")
        if re.search(
            r"^ *from (html|xml\.sax(\.saxutils)?) import .*(escape|saxutils)", file.read_text(), re.M
        )
    }
    assert doors == {"report/escape.py", "report/junit.py", "testing/s3.py"}


@pytest.mark.parametrize("text", HOSTILE)
def test_markdown_gets_no_markup_link_picture_or_mention(text: str) -> None:
    def kinds(value: str) -> list[str]:
        parsed = (
            MarkdownIt("commonmark")
            .enable(["table", "strikethrough"])
            .parse(verdicts("Title", [verdict(value)]))
        )
        inside = [each.type for token in parsed for each in (token, *(token.children or ()))]
        return [each for each in inside if each != "text"]

    markdown = verdicts("Title", [verdict(text)])
    assert "://" not in markdown.replace("://\u200b", "")
    assert kinds(text) == kinds("plain")
    assert not set(markdown) & set(SEEN)
    for at, letter in enumerate(markdown):
        assert letter != "@" or markdown[at + 1] == "\u200b", "a mention"


@pytest.mark.parametrize("text", HOSTILE)
def test_junit_is_xml_with_one_case(text: str) -> None:
    tree = ElementTree.fromstring(suites(visible(text), [verdict(text)]).encode("utf-8"))
    (case,) = tree.iter("testcase")
    assert case.get("name") == visible(text.replace("\n", " "))


def test_the_action_puts_no_input_into_a_script() -> None:
    steps = yaml.safe_load((ROOT / "action.yml").read_text())["runs"]["steps"]
    assert len(steps) == 3
    for step in steps:
        assert "${{" not in step["run"], step["name"]


def test_only_the_door_prints() -> None:
    allowed = {"show.py": 4, "progress.py": 2, "__init__.py": 2}
    for file in (ROOT / "src/comporta/cli").glob("*.py"):
        calls = [
            node
            for node in ast.walk(ast.parse(file.read_text()))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
        ]
        assert len(calls) == allowed.get(file.name, 0), file.name
