"""`comporta release VERSION` of a model with a plan, `releases`, `steer`: plans and what carries them out."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from comporta.cli import show
from comporta.cli.options import AsJson, Where
from comporta.cli.release_lines import release_lines
from comporta.cli.stop_signals import stop_at_end_of_input, stop_on_signal
from comporta.cli.words import words as say
from comporta.cli.written import require_writable, write
from comporta.errors import BadProject
from comporta.report.release_texts import days_text

if TYPE_CHECKING:
    from comporta.acts.rollout.passed import StartedPlans
    from comporta.opened.project import OpenProject
    from comporta.records.plan import PlanDecision, ReleasePlan
    from comporta.report import ReleaseReport

_COLUMNS = ("release", "step", "canary", "control", "left", "about")
_WATCH = 2.0
FORMATS = (".html", ".md")


def releases(
    *,
    all: Annotated[bool, Parameter(help=say.PLAN_ALL_RELEASES, negative="")] = False,
    project: Where = None,
    json: AsJson = False,
) -> None:
    """The releases under way: what each is at, and what it waits for."""
    from comporta.acts.rollout.release_report import release_reports
    from comporta.opened.project import open_project

    with open_project(project) as opened:
        found = release_reports(opened, every=all)
    if json:
        show.json(found)
    elif not found:
        show.aside(say.PLAN_NO_PLANS)
    else:
        show.table("Releases", _COLUMNS, [_row(each) for each in found])


def steer(
    *,
    once: Annotated[bool, Parameter(help=say.PLAN_STEER_ONCE, negative="")] = False,
    end_with_input: Annotated[bool, Parameter(help=say.JOB_END_WITH_INPUT, negative="")] = False,
    project: Where = None,
    json: AsJson = False,
) -> None:
    """Carry out release plans: count outcomes, decide, move traffic. Until interrupted.

    `comporta up` and `comporta serve` do it too; several do no harm, for one alone leads. It may be killed at
    any moment.
    """
    from comporta.acts.rollout.controller import controller
    from comporta.opened.deployed import open_to_serve
    from comporta.opened.permission import require_permission

    def notify(plan: ReleasePlan, decision: PlanDecision) -> None:
        version = f"{plan.model}/{plan.version}"
        if json:
            show.json_line({"version": version, "act": decision.act, "why": decision.why})
        else:
            show.line(say.PLAN_DECIDED.format(version=version, why=show.say(decision.why)))

    with open_to_serve(project, works=False) as opened:
        # Beside a server, plans are carried out by right of whoever began them, and whoever serves starts it.
        if not end_with_input:
            require_permission(opened, "release.execute")
        leading = controller(opened, notify, show.aside)
        if once:
            if not leading.look() and not json:
                show.aside(say.PLAN_STEERED_NOTHING)
            return
        with stop_on_signal() as stop:
            if end_with_input:
                stop_at_end_of_input(stop)
            leading.follow(stop)


def status(
    opened: OpenProject, version: str, *, watch: bool = False, out: Sequence[Path] = (), json: bool = False
) -> None:
    """How the newest release of a version stands. watch: shown anew until it ends. out: files too."""
    from comporta.acts.rollout.release_report import release_report

    require_writable(out, *FORMATS)
    if watch:
        _watch(opened, version, json=json)
        return
    found = release_report(opened, version, full=json or bool(out))
    if json:
        show.json(found)
    else:
        _show(found)
    _write(found, out)


def page(opened: OpenProject, version: str, *, out: Sequence[Path], json: bool) -> None:
    """Its newest release as a page, or as the files that are asked for."""
    from comporta.acts.rollout.release_report import release_report
    from comporta.cli.release_lines import sentence_line

    require_writable(out, *FORMATS)
    found = release_report(opened, version, full=True)
    if json:
        show.json(found)
    else:
        show.line(sentence_line(found))
    name = f"release-{found.version.replace('/', '-')}.html"
    _write(found, out or (() if json else (opened.below / "reports" / name,)))


def _watch(opened: OpenProject, version: str, *, json: bool) -> None:
    """Shown anew until it ends: in a terminal in place, else one after the other."""
    from comporta.acts.rollout.release_report import release_report

    def look() -> ReleaseReport:
        return release_report(opened, version)

    if not json and show.is_terminal():
        with show.redrawn(say.PLAN_WATCH_ENDS) as draw:
            while (found := look()).state != "ended":
                draw(release_lines(found))
                time.sleep(_WATCH)
        _show(found)
        return
    while True:
        found = look()
        if json:
            show.json_line(found)
        else:
            _show(found)
        if found.state == "ended":
            return
        time.sleep(_WATCH)
        if not json:
            show.line()


def _show(found: ReleaseReport) -> None:
    for each in release_lines(found):
        show.line(*each)


def _write(found: ReleaseReport, files: Sequence[Path]) -> None:
    from comporta.report import release_markdown, release_page

    for file in files:
        drawn = release_page if file.suffix == ".html" else release_markdown
        write(file, drawn(found, show.say))


def begin(opened: OpenProject, version: str, *, by: str, reason: str, json: bool) -> None:
    """Begins the release of a version by its model's plan."""
    from comporta.acts.rollout.begin import begin_plan

    plan = begin_plan(opened, version, by=by, reason=reason, say=show.say)
    if json:
        show.json(plan)
        return
    show.line(say.PLAN_BEGAN.format(version=_version(plan), steps=_steps(plan)))


