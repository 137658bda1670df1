"""`comporta report`, `compare`: the verdicts of versions, for people, machines and auditors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comporta.cli import show as shown
from comporta.cli import words as say
from comporta.cli.model import Named
from comporta.cli.options import NO, AsJson, Verbose, Where
from comporta.cli.verdicts import show_verdicts
from comporta.cli.written import Out, require_writable, write
from comporta.records import Figure

if TYPE_CHECKING:
    from comporta.acts.judge.report import Comparison
    from comporta.report import ReportedVerdict

FORMATS = {".html": "page", ".md": "markdown", ".xml": "junit"}


def report(
    version: Named,
    /,
    *,
    out: Out = (),
    verbose: Verbose = False,
    project: Where = None,
    json: AsJson = False,
) -> int:
    """The verdicts of a version, as a table and as a page with charts. Exit code 3 when a check blocks it."""
    from comporta import report as drawn
    from comporta.acts.judge.report import presentation
    from comporta.acts.judge.report import report as gathered
    from comporta.opened.project import open_project

    require_writable(out, *FORMATS)
    with open_project(project) as opened:
        found = gathered(opened, version, shown.say)
        if json:
            shown.json(found)
        else:
            show_verdicts(found.told, found.version.id, found.standing, verbose=verbose)
        drawings = presentation(opened, found.version.model).drawings
        page = opened.below / "reports" / f"{found.version.model}-{found.version.number}.html"
    for file in out or (() if json else (page,)):
        html = file.suffix == ".html"
        write(file, drawn.page(found, drawings) if html else getattr(drawn, FORMATS[file.suffix])(found))
    return 0 if found.opens else NO


def compare(
    a: Named,
    b: Named,
    /,
    *,
    project: Where = None,
    json: AsJson = False,
) -> None:
    """Two versions of a model side by side: metrics, and verdicts with limits and waivers."""
    from comporta.acts.judge.report import compare as compared
    from comporta.opened.project import open_project

    with open_project(project) as opened:
        found = compared(opened, a, b, shown.say)
    if json:
        shown.json(found)
        return
    columns = ("", found.a.id, found.b.id)
    shown.table("Metrics", columns, [(each.name, _figure(each.a), _figure(each.b)) for each in found.metrics])
    if not found.same:
        shown.aside(say.OTHER_ROWS)
    _gates(found)


def _gates(found: Comparison) -> None:
    """The verdicts of each check on both, one below the other; the reasons of those that did not pass; the
    policy of each."""
    from comporta.report.markdown import because

    both = (found.a, found.b)
    sides = [
        (each.name, version.id, row)
        for each in found.gates
        for version, row in zip(both, (each.a, each.b), strict=True)
    ]
    if sides:
        rows = [
            (name if place % 2 == 0 else "", version, *_side(row))
            for place, (name, version, row) in enumerate(sides)
        ]
        shown.table("Gates", ("gate", "version", "verdict", "figure", "limit"), rows)
    reasons = [(version, name, because(row)) for name, version, row in sides if row and _more(row)]
    if reasons:
        shown.table("Why", ("version", "gate", "because"), reasons)
    judged = [(version.id, *row) for version, rows in zip(both, found.standing, strict=True) for row in rows]
    shown.table("Policies", ("version", "judged by", ""), judged)


def _side(row: ReportedVerdict | None) -> tuple[str, str, float | None]:
    if row is None:
        return say.NOT_ASKED, "", None
    return row.stands, _figure(row.verdict.figure), row.verdict.limit


def _more(row: ReportedVerdict) -> bool:
    return row.stands != "pass" or bool(row.past)


def _figure(figure: Figure | None) -> str:
    if figure is None:
        return ""
    between = "" if figure.low is None or figure.high is None else f" [{figure.low:.4g}, {figure.high:.4g}]"
    return f"{figure.value:.4g}{between}"
