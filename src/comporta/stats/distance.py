"""How far two counts of the same cells lie apart: a test, and an effect with an interval beside it.

The test is Pearson's of two samples, whose statistic is (1/n + 1/m) times a chi-square where nothing moved;
where rows of a unit are alike it is corrected as Rao and Scott 1984 and referred to F (Thomas and Rao
1987). Cells that are quantiles of the first sample change nothing of that: its counts vary less, the chances
of the second then vary instead. The 0.1 that a stability index is often held against knows no rows: with
200 and 200 it is passed by chance in a third of comparisons.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from comporta.errors import BadData
from comporta.records import Record
from comporta.records.reference import Profile

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Places = NDArray[np.int64]

EXPECTED = 5.0
LARGE = 1e4


class Distance(Record, frozen=True, kw_only=True):
    """statistic: about chi-square with `free` degrees of freedom where nothing moved. p: its upper tail.
    scale: distance per unit of the statistic. rows: of both samples. moved: share of rows in other cells,
    half the sum of differences of shares, noise included."""

    statistic: float
    free: float
    p: float
    scale: float
    rows: int
    units: int
    moved: float

    @property
    def value(self) -> float:
        """The effect less what chance alone would give: the sum over cells of (p - q)^2 over the mean of p
        and q. 0 for equal shares, 4 for none in common; for small changes it is the population stability
        index, so 0.1 means what it means there (Topsøe 2000: twice the triangular discrimination)."""
        return max(0.0, self.statistic - self.free) * self.scale

    def interval(self, level: float) -> tuple[float, float]:
        """By the noncentral chi-square: low is above 0 only where p is below (1 - level) / 2."""
        tail = (1 - level) / 2
        low, high = (
            noncentral(self.statistic, self.free, 1 - tail),
            noncentral(self.statistic, self.free, tail),
        )
        return low * self.scale, high * self.scale

    def at(self, level: float) -> tuple[float, float, float]:
        """Value, low, high."""
        return self.value, *self.interval(level)


def distance(was: Profile, now: Profile) -> Distance | None:
    """Between two profiles over the same cells, missing values a cell of their own; None where either is
    empty. Raises BadData where the cells differ."""
    if (was.cells, was.edges, was.words, len(was.counts)) != (
        now.cells,
        now.edges,
        now.words,
        len(now.counts),
    ):
        raise BadData("profiles: found other cells, expected the same. Count both over one reference.")
    return between(
        np.array([was.missing, *was.counts], dtype=np.float64),
        np.array([now.missing, *now.counts], dtype=np.float64),
        effects=(was.effect, now.effect),
        uneven=max(was.uneven, now.uneven),
        units=(was.units if was.units < was.rows else 0, now.units if now.units < now.rows else 0),
    )


def between(
    was: Floats,
    now: Floats,
    *,
    effects: tuple[float, float] = (1.0, 1.0),
    uneven: float = 0.0,
    units: tuple[int, int] = (0, 0),
) -> Distance | None:
    """Between counts, cell by cell. effects, uneven, units: see `Profile`; units 0: rows stand alone."""
    n, m = float(was.sum()), float(now.sum())
    if not (n and m):
        return None
    first, second = _merge_cells(was, now, EXPECTED * (n + m) / min(n, m))
    p, q = first / n, second / m
    pooled = (first + second) / (n + m)
    rate = effects[0] / n + effects[1] / m
    cells = len(p)
    moved = float(np.abs(p - q).sum() / 2)
    grouped = [each for each in units if each]
    free = max(1.0, (cells - 1) / (1 + uneven))
    if cells < 2:
        return Distance(
            statistic=0.0, free=1.0, p=1.0, scale=rate, rows=int(n + m), units=sum(grouped), moved=moved
        )
    apart = float(((p - q) ** 2 / pooled).sum())
    even = float((2 * (p - q) ** 2 / (p + q)).sum())
    ratio = even / apart if apart > 0 else 1.0
    shrink = free / (cells - 1)
    statistic = apart / rate * shrink
    if grouped:
        statistic *= _as_chi_square(free, free * max(1, min(grouped) - 1))
    return Distance(
        statistic=statistic,
        free=free,
        p=float(special.chdtrc(free, statistic)),
        scale=(even / statistic if statistic > 0 else rate * ratio / shrink),
        rows=int(n + m),
        units=sum(grouped),
        moved=moved,
    )


def paired_distance(was: Places, now: Places, cells: int, units: Places | None = None) -> Distance | None:
    """Between two answers to the same rows, each in one of `cells`: Wald's test that both fall alike
    (Bhapkar 1966), whole units as the independent ones and referred to Hotelling's T2. None without rows."""
    rows = len(was)
    if not rows:
        return None
    group = _groups(np.bincount(was, minlength=cells) + np.bincount(now, minlength=cells), 2 * EXPECTED)
    first, second, size = group[was], group[now], int(group.max()) + 1
    p, q = np.bincount(first, minlength=size) / rows, np.bincount(second, minlength=size) / rows
    moved = float(np.abs(p - q).sum() / 2)
    count = rows if units is None else int(units.max()) + 1
    still = Distance(statistic=0.0, free=1.0, p=1.0, scale=0.0, rows=rows, units=count, moved=moved)
    if size < 2 or not (first != second).any():
        return still
    if units is None:
        joint = np.bincount(first * size + second, minlength=size * size).reshape(size, size) / rows
        spread = (np.diag(p + q) - joint - joint.T - np.outer(p - q, p - q)) / rows
    else:
        table = np.bincount(units * size + first, minlength=count * size) - np.bincount(
            units * size + second, minlength=count * size
        )
        apart = table.reshape(count, size) - (p - q) * np.bincount(units, minlength=count)[:, None]
        spread = apart.T @ apart * (count / max(1, count - 1)) / rows**2
    free = int(np.linalg.matrix_rank(spread, tol=1e-9 * float(np.trace(spread)), hermitian=True))
    if free < 1:
        return still
    wald = float((p - q) @ np.linalg.pinv(spread, rcond=1e-9, hermitian=True) @ (p - q))
    if units is not None:
        if count - free < 2:
            return None
        wald *= (count - free) / (count - 1) * _as_chi_square(free, count - free)
    even = float((2 * (p - q) ** 2 / (p + q)).sum())
    return Distance(
        statistic=wald,
        free=float(free),
        p=float(special.chdtrc(free, wald)),
        scale=even / wald if wald > 0 else 0.0,
        rows=rows,
        units=count,
        moved=moved,
    )


