"""Begins a version's release plan: who may, and whether the version could be released at all."""

from __future__ import annotations

import secrets

from comporta.acts.release.release import require_ready, version_of
from comporta.acts.release.served_parts import require_loads, require_served_parts
from comporta.errors import Refused
from comporta.opened.people import reason_of
from comporta.opened.permission import permission
from comporta.opened.project import OpenProject
from comporta.opened.sentences import Say, sentence
from comporta.project.release_terms import plan_terms
from comporta.records import Artifact, Route, Transaction, Version, View
from comporta.records.freeze import frozen_until
from comporta.records.plan import PlanTerms, ReleasePlan
from comporta.records.plan_facts import PlanStarted
from comporta.registry import VERSIONS, version_key
from comporta.release import PLANS, ROUTES, plan_under_way, require_none_under_way
from comporta.release.arms import step_release


def has_plan(opened: OpenProject, name: str) -> bool:
    """Whether the model of this version declares how it comes to its traffic. Raises NotFound."""
    model = opened.project.find_model(version_of(opened, name).model)
    return model is not None and model.release is not None


def begin_plan(
    opened: OpenProject, name: str, *, by: str = "", reason: str = "", say: Say = sentence
) -> ReleasePlan:
    """The plan of this version, begun: its first step answers from now on. Raises NotFound, Forbidden;
    Refused where the version may not be released, another plan is under way, nothing is released yet, or the
    plan could not be decided until its deadline."""
    # What reads the log is heavy, and not needed to see that a plan cannot begin.
    from comporta.acts.rollout.forecast import forecast, require_decidable, require_measurable, with_centers

    version = version_of(opened, name)
    who = permission(opened, "release.execute", by=by, version=version, say=say)
    require_ready(opened, version, who, say)
    terms = _terms(opened, version)
    route = require_place(opened.ledger, version, terms, opened)
    carried = opened.ledger.get(PLANS, _earlier(opened.ledger, version, route, terms))
    require_measurable(opened, version, terms)
    known = forecast(opened, version, terms) if terms.kind == "canary" else None
    terms = with_centers(terms, carried, known)
    require_decidable(version, terms, known)
    require_served_parts(opened, version)
    require_loads(opened, version)
    id, why = who.identify(), reason_of(opened, reason)

    def act(tx: Transaction) -> ReleasePlan:
        # Asked again: meanwhile somebody else may have begun one.
        route = require_place(tx, version, terms, opened)
        started = who.sign(_new_plan(tx, version, terms, route, id, why))
        who.admit(tx, started)
        tx.append(started)
        plan = tx.get(PLANS, started.plan)
        assert plan is not None
        moved = who.sign(step_release(route, plan, 0, tx.now()))
        who.admit(tx, moved)
        tx.append(moved)
        return plan

    return opened.ledger.transact(act)


def _terms(opened: OpenProject, version: Version) -> PlanTerms:
    model = opened.project.find_model(version.model)
    if model is None or model.release is None:
        raise Refused(
            f"{version.model}: declares no release plan. Declare one, as Model(release=Canary(...)), or give "
            f"the version all traffic: comporta release {version.id} --at-once"
        )
    return plan_terms(model, model.release)


def require_place(view: View, version: Version, terms: PlanTerms, opened: OpenProject) -> Route:
    """The route of the model as it is. Raises Refused where no plan of the version may begin now."""
    route = view.get(ROUTES, version.model)
    if route is None:
        raise Refused(
            f"{version.model}: nothing is released yet, so there is nothing to compare {version.id} with. "
            f"Give it all traffic: comporta release {version.id} --at-once"
        )
    require_none_under_way(plan_under_way(view, version.model))
    if route.champion == version.number:
        raise Refused(f"{version.id}: it is the champion already. Nothing to do.")
    if (until := frozen_until(terms.freeze, opened.now())) is not None:
        raise Refused(f"{version.model}: releases are frozen until {until:%Y-%m-%d %H:%M} UTC.")
    return route


def _new_plan(
    tx: Transaction, version: Version, terms: PlanTerms, route: Route, by: str, reason: Artifact | str
) -> PlanStarted:
    return PlanStarted(
        plan=_new_id(tx, version.model),
        model=version.model,
        version=version.number,
        control=route.champion,
        terms=terms,
        carried=_earlier(tx, version, route, terms),
        by=by,
        reason=reason,
    )


def _new_id(tx: Transaction, model: str) -> str:
    return f"{model}-{tx.now():%Y%m%dT%H%M%S%f}-{secrets.randbelow(1 << 24):06x}"


def _earlier(view: View, version: Version, route: Route, terms: PlanTerms) -> str:
    """The newest plan that tried the same model, byte for byte, against the same champion by the same
    metrics: what it counted still counts. Without it each new try would have a chance of its own."""
    for _, plan in view.scan(PLANS, f"{version.model}-", newest=True):
        tried = view.get(VERSIONS, version_key(version.model, plan.version))
        same = tried is not None and tried.parts.get("model") == version.parts.get("model")
        alike = same and plan.control == route.champion and plan.model == version.model
        if alike and plan.progress and _comparable(plan.terms, terms):
            return plan.id
    return ""


def _comparable(before: PlanTerms, now: PlanTerms) -> bool:
    """Whether units are counted alike; what is asked of the counts may be another."""

    def keys_of(terms: PlanTerms) -> list[tuple[object, ...]]:
        return sorted(
            (each.outcome, each.of, each.better, each.horizon, each.cap, each.limit) for each in terms.metrics
        )

    return (before.kind, before.decide, keys_of(before)) == (now.kind, now.decide, keys_of(now))
