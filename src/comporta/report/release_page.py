"""A release as one HTML page that needs nothing else: the sentence first, then steps, arms, evidence, what
was excluded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from comporta.records import Text
from comporta.records.duration import duration_text
from comporta.records.message import Say
from comporta.records.plan import PlanEnd
from comporta.report import release_codes as codes
from comporta.report.codes import LANGUAGE, WRITTEN
from comporta.report.escape import escape
from comporta.report.release_contents import ReleaseReport, ReleaseStep, ReportedOutcome
from comporta.report.release_texts import (
    compared_text,
    expected_text,
    interval_text,
    margin_text,
    question_text,
    rate_of_units,
    rate_text,
    step_text,
)
from comporta.report.style import STYLE
from comporta.report.time_pictures import TimeLine, time_curve

LOOKS = """
.sentence{font-size:21px;line-height:1.35;margin:10px 0;padding:2px 0 2px 14px;font-weight:600;
overflow-wrap:anywhere;border-left:6px solid var(--blue)}.sentence.good{border-color:var(--pass)}
.sentence.bad{border-color:var(--fail)}.sentence.doubt{border-color:var(--doubt)}header p{margin:2px 0}
.steps{display:flex;gap:6px;margin:0 0 14px;padding:0;list-style:none;flex-wrap:wrap}
.steps li{flex:1 1 8em;border-top:5px solid var(--line);padding:6px 0 0;font-size:13px;color:var(--soft)}
.steps li b{display:block;font-size:17px;color:var(--ink)}.steps .over{border-color:var(--blue)}
.steps .current{border-color:var(--pass)}.steps .current b{color:var(--pass)}
.number{font-variant-numeric:tabular-nums;text-align:right}th.number{text-align:right}
.questions{list-style:none;padding:0;margin:10px 0;font-size:13px}
.questions li{display:grid;grid-template-columns:8em 1fr 17em;gap:12px;align-items:center;padding:2px 0}
.bar{height:10px;background:var(--line);border-radius:5px;overflow:hidden}
.bar i{display:block;height:100%;background:var(--blue)}.bar i.yes{background:var(--pass)}
.bar i.harm{background:var(--fail)}
.ticks{position:relative;min-width:3.4em;font-size:12px;color:var(--soft)}
.ticks span{position:absolute;right:0;transform:translateY(-50%)}
svg line.season{stroke:var(--line);stroke-width:1}svg line.zero{stroke:var(--none);stroke-width:1}
.pair{display:grid;grid-template-columns:1fr 1fr;gap:20px}.pair figure{margin:6px 0}
.harm,.curve i.harm{stroke:var(--fail);border-color:var(--fail)}
.yes,.curve i.yes{stroke:var(--pass);border-color:var(--pass)}
.wide th{white-space:nowrap}.wide td:last-child{min-width:11em}.number.number{min-width:0}
.wide td,.wide th{overflow-wrap:normal;padding-right:14px}
tr+tr td{border-top:1px solid var(--line)}
@media(max-width:760px){.pair{grid-template-columns:1fr}
.questions li{grid-template-columns:7em 1fr}.questions li span:last-child{grid-column:1/-1}
.sentence{font-size:18px}}
"""
_STATES: dict[PlanEnd, str] = {
    "promoted": "good",
    "rolled_back": "bad",
    "inconclusive": "doubt",
    "aborted": "doubt",
    "compared": "good",
}
_LINES = {"harm": "harm", "non_inferior": "yes", "superior": "line0"}
"""Question → the class of its colour."""
_CLASSES = {"over": "over", "current": "current", "next": "next", "left out": "next"}
FLOOR, CEILING = -1.0, 1.5
"""Shares of the evidence needed that are drawn: what is more, or against it by more, changes nothing."""


def release_page(report: ReleaseReport, say: Say) -> str:
    """The page. say: the reader's language."""
    return _Page(report, say).html()


