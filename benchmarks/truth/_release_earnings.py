"""Scenarios of means: what units earn, by the bets of the product. Higher is better, harm a lower mean."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from _release_scenarios import Scenario
from _release_trials import DAYS, MARGIN, UNITS, NaiveArm, Trials
from scipy import optimize, stats

from comporta.stats.betting import BettingScheme, Values, betting_evidence
from comporta.stats.sample_ratio import sample_ratio
from comporta.stats.wealth import STAKES, log_mixture

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Earnings:
    """What units of the control earn. amounts: (k,) that there are, at levels of the product's grid from 0 to
    the largest, which is the cap. chances: of a day and a ratio the chance of each (k,), so that the mean is
    that ratio of the control's. missing: the share of units of which nobody knows. units: a day and arm."""

    amounts: Floats
    chances: Callable[[int, float], Floats]
    center: float
    missing: float = 0.0
    units: float = 100


RARE = np.array([0.0, 64.0, 256.0, 1024.0])
RARELY = np.array([0.0, 1.2e-3, 0.5e-3, 0.3e-3])
"""One unit in 500 earns something, and a few of them far more."""
STEADY = np.arange(0.0, 130.0, 2.0)


def _rare(_: int, ratio: float) -> Floats:
    some = RARELY[1:] * ratio
    return np.array([1 - some.sum(), *some])


def _gamma(mean: float) -> Floats:
    """Chances of the steady amounts, gamma with four degrees and this mean, clipped at the largest."""
    edges = [0.0, *(STEADY[:-1] + 1.0), np.inf]
    return np.diff(stats.gamma.cdf(edges, 4, scale=mean / 4))


def _steady(mean: Callable[[int], float], day: int, ratio: float) -> Floats:
    usual = _gamma(mean(day))
    if ratio == 1:
        return usual
    target = ratio * float(usual @ STEADY)
    found = optimize.brentq(lambda each: float(_gamma(each) @ STEADY) - target, 0.5, 60.0, xtol=1e-12)
    return _gamma(float(found))


def _drawn(earnings: Earnings, ratio: float, random: np.random.Generator, plans: int) -> Trials:
    amounts = earnings.amounts
    scheme = BettingScheme(0.0, float(amounts[-1]), earnings.center, (1 - MARGIN, 1.0))
    wealth = np.zeros((2, plans, DAYS, len(STAKES)))
    naive, told = [], []
    for arm in (0, 1):
        chances = [earnings.chances(day, ratio if arm == 0 else 1.0) for day in range(DAYS)]
        n = random.poisson(earnings.units, (plans, DAYS))
        unknown = random.binomial(n, earnings.missing)
        counts = np.stack([random.multinomial((n - unknown)[:, d], chances[d]) for d in range(DAYS)], axis=1)
        # Evidence adds: what one unit of each amount brings, times how many there were.
        ones = [*(Values([each]) for each in amounts), Values([], 1)]
        none = Values([])
        found = [betting_evidence(scheme, *((one, none) if arm == 0 else (none, one))) for one in ones]
        every = np.concatenate([counts, unknown[..., None]], axis=-1).cumsum(axis=1).astype(float)
        # Harm: the mean is below the control's; non-inferior: above 1 - margin of it.
        wealth[0] += every @ np.array([each.below[1] for each in found])
        wealth[1] += every @ np.array([each.above[0] for each in found])
        rows = every[..., :-1]
        naive.append(NaiveArm(rows.sum(axis=-1), rows @ amounts, rows @ amounts**2))
        told.append((n.cumsum(axis=1), rows.sum(axis=-1)))
    stages = [sample_ratio(*pair) for pair in zip(*told, strict=True)]
    days = np.arange(1, DAYS + 1.0)
    harm, passed = (log_mixture(each)[None] for each in wealth)
    return Trials(
        days=days,
        ends=days % 7 == 0,
        harm=harm,
        passed=passed,
        uneven=np.array([stages[0], *stages]),
        naive=(naive[0], naive[1]),
        base=float(earnings.chances(0, 1.0) @ amounts),
    )


def _growing(day: int) -> float:
    return 12.0 + 16.0 * day / DAYS


_RARE = Earnings(amounts=RARE, chances=_rare, center=float(RARELY @ RARE), units=UNITS)
_STEADY = Earnings(amounts=STEADY, chances=partial(_steady, lambda _: 20.0), center=20.0)
_GROWING = Earnings(amounts=STEADY, chances=partial(_steady, _growing), center=12.0)
_MISSING = Earnings(amounts=STEADY, chances=partial(_steady, lambda _: 20.0), center=20.0, missing=0.005)
_NAMED = (
    ("rare large earnings, equal", "good", _RARE, 1.0),
    ("rare large earnings, -10 %, the margin", "bad", _RARE, 0.9),
    ("rare large earnings, half of them", "bad", _RARE, 0.5),
    ("100 earnings of 20 a day, deviation 10, equal", "good", _STEADY, 1.0),
    ("100 earnings of 20 a day, deviation 10, -10 %, the margin", "bad", _STEADY, 0.9),
    ("100 earnings a day that grow from 12 to 28, equal", "good", _GROWING, 1.0),
    ("100 earnings a day that grow from 12 to 28, -10 %, the margin", "bad", _GROWING, 0.9),
    ("100 earnings of 20 a day, 0.5 % of them never known, equal", "good", _MISSING, 1.0),
    ("100 earnings of 20 a day, 0.5 % of them never known, -10 %", "bad", _MISSING, 0.9),
)
EARNINGS = tuple(
    Scenario(name=name, truth=truth, drawn=partial(_drawn, earnings, ratio), higher=True)  # type: ignore[arg-type]
    for name, truth, earnings, ratio in _NAMED
)
