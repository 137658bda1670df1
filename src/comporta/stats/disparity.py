"""Rates by group, and how far apart every two groups are: intervals that hold for all pairs at once.

A group's share has Clopper and Pearson's limits at its effective size (Korn and Graubard 1998, "Confidence
intervals for proportions with small expected number of positive counts"), its mean has Student's. Two
groups' limits make those of their difference (MOVER: Zou and Donner 2008; with score limits it is Newcombe's
1998 method 10) and of their ratio, on the scale of logarithms. All pairs of all tables share one error of
1 - level by Bonferroni, so that "no two groups differ by more than" is said with that level.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import special

from comporta.records import FEWEST_ROWS, FEWEST_SUBJECTS
from comporta.stats.bootstrap import LEVEL

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Places = NDArray[np.int64]


class Rates(NamedTuple):
    """One rate in k groups, each (k,): value, rows that count, independent units, variance of the value, and
    how many times larger that is because rows of a unit are alike. share: of rows, or a mean. subjects: (k,)
    how many people or things the rows that count are about; None where each row counts."""

    value: Floats
    rows: Floats
    units: Floats
    variance: Floats
    effect: Floats
    share: bool
    subjects: Floats | None = None


class Pairs(NamedTuple):
    """Every two groups that can be judged, each (pairs,): places of the higher and the lower, the disparity
    between them and its ends."""

    high_group: Places
    low_group: Places
    value: Floats
    low: Floats
    high: Floats


def rates(
    top: Floats,
    bottom: Floats,
    group: Places,
    groups: int,
    *,
    unit: Places | None = None,
    share: bool = True,
    least: Floats | None = None,
    subject: Places | None = None,
    weight: Floats | None = None,
) -> Rates:
    """The sum of `top` over the sum of `bottom` in each group. top, bottom, group: (n,); bottom is 1 where
    the row counts and 0 elsewhere, where top is 0 too. unit: (n,) rows that are resampled whole.
    least: (n,) the variance of each row that is known beforehand: few rows may show none of it. subject: (n,)
    whom each row is about. weight: (n,) how much each row counts; rows that count unlike tell as much as
    fewer that count alike (Kish 1965, section 11.7)."""
    rows = np.bincount(group, bottom, groups).astype(np.float64)
    held = np.maximum(rows, 1)
    # Of mean 1 over the rows of each group that count: sums over rows are then weighted means.
    count = np.ones(len(top))
    if weight is not None:
        total = np.bincount(group, weight * bottom, groups)
        count = weight * np.divide(rows, total, out=np.zeros(groups), where=total > 0)[group]
        rows = np.where(total > 0, rows, 0.0)
    unlike = np.maximum(np.bincount(group, count**2 * bottom, groups) / held, 1.0)
    value = np.bincount(group, top * count, groups) / held
    rest = (top - value[group] * bottom) * count
    square = np.bincount(group, rest**2, groups).astype(np.float64)
    between: Floats = square
    units: Floats = rows
    if unit is not None:
        of, cell = _cells(group, unit)
        units = np.bincount(of, np.bincount(cell, bottom, len(of)) > 0, groups).astype(float)
        between = np.bincount(of, np.bincount(cell, rest, len(of)) ** 2, groups).astype(np.float64)
    few = units / np.maximum(units - 1, 1)
    # One group's own effect is a guess from few units, and none where it has one value: all of them help.
    all_ = between.sum() / square.sum() if square.sum() > 0 else 1.0
    own = np.divide(between, square, out=np.ones(groups), where=square > 0)
    effect = np.maximum(1.0, np.maximum(all_, own)) if unit is not None else np.ones(groups)
    spread = square if least is None else np.maximum(square, np.bincount(group, least * count**2, groups))
    about = None
    if subject is not None:
        of, cell = _cells(group, subject)
        about = np.bincount(of, np.bincount(cell, bottom, len(of)) > 0, groups).astype(np.float64)
    return Rates(value, rows, units, effect * spread * few / held**2, effect * unlike, share, about)


def _cells(group: Places, unit: Places) -> tuple[Places, Places]:
    """Each pair of a group and a unit that there is: its group, (pairs,); and the pair of each row, (n,)."""
    wide = int(unit.max(initial=0)) + 1
    cells, cell = np.unique(group * wide + unit, return_inverse=True)
    return cells // wide, cell


def is_judged(found: Rates) -> NDArray[np.bool_]:
    """(k,) the groups of at least 30 rows, two units and ten subjects."""
    return is_shown(found) & (found.units >= 2)


def is_shown(found: Rates) -> NDArray[np.bool_]:
    """(k,) the groups whose rate may be shown: of at least 30 rows and ten subjects."""
    many = found.rows >= FEWEST_ROWS
    return many if found.subjects is None else many & (found.subjects >= FEWEST_SUBJECTS)


def limits(found: Rates, tail: float) -> tuple[Floats, Floats]:
    """The ends of each group's rate, each (k,); tail: the error of one end."""
    few = np.maximum(found.units - 1, 1)
    student = -special.stdtrit(few, tail)
    if not found.share:
        half = student * np.sqrt(found.variance)
        return found.value - half, found.value + half
    grouped = found.units < found.rows
    wide = np.where(grouped, (-special.stdtrit(np.maximum(found.rows - 1, 1), tail) / student) ** 2, 1.0)
    size = np.maximum(found.rows / found.effect * wide, 1e-9)
    hits = found.value * size
    missed = np.maximum(size - hits, 0)
    low = np.where(hits > 1e-9, special.betaincinv(np.maximum(hits, 1e-9), missed + 1, tail), 0.0)
    high = np.where(missed > 1e-9, special.betaincinv(hits + 1, np.maximum(missed, 1e-9), 1 - tail), 1.0)
    return low, high