class _Page:
    """One page in the making."""

    def __init__(self, report: ReleaseReport, say: Say) -> None:
        self.report, self.say = report, say

    def text(self, text: Text) -> str:
        return escape(self.say(text))

    def html(self) -> str:
        report = self.report
        title = self.text(codes.TITLE(version=report.version))
        parts = [
            self.head(title),
            self.steps(),
            self.arms(),
            self.outcomes(),
            self.exclusions(),
            self.limits(),
        ]
        written = self.text(WRITTEN(at=f"{report.at:%Y-%m-%d %H:%M}"))
        return (
            f"<!doctype html><html lang='{self.text(LANGUAGE())}'><head><meta charset='utf-8'>"
            "<meta name='viewport' content='width=device-width, initial-scale=1'>"
            f"<title>{title}</title><style>{STYLE}{LOOKS}</style></head><body><main>"
            + "\n".join(parts)
            + f"<footer>{written}</footer></main></body></html>\n"
        )

    def head(self, title: str) -> str:
        report = self.report
        kind = _STATES[report.end] if report.end is not None else "running"
        started = _minute(report.started)
        about = codes.ABOUT_ALONE(control=report.control, started=started)
        if report.by:
            about = codes.ABOUT(control=report.control, started=started, by=report.by)
        lines = [f"<p class='about'>{self.text(about)}</p>"]
        if report.reason:
            lines.append(f"<p class='about'>{self.text(codes.REASON(reason=report.reason))}</p>")
        now = (compared_text(report), expected_text(report), rate_of_units(report))
        lines += [f"<p>{escape(_capital(self.say(each)))}.</p>" for each in now if each]
        return (
            f"<header><p class='kind'>{escape(report.project)}</p><h1>{title}</h1>"
            f"<p class='sentence {kind}'>{escape(_capital(self.say(report.sentence)))}.</p>"
            f"{''.join(lines)}</header>"
        )

    def steps(self) -> str:
        report = self.report
        steps = "".join(map(self.step, report.steps))
        rows = ((_minute(each.at), _capital(self.say(each.what)), each.by) for each in report.moments)
        heads = [codes.WHEN(), codes.HAPPENED()]
        with_who = any(each.by for each in report.moments)
        table = self.table([*heads, *([codes.WHO()] if with_who else [])], rows)
        return self.section(codes.STEPS(), (f"<ol class='steps'>{steps}</ol>" if steps else "") + table)

    def step(self, step: ReleaseStep) -> str:
        began = "" if step.began is None else f"<br>{_minute(step.began)}"
        return (
            f"<li class='{_CLASSES[step.state]}'><b>{100 * step.share:.3g} %</b>"
            f"{self.text(step_text(step))}{began}</li>"
        )

    def arms(self) -> str:
        columns = (
            codes.ARM(), codes.VERSION(), codes.UNITS(), codes.REQUESTS(), codes.FAILED(), codes.SLOW(),
            codes.UNLOGGED_COLUMN(),
        )  # fmt: skip
        names = {"canary": codes.CANARY(), "control": codes.CONTROL()}
        rows = (
            (
                self.say(names[each.arm]), each.version, each.units, each.requests, each.failed, each.slow,
                each.unlogged,
            )
            for each in self.report.arms
        )  # fmt: skip
        return self.section(codes.ARMS(), self.table(columns, rows))

    def outcomes(self) -> str:
        found = self.report.outcomes
        body = "".join(map(self.outcome, found)) if found else f"<p>{self.text(codes.NO_OUTCOMES())}</p>"
        return self.section(codes.OUTCOMES(), body)

    def outcome(self, outcome: ReportedOutcome) -> str:
        line = codes.METRIC_LINE(
            canary=rate_text(outcome, outcome.canary),
            control=rate_text(outcome, outcome.control),
            ratio=self.say(interval_text(outcome)),
        )
        units = codes.METRIC_UNITS(
            units=outcome.units,
            horizon=duration_text(timedelta(seconds=outcome.horizon)),
            unlabelled=outcome.unlabelled,
            seasons=outcome.seasons,
        )
        if outcome.canary is None:
            line = codes.NO_UNITS()
        return (
            f"<article><h3>{escape(outcome.outcome)}<small>{self.text(margin_text(outcome))}</small></h3>"
            f"<p>{escape(_capital(self.say(line)))}</p><p class='note'>{self.text(units)}</p>"
            f"{self.questions(outcome)}{self.pictures(outcome)}</article>"
        )

    def questions(self, outcome: ReportedOutcome) -> str:
        lines = []
        for each in outcome.questions:
            share = min(1.0, max(0.0, each.share))
            kind = "harm" if each.question == "harm" else "yes" if each.settled else ""
            lines.append(
                f"<li><span>{self.text(codes.QUESTIONS[each.question]())}</span>"
                f"<span class='bar'><i class='{kind}' style='width:{share:.0%}'></i></span>"
                f"<span>{self.text(question_text(each))}</span></li>"
            )
        return f"<ul class='questions'>{''.join(lines)}</ul>"

    def pictures(self, outcome: ReportedOutcome) -> str:
        if len(outcome.points) < 2:
            return "" if outcome.points else f"<p class='note'>{self.text(codes.NO_EVIDENCE())}</p>"
        return f"<div class='pair'>{self.evidence(outcome)}{self.ratio(outcome)}</div>"

    def evidence(self, outcome: ReportedOutcome) -> str:
        limits = {each.question: each.limit for each in outcome.questions}
        lines = [
            TimeLine(
                self.say(codes.QUESTIONS[name]()),
                [(each.at, each.evidence[name] / limit) for each in outcome.points if name in each.evidence],
                _LINES[name],
            )
            for name, limit in limits.items()
        ]
        return time_curve(
            lines,
            self.say(codes.EVIDENCE_CAPTION()),
            up=self.say(codes.EVIDENCE_AXIS()),
            span=self.span(),
            heights=(FLOOR, CEILING),
            limits=(1.0,),
            marks=self.report.seasons,
            percent=True,
        )

    def ratio(self, outcome: ReportedOutcome) -> str:
        points = [each for each in outcome.points if each.ratio is not None]
        heights = _ratio_heights(outcome)
        low, high = heights
        band = [
            (each.at, low if each.low is None else each.low, high if each.high is None else each.high)
            for each in points
        ]
        level = 100 * (1 - 2 * self.report.alpha)
        return time_curve(
            [TimeLine("", [(each.at, each.ratio or 0.0) for each in points])],
            self.say(codes.RATIO_CAPTION(level=level, worst=outcome.worst)),
            up=self.say(codes.RATIO_AXIS()),
            span=self.span(),
            heights=heights,
            limits=(1.0, outcome.worst),
            band=band,
            marks=self.report.seasons,
        )

    def span(self) -> tuple[datetime, datetime]:
        report = self.report
        return report.started, report.ended or report.at

    def exclusions(self) -> str:
        rows = [
            (self.say(each.what), each.canary, each.control, each.total, self.say(each.why))
            for each in self.report.exclusions
        ]
        columns = (codes.WHAT(), codes.CANARY(), codes.CONTROL(), codes.TOTAL(), codes.WHY())
        body = self.table(columns, rows) if rows else f"<p>{self.text(codes.NOTHING_EXCLUDED())}</p>"
        return self.section(codes.EXCLUDED(), body)

    def limits(self) -> str:
        lines = (codes.INTERFERENCE(), codes.NOVELTY(), codes.DEVICES())
        items = "".join(f"<li>{self.text(each)}</li>" for each in lines)
        return self.section(codes.LIMITS(), f"<ul>{items}</ul>")

    def section(self, title: Text, body: str) -> str:
        return f"<section><h2>{self.text(title)}</h2>{body}</section>"

    def table(self, columns: Sequence[Text], rows: Iterable[Sequence[object]]) -> str:
        every = [row[: len(columns)] for row in rows]
        numeric = [
            bool(every) and all(row[at] is None or isinstance(row[at], int) for row in every)
            for at in range(len(columns))
        ]
        kinds = [" class='number'" if each else "" for each in numeric]
        head = "".join(f"<th{kind}>{self.text(each)}</th>" for each, kind in zip(columns, kinds, strict=True))
        body = "".join(
            "<tr>"
            + "".join(f"<td{kind}>{escape(_cell(each))}</td>" for each, kind in zip(row, kinds, strict=True))
            + "</tr>"
            for row in every
        )
        return f"<div class='wide'><table><tr>{head}</tr>{body}</table></div>"


def _ratio_heights(outcome: ReportedOutcome) -> tuple[float, float]:
    """What is drawn: the ratios of the later half, the margin and 1, with room; early ones may leave it."""
    later = outcome.points[len(outcome.points) // 2 :]
    ends = [1.0, outcome.worst, 2 - outcome.worst]
    ends += [each for point in later for each in (point.ratio, point.low, point.high) if each is not None]
    low, high = max(0.0, min(ends)), min(4.0, max(ends))
    room = 0.08 * (high - low)
    return max(0.0, low - room), high + room


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"


def _cell(cell: object) -> str:
    return "" if cell is None else f"{cell:,}" if isinstance(cell, int) else str(cell)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
