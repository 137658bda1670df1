"""The verdicts in a terminal: a line a check, what blocks first, the count last, within the width."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from comporta.cli.verdicts import show_legend, show_verdicts, summary, verdict_lines
from comporta.records import Figure, PlainText, Verdict, Waiver
from comporta.report import ReportedVerdict

AT = datetime(2026, 1, 1, tzinfo=UTC)
WAIVER = Waiver(check="c", by="ana", role="validator", reason="", at=AT, until=AT, outcome="fail")


def verdict(
    outcome: str,
    *,
    required: bool = True,
    title: str = "roc_auc at least 0.7",
    figure: bool = True,
    **more: object,
) -> ReportedVerdict:
    judged = Verdict(
        check="c",
        outcome=outcome,  # type: ignore[arg-type]
        required=required,
        reason=PlainText("because"),
        figure=Figure(metric="roc_auc", value=0.66, low=0.61, high=0.71, rows=9) if figure else None,
        limit=0.7,
        what="scores",
    )
    return ReportedVerdict(verdict=judged, title=title, reason="A long\nreason " * 20, **more)  # type: ignore[arg-type]


EVERY = (
    verdict("pass", required=False),
    verdict("pass"),
    verdict("fail", required=False),
    verdict("inconclusive", figure=False),
    verdict("fail"),
    verdict("fail", waiver=WAIVER),
    verdict("inconclusive", decided_at="release"),
    verdict("does not apply", required=False),
)


def test_what_blocks_comes_first_and_informational_last() -> None:
    marks = "".join(line[0] for line, _ in verdict_lines(EVERY, 100))
    assert marks == "✗?~…✓!··"


def test_a_line_has_the_figure_with_its_interval_against_the_limit() -> None:
    lines = [line for line, _ in verdict_lines(EVERY, 100)]
    assert lines[0] == "✗ roc_auc at least 0.7  0.66 [0.61, 0.71], limit 0.7"
    assert lines[1].startswith("? roc_auc at least 0.7  A long reason A long")


@pytest.mark.parametrize("width", [1, 20, 60, 100, 250])
def test_a_verdict_is_one_line_within_the_width(width: int) -> None:
    wide = (*EVERY, verdict("fail", title="a very long title " * 20))
    lines = [line for line, _ in verdict_lines(wide, width)]
    assert len(lines) == len(wide)
    assert all("\n" not in line for line in lines)
    if width >= 60:
        assert max(map(len, lines)) <= width


def test_a_figure_that_the_title_does_not_name_says_what_it_is_of() -> None:
    (named,) = verdict_lines((verdict("pass", title="no skew", metrics={"roc_auc": "ROC AUC"}),), 100)
    assert named[0] == "✓ no skew  ROC AUC 0.66 [0.61, 0.71], limit 0.7"


def test_the_count_is_of_required_ones_and_says_what_blocks() -> None:
    assert summary(EVERY) == (
        "1/5 required passed, 2 blocking, 1 waived, 1 decided at a deeper level, 3 informational, "
        "1 of them did not pass."
    )
    assert summary((verdict("pass"),)) == "1/1 required passed."


def test_each_table_says_whose_it_is_and_points_to_the_reasons(capsys: pytest.CaptureFixture[str]) -> None:
    show_verdicts(EVERY, "late/3")
    show_legend(EVERY)
    shown = capsys.readouterr()
    assert shown.out.splitlines()[0] == "Gates of late/3"
    assert len(shown.out.splitlines()) == len(EVERY) + 3, "of the count there are two lines at 100 columns"
    assert "--verbose" in shown.err
    show_verdicts((verdict("pass"),), "late/4")
    show_legend((verdict("pass"),))
    assert capsys.readouterr().err == ""


def test_each_mark_that_is_shown_is_explained_once(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    show_legend(EVERY, verbose=True)
    lines = capsys.readouterr().err.splitlines()
    assert max(map(len, lines)) <= 60
    text = "  ".join(lines)
    assert [text.count(mark) for mark in "✗?~…✓!·"] == [1] * 7
    assert "✗ failed, blocks" in text and "! informational, did not pass" in text
    show_legend((verdict("pass"), verdict("does not apply", required=False)))
    assert capsys.readouterr().err == "✓ passed  · informational\n"


@pytest.mark.parametrize("width", [60, 100])
def test_the_figure_and_its_limit_are_whole_where_the_title_is_long(width: int) -> None:
    metrics = {"roc_auc": "the share of test rows that are alike to a training row"}
    every = (verdict("fail", title="a very long title " * 20, metrics=metrics, positive="leaving"),)
    ((line, _),) = verdict_lines(every, width)
    assert "0.66 [0.61, 0.71], limit 0.7" in line and len(line) <= width


@pytest.mark.parametrize("width", [40, 100])
def test_reasons_in_full_say_whose_they_are_and_keep_to_the_width(
    width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    show_verdicts(EVERY, "late/3", verbose=True)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Gates of late/3" and max(map(len, lines)) <= width
    text = " ".join(" ".join(lines).split())
    assert text.count("A long reason " * 20) == len(EVERY)
    assert "✗ roc_auc at least 0.7: fail" in text
    assert "… roc_auc at least 0.7: inconclusive (not blocking)" in text
    assert text.endswith(summary(EVERY))
