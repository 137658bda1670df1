"""One look at a plan under way: what is over is counted, and what follows of it is done."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from comporta.acts.release.release import may_still_serve
from comporta.acts.rollout.compare import replayed_rows, shadowed_rows
from comporta.acts.rollout.count import count, exposure
from comporta.acts.serve.server_state import serving_now
from comporta.errors import AttemptReplaced
from comporta.opened.project import OpenProject
from comporta.records import Fact, Route, Transaction
from comporta.records.freeze import frozen_until
from comporta.records.lease import Lease
from comporta.records.plan import PlanDecision, PlanEnd, ReleasePlan
from comporta.records.plan_counts import ArmTally, ExposureBin
from comporta.records.plan_facts import PlanStepped
from comporta.registry import VERSIONS, version_key
from comporta.release import PLANS, ROUTES, codes
from comporta.release.arms import end_release, step_release
from comporta.release.evidence import plan_evidence
from comporta.release.margin_spending import is_anchor
from comporta.release.plan_bins import ends_due
from comporta.release.plan_decision import decide
from comporta.release.plan_state import PlanFact, end_of, evolve
from comporta.release.swap_decision import ServersState, decide_shadow, decide_swap

NO_REQUESTS = ArmTally()
ENDS: dict[str, PlanEnd] = {
    "promote": "promoted",
    "roll_back": "rolled_back",
    "inconclusive": "inconclusive",
    "end": "compared",
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
    facts = _facts(opened, plan, route, tallies, now)
    seen = replace(plan, tallies=tuple(tallies))
    for fact in facts:
        seen = evolve(seen, fact, now)
    decision = next_act(opened, seen, now, tallies[0] - plan.tallies[0])
    if decision.act in ("step", "promote", "inconclusive") and plan.bins != seen.bins and ends_due(seen, now):
        # After an absence: nothing but harm is decided before all is counted that is over.
        decision = PlanDecision(act="wait", why=codes.CATCHES_UP())
    advances = decision.act in ("step", "promote") or (facts and decision.act == "wait")
    if advances and not _may_still_serve(opened, plan):
        decision = PlanDecision(act="roll_back", why=codes.NOT_ALLOWED())

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


def _may_still_serve(opened: OpenProject, plan: ReleasePlan) -> bool:
    version = opened.ledger.get(VERSIONS, version_key(plan.model, plan.version))
    return version is not None and may_still_serve(opened, version)


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


def _facts(
    opened: OpenProject, plan: ReleasePlan, route: Route, tallies: Sequence[ArmTally], now: datetime
) -> tuple[PlanFact, ...]:
    """What is seen at this look."""
    if plan.terms.kind == "canary":
        return count(opened, plan, route, tallies, now)
    if plan.terms.kind == "shadow":
        if not (ends := ends_due(plan, now)):
            return ()
        bins = [ExposureBin(until=end, canary=0, control=0) for end in ends]
        return (exposure(plan, bins, tallies), shadowed_rows(opened, plan, route))
    tried = plan.compared is not None or servers_of(opened, plan).failed
    return () if tried else (replayed_rows(opened, plan),)


def next_act(
    opened: OpenProject, plan: ReleasePlan, now: datetime, recent: ArmTally = NO_REQUESTS
) -> PlanDecision:
    """What the plan does next, as it stands. recent: the canary's requests since units were counted last."""
    frozen = frozen_until(plan.terms.freeze, now)
    if plan.terms.kind == "canary":
        evidence = replace(plan_evidence(plan, since_anchor(opened, plan)), recent=recent)
        return decide(plan, evidence, now, frozen)
    if plan.terms.kind == "shadow":
        return decide_shadow(plan, now)
    return decide_swap(plan, servers_of(opened, plan), now, frozen)


def since_anchor(opened: OpenProject, plan: ReleasePlan) -> tuple[ReleasePlan, ...]:
    """The promoted plans by which the champion came about, since margins were last begun to be spent anew:
    at a version that was shown better, or that a person gave all traffic. Oldest first."""
    promoted = {
        each.version: each
        for _, each in opened.ledger.scan(PLANS, f"{plan.model}-")
        if each.model == plan.model and each.end == "promoted"
    }
    found: list[ReleasePlan] = []
    champion = plan.control
    while champion in promoted and not is_anchor(promoted[champion]):
        found.append(promoted.pop(champion))
        champion = found[-1].control
    return tuple(reversed(found))


def servers_of(opened: OpenProject, plan: ReleasePlan) -> ServersState:
    """How far the servers of this machine are with the version."""
    found = [now for each in serving_now(opened) if each.alive and (now := each.of(plan.model)) is not None]
    return ServersState(
        servers=len(found),
        ready=sum(plan.version in each.versions for each in found),
        failed=sum(plan.version in each.failed for each in found),
    )
