"""`comporta store`: disk usage, garbage collection, and deleting one artifact."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from comporta.cli import show
from comporta.cli.job import queue_act
from comporta.cli.options import AsJson, By, Priority, Queue, Where
from comporta.cli.words import words as say


def du(*, project: Where = None, json: AsJson = False) -> None:
    """Disk usage of the store, by kind."""
    from comporta.acts.upkeep.storage import usage
    from comporta.opened.project import open_project

    with open_project(project) as opened:
        used = usage(opened)
    if json:
        show.json(used)
        return
    rows = [(each.prefix, each.objects, show.size(each.size)) for each in used]
    total = (say.TOTAL, sum(each.objects for each in used), show.size(sum(each.size for each in used)))
    show.table("Store", ("what", "objects", "size"), [*rows, total])


def gc(
    *,
    dry: Annotated[bool, Parameter(name="--dry-run", help=say.DRY)] = False,
    queue: Queue = False,
    priority: Priority = None,
    project: Where = None,
    json: AsJson = False,
) -> None:
    """Delete bytes that no version, release, dataset or recent run reaches and that are older than a day.

    So are environments of `comporta env` that no released version needs and that were not used for a day.
    """
    if queue or priority is not None:
        queue_act("gc", {"dry": dry}, priority, project, json)
        return
    from comporta.acts.upkeep.environments import sweep_environments
    from comporta.acts.upkeep.storage import sweep
    from comporta.opened.as_json import as_json
    from comporta.opened.project import open_project

    with open_project(project) as opened:
        swept = sweep(opened, dry=dry)
        environments = sweep_environments(opened, dry=dry)
    if json:
        show.json({**as_json(swept, show.say), "environments": environments})
        return
    said = say.WOULD_FREE if swept.dry else say.FREED
    show.line(said.format(objects=len(swept.freed), size=show.size(swept.size), kept=swept.in_use))
    if swept.young:
        show.line(say.YOUNG.format(objects=swept.young))
    if environments.freed:
        said = say.WOULD_FREE_ENVIRONMENTS if swept.dry else say.FREED_ENVIRONMENTS
        show.line(said.format(count=len(environments.freed), size=show.size(environments.size)))


def remove(
    digest: Annotated[str, Parameter(help="The artifact's digest, or the first 8 digits of it or more.")],
    /,
    *,
    reason: Annotated[str, Parameter(help="erasure, law or mistake.")],
    by: By = None,
    project: Where = None,
    json: AsJson = False,
) -> None:
    """Delete one artifact for good: a reason's text, the words of verdicts, a step's log or findings.

    An event records it, and the audit counts it as deleted, not as missing. Refused for what a version is
    served, judged or built again from. It cannot be undone; a copy of the store elsewhere still holds it.
    """
    from comporta.acts.upkeep.remove import remove as removed
    from comporta.opened.project import open_project

    with open_project(project, works=True) as opened:
        done = removed(opened, digest, reason=reason, by=by or "")
    if json:
        show.json(done)
    else:
        show.line(say.ARTIFACT_REMOVED.format(digest=done.artifact.digest[:12], kind=done.artifact.kind))
