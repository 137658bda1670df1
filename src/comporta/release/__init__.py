"""Who gets which traffic, and when that changes. Pure: state → facts; the projection applies them."""

from comporta.release.decide import release, rollback, serves_all
from comporta.release.state import ROUTES

__all__ = ["ROUTES", "release", "rollback", "serves_all"]
