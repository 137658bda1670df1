"""`comporta release VERSION` of a model with a plan, `releases`, `steer`: plans and what carries them out."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from comporta.cli import show
from comporta.cli.options import AsJson, Where
from comporta.cli.stop_signals import stop_at_end_of_input, stop_on_signal
from comporta.cli.words import words as say
from comporta.errors import BadProject

if TYPE_CHECKING:
    from comporta.acts.rollout.passed import StartedPlans
    from comporta.acts.rollout.view import ShownMetric, ShownPlan
    from comporta.opened.project import OpenProject
    from comporta.records.plan import PlanDecision, ReleasePlan

_COLUMNS = ("release", "state", "step", "canary", "control", "about")
_WATCH = 2.0
_BAR = 30


def releases(
    *,
    all: Annotated[bool, Parameter(help=say.PLAN_ALL_RELEASES, negative="")] = False,
    project: Where = None,
    json: AsJson = False,
) -> None:
    """The releases under way: what each is at, and what it waits for."""
    from comporta.acts.rollout.view import list_plans
    from comporta.opened.project import open_project

    with open_project(project) as opened:
        found = list_plans(opened, every=all)
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

    def notify(plan: ReleasePlan, decision: PlanDecision) -> None:
        version = f"{plan.model}/{plan.version}"
        if json:
            show.json_line({"version": version, "act": decision.act, "why": decision.why})
        else:
            show.line(say.PLAN_DECIDED.format(version=version, why=show.say(decision.why)))

    with open_to_serve(project, works=False) as opened:
        leading = controller(opened, notify, show.aside)
        if once:
            if not leading.look() and not json:
                show.aside(say.PLAN_STEERED_NOTHING)
            return
        with stop_on_signal() as stop:
            if end_with_input:
                stop_at_end_of_input(stop)
            leading.follow(stop)


def status(opened: OpenProject, version: str, *, watch: bool, json: bool) -> None:
    """How the newest release of a version stands. watch: shown anew until it ends."""
    from comporta.acts.rollout.view import show_plan

    while True:
        found = show_plan(opened, version)
        if json:
            show.json_line(found) if watch else show.json(found)
        else:
            _show(found)
        if not watch or found.plan.state == "ended":
            return
        time.sleep(_WATCH)
        show.line()


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
    for plan in started.begun:
        show.line(say.PLAN_BEGAN.format(version=_version(plan), steps=_steps(plan)))
    for why in started.refused:
        show.aside(say.PLAN_NOT_BEGUN.format(why=why))


def one_act(**asked: bool) -> str:
    """Which of these was asked for, or none. Raises BadProject on several."""
    found = [name for name, wanted in asked.items() if wanted]
    if len(found) > 1:
        raise BadProject(say.PLAN_ONE_ACT.format(found=", ".join(f"--{each}" for each in found)))
    return found[0] if found else ""


def _show(found: ShownPlan) -> None:
    plan = found.plan
    control = f"{plan.model}/{plan.control}"
    if plan.state == "ended" and plan.ended is not None and plan.end is not None:
        head = say.PLAN_HEAD_ENDED.format(
            version=_version(plan),
            control=control,
            end=say.PLAN_ENDS[plan.end],
            ended=f"{plan.ended:%Y-%m-%d %H:%M}",
        )
    else:
        head = say.PLAN_HEAD.format(
            version=_version(plan),
            control=control,
            state=say.PLAN_STATES[plan.state],
            step=plan.step + 1,
            steps=len(plan.terms.steps),
            since=f"{plan.since:%Y-%m-%d %H:%M}",
        )
    show.line(head)
    if why := show.say(found.why):
        show.line(why[0].upper() + why[1:] + ".")
    without = sum(each.without_unit for each in plan.tallies)
    show.line(say.PLAN_EXPOSED.format(canary=plan.exposed[0], control=plan.exposed[1], without=without))
    for metric in found.metrics:
        _show_metric(metric)


def _show_metric(metric: ShownMetric) -> None:
    show.line(metric.terms.outcome)
    for each in metric.questions:
        share = min(1.0, max(0.0, each.evidence / each.limit))
        bar = "█" * round(share * _BAR)
        show.line(
            "  "
            + say.PLAN_BAR.format(name=say.PLAN_QUESTIONS[each.question], bar=f"{bar:·<{_BAR}}", share=share)
        )


def _row(found: ShownPlan) -> tuple[object, ...]:
    plan = found.plan
    state = say.PLAN_ENDS[plan.end] if plan.end is not None else say.PLAN_STATES[plan.state]
    step = f"{plan.step + 1}/{len(plan.terms.steps)}"
    return _version(plan), state, step, plan.exposed[0], plan.exposed[1], show.say(found.why)


def _version(plan: ReleasePlan) -> str:
    return f"{plan.model}/{plan.version}"


def _steps(plan: ReleasePlan) -> str:
    if plan.terms.kind == "canary" and plan.terms.decide == "arms":
        return "of units " + ", ".join(f"{each:.3g} %" for each in (100 * step for step in plan.terms.steps))
    return "in shadow" if plan.terms.kind != "blue_green" else "loaded beside the one that answers"
