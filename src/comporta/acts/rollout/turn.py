"""One look at a plan under way: what is over is counted, and what follows of it is done."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from comporta.acts.rollout.count import count
from comporta.errors import AttemptReplaced
from comporta.opened.project import OpenProject
from comporta.records import Fact, Route, Transaction
from comporta.records.freeze import frozen_until
from comporta.records.lease import Lease
from comporta.records.plan import PlanDecision, PlanEnd, ReleasePlan
from comporta.records.plan_counts import ArmTally
from comporta.records.plan_facts import PlanStepped
from comporta.release import PLANS, ROUTES
from comporta.release.arms import end_release, step_release
from comporta.release.evidence import plan_evidence
from comporta.release.plan_decision import decide
from comporta.release.plan_state import end_of, evolve

ENDS: dict[str, PlanEnd] = {
    "promote": "promoted",
    "roll_back": "rolled_back",
    "inconclusive": "inconclusive",
}
"""Act of a decision → how the plan ended."""


def turn(
    opened: OpenProject, plan: ReleasePlan, lease: Lease | None, tallies: Sequence[ArmTally]
) -> PlanDecision:
    """Counts what is over by now, decides, and records both with the traffic that follows, in one
    transaction. lease: under which it is done; None: nobody leads. Raises AttemptReplaced, recording nothing,
    where another took the lease, or the plan is another than was read."""
    route = opened.ledger.get(ROUTES, plan.model)
    assert route is not None, "a plan begins beside a release"
    now = opened.now()
    facts: tuple[Fact, ...] = count(opened, plan, route, tallies, now)
    seen = plan
    for fact in facts:
        seen = evolve(seen, fact, now)  # type: ignore[arg-type]
    seen = _with_tallies(seen, tallies)
    decision = decide(seen, plan_evidence(seen), now, frozen_until(plan.terms.freeze, now))

    def act(tx: Transaction) -> None:
        require_lease(tx, lease)
        if tx.get(PLANS, plan.id) != plan or tx.get(ROUTES, plan.model) != route:
            raise AttemptReplaced(
                f"plan {plan.id}: it changed while it was looked at. It is looked at again."
            )
        for fact in (*facts, *follow_up(seen, route, decision, tx.now())):
            tx.append(fact)

    if facts or decision.act != "wait":
        opened.ledger.transact(act)
    return decision


def follow_up(plan: ReleasePlan, route: Route, decision: PlanDecision, at: datetime) -> tuple[Fact, ...]:
    """The facts of what was decided, the traffic among them."""
    if decision.act == "wait":
        return ()
    if decision.act == "step":
        stepped = PlanStepped(plan=plan.id, step=decision.step)
        return (stepped, step_release(route, plan, decision.step, at))
    ended = end_of(plan, ENDS[decision.act], decision.why)
    moved = end_release(
        route, plan, promoted=decision.act == "promote", by=plan.by, reason=plan.reason, at=at
    )
    return (ended,) if moved is None else (ended, moved)


def require_lease(tx: Transaction, lease: Lease | None) -> None:
    """Raises AttemptReplaced where another holds by now what this one was held under."""
    if lease is None:
        return
    held = tx.lease(lease.name)
    if held is None or held.token != lease.token or held.holder != lease.holder:
        raise AttemptReplaced(f"{lease.name}: another process leads by now. This one records nothing.")


def _with_tallies(plan: ReleasePlan, tallies: Sequence[ArmTally]) -> ReleasePlan:
    return replace(plan, tallies=tuple(tallies))