def act(opened: OpenProject, version: str, act: str, *, by: str, reason: str, json: bool) -> None:
    """Pauses, resumes, aborts or promotes what is under way."""
    from comporta.acts.rollout import steering

    if act == "pause":
        plan, text = steering.pause(opened, version, by=by, say=show.say), say.PLAN_PAUSED
    elif act == "resume":
        plan, text = steering.resume(opened, version, by=by, say=show.say), say.PLAN_RESUMED
    elif act == "abort":
        plan = steering.abort(opened, version, by=by, reason=reason, say=show.say)
        text = say.PLAN_ABORTED
    else:
        plan = steering.promote(opened, version, by=by, reason=reason, say=show.say)
        text = say.PLAN_PROMOTED
    if json:
        show.json(plan)
        return
    champion = f"{plan.model}/{plan.control}"
    show.line(
        text.format(
            version=_version(plan), step=plan.step + 1, steps=len(plan.terms.steps), champion=champion
        )
    )


def tell_started(started: StartedPlans) -> None:
    """Which releases began by themselves, and which did not though they were to."""
    for plan in started.plans:
        show.line(say.PLAN_BEGAN.format(version=_version(plan), steps=_steps(plan)))
    for why in started.refused:
        show.aside(say.PLAN_NOT_BEGUN.format(why=why))


def one_act(**asked: bool) -> str:
    """Which of these was asked for, or none. Raises BadProject on several."""
    found = [name for name, wanted in asked.items() if wanted]
    if len(found) > 1:
        raise BadProject(say.PLAN_ONE_ACT.format(found=", ".join(f"--{each}" for each in found)))
    return found[0] if found else ""


def _row(found: ReleaseReport) -> tuple[object, ...]:
    expected = found.expected
    left = "" if expected is None or expected.days is None else show.say(days_text(expected.days))
    step = f"{found.step}/{len(found.steps)}" if found.steps and not found.paired else ""
    canary, control = (each.units for each in found.arms)
    return found.version, step, canary, control, left, show.say(found.sentence)


def _version(plan: ReleasePlan) -> str:
    return f"{plan.model}/{plan.version}"


def _steps(plan: ReleasePlan) -> str:
    if plan.terms.kind == "canary" and plan.terms.decide == "arms":
        return "of units " + ", ".join(f"{each:.3g} %" for each in (100 * step for step in plan.terms.steps))
    return "in shadow" if plan.terms.kind != "blue_green" else "loaded beside the one that answers"
