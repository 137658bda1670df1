"""`comporta run`, `runs`, `show`: run the plan, and look at runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from comporta.cli import show as shown
from comporta.cli.model import show_version_verdicts
from comporta.cli.options import NO, AsJson, Verbose, Where, between
from comporta.cli.progress import display
from comporta.cli.words import words as say
from comporta.cli.written import Out, require_writable, write
from comporta.project.once import not_inside_a_run
from comporta.records import Run, Version
from comporta.report.codes import state_text

if TYPE_CHECKING:
    from comporta.opened.project import OpenProject


def run(
    *models: Annotated[str, Parameter(help="Which models; default: all of them.")],
    out: Annotated[Out, Parameter(help=say.RUN_OUT)] = (),
    verbose: Verbose = False,
    project: Where = None,
    json: AsJson = False,
) -> int:
    """Read the data, train what changed, and judge it by its gates. Exit code 3 when a required check blocks.

    Only what changed is computed again; an interrupted run goes on where it was.
    """
    from comporta.acts.build.run import run as ran
    from comporta.opened.positive_class import positive_class
    from comporta.opened.project import open_project

    require_writable(out, ".md", ".xml")
    with not_inside_a_run(), open_project(project, works=True) as opened, display(quiet=json) as progress:
        report = ran(opened, models, progress=progress, command=" ".join(("run", *models)))
        if out:
            _write(out, opened, report.versions)
        at = opened.now()
        positive = {each.id: positive_class(opened, each) for each in report.versions}
    shut = [each for each in report.versions if each.blocking_verdicts(at)]
    if json:
        shown.json(
            {
                "run": report.run,
                "datasets": report.datasets,
                "versions": report.versions,
                "fresh": report.fresh,
            }
        )
        return NO if shut else 0
    shown.line(_summary(report.run))
    for version in report.versions:
        if version.id in report.fresh:
            show_version_verdicts(version, at, positive[version.id], verbose=verbose)
        else:
            shown.line(say.AS_BEFORE.format(version=version.id, state=shown.say(state_text(version.state))))
    for version in report.versions:
        if version in shut:
            shown.aside(say.SHUT.format(version=version.id))
        elif version.state in ("passed", "approved"):
            count, needed = len(version.approvers()), version.needed
            follows = say.NEXT_APPROVAL if count < needed else say.NEXT_AFTER_RUN
            shown.aside(follows.format(version=version.id, count=count, needed=needed))
    return NO if shut else 0


def _write(out: Sequence[Path], opened: OpenProject, versions: Sequence[Version]) -> None:
    """The verdicts of each version, as Markdown for a pull request or as JUnit XML."""
    from comporta.acts.judge.report import report
    from comporta.report import markdown
    from comporta.report.contents import prefix_title
    from comporta.report.junit import suites

    every = [report(opened, each.id, shown.say) for each in versions]
    for file in out:
        if file.suffix == ".md":
            write(file, "\n".join(markdown(each, shown.say) for each in every))
        else:
            rows = [prefix_title(one, each.version.id) for each in every for one in each.verdicts]
            judged = [(f"{each.version.id}: {name}", said) for each in every for name, said in each.standing]
            write(file, suites("comporta run", rows, judged, shown.say))


def runs(
    *,
    limit: Annotated[
        int, Parameter(help="How many, the newest first.", show_default=True, validator=between(1))
    ] = 20,
    project: Where = None,
    json: AsJson = False,
) -> None:
    """The latest runs, newest first."""
    from comporta.acts.build.run_views import runs as listed
    from comporta.opened.project import open_project

    with open_project(project) as opened:
        found = listed(opened, limit)
    if json:
        shown.json(found)
    elif not found:
        shown.aside(say.NO_RUNS)
    else:
        rows = [
            (
                each.id,
                each.command,
                each.started,
                _took(each),
                say.OUTCOMES.get(each.outcome, each.outcome),
                _steps(each),
                shown.say(each.reason),
            )
            for each in found
        ]
        shown.table("Runs", ("run", "command", "started", "took", "outcome", "steps", "reason"), rows)


def show(
    run: Annotated[str, Parameter(help="The run's id, or its beginning.")],
    /,
    *,
    log: Annotated[str, Parameter(help="Print all that this step printed.")] = "",
    project: Where = None,
    json: AsJson = False,
) -> None:
    """One run: each step with its cost, and the end of what it printed."""
    from comporta.acts.build.run_views import run_of
    from comporta.errors import NotFound
    from comporta.opened.project import open_project

    with open_project(project) as opened:
        view = run_of(opened, run)
    if log:
        if log not in view.logs:
            steps = ", ".join(view.logs) or "none"
            raise NotFound(f"found no log of {log!r}, expected a step that printed something: {steps}.")
        shown.line(view.logs[log].rstrip("\n"))
        return
    if json:
        shown.json(view)
        return
    shown.line(_summary(view.run))
    rows = [
        (
            node,
            say.REUSED if node in view.run.reused else say.DONE,
            shown.seconds(step.cost.wall_seconds),
            shown.seconds(step.cost.cpu_seconds),
            shown.size(step.cost.peak_memory),
            recipe[:12],
        )
        for node, recipe in view.run.nodes.items()
        if (step := view.steps.get(node))
    ]
    shown.table("Steps", ("step", "state", "wall", "cpu", "memory", "recipe"), rows)
    for node, text in view.logs.items():
        last = text.rstrip("\n").splitlines()[-3:]
        shown.line(f"{node}:")
        for each in last:
            shown.line(f"  {each}")


def _summary(run: Run) -> str:
    fresh = _count_ended(run) - len(run.reused)
    what = say.NOTHING_NEW if not fresh else say.STEPS.format(fresh=fresh, reused=len(run.reused))
    return say.RUN.format(
        id=run.id, outcome=say.OUTCOMES.get(run.outcome, run.outcome), what=what, took=_took(run)
    )


def _steps(run: Run) -> str:
    return say.STEPS_OF_RUN.format(ended=_count_ended(run), total=run.total, reused=len(run.reused))


def _count_ended(run: Run) -> int:
    """How many steps ended. A reproduction runs outside the cache, so no event names its single steps."""
    return run.total if run.outcome == "done" else len(run.nodes)


def _took(run: Run) -> str:
    return "" if run.ended is None else shown.seconds((run.ended - run.started).total_seconds())
