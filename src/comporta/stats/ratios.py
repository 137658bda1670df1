"""How many times as often something happens: ratios of rates, exact where it is rare.

A rare class that becomes twice as frequent moves no histogram; it is asked for by itself.
"""

from __future__ import annotations

import math

from scipy import special

from comporta.records import Record
from comporta.stats.binomial import clopper_pearson

RARE = 0.05
MOST = 1e9


class Ratio(Record, frozen=True, kw_only=True):
    """Second rate over first. was, now: the rates. low, high: within 1e-9 and 1e9."""

    value: float
    low: float
    high: float
    was: float
    now: float

    @property
    def at(self) -> tuple[float, float, float]:
        """How many times as often or as seldom, whichever it is: at least 1; the value and its interval."""
        low = self.low if self.low > 1 else 1 / self.high if self.high < 1 else 1.0
        return max(self.value, 1 / self.value), low, max(self.high, 1 / self.low)


def ratio(
    was: int,
    rows: int,
    now: int,
    of: int,
    *,
    level: float = 0.95,
    effects: tuple[float, float] = (1.0, 1.0),
) -> Ratio:
    """`now` of `of` rows over `was` of `rows`; where it happened in neither, nothing is known.

    Up to a rate of 5 % exact, given how often it happened in both together (Przyborowski and Wilenski 1940,
    limits of Clopper and Pearson 1934); above, where that is needlessly wide, by the logarithm's variance
    (Katz and others 1978). effects: design effects; the counts are divided by them (Korn and Graubard 1998).
    """
    if not (was + now):
        return Ratio(value=1.0, low=1 / MOST, high=MOST, was=0.0, now=0.0)
    tail = (1 - level) / 2
    p, q = was / rows, now / of
    value = ((now + 0.5) / (of + 0.5)) / ((was + 0.5) / (rows + 0.5)) if not (was and now) else q / p
    if max(p, q) > RARE and was and now:
        z = -float(special.ndtri(tail))
        half = z * math.sqrt(effects[0] * (1 - p) / was + effects[1] * (1 - q) / now)
        low, high = math.log(value) - half, math.log(value) + half
        return _ratio(value, math.exp(max(low, -700)), math.exp(min(high, 700)), p, q)
    a, b = was / effects[0], now / effects[1]
    size = (rows / effects[0]) / (of / effects[1])
    low, high = clopper_pearson(b, a, tail)
    return _ratio(value, _odds(low) * size, _odds(high) * size, p, q)


def paired_ratio(
    both: int, was_only: int, now_only: int, rows: int, *, level: float = 0.95, effect: float = 1.0
) -> Ratio:
    """The same of two answers to the same rows.

    Given the rows of which only one says so, exact as McNemar's test is: `now_only` of them is a binomial,
    and its limits of Clopper and Pearson are turned into the ratio's, the rows of which both say so held.
    """
    if not (both + was_only + now_only):
        return Ratio(value=1.0, low=1 / MOST, high=MOST, was=0.0, now=0.0)
    p, q = (both + was_only) / rows, (both + now_only) / rows
    one = was_only + now_only
    value = q / p if p and q else (both + now_only + 0.5) / (both + was_only + 0.5)
    if not one:
        return _ratio(value, value, value, p, q)
    low, high = clopper_pearson(now_only / effect, was_only / effect, (1 - level) / 2)

    def at(share: float) -> float:
        under = both + one * (1 - share)
        return (both + one * share) / under if under > 0 else MOST

    return _ratio(value, at(low), at(high), p, q)


def _odds(share: float) -> float:
    return share / (1 - share) if share < 1 else MOST


def _ratio(value: float, low: float, high: float, was: float, now: float) -> Ratio:
    def within(number: float) -> float:
        return min(max(number, 1 / MOST), MOST)

    return Ratio(
        value=within(value), low=within(min(low, value)), high=within(max(high, value)), was=was, now=now
    )
