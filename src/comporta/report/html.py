"""A report as one HTML page that needs nothing else: no script, no font, no file from elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from comporta.records import (
    Drawings,
    Figure,
    Message,
    PlainText,
    Slice,
    Staleness,
    Table,
    Text,
    UnmeasuredFigure,
    columns_of,
)
from comporta.records.message import Say
from comporta.records.verdict import OUTCOMES
from comporta.report import codes
from comporta.report.codes import english, outcome_text, state_text
from comporta.report.contents import Report, ReportedVerdict, TableHeading, cell_text, sections
from comporta.report.escape import escape
from comporta.report.evidence_pictures import PLAIN, pictures
from comporta.report.markdown import because
from comporta.report.pictures import Mark, marks
from comporta.report.standing import heading
from comporta.report.style import STYLE

ROWS = 30
IN_LINE = 5
"""Of what was not measured, how many one line tells."""

_KINDS = {"pass": "pass", "fail": "fail", "inconclusive": "doubt", "does not apply": "none"}
"""Outcome → the class of its dot."""


def page(report: Report, drawings: Callable[[str], Drawings] = lambda what: PLAIN, say: Say = english) -> str:
    """The page: what blocks the release first, then each section with its pictures, then what it was made of.
    drawings: of what a verdict rests on (`Verdict.what`), how that is drawn; the rest by its columns. say:
    the reader's language."""
    return _Page(report, drawings, say).html()


