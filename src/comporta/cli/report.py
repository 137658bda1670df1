"""`comporta report`, `compare`: what was said of a version, for people, machines and auditors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comporta.cli import show as shown
from comporta.cli import words as say
from comporta.cli.model import Named, told
from comporta.cli.options import NO, AsJson, Where
from comporta.cli.written import Out, ready, write
from comporta.records import Figure

if TYPE_CHECKING:
    from comporta.acts.judge.report import Comparison
    from comporta.report import Told

FORMATS = {".html": "page", ".md": "markdown", ".xml": "junit"}


def report(
    version: Named,
    /,
    *,
    out: Out = (),
    project: Where = None,
    json: AsJson = False,
) -> int:
    """What every gate said, as a table, and as a page with pictures. Exit code 3 when one did not open."""
    from comporta import report as drawn
    from comporta.acts.judge.report import presentation
    from comporta.acts.judge.report import report as gathered
    from comporta.opened.project import open_project

    ready(out, *FORMATS)
    with open_project(project) as opened:
        found = gathered(opened, version, shown.say)
        if json:
            shown.json(found)
        else:
            told(found.told, found.version.id, found.version)
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
    """Two versions of a model side by side: metrics, and what each gate said, with limits and waivers."""
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
    """What each check said of both, below each other; then why, where more is to be told than a pass; then
    by what each was judged."""
    from comporta.report.markdown import because

    both = (found.a, found.b)
    sides = [
        (each.name, version.id, told)
        for each in found.gates
        for version, told in zip(both, (each.a, each.b), strict=True)
    ]
    if sides:
        rows = [
            (name if place % 2 == 0 else "", version, *_side(told))
            for place, (name, version, told) in enumerate(sides)
        ]
        shown.table("Gates", ("gate", "version", "verdict", "figure", "limit"), rows)
    told_of = [(version, name, because(told)) for name, version, told in sides if told and _more(told)]
    if told_of:
        shown.table("Why", ("version", "gate", "because"), told_of)
    judged = [(version.id, *row) for version, rows in zip(both, found.standing, strict=True) for row in rows]
    shown.table("By what they were judged", ("version", "judged by", ""), judged)


def _side(told: Told | None) -> tuple[str, str, float | None]:
    if told is None:
        return say.NOT_ASKED, "", None
    return told.stands, _figure(told.verdict.figure), told.verdict.limit


def _more(told: Told) -> bool:
    return told.stands != "pass" or bool(told.past)


def _figure(figure: Figure | None) -> str:
    if figure is None:
        return ""
    between = "" if figure.low is None or figure.high is None else f" [{figure.low:.4g}, {figure.high:.4g}]"
    return f"{figure.value:.4g}{between}"
