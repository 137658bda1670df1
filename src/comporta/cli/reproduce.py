"""`comporta reproduce`: build a version again and compare every step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comporta.cli import show
from comporta.cli.job import queue_act
from comporta.cli.model import Named
from comporta.cli.options import NO, AsJson, Priority, Queue, Where
from comporta.cli.progress import display
from comporta.cli.words import words as say

if TYPE_CHECKING:
    from comporta.acts.reproduce.reproduce import StepComparison


def reproduce(
    version: Named,
    /,
    *,
    queue: Queue = False,
    priority: Priority = None,
    project: Where = None,
    json: AsJson = False,
) -> int:
    """Run every step of a version again, in fresh processes, and compare. Exit code 3 when any differs.

    Rows come from the stored dataset versions, code from the source stored with the version.
    """
    if queue or priority is not None:
        return queue_act("reproduce", {"version": version}, priority, project, json)
    from comporta.acts.reproduce.reproduce import reproduce as reproduced
    from comporta.opened.project import open_project

    with open_project(project, works=True) as opened, display(quiet=json) as progress:
        done = reproduced(opened, version, progress=progress)
    if json:
        show.json(done)
    else:
        rows = [(each.node, _bytes(each)) for each in done.steps]
        show.table(say.REPRODUCED.format(version=done.version), ("step", "bytes"), rows)
        show.line(done.reason)
    return 0 if done.equal else NO


def _bytes(step: StepComparison) -> str:
    if step.differs:
        return f"{say.DIFFERS}: {', '.join(step.differs)}"
    return f"{say.SAME}; {say.DAMAGED}: {', '.join(step.damaged)}" if step.damaged else say.SAME
