"""`comporta models`, `approve`, `release`, `rollback`: versions, and who let them through."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from comporta.cli import show
from comporta.cli import words as say
from comporta.cli.options import AsJson, By, Reason, Role, Where
from comporta.records import Version

if TYPE_CHECKING:
    from comporta.report import Told

Named = Annotated[str, Parameter(help=say.VERSION)]


def models(
    model: Annotated[str, Parameter(help="A model, or one version of it such as late/3.")] = "",
    /,
    *,
    project: Where = None,
    json: AsJson = False,
) -> None:
    """The versions of each model, newest first; for one version, what each gate said."""
    from comporta.acts.release import release as acts
    from comporta.opened.conceal import revealed
    from comporta.opened.people import readable
    from comporta.opened.project import open_project

    with open_project(project) as opened:
        if "/" in model:
            found: tuple[Version, ...] = (acts.version_of(opened, model),)
        elif model:
            newest = acts.version_of(opened, model)
            found = tuple(each for each in acts.models(opened) if each.model == newest.model)
        else:
            found = acts.models(opened)
        if json or "/" in model:
            found = readable(opened, *(revealed(opened, each) for each in found))
    if json:
        show.json(found)
    elif not found:
        show.aside(say.NO_MODELS)
    elif "/" in model:
        one(found[0])
    else:
        rows = [(each.id, each.state, _gates(each), each.at, _commit(each), each.run) for each in found]
        show.table("Versions", ("version", "state", "gates", "made", "code", "run"), rows)


def one(version: Version) -> None:
    """A version and its verdicts."""
    show.line(say.ONE_VERSION.format(version=version.id, state=version.state, run=version.run))
    verdicts(version)
    for each in version.approvals:
        show.line(
            say.APPROVED_BY.format(by=each.by, role=f" ({each.role})" if each.role else "", reason=each.why)
        )
    rows = [(each.dataset, each.number, each.rows) for each in version.read]
    show.table("Learned from", ("dataset", "version", "rows"), rows)


def verdicts(version: Version) -> None:
    """What each gate said of a version, in one table, and by what it was judged."""
    from comporta.checks.pool import section_of
    from comporta.opened.project import now
    from comporta.report import tell

    told(tell(version, now(), say=show.say, section=section_of), version.id, version)


def told(every: Sequence[Told], name: str, version: Version | None = None) -> None:
    """Verdicts under the headings of a report; what closes the way stands out. version: whose they are, to
    tell by what it was judged, where there is more to say than its policy."""
    from comporta.opened.project import now
    from comporta.report import sections, standing
    from comporta.report.markdown import because

    rows = [
        (title if place == 0 else "", _outcome(each), each.title, because(each))
        for title, some in sections(every)
        for place, each in enumerate(some)
    ]
    if rows:
        shown = rows if any(row[0] for row in rows[1:]) else [row[1:] for row in rows]
        columns = ("about", "verdict", "gate", "because")
        show.table(f"Gates of {name}", columns[-len(shown[0]) :], shown)
    judged = standing(version, now(), show.say) if version is not None else ()
    if len(judged) > 1:
        show.table(f"By what {name} was judged", ("judged by", ""), judged)


def _outcome(told: Told) -> str:
    if told.waiver is not None:
        return say.WAIVED_OUTCOME
    if told.left is not None:
        return say.LEFT_OPEN.format(outcome=told.verdict.outcome)
    return (
        told.verdict.outcome if told.verdict.required else say.REPORTED.format(outcome=told.verdict.outcome)
    )


def approve(
    version: Named,
    /,
    *,
    by: By = None,
    role: Role = None,
    reason: Reason = "",
    project: Where = None,
    json: AsJson = False,
) -> None:
    """Let a version through, in your name."""
    from comporta.acts.release import release as acts
    from comporta.opened.project import open_project

    with open_project(project) as opened:
        approved = acts.approve(opened, version, by=by or "", role=role or "", reason=reason, say=show.say)
    if json:
        show.json(approved)
    else:
        who = approved.approvals[-1].by
        show.line(say.APPROVED.format(version=approved.id, by=who, state=approved.state))


def release(
    version: Named, /, *, by: By = None, reason: Reason = "", project: Where = None, json: AsJson = False
) -> None:
    """Give a version all traffic. Servers follow at once. Refused when a required gate did not open."""
    from comporta.acts.release import release as acts
    from comporta.opened.project import open_project

    with open_project(project) as opened:
        released = acts.release(opened, version, by=by or "", reason=reason, say=show.say)
    if json:
        show.json(released)
        return
    now = f"{released.model}/{released.champion}"
    before = (
        ""
        if released.previous is None
        else say.BEFORE.format(version=f"{released.model}/{released.previous}")
    )
    show.line(say.RELEASED.format(version=now, before=before))
    show.aside(say.NEXT_AFTER_RELEASE)


def fetch(
    version: Named,
    folder: Annotated[Path, Parameter(help=say.FETCH_INTO)],
    /,
    *,
    project: Where = None,
    json: AsJson = False,
) -> None:
    """Write a version's files into a folder: the model in each form, its signature, its verdicts."""
    from comporta.acts.release.fetch import fetch as fetched
    from comporta.opened.project import open_project

    with open_project(project) as opened:
        found, files = fetched(opened, version, folder)
    if json:
        show.json({"version": found.id, "state": found.state, "files": [str(file) for file in files]})
        return
    for file in files:
        show.line(str(file))
    show.aside(say.FETCHED.format(version=found.id, state=found.state))


def rollback(
    model: Annotated[str, Parameter(help="The model's name.")],
    /,
    *,
    by: By = None,
    reason: Reason = "",
    project: Where = None,
    json: AsJson = False,
) -> None:
    """Give all traffic back to the version before."""
    from comporta.acts.release import release as acts
    from comporta.opened.project import open_project

    with open_project(project) as opened:
        released = acts.rollback(opened, model, by=by or "", reason=reason, say=show.say)
    for each in released.unknown:
        cause = show.say(each.cause) if each.cause is not None else ""
        show.aside(say.ROLLED_BACK_UNKNOWN.format(dataset=each.dataset, cause=cause))
    if json:
        show.json(released)
    else:
        back, gone = released.champion, released.previous
        show.line(say.ROLLED_BACK.format(version=f"{model}/{back}", gone=f"{model}/{gone}"))


def _gates(version: Version) -> str:
    """`5 of 6 pass`, or which did not."""
    from comporta.opened.project import now

    if not version.verdicts:
        return say.NO_GATES
    shut = version.shut(now())
    closed = [each for each in version.verdicts if not each.opens]
    if not closed:
        return say.ALL_PASS.format(count=sum(each.required for each in version.verdicts))
    return "; ".join(
        f"{each.outcome if each in shut else say.WAIVED_OUTCOME}: {show.say(each.called)}" for each in closed
    )


def _commit(version: Version) -> str:
    return f"{version.commit[:8]}{'+' if version.dirty else ''}"
