"""What a person does to a plan under way: has it wait or go on, ends it, promotes its version at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from comporta.acts.release.plan_end import end_plan, plan_of_id, running_plan
from comporta.acts.release.release import require_ready, version_of
from comporta.errors import NotFound, Refused
from comporta.opened.permission import Permission, permission
from comporta.opened.project import OpenProject
from comporta.opened.sentences import Say, sentence
from comporta.records import Transaction, View
from comporta.records.access import Action
from comporta.records.act_fact import ActFact
from comporta.records.plan import ReleasePlan
from comporta.records.plan_facts import PlanSteered
from comporta.release import PLANS, codes, plan_under_way


def pause(opened: OpenProject, name: str, *, by: str = "", say: Say = sentence) -> ReleasePlan:
    """The plan stays at its step and promotes nothing until it is resumed; harm and fuses still end it.
    Raises NotFound, Forbidden, Refused."""
    return _steer(opened, name, "pause", "release.abort", by, say)


def resume(opened: OpenProject, name: str, *, by: str = "", say: Say = sentence) -> ReleasePlan:
    """The plan goes on; its step lasts its whole dwell again. Raises NotFound, Forbidden, Refused."""
    return _steer(opened, name, "resume", "release.execute", by, say)


def abort(
    opened: OpenProject, name: str, *, by: str = "", reason: str = "", say: Say = sentence
) -> ReleasePlan:
    """The plan ends, and all traffic is the champion's again. Raises NotFound, Forbidden, Refused."""
    return _end(opened, name, False, "release.abort", by, reason, say)


def promote(
    opened: OpenProject, name: str, *, by: str = "", reason: str = "", say: Say = sentence
) -> ReleasePlan:
    """The version gets all traffic at once, whatever its outcomes show yet. Raises NotFound, Forbidden;
    Refused, also where the version may not be released any more."""
    return _end(opened, name, True, "release.execute", by, reason, say)


def plan_of(view: View, name: str, opened: OpenProject) -> ReleasePlan:
    """The newest plan of this version. Raises NotFound where it had none."""
    version = version_of(opened, name)
    for _, plan in view.scan(PLANS, f"{version.model}-", newest=True):
        if plan.model == version.model and plan.version == version.number:
            return plan
    raise NotFound(
        f"{version.id}: found no release plan of it. The ones that there are: comporta releases --all"
    )


def _running(opened: OpenProject, name: str) -> ReleasePlan:
    version = version_of(opened, name)
    plan = plan_under_way(opened.ledger, version.model)
    if plan is None or plan.version != version.number:
        raise Refused(
            f"{version.id}: no release of it is under way. To begin one: comporta release {version.id}"
        )
    return plan


def _steer(opened: OpenProject, name: str, act: str, action: Action, by: str, say: Say) -> ReleasePlan:
    who = permission(opened, action, by=by, model=version_of(opened, name).model, say=say)
    plan, id = _running(opened, name), who.identify()

    def decide(now: ReleasePlan) -> Iterable[ActFact]:
        wanted = "paused" if act == "pause" else "running"
        if now.state == wanted:
            raise Refused(f"{plan.model}/{plan.version}: its release is {wanted} already. Nothing to do.")
        yield PlanSteered(plan=plan.id, act="pause" if act == "pause" else "resume", by=id)

    return _record(opened, plan, who, decide)


def _end(
    opened: OpenProject, name: str, promoted: bool, action: Action, by: str, reason: str, say: Say
) -> ReleasePlan:
    version = version_of(opened, name)
    who = permission(opened, action, by=by, version=version, say=say)
    plan = _running(opened, name)
    if promoted:
        require_ready(opened, version, who, say)
    why = codes.PROMOTED_BY_HAND() if promoted else codes.ABORTED()
    return end_plan(opened, plan, who, promoted=promoted, why=why, reason=reason)


def _record(
    opened: OpenProject,
    plan: ReleasePlan,
    who: Permission,
    decide: Callable[[ReleasePlan], Iterable[ActFact]],
) -> ReleasePlan:
    def act(tx: Transaction) -> ReleasePlan:
        now = running_plan(tx, plan.id)
        who.record(tx, lambda view: decide(now))
        return plan_of_id(tx, plan.id)

    return opened.ledger.transact(act)
