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
    Section,
    Table,
    Text,
    Unmeasured,
    Verdict,
    Version,
    Waiver,
    column_text,
    in_codes,
    metric_text,
    place_in_words,
    table_text,
    under_in_words,
)
from comporta.report.codes import HEADINGS, WOULD_FIND, WOULD_FIND_ANY
from comporta.report.told import ReportedVerdict, TableHeading

F = TypeVar("F", Figure, Unmeasured)
Say = Callable[[Text], str]
"""What makes a sentence of a code, in the language of who reads."""

SHOWN = 16
"""How many digits of a policy's digest are shown; JSON has all."""


def tell(
    version: Version,
    at: datetime,
    findings: Callable[[Verdict], Findings | None] | None = None,
    say: Say = in_codes,
    section: Callable[[str], Section] = lambda what: "own",
) -> tuple[ReportedVerdict, ...]:
    """Every verdict of a version as it stands at this time, with the waivers that were ever signed for it.
    section: of what a verdict rests on (`Verdict.what`), where a report tells it."""
    return tuple(
        _told(version, each, at, say, findings(each) if findings else None, section(each.what))
        for each in version.verdicts
    )


def _told(
    version: Version, verdict: Verdict, at: datetime, say: Say, findings: Findings | None, section: Section
) -> ReportedVerdict:
    live = None if verdict.opens else version.waived(verdict, at)
    past = tuple(each for each in version.waivers if each.of(verdict) and each is not live)
    figure = None if verdict.figure is None else in_text(verdict.figure, say)
    shown = None if findings is None else findings_in_text(findings, say)
    return ReportedVerdict(
        verdict=replace(verdict, figure=figure),
        title=say(verdict.called),
        reason=say(verdict.reason),
        findings=shown,
        metrics=_metrics(figure, shown, say),
        headings=() if shown is None else tuple(heading(each, say) for each in shown.tables),
        waiver=live,
        past=past,
        section=section,
        section_title=say(HEADINGS[section]()),
        power=say(power_text(verdict)),
    )


def power_text(verdict: Verdict) -> Text:
    """What a verdict that passed could have seen, or nothing."""
    if verdict.outcome != "pass" or verdict.detectable is None:
        return NO_TEXT
    return WOULD_FIND(difference=verdict.detectable) if verdict.detectable else WOULD_FIND_ANY()


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


def heading(table: Table, say: Say = in_codes) -> TableHeading:
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


def added(version: Version, say: Say = in_codes) -> tuple[str, ...]:
    """The checks that close the way and were not asked so at first, by title."""
    return tuple(
        say(each.called)
        for each in version.verdicts
        if each.required and (each.changed or each.check not in version.asked)
    )


def standing(version: Version, at: datetime, say: Say = in_codes) -> tuple[tuple[str, str], ...]:
    """What every report says of it in the same words: pairs of what it is and what there is to say."""
    policy, last = version.policy[:SHOWN], version.judged_by[:SHOWN]
    rows = [("policy", policy)]
    if last and last != policy:
        rows = [("policy when it was asked for", policy), ("policy that judged it last", last)]
    rows += [
        ("asked at first, left out or changed since", say(each.called))
        for each in version.verdicts
        if each.carried
    ]
    rows += [("asked since", check) for check in added(version, say)]
    rows += [_waiver(version, each, at, say) for each in version.waivers]
    return tuple(rows)


def _waiver(version: Version, waiver: Waiver, at: datetime, say: Say) -> tuple[str, str]:
    verdict = next((each for each in version.verdicts if waiver.of(each)), None)
    if waiver.until <= at:
        what = "waiver, ended"
    elif verdict is None or verdict.opens:
        what = "waiver, not needed now"
    else:
        live = version.waived(verdict, at)
        what = (
            "waived" if live is waiver else "waiver, replaced" if live else "waiver, of the check as it was"
        )
    now = verdict.outcome if verdict is not None else "not asked"
    title = say(verdict.called) if verdict is not None else waiver.check
    return what, f"{title}: {signed(waiver)} It is {now} now."


def signed(waiver: Waiver) -> str:
    """Until when, by whom and why; and what the check had said."""
    by = f"{waiver.by}, {waiver.role}" if waiver.role else waiver.by
    said = f" It was {waiver.outcome} then." if waiver.outcome else ""
    return f"until {waiver.until:%Y-%m-%d} by {by}: {waiver.why.rstrip('.')}.{said}"
