"""A release by plan in the terminal: the sentence, steps, arms, each outcome with its evidence as bars."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from comporta.cli import show
from comporta.cli.words import words as say
from comporta.report import ReleaseQuestion, ReleaseReport, ReportedOutcome
from comporta.report import release_codes as codes
from comporta.report.release_texts import (
    compared_text,
    expected_text,
    interval_text,
    question_text,
    rate_of_units,
    rate_text,
    step_text,
)

BAR = 30
_ENDS = {
    "promoted": "bold green",
    "rolled_back": "bold red",
    "inconclusive": "bold yellow",
    "aborted": "bold yellow",
    "compared": "bold",
}


class ShownLine(NamedTuple):
    """style: as rich names it."""

    text: str = ""
    style: str = ""


def release_lines(report: ReleaseReport) -> Iterator[ShownLine]:
    """Each line of what is shown of a release; bars fit 80 columns, sentences wrap."""
    yield ShownLine(say.PLAN_HEAD.format(version=report.version, control=report.control))
    style = "bold cyan" if report.end is None else _ENDS[report.end]
    yield ShownLine(sentence_line(report), style)
    for told in (compared_text(report), expected_text(report), rate_of_units(report)):
        if told:
            yield ShownLine(_capital(show.say(told)) + ".")
    yield ShownLine()
    if report.steps:
        steps = "   ".join(f"{100 * each.share:.3g} % {show.say(step_text(each))}" for each in report.steps)
        yield ShownLine(f"{say.PLAN_STEPS:<9}{steps}")
    yield from _arm_lines(report)
    for outcome in report.outcomes:
        yield from _outcome_lines(outcome)
    yield from _exclusion_lines(report)


def sentence_line(report: ReleaseReport) -> str:
    """`Promoted: non-inferior on both metrics.`"""
    return _capital(show.say(report.sentence)) + "."


def _arm_lines(report: ReleaseReport) -> Iterator[ShownLine]:
    names = {"canary": codes.CANARY(), "control": codes.CONTROL()}
    wide = max((len(each.version) for each in report.arms), default=0)
    for each in report.arms:
        text = say.PLAN_ARM.format(
            units=each.units, requests=each.requests, failed=each.failed, slow=each.slow, lost=each.unlogged
        )
        yield ShownLine(f"{show.say(names[each.arm]):<9}{each.version:<{wide}}  {text}")


def _outcome_lines(outcome: ReportedOutcome) -> Iterator[ShownLine]:
    yield ShownLine()
    if outcome.canary is None or outcome.control is None:
        yield ShownLine(f"{outcome.outcome}: {show.say(codes.NO_UNITS())}", "bold")
    else:
        rates = say.PLAN_RATES.format(
            canary=rate_text(outcome, outcome.canary),
            control=rate_text(outcome, outcome.control),
            ratio=show.say(interval_text(outcome)),
        )
        yield ShownLine(f"{outcome.outcome}: {rates}", "bold")
    yield ShownLine(
        "  " + say.PLAN_METRIC_UNITS.format(
            units=outcome.units, unlabelled=outcome.unlabelled, seasons=outcome.seasons
        )
    )  # fmt: skip
    for each in outcome.questions:
        yield _bar(each)


def _bar(question: ReleaseQuestion) -> ShownLine:
    filled = round(min(1.0, max(0.0, question.share)) * BAR)
    name = show.say(codes.QUESTIONS[question.question]())
    style = "red" if question.question == "harm" else "green"
    text = f"  {name:<14}{'█' * filled:·<{BAR}}│ {show.say(question_text(question))}"
    return ShownLine(text, style if question.settled else "")


def _exclusion_lines(report: ReleaseReport) -> Iterator[ShownLine]:
    if not report.exclusions:
        return
    yield ShownLine()
    yield ShownLine(say.PLAN_EXCLUDED)
    wide = max(len(f"{each.total:,}") for each in report.exclusions)
    for each in report.exclusions:
        yield ShownLine(f"  {each.total:>{wide},}  {show.say(each.what)}", "dim")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
