"""A report as one HTML page that needs nothing else: no script, no font, no file from elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from comporta.records import Drawings, Figure, Staleness, Table, UnmeasuredFigure, columns_of
from comporta.report.drawn import PLAIN, pictures
from comporta.report.escape import escape
from comporta.report.markdown import because
from comporta.report.pictures import Mark, marks
from comporta.report.standing import heading
from comporta.report.style import STYLE
from comporta.report.told import Report, ReportedVerdict, TableHeading, cell_text, sections

ROWS = 30
TOLD = 5
"""Of what was not measured, how many one line tells."""


def page(report: Report, drawings: Callable[[str], Drawings] = lambda what: PLAIN) -> str:
    """The page: what closes the way first, then each section with its pictures, then what it was made of.
    drawings: of what a verdict rests on (`Verdict.what`), how that is drawn; the rest by its columns."""
    version = report.version
    said = "may be released" if report.opens else "may not be released"
    body = [
        f"<header><p class='kind'>{escape(report.project)}</p><h1>{escape(version.id)} "
        f"<span class='{'open' if report.opens else 'shut'}'>{said}</span></h1>{_about(report)}</header>"
    ]
    shut = [each for each in report.told if each.shuts]
    if shut:
        body.append("<section><h2>What closes the way</h2><ul class='shut'>")
        body += [f"<li><b>{escape(each.title)}</b>: {escape(each.reason)}</li>" for each in shut]
        body.append("</ul></section>")
    body.append(_summary(report))
    for title, told in sections(report.told):
        body.append(f"<section id='{_anchor(title)}'><h2>{escape(title)}</h2>")
        body += [_verdict(each, drawings(each.verdict.what)) for each in told]
        body.append("</section>")
    body += [_scores(report), _made_of(report)]
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>{escape(version.id)} {said}</title><style>{STYLE}</style></head><body><main>"
        + "\n".join(body)
        + f"<footer>Written {report.at:%Y-%m-%d %H:%M} UTC by Comporta.</footer></main></body></html>\n"
    )


def _about(report: Report) -> str:
    version = report.version
    against = f" · compared with {escape(report.champion)}" if report.champion else " · the first"
    owner = f" · {escape(report.owner)}" if report.owner else ""
    meaning = f"<p>{escape(report.meaning)}</p>" if report.meaning else ""
    return (
        f"{meaning}<p class='about'>state {version.state} · judged at the level {version.level} · "
        f"made {version.at:%Y-%m-%d %H:%M}{against}{owner}</p>"
    )


def _summary(report: Report) -> str:
    rows = []
    for title, told in sections(report.told):
        outcomes = [_outcome(each) for each in told]
        dots = "".join(
            f"<a class='dot {kind}' href='#{_check(each)}' title='{escape(each.title)}: {words}'></a>"
            for each, (kind, words) in zip(told, outcomes, strict=True)
        )
        rows.append(f"<tr><th><a href='#{_anchor(title)}'>{escape(title)}</a></th><td>{dots}</td></tr>")
    key = "".join(
        f"<span class='dot {kind}'></span>{words} "
        for kind, words in (
            ("pass", "passes"),
            ("fail", "fails"),
            ("doubt", "inconclusive"),
            ("none", "does not apply"),
            ("waived", "waived"),
        )
    )
    return f"<section><table class='summary'>{''.join(rows)}</table><p class='key'>{key}</p></section>"


def _verdict(told: ReportedVerdict, how: Drawings) -> str:
    verdict = told.verdict
    kind, words = _outcome(told)
    rule = "carried on" if verdict.carried else "required" if verdict.required else "reported"
    rule += f", not blocking until {told.left}" if told.left is not None else ""
    inside = [f"<p>{escape(because(told))}</p>"]
    if told.findings is not None:
        inside.append(_findings(told, how))
    return (
        f"<article id='{_check(told)}'><h3><span class='dot {kind}'></span>{escape(told.title)}"
        f"<small>{words} · {rule}</small></h3>{''.join(inside)}</article>"
    )


def _findings(told: ReportedVerdict, how: Drawings) -> str:
    found = told.findings
    assert found is not None, "asked only where there are findings"
    headings = told.headings or tuple(map(heading, found.tables))
    parts = list(pictures(told.verdict, found, how, told.metrics, headings))
    parts += [_rows(each, table) for each, table in zip(headings, found.tables, strict=True) if table.rows]
    if found.of > found.rows > 0:
        parts.append(f"<p class='note'>Measured on {found.rows:,} of {found.of:,} rows.</p>")
    parts += [f"<p class='note'>{escape(str(note))}</p>" for note in found.notes]
    parts.append(_missing(found.unmeasured, told.metrics))
    return "".join(parts)


def _missing(lost: Sequence[UnmeasuredFigure], metrics: Mapping[str, str]) -> str:
    """What could not be measured and why, in one line; what is more than a line holds can be unfolded."""
    if not lost:
        return ""
    names = [f"{metrics.get(each.metric, each.metric)} {each.slice}".strip() for each in lost]
    said = [f"{escape(name)} ({escape(str(each.why))})" for name, each in zip(names, lost, strict=True)]
    more = len(said) - TOLD
    rest = f"; and {more:,} more" if more > 0 else ""
    line = f"<p class='note'>Not measured: {'; '.join(said[:TOLD])}{rest}.</p>"
    if more <= 0:
        return line
    items = "".join(f"<li>{each}</li>" for each in said[:ROWS])
    first = f", the first {ROWS}" if len(said) > ROWS else ""
    return f"{line}<details><summary>Not measured ({len(said):,}{first})</summary><ul>{items}</ul></details>"


def _rows(heading: TableHeading, table: Table) -> str:
    rows = table.rows
    head = "".join(f"<th>{escape(each)}</th>" for each in heading.columns)
    lines = "".join(
        "<tr>" + "".join(f"<td>{escape(cell_text(cell))}</td>" for cell in row) + "</tr>"
        for row in rows[:ROWS]
    )
    more = f"<p class='note'>The first {ROWS} of {len(rows):,}.</p>" if len(rows) > ROWS else ""
    return (
        f"<details><summary>{escape(heading.title)} ({len(rows):,})</summary><div class='wide'>"
        f"<table><tr>{head}</tr>{lines}</table></div>{more}</details>"
    )


def _scores(report: Report) -> str:
    """Every metric overall, and the same by slice as pictures that can be unfolded."""
    if not report.scores:
        return ""
    overall = [each for each in report.scores if not each.slice]
    lines = "".join(
        f"<tr><th>{escape(each.metric)}</th><td>{each.value:.4g}</td><td>{_reach(each)}</td>"
        f"<td>{each.rows:,} rows</td></tr>"
        for each in overall
    )
    sliced: dict[tuple[str, str], list[Figure]] = {}
    for each in report.scores:
        if each.slice:
            sliced.setdefault((", ".join(columns_of(each)), each.metric), []).append(each)
    drawn = "".join(
        f"<details><summary>{escape(metric)} by {escape(by)}</summary>{some}</details>"
        for (by, metric), figures in sorted(sliced.items())
        if (some := _marks(figures))
    )
    return f"<section><h2>Metrics on the test rows</h2><table class='made'>{lines}</table>{drawn}</section>"


def _marks(figures: Sequence[Figure]) -> str:
    every = [Mark(name=each.slice, value=each.value, low=each.low, high=each.high) for each in figures]
    return marks(every, "With 95 % intervals.")


def _reach(figure: Figure) -> str:
    if figure.low is None or figure.high is None:
        return ""
    return f"{figure.low:.4g} to {figure.high:.4g}"


def _made_of(report: Report) -> str:
    version = report.version
    rows = [
        ("run", version.run),
        ("code", (version.commit or "no commit") + (" with changes" if version.dirty else "")),
    ]
    since = {each.dataset: each for each in reversed(report.staleness) if each.answer != "fresh"}
    rows += [
        (
            f"data {each.dataset}",
            f"version {each.number}, {each.rows:,} rows{_since(since.get(each.dataset), report.causes)}",
        )
        for each in report.read
    ]
    rows += [
        ("approved", f"{each.by}{f' ({each.role})' if each.role else ''}: {each.why}")
        for each in version.approvals
    ]
    rows += report.standing
    lines = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in rows)
    return f"<section><h2>What it was made of</h2><table class='made'>{lines}</table></section>"


def _since(found: Staleness | None, causes: Mapping[str, str]) -> str:
    """What became of the rows since, where they are not as they were."""
    if found is None:
        return ""
    erased = "rows of it were erased since"
    if found.answer == "erased":
        return f"; {erased}"
    return f"; whether {erased} is unknown: {causes.get(found.dataset, '')}"


def _outcome(told: ReportedVerdict) -> tuple[str, str]:
    if told.waiver is not None:
        return "waived", f"{told.verdict.outcome}, waived"
    kinds = {"pass": "pass", "fail": "fail", "inconclusive": "doubt", "does not apply": "none"}
    return kinds[told.verdict.outcome], told.verdict.outcome


def _anchor(text: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in text.lower())


def _check(told: ReportedVerdict) -> str:
    """Of two verdicts on one check each has a place of its own."""
    verdict = told.verdict
    return f"check-{_anchor(verdict.check)}{'-changed' if verdict.changed else ''}"
