"""Who gets which traffic, and when that changes. Pure: `decide → facts`, `evolve → state`."""

from comporta.release.decide import release, rollback
from comporta.release.state import ROUTES

__all__ = ["ROUTES", "release", "rollback"]
