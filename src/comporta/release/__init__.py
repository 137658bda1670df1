"""Who gets which traffic, and when that changes. Pure: state → facts; the projection applies them."""

from comporta.release.decide import release, rollback, serves_all
from comporta.release.plans import (
    NEWEST_PLANS,
    PLANS,
    plan_under_way,
    plans_under_way,
    require_none_under_way,
)
from comporta.release.state import ROUTES

PROJECTIONS = (ROUTES, PLANS, NEWEST_PLANS)

__all__ = [
    "NEWEST_PLANS",
    "PLANS",
    "PROJECTIONS",
    "ROUTES",
    "plan_under_way",
    "plans_under_way",
    "release",
    "require_none_under_way",
    "rollback",
    "serves_all",
]
