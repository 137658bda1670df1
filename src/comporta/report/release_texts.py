"""Figures of a release in a few words: the same on the page, in Markdown and in the terminal."""

from __future__ import annotations

from datetime import datetime

from comporta.records import Message, Text
from comporta.records.message import NO_TEXT
from comporta.report import release_codes as codes
from comporta.report.release_contents import ReleaseQuestion, ReleaseReport, ReleaseStep, ReportedOutcome

_STEPS = {
    "over": codes.STEP_OVER,
    "current": codes.STEP_NOW,
    "next": codes.STEP_NEXT,
    "left out": codes.STEP_LEFT_OUT,
}


def rate_text(outcome: ReportedOutcome, rate: float | None) -> str:
    """`4.83 %` of a share, else the number."""
    if rate is None:
        return ""
    return f"{100 * rate:.3g} %" if outcome.is_share else f"{rate:.4g}"


def interval_text(outcome: ReportedOutcome) -> Text:
    """`0.979 [0.961, 0.996]`."""
    if outcome.ratio is None:
        return codes.NO_RATIO()
    low, high = (codes.NO_END() if each is None else f"{each:.3f}" for each in (outcome.low, outcome.high))
    if outcome.low is None and outcome.high is None:
        return codes.RATIO_ALONE(value=f"{outcome.ratio:.3f}")
    return codes.RATIO_RANGE(value=f"{outcome.ratio:.3f}", low=low, high=high)


def margin_text(outcome: ReportedOutcome) -> Message:
    """What is better, and up to which ratio it is as good."""
    worse = codes.MARGIN_LOWER if outcome.better == "lower" else codes.MARGIN_HIGHER
    return worse(worst=outcome.worst)


def question_text(question: ReleaseQuestion) -> Message:
    """`68% of the evidence needed`, or that it is settled, or that it speaks for the opposite."""
    if question.settled:
        return codes.SETTLED()
    if question.evidence >= question.limit:
        return codes.NOT_ASKED()
    if question.evidence < 0:
        return codes.AGAINST()
    return codes.SHARE_OF_EVIDENCE(share=question.share)


def step_text(step: ReleaseStep) -> Message:
    """Whether it is over, now or to come."""
    return _STEPS[step.state]()


def expected_text(report: ReleaseReport) -> Text:
    """When it may be promoted; empty where nothing is to be expected of it."""
    expected = report.expected
    if expected is None:
        return NO_TEXT
    if expected.units is None:
        return codes.NOT_KNOWN(deadline=minute(expected.deadline))
    if expected.at is None or expected.days is None:
        return codes.NOT_EXPECTED(deadline=minute(expected.deadline))
    told = codes.EXPECTED_AS_NOW if expected.needs_better else codes.EXPECTED_ALIKE
    return told(days=days_text(expected.days), at=minute(expected.at))


def rate_of_units(report: ReleaseReport) -> Text:
    """`900 units a day in each arm at the last step`; empty where too few are known."""
    expected = report.expected
    if expected is None or expected.units is None:
        return NO_TEXT
    return codes.UNITS_A_DAY(units=round(expected.units))


def compared_text(report: ReleaseReport) -> Text:
    """How many requests are answered otherwise; empty where none were compared."""
    found = report.compared
    if found is None:
        return NO_TEXT
    if not found.column:
        return codes.ANSWERS_DIFFER(different=found.different, rows=found.rows, share=found.share)
    return codes.ANSWERS_DIFFER_IN(
        different=found.different,
        rows=found.rows,
        share=found.share,
        column=found.column,
        slice_different=found.slice_different,
        slice_rows=found.slice_rows,
    )


def days_text(days: float) -> Message:
    """`9 days`, `1.5 days`, `7 hours`."""
    if days >= 0.95:
        count = f"{days:.0f}" if days >= 9.95 else f"{days:.1f}".removesuffix(".0")
        return codes.ONE_DAY() if count == "1" else codes.DAYS(count=count)
    hours = max(1, round(24 * days))
    return codes.ONE_HOUR() if hours == 1 else codes.HOURS(count=hours)


def minute(at: datetime) -> str:
    """`2026-12-01 14:30 UTC`"""
    return f"{at:%Y-%m-%d %H:%M} UTC"
