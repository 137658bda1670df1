"""How far what is said lies from what comes true: smooth calibration error, and where the two part.

Blasiok and Nakkiran 2023, "Smooth ECE: Principled Reliability Diagrams via Kernel Smoothing", definition 3:
residuals are smoothed by a Gaussian reflected at 0 and 1, whose width is the error itself. The smoothing is
a heat flow without loss at the ends, so it is diagonal in cosines and costs O(grid log grid).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy import fft, sparse, special

from comporta.records import Record
from comporta.stats.bootstrap import LEVEL

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

GRID, COARSE = 1001, 201
FINEST = 0.001
DRAWS = 500


class Smooth(Record, frozen=True, kw_only=True):
    """error: smECE, in the residuals' unit. noise: how large it would be, at `level`, had only chance
    parted what was said from what came. width: of the kernel.

    low, high: the interval. The error is a norm of the mean residuals, so by the triangle inequality it lies
    no further than the noise from the truth at this width.
    """

    error: float
    noise: float
    width: float
    level: float
    units: int

    @property
    def low(self) -> float:
        return max(0.0, self.error - self.noise)

    @property
    def high(self) -> float:
        return self.error + self.noise


class Curve(Record, frozen=True, kw_only=True):
    """The smoothed reliability diagram. at: places (m,). came: what came true there; low, high: between
    which it would lie, at each place, were the model calibrated. rows: the share of rows near."""

    at: Floats
    came: Floats
    low: Floats
    high: Floats
    rows: Floats


def smooth_error(
    said: Floats,
    residual: Floats,
    units: NDArray[np.int64] | None = None,
    *,
    seed: int = 0,
    level: float = LEVEL,
    variance: Floats | None = None,
) -> Smooth:
    """said: places in 0 to 1 (n,): a probability, or a rank. residual: what was said less what came (n,).

    units: each row's unit; None: each row its own. The noise is drawn by turning the sign of whole units'
    residuals (the wild bootstrap: Liu 1988; Mammen 1993). variance: of the residuals (n,), were nothing
    wrong; the noise is no smaller than it makes it, as residuals of few rows, none of which came, are.
    """
    mass = on_grid(said, residual)
    width = _width(mass, len(said))
    noise = _norm(smooth(_noise(said, residual, units, seed, _points(width)), width)) / len(said)
    noise *= 1.0 if variance is None else _shrunk(residual, variance)
    count = len(said) if units is None else int(units.max()) + 1
    return Smooth(
        error=float(_norm(smooth(mass[None, :], width))[0]) / len(said),
        noise=float(np.quantile(noise, level)) * _few(count, level),
        width=width,
        level=level,
        units=count,
    )


def curve(
    said: Floats,
    residual: Floats,
    units: NDArray[np.int64] | None = None,
    *,
    width: float,
    seed: int = 0,
    points: int = 51,
    level: float = LEVEL,
    weight: Floats | None = None,
) -> Curve:
    """The diagram at this width, where at least a thousandth of the rows is near. weight: how much each row
    counts, of mean 1. See `smooth_error`."""
    grid = _points(width)
    mesh = np.linspace(0, grid - 1, points).astype(int)
    count = np.ones_like(said) if weight is None else weight
    residual = residual * count
    rows = smooth(on_grid(said, count, grid)[None, :], width)[0][mesh]
    mean = smooth(on_grid(said, said * count, grid)[None, :], width)[0][mesh]
    gap = smooth(on_grid(said, residual, grid)[None, :], width)[0][mesh]
    noise = np.quantile(
        np.abs(smooth(_noise(said, residual, units, seed, grid), width)[:, mesh]), level, axis=0
    )
    near = rows > len(said) / 1000
    rows, mean, gap, noise = rows[near], mean[near], gap[near], noise[near]
    at = mean / rows
    return Curve(
        at=at, came=at - gap / rows, low=at - noise / rows, high=at + noise / rows, rows=rows / rows.sum()
    )


def on_grid(said: Floats, amount: Floats, grid: int = GRID) -> Floats:
    """The amounts (n,) gathered on the grid's points, each split between the two beside it."""
    place = np.clip(said, 0.0, 1.0) * (grid - 1)
    left = np.minimum(place.astype(np.int64), grid - 2)
    part = place - left
    found = np.bincount(left, weights=(1 - part) * amount, minlength=grid)
    return np.asarray(found + np.bincount(left + 1, weights=part * amount, minlength=grid))


def smooth(mass: Floats, width: float) -> Floats:
    """The density of each row of masses (k, grid), spread by the kernel of this width."""
    grid = mass.shape[1]
    density = mass * (grid - 1)
    density[:, [0, -1]] *= 2  # half a cell lies at each end
    waves = np.pi * np.arange(grid)
    return np.asarray(fft.idct(fft.dct(density, type=1) * np.exp(-0.5 * (waves * width) ** 2), type=1))


def _norm(density: Floats) -> Floats:
    size = np.abs(density)
    return np.asarray((size.sum(axis=1) - (size[:, 0] + size[:, -1]) / 2) / (density.shape[1] - 1))


def _width(mass: Floats, rows: int) -> float:
    """Where the error at a width is the width itself: the error falls as the width grows."""

    def enough(width: float) -> bool:
        return width < FINEST or width < float(_norm(smooth(mass[None, :], width))[0]) / rows

    if enough(1.0):
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(10):
        middle = (low + high) / 2
        low, high = (middle, high) if enough(middle) else (low, middle)
    return high


def _few(units: int, level: float) -> float:
    """How much wider an interval of few units must be: Student's quantile, as in `bootstrap`."""
    if units < 2:
        return 1.0
    tail = (1 + level) / 2
    wide = float(special.stdtrit(units - 1, tail) / special.ndtri(tail))
    return wide * math.sqrt(units / (units - 1))


def _shrunk(residual: Floats, variance: Floats) -> float:
    """By how much residuals vary less than they should; at least 1."""
    seen, expected = float(residual @ residual), float(variance.sum())
    return math.sqrt(expected / seen) if 0 < seen < expected else 1.0


def _points(width: float) -> int:
    """How fine a grid shows a kernel of this width: four points within one spread."""
    return COARSE if width >= 4 / (COARSE - 1) else GRID


def _noise(said: Floats, residual: Floats, units: NDArray[np.int64] | None, seed: int, grid: int) -> Floats:
    """Masses (draws, grid) of the residuals with signs turned at random, unit by unit."""
    draw = np.random.default_rng(seed)
    node = np.rint(np.clip(said, 0.0, 1.0) * (grid - 1)).astype(np.int64)
    if units is None:
        # A sum of many residuals with random signs is normal: the cell's variance is all that is needed.
        spread = np.sqrt(np.bincount(node, weights=residual**2, minlength=grid))
        return np.asarray(draw.normal(size=(DRAWS, grid)) * spread)
    count = int(units.max()) + 1
    held = sparse.csr_array((residual, (node, units)), shape=(grid, count))
    signs = draw.integers(0, 2, size=(count, DRAWS)).astype(np.float64) * 2 - 1
    return np.asarray((held @ signs).T)
