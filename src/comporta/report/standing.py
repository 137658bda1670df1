"""By what a version was judged: its policy, what was asked at first and what since, and each waiver."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from msgspec.structs import replace

from comporta.records import (
    NO_TEXT,
    Figure,
    Findings,
    Message,
    PlainText,
    Section,
    Table,
    Text,
    UnmeasuredFigure,
    Verdict,
    Version,
    Waiver,
    column_text,
    metric_text,
    place_in_words,
    table_text,
    under_in_words,
)
from comporta.records.message import Say
from comporta.records.metric import METRICS
from comporta.report.codes import (
    ASKED_AT_FIRST,
    ASKED_SINCE,
    HEADINGS,
    NOT_ASKED,
    OF_CHECK,
    OUTCOME_NOW,
    OUTCOME_THEN,
    POLICY,
    POLICY_FIRST,
    POLICY_LAST,
    WAIVED,
    WAIVER,
    WAIVER_AS,
    WAIVER_ENDED,
    WAIVER_NOT_NEEDED,
    WAIVER_OF_FORMER,
    WAIVER_REPLACED,
    WOULD_FIND,
    WOULD_FIND_ANY,
    WOULD_FIND_NOTHING,
    english,
    outcome_text,
)
from comporta.report.contents import ReportedVerdict, TableHeading

F = TypeVar("F", Figure, UnmeasuredFigure)

SHOWN = 16
"""How many digits of a policy's digest are shown; JSON has all."""


def tell(
    version: Version,
    at: datetime,
    findings: Callable[[Verdict], Findings | None] | None = None,
    say: Say = english,
    section: Callable[[str], Section] = lambda what: "own",
    positive: str = "",
) -> tuple[ReportedVerdict, ...]:
    """Every verdict of a version as it stands at this time, with the waivers that were ever signed for it.
    section: of what a verdict rests on (`Verdict.what`), where a report tells it. positive: the class that
    the model calls positive, or empty."""
    return tuple(
        _report_verdict(
            version, each, at, say, findings(each) if findings else None, section(each.what), positive
        )
        for each in version.verdicts
    )


def _report_verdict(
    version: Version,
    verdict: Verdict,
    at: datetime,
    say: Say,
    findings: Findings | None,
    section: Section,
    positive: str,
) -> ReportedVerdict:
    live = version.waiver_of(verdict, at) if verdict.blocks else None
    past = tuple(each for each in version.waivers if each.of(verdict) and each is not live)
    figure = None if verdict.figure is None else in_text(verdict.figure, say)
    shown = None if findings is None else findings_in_text(findings, say)
    return ReportedVerdict(
        verdict=replace(verdict, figure=figure),
        title=say(verdict.display_title),
        reason=say(verdict.reason),
        findings=shown,
        metrics=_metrics(figure, shown, say),
        headings=() if shown is None else tuple(heading(each, say) for each in shown.tables),
        waiver=live,
        past=past,
        section=section,
        section_title=say(HEADINGS[section]()),
        positive=positive if _of_one_class(verdict) else "",
        power=say(power_text(verdict)),
    )


def power_text(verdict: Verdict) -> Text:
    """What a verdict that passed could have seen, or nothing."""
    if verdict.outcome == "pass" and verdict.powerless:
        return WOULD_FIND_NOTHING()
    if verdict.outcome != "pass" or verdict.detectable is None:
        return NO_TEXT
    return WOULD_FIND(difference=verdict.detectable) if verdict.detectable else WOULD_FIND_ANY()


def _of_one_class(verdict: Verdict) -> bool:
    """Whether its figure would be another with the other class as the positive one."""
    figure = verdict.figure
    if figure is None:
        return False
    return verdict.kind == "fairness" or (figure.metric in METRICS and METRICS[figure.metric].positive)


def in_text(of: F, say: Say) -> F:
    """The figure with its slice and its conditions in one text, as `slice`."""
    found: F = replace(of, slice=place_in_words(of, say))
    return found


def findings_in_text(findings: Findings, say: Say) -> Findings:
    """The findings with what each figure and table is of in one text, as `slice`."""
    return replace(
        findings,
        figures=tuple(in_text(each, say) for each in findings.figures),
        unmeasured=tuple(in_text(each, say) for each in findings.unmeasured),
        tables=tuple(replace(each, slice=under_in_words(each.under, say)) for each in findings.tables),
    )


def heading(table: Table, say: Say = english) -> TableHeading:
    """What people read of a table: `reliability class 2`, and above its columns."""
    named = (say(table_text(table)), table.slice)
    return TableHeading(
        title=" ".join(filter(None, named)), columns=tuple(say(column_text(each)) for each in table.columns)
    )


def _metrics(figure: Figure | None, findings: Findings | None, say: Say) -> dict[str, str]:
    """What people read of each metric that this shows."""
    some = [] if findings is None else [*findings.figures, *findings.unmeasured]
    every = {each.metric: None for each in (*some, *(() if figure is None else (figure,)))}
    return {each: say(metric_text(each)) for each in every if each}


def added_checks(version: Version, say: Say = english) -> tuple[str, ...]:
    """The checks that close the way and were not asked so at first, by title."""
    return tuple(
        say(each.display_title)
        for each in version.verdicts
        if each.required and (each.changed or each.check not in version.required_checks)
    )


def standing(version: Version, at: datetime, say: Say = english) -> tuple[tuple[str, str], ...]:
    """What every report says of it in the same words: pairs of what it is and what there is to say."""
    policy, last = version.policy[:SHOWN], version.judged_by[:SHOWN]
    rows = [(POLICY(), policy)]
    if last and last != policy:
        rows = [(POLICY_FIRST(), policy), (POLICY_LAST(), last)]
    rows += [(ASKED_AT_FIRST(), say(each.display_title)) for each in version.verdicts if each.carried]
    rows += [(ASKED_SINCE(), check) for check in added_checks(version, say)]
    rows += [_waiver(version, each, at, say) for each in version.waivers]
    return tuple((say(name), what) for name, what in rows)


def _waiver(version: Version, waiver: Waiver, at: datetime, say: Say) -> tuple[Message, str]:
    verdict = next((each for each in version.verdicts if waiver.of(each)), None)
    if waiver.until <= at:
        what = WAIVER_ENDED
    elif verdict is None or not verdict.blocks:
        what = WAIVER_NOT_NEEDED
    else:
        live = version.waiver_of(verdict, at)
        what = WAIVED if live is waiver else WAIVER_REPLACED if live else WAIVER_OF_FORMER
    title = PlainText(waiver.check) if verdict is None else verdict.display_title
    now = OUTCOME_NOW(outcome=NOT_ASKED() if verdict is None else outcome_text(verdict.outcome))
    return what(), say(OF_CHECK(check=title, what=f"{waiver_text(waiver, say)} {say(now)}"))


def waiver_text(waiver: Waiver, say: Say = english) -> str:
    """Until when, by whom and why; and what the check had said."""
    until, why = f"{waiver.until:%Y-%m-%d}", waiver.why.rstrip(".")
    text = (
        WAIVER_AS(until=until, by=waiver.by, role=waiver.role, why=why)
        if waiver.role
        else WAIVER(until=until, by=waiver.by, why=why)
    )
    if not waiver.outcome:
        return say(text)
    return f"{say(text)} {say(OUTCOME_THEN(outcome=outcome_text(waiver.outcome)))}"
