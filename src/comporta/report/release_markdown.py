"""A release as Markdown: the sentence first, short enough for a pull request or a chat."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from comporta.records import Text
from comporta.records.message import Say
from comporta.report import release_codes as codes
from comporta.report.markdown import plain_text
from comporta.report.release_contents import ReleaseReport, ReportedOutcome
from comporta.report.release_texts import (
    compared_text,
    expected_text,
    interval_text,
    question_text,
    rate_of_units,
    rate_text,
    step_text,
)

ARMS = {"canary": codes.CANARY, "control": codes.CONTROL}


def release_markdown(report: ReleaseReport, say: Say) -> str:
    """The sentence, then outcomes, arms, steps and what was excluded, as tables. say: the reader's
    language."""
    sentence = say(report.sentence)
    heads: tuple[Text, ...]
    lines = [f"### {plain_text(report.version)}: {plain_text(sentence)}", ""]
    about = codes.ABOUT_ALONE(control=report.control, started=f"{report.started:%Y-%m-%d %H:%M}")
    told = (about, compared_text(report), expected_text(report), rate_of_units(report))
    lines += [*(f"- {plain_text(say(each))}" for each in told if each), ""]
    if report.outcomes:
        heads = (codes.OUTCOME(), codes.CANARY(), codes.CONTROL(), codes.RATIO(), codes.UNITS(), codes.WHY())
        lines += _table(heads, (_outcome(each, say) for each in report.outcomes), say)
    arms = (
        (
            say(ARMS[each.arm]()),
            each.version,
            each.units,
            each.requests,
            each.failed,
            each.slow,
            each.unlogged,
        )
        for each in report.arms
    )
    heads = (
        codes.ARM(), codes.VERSION(), codes.UNITS(), codes.REQUESTS(), codes.FAILED(), codes.SLOW(),
        codes.UNLOGGED_COLUMN(),
    )  # fmt: skip
    lines += _table(heads, arms, say)
    if report.steps:
        steps = ", ".join(f"{100 * each.share:.3g} % {say(step_text(each))}" for each in report.steps)
        lines += [f"{say(codes.STEPS())}: {plain_text(steps)}.", ""]
    moments = ((f"{each.at:%Y-%m-%d %H:%M}", say(each.what), each.by) for each in report.moments)
    lines += _table((codes.WHEN(), codes.HAPPENED(), codes.WHO()), moments, say)
    if report.exclusions:
        lines += [f"**{say(codes.EXCLUDED())}**", ""]
        rows = (
            (say(each.what), each.canary, each.control, each.total, say(each.why))
            for each in report.exclusions
        )
        heads = (codes.WHAT(), codes.CANARY(), codes.CONTROL(), codes.TOTAL(), codes.WHY())
        lines += _table(heads, rows, say)
    return "\n".join(lines)


def _outcome(outcome: ReportedOutcome, say: Say) -> tuple[object, ...]:
    questions = "; ".join(
        f"{say(codes.QUESTIONS[each.question]())}: {say(question_text(each))}" for each in outcome.questions
    )
    return (
        outcome.outcome,
        rate_text(outcome, outcome.canary),
        rate_text(outcome, outcome.control),
        say(interval_text(outcome)),
        outcome.units,
        questions,
    )


def _table(columns: Sequence[Text], rows: Iterable[Sequence[object]], say: Say) -> list[str]:
    lines = [f"| {' | '.join(say(each) for each in columns)} |", f"|{'---|' * len(columns)}"]
    lines += [f"| {' | '.join(_cell(each) for each in row)} |" for row in rows]
    return [*lines, ""]


def _cell(cell: object) -> str:
    if cell is None:
        return ""
    return f"{cell:,}" if isinstance(cell, int) else plain_text(str(cell))
