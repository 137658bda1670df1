"""How far a sum may be off for the order in which it was made."""

from __future__ import annotations


def rounding(limit: float) -> float:
    """What the order of a sum may change of a number near this one."""
    return 1e-9 * max(1.0, abs(limit))