class _Page:
    """One page in the making."""

    def __init__(self, report: Report, drawings: Callable[[str], Drawings], say: Say) -> None:
        self.report, self.version, self.drawings, self.say = report, report.version, drawings, say

    def text(self, text: Text) -> str:
        """The sentence as HTML."""
        return escape(self.say(text))

    def html(self) -> str:
        report, version = self.report, self.version
        outcome = self.text(codes.RELEASABLE() if report.releasable else codes.NOT_RELEASABLE())
        body = [
            f"<header><p class='kind'>{escape(report.project)}</p><h1>{escape(version.id)} "
            f"<span class='{'open' if report.releasable else 'shut'}'>{outcome}</span></h1>"
            f"{self.about()}</header>"
        ]
        blocking = [each for each in report.verdicts if each.blocks]
        if blocking:
            body.append(f"<section><h2>{self.text(codes.BLOCKING())}</h2><ul class='shut'>")
            body += [f"<li><b>{escape(each.title)}</b>: {escape(each.reason)}</li>" for each in blocking]
            body.append("</ul></section>")
        body.append(self.summary())
        for title, rows in sections(report.verdicts):
            body.append(f"<section id='{_anchor(title)}'><h2>{escape(title)}</h2>")
            body += [self.verdict(each) for each in rows]
            body.append("</section>")
        body += [self.scores(), self.made_of()]
        written = self.text(codes.WRITTEN(at=f"{report.at:%Y-%m-%d %H:%M}"))
        return (
            f"<!doctype html><html lang='{self.text(codes.LANGUAGE())}'><head><meta charset='utf-8'>"
            "<meta name='viewport' content='width=device-width, initial-scale=1'>"
            f"<title>{escape(version.id)} {outcome}</title><style>{STYLE}</style></head><body><main>"
            + "\n".join(body)
            + f"<footer>{written}</footer></main></body></html>\n"
        )

    def about(self) -> str:
        report, version = self.report, self.version
        parts: list[Text] = [
            codes.STATE(state=state_text(version.state)),
            codes.LEVEL(level=version.level),
            codes.MADE(at=f"{version.at:%Y-%m-%d %H:%M}"),
            codes.COMPARED(champion=report.champion) if report.champion else codes.FIRST(),
        ]
        line = " · ".join([*map(self.text, parts), *([escape(report.owner)] if report.owner else [])])
        meaning = f"<p>{escape(report.meaning)}</p>" if report.meaning else ""
        return f"{meaning}<p class='about'>{line}</p>"

    def summary(self) -> str:
        lines = []
        for title, rows in sections(self.report.verdicts):
            dots = "".join(
                f"<a class='dot {_kind(each)}' href='#{_check(each)}' "
                f"title='{escape(each.title)}: {self.outcome(each)}'></a>"
                for each in rows
            )
            lines.append(f"<tr><th><a href='#{_anchor(title)}'>{escape(title)}</a></th><td>{dots}</td></tr>")
        kinds = [(_KINDS[outcome], self.text(name())) for outcome, name in OUTCOMES.items()]
        kinds.append(("waived", self.text(codes.WAIVED())))
        key = "".join(f"<span class='dot {kind}'></span>{name} " for kind, name in kinds)
        return f"<section><table class='summary'>{''.join(lines)}</table><p class='key'>{key}</p></section>"

    def outcome(self, row: ReportedVerdict) -> str:
        text = self.text(outcome_text(row.verdict.outcome))
        return text if row.waiver is None else f"{text}, {self.text(codes.WAIVED())}"

    def verdict(self, row: ReportedVerdict) -> str:
        verdict = row.verdict
        rule = (
            codes.CARRIED if verdict.carried else codes.REQUIRED if verdict.required else codes.INFORMATIONAL
        )
        later = row.decided_at
        counts = [rule(), *([] if later is None else [codes.NOT_BLOCKING_UNTIL(level=later)])]
        inside = [f"<p>{escape(because(row, self.say))}</p>"]
        if row.findings is not None:
            inside.append(self.findings(row))
        return (
            f"<article id='{_check(row)}'><h3><span class='dot {_kind(row)}'></span>{escape(row.title)}"
            f"<small>{self.outcome(row)} · {', '.join(map(self.text, counts))}</small></h3>"
            f"{''.join(inside)}</article>"
        )

    def findings(self, row: ReportedVerdict) -> str:
        found = row.findings
        assert found is not None, "asked only where there are findings"
        headings = row.headings or tuple(map(heading, found.tables))
        how = self.drawings(row.verdict.what)
        parts = list(pictures(row.verdict, found, how, row.metrics, headings, self.say))
        parts += [
            self.rows(each, table) for each, table in zip(headings, found.tables, strict=True) if table.rows
        ]
        if found.of > found.rows > 0:
            parts.append(self.note(codes.MEASURED_ON(rows=found.rows, of=found.of)))
        parts += [f"<p class='note'>{escape(str(note))}</p>" for note in found.notes]
        parts.append(self.unmeasured_note(found.unmeasured, row.metrics))
        return "".join(parts)

    def note(self, text: Text) -> str:
        return f"<p class='note'>{self.text(text)}</p>"

    def unmeasured_note(self, lost: Sequence[UnmeasuredFigure], metrics: Mapping[str, str]) -> str:
        """What could not be measured and why, in one line; what is more than a line holds can be unfolded."""
        if not lost:
            return ""
        names = [f"{metrics.get(each.metric, each.metric)} {each.slice}".strip() for each in lost]
        every = [
            codes.UNMEASURED(name=name, why=self.say(each.why))
            for name, each in zip(names, lost, strict=True)
        ]
        first, more = tuple(every[:IN_LINE]), len(every) - IN_LINE
        if more <= 0:
            return self.note(codes.NOT_MEASURED(figures=first))
        line = self.note(codes.NOT_MEASURED_MORE(figures=first, more=more))
        items = "".join(f"<li>{self.text(each)}</li>" for each in every[:ROWS])
        summary = codes.ALL_NOT_MEASURED(count=len(every))
        if len(every) > ROWS:
            summary = codes.SOME_NOT_MEASURED(count=len(every), shown=ROWS)
        return f"{line}<details><summary>{self.text(summary)}</summary><ul>{items}</ul></details>"

    def rows(self, heading: TableHeading, table: Table) -> str:
        rows = table.rows
        head = "".join(f"<th>{escape(each)}</th>" for each in heading.columns)
        lines = "".join(
            "<tr>" + "".join(f"<td>{escape(cell_text(cell))}</td>" for cell in row) + "</tr>"
            for row in rows[:ROWS]
        )
        more = self.note(codes.FIRST_OF(shown=ROWS, count=len(rows))) if len(rows) > ROWS else ""
        return (
            f"<details><summary>{escape(heading.title)} ({len(rows):,})</summary><div class='wide'>"
            f"<table><tr>{head}</tr>{lines}</table></div>{more}</details>"
        )

    def scores(self) -> str:
        """Every metric overall, and the same by slice as pictures that can be unfolded."""
        scores = self.report.scores
        if not scores:
            return ""
        lines = "".join(
            f"<tr><th>{escape(each.metric)}</th><td>{each.value:.4g}</td><td>{self.reach(each)}</td>"
            f"<td>{self.text(codes.ROWS(rows=each.rows or 0))}</td></tr>"
            for each in scores
            if not each.slice
        )
        sliced: dict[tuple[str, str], list[Figure]] = {}
        for each in scores:
            if each.slice:
                sliced.setdefault((", ".join(columns_of(each)), each.metric), []).append(each)
        drawn = "".join(
            f"<details><summary>{title}</summary>{some}</details>"
            for (by, metric), figures in sorted(sliced.items())
            if (title := self.text(codes.METRIC_BY(metric=metric, column=by)))
            and (some := self.marks(figures))
        )
        title = self.text(codes.METRICS())
        return f"<section><h2>{title}</h2><table class='made'>{lines}</table>{drawn}</section>"

    def marks(self, figures: Sequence[Figure]) -> str:
        every = [Mark(name=each.slice, value=each.value, low=each.low, high=each.high) for each in figures]
        return marks(every, self.say(codes.INTERVALS()), say=self.say)

    def reach(self, figure: Figure) -> str:
        if figure.low is None or figure.high is None:
            return ""
        return self.text(codes.REACH(low=figure.low, high=figure.high))

    def made_of(self) -> str:
        version = self.version
        commit: Text = codes.NO_COMMIT()
        if version.commit:
            commit = PlainText(version.commit)
            commit = codes.WITH_CHANGES(commit=version.commit) if version.dirty else commit
        since = {each.dataset: each for each in reversed(self.report.staleness) if each.answer != "fresh"}
        rows: list[tuple[Text, Text]] = [(codes.RUN(), PlainText(version.run)), (codes.CODE(), commit)]
        rows += [
            (codes.READ(dataset=each.dataset), self.read(each, since.get(each.dataset)))
            for each in version.read
        ]
        rows += [
            (
                codes.APPROVED(),
                codes.APPROVAL_AS(by=each.by, role=each.role, why=str(each.why))
                if each.role
                else codes.APPROVAL(by=each.by, why=str(each.why)),
            )
            for each in version.approvals
        ]
        rows += [(PlainText(name), PlainText(what)) for name, what in self.report.standing]
        lines = "".join(
            f"<tr><th>{self.text(name)}</th><td>{self.text(what)}</td></tr>" for name, what in rows
        )
        title = self.text(codes.MADE_OF())
        return f"<section><h2>{title}</h2><table class='made'>{lines}</table></section>"

    def read(self, part: Slice, since: Staleness | None) -> Message:
        """What was read, and what became of the rows since, where they are not as they were."""
        read = codes.READ_VERSION(number=part.number, rows=part.rows)
        if since is None:
            return read
        if since.answer == "erased":
            return codes.ERASED(read=read)
        return codes.ERASED_UNKNOWN(read=read, cause=self.report.causes.get(part.dataset, ""))


def _kind(row: ReportedVerdict) -> str:
    return "waived" if row.waiver is not None else _KINDS[row.verdict.outcome]


def _anchor(text: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in text.lower())


def _check(row: ReportedVerdict) -> str:
    """Of two verdicts on one check each has a place of its own."""
    verdict = row.verdict
    return f"check-{_anchor(verdict.check)}{'-changed' if verdict.changed else ''}"
