"""`comporta check`: every error of the project at once; and the quick gates, for each push."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from comporta.cli import show
from comporta.cli.exposed import tell_exposed
from comporta.cli.options import NO, AsJson, Verbose, Where
from comporta.cli.progress import CheckProgress, display
from comporta.cli.verdicts import failure_row, show_legend, show_verdicts
from comporta.cli.words import words as say
from comporta.cli.written import Out, require_writable, write
from comporta.project import ProjectFault
from comporta.records import PlainText, Verdict
from comporta.records.credential import mask

if TYPE_CHECKING:
    from comporta.acts.build.commit_checks import SampleReport
    from comporta.opened.project import OpenProject
    from comporta.report import ReportedVerdict


def check(
    *,
    level: Annotated[Literal["commit"] | None, Parameter(help=say.CHECK_LEVEL)] = None,
    out: Annotated[Out, Parameter(help=say.CHECK_OUT)] = (),
    verbose: Verbose = False,
    project: Where = None,
    json: AsJson = False,
) -> int:
    """List every error of the project file, with file and line. Exit code 3 when there are any.

    Data is read, where there is any, to find columns that do not exist, and feature functions whose values
    differ between a batch, its halves and single rows. With `--level commit` each model is then fitted on a
    sample and judged by its quick gates, in seconds: for each push. Where the project's key is not, as on a
    CI runner, all of it happens in a place of its own.
    """
    require_writable(out, ".md", ".xml")
    with CheckProgress(quiet=json) as progress:
        return _check(progress, level, out, verbose, project, json)


def _check(
    progress: CheckProgress,
    level: str | None,
    out: Sequence[Path],
    verbose: bool,
    project: Path | None,
    json: bool,
) -> int:
    from comporta.acts.build.project_check import find_faults
    from comporta.opened.without_key import open_to_check

    with open_to_check(project) as (opened, why):
        progress.end()
        if why:
            show.aside(say.CHECKED_WITHOUT_KEY.format(why=why))
        faults = find_faults(opened, progress)
        progress.end()
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
        show.aside(say.CHECK_READ)
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

    with not_inside_a_run(), display(quiet=json, verbose=verbose) as progress:
        report = check_on_sample(opened, progress=progress)
    tried = report.models
    broken = report.failure is not None or any(each.fails for each in tried)
    left = sum(len(each.undecided) for each in tried)
    said = say.TRIED_BROKEN if broken else say.TRIED_LEFT.format(count=left) if left else say.TRIED
    if out:
        _write(
            out,
            said,
            [prefix_title(verdict, each.model) for each in tried for verdict in each.report_rows(show.say)]
            + ([] if report.failure is None else [failure_row(report.failure)]),
        )
    if json:
        show.json({"run": report.run, "models": tried})
        return _exit_code(report, broken)
    rows: list[ReportedVerdict] = []
    for each in tried:
        rows += each.report_rows(show.say)
        show_verdicts(each.report_rows(show.say), each.model, verbose=verbose)
        if not each.verdicts:
            show.line(say.NO_QUICK_GATES.format(model=each.model))
    show_legend(rows, verbose=verbose)
    show.aside(said)
    return _exit_code(report, broken)


def _exit_code(report: SampleReport, broken: bool) -> int:
    """Of models that could not be built beside those that were judged, what happened is printed."""
    if report.failure is None:
        return NO if broken else 0
    show.aside(mask(str(report.failure)))
    return report.failure.exit_code
