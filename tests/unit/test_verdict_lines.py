"""The verdicts in a terminal: a line a check, what blocks first, the count last, within the width."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from comporta.cli.verdicts import show_verdicts, summary, verdict_lines
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
    shown = capsys.readouterr()
    assert shown.out.splitlines()[0] == "Gates of late/3"
    assert len(shown.out.splitlines()) == len(EVERY) + 2
    assert "--verbose" in shown.err
    show_verdicts((verdict("pass"),), "late/4")
    assert capsys.readouterr().err == ""
    show_verdicts(EVERY, "late/3", verbose=True)
    assert "A long" in capsys.readouterr().out
