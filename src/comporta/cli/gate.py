"""`comporta gate`, `waive`: judge a version again, and exempt it from one check until a day."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from cyclopts import Parameter

from comporta.cli import show as shown
from comporta.cli.model import Named, show_version
from comporta.cli.options import NO, AsJson, By, Verbose, Where
from comporta.cli.progress import display
from comporta.cli.words import words as say
from comporta.errors import BadProject
from comporta.project.once import not_inside_a_run
from comporta.records import LEVELS, Level


def gate(
    version: Named,
    /,
    *,
    level: Annotated[str, Parameter(help=say.LEVEL, show_default=True)] = "release",
    verbose: Verbose = False,
    project: Where = None,
    json: AsJson = False,
) -> int:
    """Judge a version again, by its gates as declared now. Exit code 3 when a required check blocks it.

    Measurements are cached, so another limit computes nothing again.
    """
    from comporta.acts.judge.gate import gate as judge
    from comporta.opened.positive_class import positive_class
    from comporta.opened.project import open_project

    with not_inside_a_run(), open_project(project, works=True) as opened, display(quiet=json) as progress:
        judged = judge(opened, version, level=level_of(level), progress=progress)
        at, positive = opened.now(), positive_class(opened, judged.version)
    shut = judged.version.blocking_verdicts(at)
    if json:
        shown.json(judged)
        return NO if shut else 0
    show_version(judged.version, at, positive, verbose=verbose)
    if shut:
        shown.aside(say.SHUT.format(version=judged.version.id))
    shown.aside(say.NEXT_AFTER_GATE.format(version=judged.version.id))
    return NO if shut else 0


def waive(
    version: Named,
    check: Annotated[str, Parameter(help=say.CHECK)],
    /,
    *,
    reason: Annotated[str, Parameter(help=say.REASON)],
    until: Annotated[str, Parameter(help="The last day it counts: YYYY-MM-DD.")],
    by: By = None,
    project: Where = None,
    json: AsJson = False,
) -> None:
    """Let one check of a version not count until a day, in your name. Only people with the role may."""
    from comporta.acts.judge.waive import waive as let
    from comporta.opened.project import open_project

    with open_project(project, works=True) as opened:
        waived = let(opened, version, check, by=by or "", reason=reason, until=day(until), say=shown.say)
    if json:
        shown.json(waived)
    else:
        shown.line(say.WAIVED.format(check=check, version=waived.id, until=until, by=waived.waivers[-1].by))


def level_of(level: str) -> Level:
    """The level of this name. Raises BadProject."""
    for each in LEVELS[1:]:
        if level == each:
            return each
    raise BadProject(f"--level: found {level!r}, expected {' or '.join(LEVELS[1:])}.")


def day(text: str) -> datetime:
    """The end of this day, UTC. Raises BadProject."""
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(hour=23, minute=59, second=59, tzinfo=UTC)
    except ValueError as fault:
        raise BadProject(f"--until: found {text!r}, expected a day such as 2027-01-31.") from fault
