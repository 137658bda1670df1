"""A champion and a challenger on the same test rows, the challenger worse or better by so much in truth.

Both see the same signal, each with noise of its own; by how much noise a metric is lost is found on a million
rows. In groups half of the signal and a quarter of the noise are a group's own: its rows tell much the same.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import polars as pl

from comporta.stats.metrics import ScoredRows, statistic

NOISE = 0.4
"""The champion's, where the signal's deviation is 1 and so is that of what nobody can know."""
REGRESSION = ("mae", "rmse", "r2")
WORDS = pl.Series(["false", "true"], dtype=pl.Enum(["false", "true"]))


def two(
    metric: str, rows: int, seed: int, *, lost: float = 0.0, groups: int = 0
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Challenger and champion. lost: by how much the challenger is worse, in the metric's own unit; below 0:
    better. groups: of so many groups, in a column `customer`; 0: rows are independent."""
    draw = np.random.default_rng([seed, rows, groups])
    group = draw.integers(0, groups, rows) if groups else None

    def normal(own: float) -> np.ndarray:
        """Of deviation 1; own: the share of its variance that is a group's."""
        each = draw.normal(size=rows)
        return each if group is None else own**0.5 * draw.normal(size=groups)[group] + (1 - own) ** 0.5 * each

    signal = normal(0.5)
    unknown = draw.normal(size=rows)
    beside = {} if group is None else {"__keep_customer": group}
    challenger = _said(metric, signal, unknown, noise_for(metric, lost) * normal(0.25))
    champion = _said(metric, signal, unknown, NOISE * normal(0.25))
    frames = [pl.DataFrame({"__key": [str(n) for n in range(rows)], **beside, **each}) for each in
              (challenger, champion)]  # fmt: skip
    return frames[0], frames[1]


def _said(metric: str, signal: np.ndarray, unknown: np.ndarray, noise: np.ndarray) -> dict[str, object]:
    if metric in REGRESSION:
        return {"__target": signal + unknown, "__prediction": signal + noise}
    chance = _chance(signal + noise)
    label = WORDS.gather((chance > 0.5).astype(np.uint32))
    target = signal + unknown > 0.5
    return {"__target": target, "__label": label, "__probability_0": 1 - chance, "__probability_1": chance}


def _chance(score: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-1.7 * (score - 0.5)))


@cache
def noise_for(metric: str, lost: float) -> float:
    """How much noise loses so much of the metric, found by halving."""
    if lost == 0:
        return NOISE
    draw = np.random.default_rng(0)
    signal, unknown, own = (draw.normal(size=1_000_000) for _ in range(3))
    at = _value(metric, signal, unknown, NOISE * own)
    low, high = (NOISE, 4.0) if lost > 0 else (0.0, NOISE)
    for _ in range(14):
        middle = (low + high) / 2
        if abs(_value(metric, signal, unknown, middle * own) - at) < abs(lost):
            low, high = (middle, high) if lost > 0 else (low, middle)
        else:
            low, high = (low, middle) if lost > 0 else (middle, high)
    return (low + high) / 2


def _value(metric: str, signal: np.ndarray, unknown: np.ndarray, noise: np.ndarray) -> float:
    if metric in REGRESSION:
        was = ScoredRows(classes=0, truth=signal + unknown, number=signal + noise)
    else:
        chance = _chance(signal + noise)
        was = ScoredRows(
            classes=2,
            truth=(signal + unknown > 0.5).astype(np.int64),
            label=(chance > 0.5).astype(np.int64),
            probability=np.column_stack([1 - chance, chance]),
        )
    return statistic(metric, was)(np.ones(len(signal)))
