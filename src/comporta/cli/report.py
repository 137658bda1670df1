"""`comporta report`, `compare`: the verdicts of versions, for people, machines and auditors."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from comporta.cli import completed_values as offered
from comporta.cli import show as shown
from comporta.cli.comparison import comparison_lines, figure_text, metric_rows
from comporta.cli.model import Named
from comporta.cli.options import NO, AsJson, Verbose, Where
from comporta.cli.verdicts import PIPED, show_legend, show_verdicts
from comporta.cli.words import words as say
from comporta.cli.written import Out, require_writable, write
from comporta.errors import BadProject
from comporta.opened.as_json import as_json
from comporta.records import encode

if TYPE_CHECKING:
    from comporta.acts.judge.compare_several import SeveralVersions
    from comporta.records import Figure

INTERVALS = 3
"""Versions beside each other whose intervals fit a line."""
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
            show_verdicts(found.verdicts, found.version.id, found.standing, verbose=verbose)
            show_legend(found.verdicts, verbose=verbose)
        drawings = presentation(opened, found.version.model, shown.say).drawings
        page = opened.below / "reports" / f"{found.version.model}-{found.version.number}.html"
    for file in out or (() if json else (page,)):
        html = file.suffix == ".html"
        write(
            file,
            drawn.page(found, drawings, shown.say)
            if html
            else getattr(drawn, FORMATS[file.suffix])(found, shown.say),
        )
    return 0 if found.releasable else NO


def compare(
    *versions: Annotated[str, Parameter(help=say.COMPARED, **offered.completes(offered.versions))],
    verbose: Verbose = False,
    project: Where = None,
    json: AsJson = False,
) -> None:
    """What differs between versions of a model: verdicts, metrics, parameters; of two with every reason."""
    from comporta.acts.judge.compare_several import compare_several, version_named
    from comporta.acts.judge.report import compare as compared
    from comporta.opened.project import open_project

    if len(versions) < 2:
        raise BadProject(f"compare: found {len(versions)} versions, expected two or more.")
    with open_project(project) as opened:
        several = compare_several(opened, versions, shown.say)
        first, second, *more = (version_named(opened, name) for name in versions)
        found = None if more else compared(opened, first, second, shown.say)
    if found is None:
        _show_several(several, verbose=verbose, json=json)
        return
    if json:
        shown.json({**as_json(found, shown.say), "parameters": as_json(several.parameters)})
        return
    width = shutil.get_terminal_size((PIPED, 0)).columns
    for line, style in comparison_lines(found, width, verbose=verbose):
        shown.line(line, style=style)
    _show_parameters(several)
    shown.table("Metrics", ("metric", found.a.id, found.b.id), metric_rows(found))
    if not found.same:
        shown.aside(say.OTHER_ROWS)


def _show_several(found: SeveralVersions, *, verbose: bool, json: bool) -> None:
    if json:
        shown.json(found)
        return
    ids = [each.id for each in found.versions]
    _show_parameters(found)
    differing = [each for each in found.gates if each.differs or verbose]
    if differing:
        shown.table("Checks", ("check", *ids), [(each.name, *each.statuses) for each in differing])
    if same := len(found.gates) - len(differing):
        shown.line((say.GATES_SAME if differing else say.GATES_ALL_SAME).format(count=same))
    text = figure_text if len(ids) <= INTERVALS else _value_text
    shown.table("Metrics", ("metric", *ids), [(row.name, *map(text, row.figures)) for row in found.metrics])
    if not found.same:
        shown.aside(say.OTHER_ROWS)


def _show_parameters(found: SeveralVersions) -> None:
    if found.parameters:
        rows = [(each.name, *map(_parameter_text, each.values)) for each in found.parameters]
        shown.table("Parameters", ("parameter", *(each.id for each in found.versions)), rows)


def _value_text(figure: Figure | None) -> str:
    return "" if figure is None else f"{figure.value:.4g}"


def _parameter_text(value: object) -> str:
    return "" if value is None else value if isinstance(value, str) else encode(value).decode()
