"""`comporta run`, `runs`, `show`: run the plan, and look at runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from comporta.cli import completed_values as offered
from comporta.cli import show as shown
from comporta.cli.job import queue_act
from comporta.cli.model import show_version_verdicts
from comporta.cli.options import NO, AsJson, Priority, Queue, Verbose, Where, between
from comporta.cli.progress import display
from comporta.cli.rollout import tell_started
from comporta.cli.trend import show_trends
from comporta.cli.verdicts import failure_row, show_legend
from comporta.cli.words import words as say
from comporta.cli.written import Out, require_writable, write
from comporta.errors import BadProject
from comporta.project.once import not_inside_a_run
from comporta.project.variation import PARAM, SET, Variation, parse_assignments, run_command, vary
from comporta.records import Run, Version
from comporta.records.credential import mask
from comporta.report.codes import state_text
from comporta.report.lists import RUN_COLUMNS, count_ended, count_failed, steps_text

if TYPE_CHECKING:
    from comporta.acts.build.run import RunReport
    from comporta.acts.release.metric_trend import MetricFigures
    from comporta.opened.project import OpenProject
    from comporta.report import ReportedVerdict

NAMED = 3
"""How many of the steps that failed a summary names."""


COMMAND = 14
"""Letters of a command beside what else there is to tell of a run."""


def run(
    *models: Annotated[
        str,
        Parameter(help="Which models; default: all of them.", **offered.completes(offered.declared_models)),
    ],
    param: Annotated[tuple[str, ...], Parameter(help=say.PARAM)] = (),
    set_: Annotated[tuple[str, ...], Parameter(name="--set", help=say.SET)] = (),
    out: Annotated[Out, Parameter(help=say.RUN_OUT)] = (),
    queue: Queue = False,
    priority: Priority = None,
    verbose: Verbose = False,
    project: Where = None,
    json: AsJson = False,
) -> int:
    """Read the data, train what changed, and judge it by its gates. Exit code 3 when a required check blocks.

    Only what changed is computed again; an interrupted run goes on where it was. A model that cannot be built
    keeps no other from being judged; the exit code is then 2. With --param and --set a variation is tried: a
    run like any other, recorded as what it was.
    """
    from comporta.acts.build.run import run as ran
    from comporta.acts.rollout.passed import begin_passed
    from comporta.opened.positive_class import positive_class
    from comporta.opened.project import open_project

    if queue or priority is not None:
        if param or set_ or out:
            raise BadProject(say.QUEUE_ALONE)
        return queue_act("run", {"models": models}, priority, project, json)
    require_writable(out, ".md", ".xml")
    other = Variation(params=parse_assignments(PARAM, param), settings=parse_assignments(SET, set_))
    with (
        not_inside_a_run(),
        open_project(project, works=True, vary=partial(vary, models=models, variation=other)) as opened,
        display(quiet=json, verbose=verbose) as progress,
    ):
        report = ran(opened, models, progress=progress, command=run_command(models, other))
        if out:
            _write(out, opened, report)
        started = begin_passed(opened, report.versions, say=shown.say)
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
                "unanswered": report.unanswered,
                "releases": started,
            }
        )
        return _exit_code(report, shut)
    shown.line(_summary(report.run, report.unanswered))
    _show_versions(report, at, positive, verbose=verbose)
    _show_next(report, shut)
    tell_started(started)
    return _exit_code(report, shut)


def _show_versions(report: RunReport, at: datetime, positive: Mapping[str, str], *, verbose: bool) -> None:
    """The verdicts of what is new, and that nothing is of the others. positive: id → its positive class."""
    rows: list[ReportedVerdict] = []
    for version in report.versions:
        if version.id in report.fresh:
            rows += show_version_verdicts(version, at, positive[version.id], verbose=verbose)
        else:
            shown.line(say.AS_BEFORE.format(version=version.id, state=shown.say(state_text(version.state))))
    show_legend(rows, verbose=verbose)


def _show_next(report: RunReport, shut: Sequence[Version]) -> None:
    """What can be done with each version."""
    for version in report.versions:
        if version in shut:
            shown.aside(say.SHUT.format(version=version.id))
        elif version.state in ("passed", "approved"):
            count, needed = len(version.approvers()), version.needed
            follows = say.NEXT_APPROVAL if count < needed else say.NEXT_AFTER_RUN
            shown.aside(follows.format(version=version.id, count=count, needed=needed))


def _exit_code(report: RunReport, shut: Sequence[Version]) -> int:
    """Of the run, where models failed beside those that were judged: what happened to them is printed."""
    if report.failure is None:
        return NO if shut else 0
    shown.aside(mask(str(report.failure)))
    return report.failure.exit_code


def _write(out: Sequence[Path], opened: OpenProject, ran: RunReport) -> None:
    """The verdicts of each version, as Markdown for a pull request or as JUnit XML; and which models could
    not be built."""
    from comporta.acts.judge.report import report
    from comporta.report import markdown
    from comporta.report.contents import prefix_title
    from comporta.report.junit import suites
    from comporta.report.markdown import verdicts

    every = [report(opened, each.id, shown.say) for each in ran.versions]
    failed = [] if ran.failure is None else [failure_row(ran.failure)]
    for file in out:
        if file.suffix == ".md":
            pages = [markdown(each, shown.say) for each in every]
            pages += [verdicts(say.NOT_BUILT, failed, say=shown.say)] if failed else []
            write(file, "\n".join(pages))
        else:
            rows = [prefix_title(one, each.version.id) for each in every for one in each.verdicts] + failed
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
    """The latest runs, newest first, the versions that they led to, and how these measure."""
    from comporta.acts.build.run_views import runs as listed
    from comporta.acts.release.metric_trend import figures_of, trends
    from comporta.acts.release.version_of_commit import versions_of_run
    from comporta.opened.project import open_project

    with open_project(project) as opened:
        found = listed(opened, limit)
        led_to = {each.id: versions_of_run(opened, each) for each in found}
        versions = [version for every in led_to.values() for version in every]
        figures = figures_of(opened, versions)
    if json:
        shown.json([_as_json(each, led_to[each.id], figures) for each in found])
    elif not found:
        shown.aside(say.NO_RUNS)
    else:
        _show_runs(found, led_to)
        show_trends(trends(versions, figures, main=len({each.model for each in versions}) > 1))


def _as_json(
    run: Run, versions: Sequence[Version], figures: Mapping[str, MetricFigures]
) -> dict[str, object]:
    from comporta.opened.as_json import as_json

    metrics = {each.id: figures[each.id] for each in versions}
    return {**as_json(run, shown.say), "versions": [each.id for each in versions], "metrics": metrics}


def _show_runs(found: Sequence[Run], led_to: Mapping[str, Sequence[Version]]) -> None:
    """A line a run, which fits 100 columns; below, the long commands and why a run did not end well."""
    rows = [
        (
            each.id,
            _short(each.command),
            each.started.astimezone().strftime("%m-%d %H:%M"),
            _took(each),
            say.OUTCOMES.get(each.outcome, each.outcome),
            shown.say(steps_text(each)),
            " ".join(version.id for version in led_to[each.id]),
        )
        for each in found
    ]
    shown.table("Runs", RUN_COLUMNS, rows)
    if long := [(each.id, each.command) for each in found if _short(each.command) != each.command]:
        shown.table("Commands", ("run", "command"), long)
    if reasons := [(each.id, said) for each in found if (said := shown.say(each.reason))]:
        shown.table("Not done", ("run", "reason"), reasons)


def _short(command: str) -> str:
    return command if len(command) <= COMMAND else f"{command[: COMMAND - 1]}…"


def show(
    run: Annotated[str, Parameter(help="The run's id, or its beginning.", **offered.completes(offered.runs))],
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
    if view.run.command not in ("", "run"):
        shown.line(say.COMMAND_OF_RUN.format(command=view.run.command))
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
    rows += [(node, say.STATES["failed"], "", "", "", "") for node in view.failed if node not in view.steps]
    shown.table("Steps", ("step", "state", "wall", "cpu", "memory", "recipe"), rows)
    for node, text in view.logs.items():
        last = text.rstrip("\n").splitlines()[-3:]
        shown.line(f"{node}:")
        for each in last:
            shown.line(f"  {each}")


def _summary(run: Run, unanswered: Sequence[str] = ()) -> str:
    """unanswered: steps that have no answer, by name; of them those that could not measure."""
    fresh, failed = count_ended(run) - len(run.reused), count_failed(run)
    what = say.STEPS.format(fresh=fresh, reused=len(run.reused))
    if failed and unanswered:
        more = ", …" if len(unanswered) > NAMED else ""
        what += say.NAMED_FAILURES.format(count=failed, steps=", ".join(unanswered[:NAMED]), more=more)
    elif failed:
        what += say.FAILURES.format(count=failed)
    elif not fresh:
        what = say.NOTHING_NEW
    return say.RUN.format(
        id=run.id, outcome=say.OUTCOMES.get(run.outcome, run.outcome), what=what, took=_took(run)
    )


def _took(run: Run) -> str:
    return "" if run.ended is None else shown.seconds((run.ended - run.started).total_seconds())
