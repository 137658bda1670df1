"""Ends a release plan by hand, with the traffic that follows, in one transaction."""

from __future__ import annotations

from comporta.errors import Refused
from comporta.opened.people import reason_of
from comporta.opened.permission import Permission
from comporta.opened.project import OpenProject
from comporta.records import Message, Transaction, View
from comporta.records.plan import ReleasePlan
from comporta.release import PLANS, ROUTES
from comporta.release.arms import end_release
from comporta.release.plan_state import end_of


def end_plan(
    opened: OpenProject, plan: ReleasePlan, who: Permission, *, promoted: bool, why: Message, reason: str
) -> ReleasePlan:
    """The plan, ended: with all traffic for its version where it is promoted, else for its control. who: ends
    it. why: as the plan says from now on. Raises Forbidden; Refused where it ended meanwhile."""
    id, text = who.identify(), reason_of(opened, reason)

    def act(tx: Transaction) -> ReleasePlan:
        who.require_still(tx)
        now, route = running_plan(tx, plan.id), tx.get(ROUTES, plan.model)
        assert route is not None, "a plan begins beside a release"
        ended = end_of(plan, "promoted" if promoted else "aborted", why, id)
        moved = end_release(route, now, promoted=promoted, by=id, reason=text, at=tx.now())
        for fact in (ended, moved):
            if fact is not None:
                signed = who.sign(fact)
                who.admit(tx, signed)
                tx.append(signed)
        return plan_of_id(tx, plan.id)

    return opened.ledger.transact(act)


def running_plan(view: View, id: str) -> ReleasePlan:
    """Raises Refused where it has ended."""
    plan = plan_of_id(view, id)
    if plan.state == "ended":
        raise Refused(f"{plan.model}/{plan.version}: its release ended meanwhile.")
    return plan


def plan_of_id(view: View, id: str) -> ReleasePlan:
    """The plan that was recorded under this id."""
    plan = view.get(PLANS, id)
    assert plan is not None, id
    return plan
