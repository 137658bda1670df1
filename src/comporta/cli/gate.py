"""`comporta gate`, `waive`: judge a version again, and exempt it from one check until a day."""

from __future__ import annotations

from typing import Annotated, Literal

from cyclopts import Parameter

from comporta.cli import show as shown
from comporta.cli.job import queue_act
from comporta.cli.model import Named, show_version
from comporta.cli.options import NO, AsJson, By, Priority, Queue, Verbose, Where, day
from comporta.cli.progress import display
from comporta.cli.rollout import tell_started
from comporta.cli.words import words as say
from comporta.project.once import not_inside_a_run


def gate(
    version: Named,
    /,
    *,
    level: Annotated[Literal["release", "audit"], Parameter(help=say.LEVEL, show_default=True)] = "release",
    queue: Queue = False,
    priority: Priority = None,
    verbose: Verbose = False,
    project: Where = None,
    json: AsJson = False,
) -> int:
    """Judge a version again, by its gates as declared now. Exit code 3 when a required check blocks it.

    Measurements are cached, so another limit computes nothing again.
    """
    from comporta.acts.judge.gate import gate as judge
    from comporta.acts.rollout.passed import begin_passed
    from comporta.opened.positive_class import positive_class
    from comporta.opened.project import open_project

    if queue or priority is not None:
        return queue_act("gate", {"version": version, "level": level}, priority, project, json)
    with (
        not_inside_a_run(),
        open_project(project, works=True) as opened,
        display(quiet=json, verbose=verbose) as progress,
    ):
        judged = judge(opened, version, level=level, progress=progress)
        started = begin_passed(opened, (judged.version,), say=shown.say)
        at, positive = opened.now(), positive_class(opened, judged.version)
    shut = judged.version.blocking_verdicts(at)
    if json:
        shown.json(judged)
        return NO if shut else 0
    show_version(judged.version, at, positive, verbose=verbose)
    if shut:
        shown.aside(say.SHUT.format(version=judged.version.id))
    shown.aside(say.NEXT_AFTER_GATE.format(version=judged.version.id))
    tell_started(started)
    return NO if shut else 0


def waive(
    version: Named,
    check: Annotated[str, Parameter(help=say.CHECK)],
    /,
    *,
    reason: Annotated[str, Parameter(help=say.REASON)],
    until: Annotated[str, Parameter(help="The last day the waiver is valid: YYYY-MM-DD.")],
    by: By = None,
    project: Where = None,
    json: AsJson = False,
) -> None:
    """Exempt a version from one check until a day, in your name. Only people with the role may."""
    from comporta.acts.judge.waive import waive as let
    from comporta.opened.project import open_project

    with open_project(project, works=True) as opened:
        waived = let(opened, version, check, by=by or "", reason=reason, until=day(until), say=shown.say)
    if json:
        shown.json(waived)
    else:
        shown.line(say.WAIVED.format(check=check, version=waived.id, until=until, by=waived.waivers[-1].by))
