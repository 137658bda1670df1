"""`comporta models`, `approve`, `release`, `fetch`, `rollback`: versions, approvals and traffic."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from comporta.cli import completed_values as offered
from comporta.cli import show
from comporta.cli.options import AsJson, By, Reason, Role, Unreleased, Verbose, Where, between
from comporta.cli.progress import waiting
from comporta.cli.rollout import tell_started
from comporta.cli.trend import show_trends
from comporta.cli.verdicts import show_legend, show_verdicts
from comporta.cli.words import words as say
from comporta.cli.written import Out
from comporta.errors import BadProject
from comporta.opened.as_json import as_json
from comporta.records import Version
from comporta.records.visible import visible
from comporta.report.codes import state_text
from comporta.report.lists import VERSION_COLUMNS, commit_text, gates_text

if TYPE_CHECKING:
    from comporta.opened.project import OpenProject
    from comporta.report import ReportedVerdict

Named = Annotated[str, Parameter(help=say.VERSION, **offered.completes(offered.versions))]


def models(
    model: Annotated[
        str,
        Parameter(
            help="A model, or one version of it such as late/3.",
            **offered.completes(offered.models_and_versions),
        ),
    ] = "",
    /,
    *,
    limit: Annotated[int, Parameter(help=say.LIMIT_VERSIONS, show_default=True, validator=between(1))] = 20,
    verbose: Verbose = False,
    project: Where = None,
    json: AsJson = False,
) -> None:
    """The newest versions of each model and how their metrics went; for one version, its verdicts."""
    from comporta.acts.release import release as acts
    from comporta.acts.release.metric_trend import figures_of, trends
    from comporta.opened.conceal import reveal_version
    from comporta.opened.people import with_names
    from comporta.opened.positive_class import positive_class
    from comporta.opened.project import open_project

    one = "/" in model or "@" in model
    with open_project(project) as opened:
        found = (acts.version_view(opened, model),) if one else acts.models(opened, model, limit)
        at = opened.now()
        if json or one:
            found = with_names(opened, *(reveal_version(opened, each) for each in found))
        positive = positive_class(opened, found[0]) if one else ""
        figures = figures_of(opened, found)
        counts = acts.count_versions(opened)
    if json:
        show.json([{**as_json(each, show.say), "metrics": figures[each.id]} for each in found])
    elif not found:
        show.aside(say.NO_MODELS)
    elif one:
        show_version(found[0], at, positive, verbose=verbose)
    else:
        rows = [
            (each.id, _state(each), show.say(gates_text(each, at)), each.at, commit_text(each), each.run)
            for each in found
        ]
        show.table("Versions", VERSION_COLUMNS, rows)
        show_trends(trends(found, figures, main=len({each.model for each in found}) > 1))
    for name in () if one else dict.fromkeys(each.model for each in found):
        if (older := counts[name] - limit) > 0:
            show.aside(say.OLDER_VERSIONS.format(name=name, count=older))


def show_version(version: Version, at: datetime, positive: str = "", *, verbose: bool = False) -> None:
    """A version and its verdicts as they stood at this time. positive: its positive class, or empty."""
    show.line(say.ONE_VERSION.format(version=version.id, state=_state(version), run=version.run))
    show_legend(show_version_verdicts(version, at, positive, verbose=verbose), verbose=verbose)
    for each in version.approvals:
        show.line(
            say.APPROVED_BY.format(by=each.by, role=f" ({each.role})" if each.role else "", reason=each.why)
        )
    rows = [(each.dataset, each.number, each.rows) for each in version.read]
    show.table("Training data", ("dataset", "version", "rows"), rows)


def show_version_verdicts(
    version: Version, at: datetime, positive: str = "", *, verbose: bool = False
) -> tuple[ReportedVerdict, ...]:
    """The verdicts of a version, shown; verbose: with their reasons, and the policy it was judged by."""
    from comporta.checks.pool import section_of
    from comporta.report import standing, tell

    verdicts = tell(version, at, say=show.say, section=section_of, positive=positive)
    show_verdicts(verdicts, version.id, standing(version, at, show.say), verbose=verbose)
    return verdicts


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
    from comporta.acts.rollout.passed import begin_passed
    from comporta.opened.project import open_project

    with open_project(project) as opened:
        approved = acts.approve(opened, version, by=by or "", role=role or "", reason=reason, say=show.say)
        started = begin_passed(opened, (approved,), by=by or "", say=show.say)
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
        tell_started(started)


def request(
    version: Named, /, *, by: By = None, reason: Reason = "", project: Where = None, json: AsJson = False
) -> None:
    """Ask for the release of a version, in your name: who asks does not approve it."""
    from comporta.acts.release.request import request_release
    from comporta.opened.project import open_project

    with open_project(project) as opened:
        found = request_release(opened, version, by=by or "", reason=reason, say=show.say)
    if json:
        show.json({"version": found.id, "state": found.state})
    else:
        show.line(say.REQUESTED.format(version=found.id))


def release(
    version: Named,
    /,
    *,
    at_once: Annotated[bool, Parameter(help=say.PLAN_AT_ONCE, negative="")] = False,
    status: Annotated[bool, Parameter(help=say.PLAN_STATUS, negative="")] = False,
    watch: Annotated[bool, Parameter(help=say.PLAN_WATCH, negative="")] = False,
    pause: Annotated[bool, Parameter(help=say.PLAN_PAUSE, negative="")] = False,
    resume: Annotated[bool, Parameter(help=say.PLAN_RESUME, negative="")] = False,
    abort: Annotated[bool, Parameter(help=say.PLAN_ABORT, negative="")] = False,
    promote: Annotated[bool, Parameter(help=say.PLAN_PROMOTE, negative="")] = False,
    page: Annotated[bool, Parameter(help=say.PLAN_PAGE, negative="")] = False,
    out: Out = (),
    by: By = None,
    reason: Reason = "",
    project: Where = None,
    json: AsJson = False,
) -> None:
    """Begin a version's release by its model's plan; where it declares none, give the version all traffic.

    Servers follow at once. Refused when a required check blocks it. Where it has all traffic already, nothing
    changes, and the exit code is 0. With --status and the like it is about its release under way.
    """
    from comporta.acts.rollout.begin import has_plan
    from comporta.cli import rollout
    from comporta.opened.project import open_project

    act = rollout.one_act(
        **{"at-once": at_once}, status=status, watch=watch, pause=pause, resume=resume, abort=abort,
        promote=promote, page=page,
    )  # fmt: skip
    if out and act not in ("status", "page"):
        raise BadProject(say.PLAN_OUT_WITHOUT)
    with open_project(project) as opened:
        if act in ("status", "watch"):
            rollout.status(opened, version, watch=act == "watch", out=out, json=json)
        elif act == "page":
            rollout.page(opened, version, out=out, json=json)
        elif act not in ("", "at-once"):
            rollout.act(opened, version, act, by=by or "", reason=reason, json=json)
        elif not act and has_plan(opened, version):
            rollout.begin(opened, version, by=by or "", reason=reason, json=json)
        else:
            _release_at_once(opened, version, by or "", reason, json=json)


def _release_at_once(opened: OpenProject, version: str, by: str, reason: str, *, json: bool) -> None:
    from comporta.acts.release import release as acts

    with waiting(say.LOADING.format(version=visible(version, keep="")), quiet=json):
        released = acts.release(opened, version, by=by, reason=reason, say=show.say)
    if json:
        show.json(released)
        return
    now = f"{released.model}/{released.champion}"
    if not released.changed:
        show.line(say.RELEASED_ALREADY.format(version=now))
        return
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
    unreleased: Unreleased = False,
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
    model: Annotated[str, Parameter(help="The model's name.", **offered.completes(offered.declared_models))],
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
        if back == gone:
            show.line(say.PLAN_ROLLED_BACK.format(version=f"{model}/{back}"))
            return
        show.line(say.ROLLED_BACK.format(version=f"{model}/{back}", gone=f"{model}/{gone}"))


def _state(version: Version) -> str:
    return show.say(state_text(version.state))
