"""In which spans of time a plan counts units, and which of them are over. Pure.

Units are counted in the order of exposure and horizon, never by when a label came: first those of each bin
are counted as they are exposed, then, once its horizon is over, what came of them. A season ends with a bin.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from math import ceil
from typing import NamedTuple

from comporta.records.plan import MetricProgress, MetricTerms, PlanTerms, ReleasePlan
from comporta.records.plan_counts import ExposureBin

SHORTEST, LONGEST = 10.0, 3600.0
"""Seconds of a bin."""
MOST_BINS = 500
"""That are closed at one look: a controller that was away for long takes several."""
LAG = timedelta(seconds=30)
"""After a bin's end until it is counted: servers write what they answered within a second or two."""


def bin_seconds(terms: PlanTerms) -> float:
    """How long a bin is: a season is a whole number of them."""
    wanted = min(LONGEST, max(SHORTEST, min(terms.dwell or LONGEST, terms.season or LONGEST) / 4))
    return terms.season / ceil(terms.season / wanted) if terms.season else wanted


def ends_due(plan: ReleasePlan, now: datetime) -> list[datetime]:
    """The ends of the next bins that are over, at most `MOST_BINS`."""
    length = bin_seconds(plan.terms)
    number = round((plan.looked - plan.started).total_seconds() / length)
    ends: list[datetime] = []
    while len(ends) < MOST_BINS:
        number += 1
        end = plan.started + timedelta(seconds=number * length)
        if end + LAG > now:
            break
        ends.append(end)
    return ends


class MaturedBins(NamedTuple):
    """Bins of one season whose horizon is over for a metric. after: when the first begins. season: how many
    whole seasons are over at the end of the last."""

    after: datetime
    bins: tuple[ExposureBin, ...]
    season: int

    @property
    def canary(self) -> int:
        """Units of the canary that were exposed in them."""
        return sum(each.canary for each in self.bins)

    @property
    def control(self) -> int:
        """Units of the control."""
        return sum(each.control for each in self.bins)


def matured_bins(plan: ReleasePlan, metric: MetricTerms, now: datetime) -> Iterator[MaturedBins]:
    """What can be counted of a metric, season by season."""
    done = plan.progress.get(metric.outcome, MetricProgress()).bins - plan.bins_before
    horizon = timedelta(seconds=metric.horizon)
    after = _end_before(plan, done)
    group: list[ExposureBin] = []
    for each in plan.bins[done:]:
        if each.until + horizon + LAG > now:
            break
        if group and season_of(plan, group[-1].until) > season_of(plan, after):
            yield MaturedBins(after, tuple(group), season_of(plan, group[-1].until))
            after, group = group[-1].until, []
        group.append(each)
    if group:
        yield MaturedBins(after, tuple(group), season_of(plan, group[-1].until))


def season_of(plan: ReleasePlan, at: datetime) -> int:
    """How many whole seasons of the plan are over."""
    season = plan.terms.season
    # Half a second: a bin's end is a season's, whatever was rounded.
    return int(((at - plan.started).total_seconds() + 0.5) // season) if season else 1


def _end_before(plan: ReleasePlan, place: int) -> datetime:
    if place > 0:
        return plan.bins[place - 1].until
    length = timedelta(seconds=bin_seconds(plan.terms))
    return max(plan.started, plan.bins[0].until - length) if plan.bins else plan.started