def pairs_of(found: Rates) -> int:
    """How many pairs can be judged."""
    count = int(is_judged(found).sum())
    return count * (count - 1) // 2


def differences(found: Rates, family: int, level: float = LEVEL) -> Pairs:
    """How far the higher is above the lower, at least 0. family: pairs that share the error."""
    first, second, low, high = _order_pairs(found, family, level)
    value = found.value[first] - found.value[second]
    under = value - np.hypot(found.value[first] - low[first], high[second] - found.value[second])
    over = value + np.hypot(high[first] - found.value[first], found.value[second] - low[second])
    return Pairs(first, second, value, np.maximum(under, 0.0), np.maximum(over, -under))


def ratios(found: Rates, family: int, level: float = LEVEL) -> Pairs:
    """The lower over the higher, 0 to 1; pairs of two zeros are left out, as nothing is said of them."""
    first, second, low, high = _order_pairs(found, family, level)
    some = found.value[first] > 0
    first, second = first[some], second[some]
    with np.errstate(divide="ignore", invalid="ignore"):
        big, small = np.log(found.value[first]), np.log(found.value[second])
        value = np.exp(small - big)
        under = small - big - np.hypot(small - np.log(low[second]), np.log(high[first]) - big)
        over = small - big + np.hypot(np.log(high[second]) - small, big - np.log(low[first]))
    # No one of the lower: its logarithm has no middle, so the ends themselves are taken.
    none = found.value[second] <= 0
    value = np.where(none, 0.0, value)
    under = np.where(none | ~np.isfinite(under), -np.inf, under)
    over = np.where(none, np.log(high[second]) - np.log(np.maximum(low[first], 1e-300)), over)
    over = np.where(np.isnan(over), np.inf, over)
    return Pairs(
        first, second, value, np.exp(np.minimum(under, -over)), np.where(over >= 0, 1.0, np.exp(over))
    )


def _order_pairs(found: Rates, family: int, level: float) -> tuple[Places, Places, Floats, Floats]:
    low, high = limits(found, (1 - level) / 2 / max(family, 1))
    at = np.flatnonzero(is_judged(found))
    one, other = (at[each] for each in np.triu_indices(len(at), 1))
    swap = found.value[one] < found.value[other]
    return np.where(swap, other, one), np.where(swap, one, other), low, high
