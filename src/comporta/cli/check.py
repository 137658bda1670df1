"""`comporta check`: every error of the project at once; and the quick gates, for each push."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from comporta.cli import show
from comporta.cli.exposed import tell_exposed
from comporta.cli.options import NO, AsJson, Verbose, Where
from comporta.cli.progress import display
from comporta.cli.verdicts import show_verdicts
from comporta.cli.words import words as say
from comporta.cli.written import Out, require_writable, write
from comporta.errors import BadProject
from comporta.project import ProjectFault
from comporta.records import PlainText, Verdict

if TYPE_CHECKING:
    from comporta.opened.project import OpenProject
    from comporta.report import ReportedVerdict


def check(
    *,
    level: Annotated[str, Parameter(help=say.CHECK_LEVEL)] = "",
    out: Annotated[Out, Parameter(help=say.CHECK_OUT)] = (),
    verbose: Verbose = False,
    project: Where = None,
    json: AsJson = False,
) -> int:
    """List every error of the project file, with file and line. Exit code 3 when there are any.

    Data is read, where there is any, to find columns that do not exist, and feature functions whose values
    differ between a batch, its halves and single rows. With `--level commit` each model is then fitted on a
    sample and judged by its quick gates, in seconds: for each push.
    """
    from comporta.acts.build.project_check import find_faults
    from comporta.opened.project import open_project

    if level not in ("", "commit"):
        raise BadProject(f"--level: found {level!r}, expected commit; deeper: comporta run, comporta gate.")
    require_writable(out, ".md", ".xml")
    with open_project(project, works=True) as opened:
        faults = find_faults(opened)
        if level and not faults:
            return _commit(opened, json, out, verbose)
        models, tables = len(opened.project.models), len(opened.project.tables())
        tell_exposed(opened)
    if out:
        _write(out, say.CHECK_TITLE, [_as_row(fault) for fault in faults])
    if json:
        show.json(faults)
    elif faults:
        _faults(faults)
    else:
        show.line(say.NO_FAULTS.format(models=models, datasets=tables))
    return NO if faults else 0


def _faults(faults: tuple[ProjectFault, ...]) -> None:
    for fault in faults:
        show.line(str(fault))
    show.aside(say.FAULTS.format(count=len(faults)) if len(faults) > 1 else say.ONE_FAULT)


def _as_row(fault: ProjectFault) -> ReportedVerdict:
    """A fault as a verdict, so that one page shows both."""
    from comporta.report import ReportedVerdict

    at = f"{fault.file}:{fault.line}"
    return ReportedVerdict(
        verdict=Verdict(
            check=at, outcome="fail", required=True, reason=PlainText(fault.message), what="project"
        ),
        title=at,
        reason=fault.message,
    )


def _write(out: Sequence[Path], title: str, rows: Sequence[ReportedVerdict]) -> None:
    from comporta.report.junit import suites
    from comporta.report.markdown import verdicts

    for file in out:
        write(
            file,
            verdicts(title, rows, say=show.say)
            if file.suffix == ".md"
            else suites("comporta check", rows, say=show.say),
        )


def _commit(opened: OpenProject, json: bool, out: Sequence[Path], verbose: bool) -> int:
    from comporta.acts.build.commit_checks import check_on_sample
    from comporta.project.once import not_inside_a_run
    from comporta.report.contents import prefix_title

    with not_inside_a_run(), display(quiet=json) as progress:
        run, tried = check_on_sample(opened, progress=progress)
    broken = any(each.fails for each in tried)
    left = sum(len(each.undecided) for each in tried)
    said = say.TRIED_BROKEN if broken else say.TRIED_LEFT.format(count=left) if left else say.TRIED
    if out:
        _write(
            out,
            said,
            [prefix_title(verdict, each.model) for each in tried for verdict in each.report_rows(show.say)],
        )
    if json:
        show.json({"run": run, "models": tried})
        return NO if broken else 0
    for each in tried:
        show_verdicts(each.report_rows(show.say), each.model, verbose=verbose)
        if not each.verdicts:
            show.line(say.NO_QUICK_GATES.format(model=each.model))
    show.aside(said)
    return NO if broken else 0
