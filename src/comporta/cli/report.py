"""`comporta report`, `compare`: the verdicts of versions, for people, machines and auditors."""

from __future__ import annotations

import shutil

from comporta.cli import show as shown
from comporta.cli.comparison import comparison_lines, metric_rows
from comporta.cli.model import Named
from comporta.cli.options import NO, AsJson, Verbose, Where
from comporta.cli.verdicts import PIPED, show_verdicts
from comporta.cli.words import words as say
from comporta.cli.written import Out, require_writable, write

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
    a: Named,
    b: Named,
    /,
    *,
    verbose: Verbose = False,
    project: Where = None,
    json: AsJson = False,
) -> None:
    """What differs between two versions of a model: verdicts with limits and waivers, metrics, policies."""
    from comporta.acts.judge.report import compare as compared
    from comporta.opened.project import open_project

    with open_project(project) as opened:
        found = compared(opened, a, b, shown.say)
    if json:
        shown.json(found)
        return
    width = shutil.get_terminal_size((PIPED, 0)).columns
    for line, style in comparison_lines(found, width, verbose=verbose):
        shown.line(line, style=style)
    shown.table("Metrics", ("metric", found.a.id, found.b.id), metric_rows(found))
    if not found.same:
        shown.aside(say.OTHER_ROWS)
