"""What would make a plan possible that can hardly decide: more days, more units, a wider margin, more labels.

Each is changed alone, to the least at which an equal version is promoted four times in five.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from comporta.records import Record
from comporta.stats.release_power import ENOUGH, PlannedMetric, promotion_power

LONGEST_DAYS, MOST_TIMES, WIDEST_MARGIN = 730, 1000.0, 0.9


class PowerRemedy(Record, frozen=True, kw_only=True):
    """days: with units whose horizon is over, whole seasons. units: a day and arm. margin: relative.
    labelled: whether complete labels would do. Each None, or False, where it does not suffice alone."""

    days: int | None
    units: float | None
    margin: float | None
    labelled: bool


def power_remedy(metric: PlannedMetric, seed: int = 0) -> PowerRemedy:
    """The least change of each kind, to about 5 %. Raises ValueError for numbers that no outcome can have."""

    def enough(changed: PlannedMetric) -> bool:
        return promotion_power(changed, seed) >= ENOUGH

    seasons = _least(
        lambda count: enough(metric._replace(days=math.ceil(count) * metric.season)),
        max(metric.days // metric.season, 1),
        LONGEST_DAYS // metric.season,
    )
    times = _least(lambda many: enough(metric._replace(units=many * metric.units)), 1.0, MOST_TIMES)
    margin = _least(
        lambda wide: enough(metric._replace(margin=wide)), max(metric.margin, 0.01), WIDEST_MARGIN
    )
    return PowerRemedy(
        days=None if seasons is None else math.ceil(seasons) * metric.season,
        units=None if times is None else metric.units * times,
        margin=margin,
        labelled=enough(metric._replace(missing=0.0)),
    )


def _least(suffices: Callable[[float], bool], low: float, high: float) -> float | None:
    """The least number from low to high that suffices, given that larger ones do; None where none does."""
    if low > high or not suffices(high):
        return None
    if suffices(low):
        return low
    while high > 1.05 * low:
        middle = math.sqrt(low * high)
        low, high = (low, middle) if suffices(middle) else (middle, high)
    return high
