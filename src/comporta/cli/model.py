"""`comporta models`, `approve`, `release`, `fetch`, `rollback`: versions, approvals and traffic."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from comporta.cli import show
from comporta.cli.options import AsJson, By, Reason, Role, Verbose, Where
from comporta.cli.verdicts import show_verdicts
from comporta.cli.words import words as say
from comporta.records import Version
from comporta.report.codes import outcome_text, state_text

if TYPE_CHECKING:
    pass

Named = Annotated[str, Parameter(help=say.VERSION)]


def models(
    model: Annotated[str, Parameter(help="A model, or one version of it such as late/3.")] = "",
    /,
    *,
    verbose: Verbose = False,
    project: Where = None,
    json: AsJson = False,
) -> None:
    """The versions of each model, newest first; for one version, its verdicts."""
    from comporta.acts.release import release as acts
    from comporta.opened.conceal import reveal_version
    from comporta.opened.people import with_names
    from comporta.opened.positive_class import positive_class
    from comporta.opened.project import open_project

    with open_project(project) as opened:
        if "/" in model:
            found: tuple[Version, ...] = (acts.version_of(opened, model),)
        elif model:
            newest = acts.version_of(opened, model)
            found = tuple(each for each in acts.models(opened) if each.model == newest.model)
        else:
            found = acts.models(opened)
        at = opened.now()
        if json or "/" in model:
            found = with_names(opened, *(reveal_version(opened, each) for each in found))
        positive = positive_class(opened, found[0]) if "/" in model else ""
    if json:
        show.json(found)
    elif not found:
        show.aside(say.NO_MODELS)
    elif "/" in model:
        show_version(found[0], at, positive, verbose=verbose)
    else:
        rows = [(each.id, _state(each), _gates(each, at), each.at, _commit(each), each.run) for each in found]
        show.table("Versions", ("version", "state", "gates", "made", "code", "run"), rows)


def show_version(version: Version, at: datetime, positive: str = "", *, verbose: bool = False) -> None:
    """A version and its verdicts as they stood at this time. positive: its positive class, or empty."""
    show.line(say.ONE_VERSION.format(version=version.id, state=_state(version), run=version.run))
    show_version_verdicts(version, at, positive, verbose=verbose)
    for each in version.approvals:
        show.line(
            say.APPROVED_BY.format(by=each.by, role=f" ({each.role})" if each.role else "", reason=each.why)
        )
    rows = [(each.dataset, each.number, each.rows) for each in version.read]
    show.table("Training data", ("dataset", "version", "rows"), rows)


def show_version_verdicts(
    version: Version, at: datetime, positive: str = "", *, verbose: bool = False
) -> None:
    """The verdicts of a version; verbose: with their reasons, and the policy it was judged by."""
    from comporta.checks.pool import section_of
    from comporta.report import standing, tell

    verdicts = tell(version, at, say=show.say, section=section_of, positive=positive)
    show_verdicts(verdicts, version.id, standing(version, at, show.say), verbose=verbose)


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
    """Approve a version for release, in your name."""
    from comporta.acts.release import release as acts
    from comporta.opened.project import open_project

    with open_project(project) as opened:
        approved = acts.approve(opened, version, by=by or "", role=role or "", reason=reason, say=show.say)
    if json:
        show.json(approved)
    else:
        who = approved.approvals[-1].by
        count = len(approved.approvers())
        needed = max(approved.needed, count)
        show.line(
            say.APPROVED.format(
                version=approved.id, by=who, state=_state(approved), count=count, needed=needed
            )
        )


def release(
    version: Named, /, *, by: By = None, reason: Reason = "", project: Where = None, json: AsJson = False
) -> None:
    """Give a version all traffic. Servers follow at once. Refused when a required check blocks it."""
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
    unreleased: Annotated[bool, Parameter(help=say.UNRELEASED, negative="")] = False,
    by: By = None,
    reason: Reason = "",
    project: Where = None,
    json: AsJson = False,
) -> None:
    """Write a version's files into a folder: the model in each form, its signature, its verdicts.

    The ledger has who did it. A version that could not be released needs --unreleased and a reason.
    """
    from comporta.acts.release.fetch import fetch as fetched
    from comporta.opened.project import open_project

    with open_project(project) as opened:
        found, files = fetched(
            opened, version, folder, unreleased=unreleased, by=by or "", reason=reason, say=show.say
        )
    if json:
        show.json({"version": found.id, "state": found.state, "files": [str(file) for file in files]})
        return
    for file in files:
        show.line(str(file))
    show.aside(say.FETCHED.format(version=found.id, state=_state(found)))


def rollback(
    model: Annotated[str, Parameter(help="The model's name.")],
    /,
    *,
    by: By = None,
    reason: Reason = "",
    project: Where = None,
    json: AsJson = False,
) -> None:
    """Give all traffic back to the previous version."""
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


def _gates(version: Version, at: datetime) -> str:
    """`all 6 pass`, or the checks that did not."""
    if not version.verdicts:
        return say.NO_GATES
    shut = version.blocking_verdicts(at)
    closed = [each for each in version.verdicts if each.blocks]
    if not closed:
        return say.ALL_PASS.format(count=sum(each.required for each in version.verdicts))
    outcomes = (
        show.say(outcome_text(each.outcome)) if each in shut else say.WAIVED_OUTCOME for each in closed
    )
    titles = (show.say(each.display_title) for each in closed)
    return "; ".join(f"{outcome}: {title}" for outcome, title in zip(outcomes, titles, strict=True))


def _state(version: Version) -> str:
    return show.say(state_text(version.state))


def _commit(version: Version) -> str:
    return f"{version.commit[:8]}{'+' if version.dirty else ''}"
