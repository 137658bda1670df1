"""What a blue/green plan and a shadow do next. Pure: the plan, what servers tell, the time → one decision."""

from __future__ import annotations

from datetime import datetime, timedelta

from comporta.records import Record
from comporta.records.plan import PlanDecision, ReleasePlan
from comporta.release import codes
from comporta.release.plan_decision import fuse_reason, minute_text


class ServersState(Record, frozen=True, kw_only=True):
    """servers: processes that answer for this model. ready: of these, those that have the version in memory.
    failed: those that could not load it."""

    servers: int
    ready: int
    failed: int


def decide_swap(
    plan: ReleasePlan, servers: ServersState, now: datetime, frozen: datetime | None
) -> PlanDecision:
    """The next act of a blue/green plan. frozen: until when nothing advances, or None."""
    if plan.step == 1:
        return _after_swap(plan, now)
    if servers.failed:
        why = codes.NOT_LOADED(failed=servers.failed, servers=servers.servers)
        return PlanDecision(act="inconclusive", why=why)
    if (decision := differs(plan)) is not None:
        return decision
    if now >= plan.started + timedelta(seconds=plan.terms.deadline):
        why = codes.NOT_READY(ready=servers.ready, servers=servers.servers)
        return PlanDecision(act="inconclusive", why=why)
    if plan.compared is None:
        return PlanDecision(act="wait", why=codes.BEING_TRIED())
    if not servers.servers:
        return PlanDecision(act="wait", why=codes.NO_SERVER())
    if servers.ready < servers.servers:
        return PlanDecision(act="wait", why=codes.NOT_READY(ready=servers.ready, servers=servers.servers))
    if plan.state == "paused":
        return PlanDecision(act="wait", why=codes.PAUSED())
    if frozen is not None:
        return PlanDecision(act="wait", why=codes.FROZEN(until=minute_text(frozen)))
    return PlanDecision(act="step", step=1, why=codes.SWAPS(servers=servers.servers))


def decide_shadow(plan: ReleasePlan, now: datetime) -> PlanDecision:
    """The next act of a shadow: it ends once it has seen its rows, or at its deadline with fewer."""
    found = plan.compared
    over = now >= plan.started + timedelta(seconds=plan.terms.deadline)
    rows = 0 if found is None else found.rows
    if found is not None and (rows >= plan.terms.replay or over):
        if (decision := differs(plan)) is not None:
            return decision
        return PlanDecision(
            act="end", why=codes.COMPARED(rows=rows, different=found.different, share=found.share)
        )
    if over:
        return PlanDecision(act="inconclusive", why=codes.NOTHING_COMPARED())
    return PlanDecision(act="wait", why=codes.SHADOWS(rows=rows, of=plan.terms.replay))


def differs(plan: ReleasePlan) -> PlanDecision | None:
    """The end of a plan whose version answers more requests otherwise than is allowed."""
    found, limit = plan.compared, plan.terms.differ
    if found is None or not found.rows:
        return None
    if found.share > limit:
        why = codes.DIFFERS(different=found.different, rows=found.rows, share=found.share, limit=limit)
        return PlanDecision(act="roll_back", why=why)
    if found.slice_rows and found.slice_different / found.slice_rows > limit:
        why = codes.DIFFERS_IN(
            column=found.column,
            different=found.slice_different,
            rows=found.slice_rows,
            share=found.slice_different / found.slice_rows,
            limit=limit,
        )
        return PlanDecision(act="roll_back", why=why)
    return None


def _after_swap(plan: ReleasePlan, now: datetime) -> PlanDecision:
    if (why := fuse_reason(plan.terms, plan.tallies[0])) is not None:
        return PlanDecision(act="roll_back", why=why)
    until = plan.since + timedelta(seconds=plan.terms.keep)
    if now >= until:
        return PlanDecision(act="promote", why=codes.KEPT())
    return PlanDecision(act="wait", why=codes.KEEPS(until=minute_text(until)))