def noncentral(statistic: float, free: float, below: float) -> float:
    """The noncentrality at which a chi-square lies below `statistic` with this chance; 0 where none does."""
    if special.chdtr(free, statistic) <= below:
        return 0.0
    if statistic < LARGE:
        found = float(special.chndtrinc(statistic, free, below))
        if math.isfinite(found):
            return found
    # Its normal limit, mean free + x and variance 2 (free + 2 x), solved for x.
    z = float(special.ndtri(below))
    part = statistic - free + 2 * z**2
    return max(0.0, part - 2 * z * math.sqrt(max(0.0, z**2 + statistic - free / 2)))


def _merge_cells(was: Floats, now: Floats, least: float) -> tuple[Floats, Floats]:
    group = _groups(was + now, least)
    return np.bincount(group, was).astype(np.float64), np.bincount(group, now).astype(np.float64)


def _groups(both: Floats | Places, least: float) -> Places:
    """Neighbouring cells together until each holds enough of both samples: which ones is decided by the
    counts of both together, which know nothing of the difference."""
    found = np.zeros(len(both), np.int64)
    held, group = 0.0, 0
    for place, count in enumerate(both):
        if held >= least:
            held, group = 0.0, group + 1
        found[place] = group
        held += float(count)
    if held < least and group:
        found[found == group] = group - 1
    return found


def _as_chi_square(free: float, below: float) -> float:
    """What turns the statistic into one with a chi-square's upper twentieth of a half, where it is F's."""
    return float(special.chdtri(free, 0.025) / (free * special.fdtri(free, below, 0.975)))
