"""Plans that begin by themselves, with a version that passed its gates and has its approvals."""

from __future__ import annotations

from collections.abc import Iterable

from comporta.acts.rollout.begin import begin_plan
from comporta.errors import ComportaError, Forbidden, Refused
from comporta.opened.project import OpenProject
from comporta.opened.sentences import Say, sentence
from comporta.records import Record, Version
from comporta.records.plan import ReleasePlan
from comporta.release import PLANS, ROUTES


class StartedPlans(Record, frozen=True, kw_only=True):
    """plans: those begun. refused: of versions whose plan is to begin by itself, why it did not."""

    plans: tuple[ReleasePlan, ...] = ()
    refused: tuple[str, ...] = ()


def begin_passed(
    opened: OpenProject, versions: Iterable[Version], *, by: str = "", say: Say = sentence
) -> StartedPlans:
    """Begins the plan of each of these versions whose model declares `on="passed"`, that may be released, is
    newer than the champion and was not tried yet. by: who let it pass; it begins in their name, so they must
    be one who may release."""
    begun: list[ReleasePlan] = []
    refused: list[str] = []
    for version in versions:
        # The declaration last: what reads it runs the project's file.
        if not _is_next(opened, version) or not _begins_by_itself(opened, version.model):
            continue
        try:
            begun.append(begin_plan(opened, version.id, by=by, say=say))
        except (Refused, Forbidden) as error:
            refused.append(str(error))
    return StartedPlans(plans=tuple(begun), refused=tuple(refused))


def _begins_by_itself(opened: OpenProject, model: str) -> bool:
    try:
        declared = opened.project.find_model(model)
    except ComportaError:  # told where the project is run
        return False
    return declared is not None and declared.release is not None and declared.release.on == "passed"


def _is_next(opened: OpenProject, version: Version) -> bool:
    """Whether it passed, has its approvals, and comes after the champion and after all that was tried."""
    if version.state not in ("passed", "approved") or len(version.approvers()) < version.needed:
        return False
    route = opened.ledger.get(ROUTES, version.model)
    if route is None or version.number <= route.champion:
        return False
    tried = (
        plan.version
        for _, plan in opened.ledger.scan(PLANS, f"{version.model}-")
        if plan.model == version.model
    )
    return version.number not in set(tried)
