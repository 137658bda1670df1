"""How many labels a comparison needs, and how much one could have seen: normal theory, plain arithmetic."""

from __future__ import annotations

import math
from statistics import NormalDist

POWER = 0.8


def rows_needed(variance: float, room: float, *, power: float = POWER, alpha: float = 0.05) -> int:
    """Rows at which a mean of this variance a row, truly `room` on the good side of a limit, is shown to be
    there by a one-sided test at `alpha` with this power. Raises ValueError where `room` is not above 0."""
    if not room > 0:
        raise ValueError("rows needed: the truth must lie on the good side of the limit.")
    return math.ceil((_z(1 - alpha) + _z(power)) ** 2 * variance / room**2)


def rows_to_show(
    low: float, high: float, rows: int, room: float, *, level: float = 0.95, power: float = POWER
) -> int | None:
    """The same from an interval that was measured on `rows`: its width tells the variance, and the test is
    the one that the interval's end makes. None where nothing can be told."""
    if not (room > 0 and rows > 0 and high > low):
        return None
    spread = (high - low) / (2 * _z((1 + level) / 2))
    return rows_needed(spread**2 * rows, room, power=power, alpha=(1 - level) / 2)


def smallest_seen(low: float, high: float, *, level: float = 0.95, power: float = POWER) -> float:
    """The smallest true difference that such an interval would have shown with this power."""
    spread = (high - low) / (2 * _z((1 + level) / 2))
    return (_z((1 + level) / 2) + _z(power)) * spread


def detectable(
    value: float, low: float, high: float, *, level: float = 0.95, power: float = POWER, shown: bool = True
) -> float:
    """How far beyond a limit the truth must lie for such an interval to find it there with this power; 0
    where it need not.

    The minimum detectable effect of Bloom 1995 ("Minimum detectable effects", Evaluation Review 19, p. 548):
    the sum of the test's quantile and the power's, in standard errors. Those are told by the longer arm of
    the interval: the other one may end where a share, or a distance, does. shown: whether the whole interval
    must lie beyond the limit; else the value alone.
    """
    sure = _z((1 + level) / 2)
    error = max(value - low, high - value, 0.0) / sure
    return ((sure if shown else 0.0) + _z(power)) * error


def detectable_share(
    low: float,
    high: float,
    limit: float,
    *,
    higher: bool,
    level: float = 0.95,
    power: float = POWER,
    shown: bool = True,
) -> float | None:
    """The same of a figure from 0 to 1, whose error is larger towards the middle: where all of 100 rows were
    right, a limit of 0.5 is found broken from 0.14 below on, and the interval [0.96, 1] alone would say 0.05.
    None where no truth, not even 0, would be found.

    The arcsine of a share's root has the same error everywhere (Cohen 1988, "Statistical power analysis for
    the behavioral sciences", section 6.2). higher: whether the truth must be at least the limit.
    """
    if not higher:
        low, high, limit = 1 - high, 1 - low, 1 - limit
    angles = [math.asin(math.sqrt(min(max(each, 0.0), 1.0))) for each in (low, high, limit)]
    sure = _z((1 + level) / 2)
    error = (angles[1] - angles[0]) / (2 * sure)
    found = angles[2] - ((sure if shown else 0.0) + _z(power)) * error
    return limit - math.sin(found) ** 2 if found > 0 else None


def _z(share: float) -> float:
    return NormalDist().inv_cdf(share)
