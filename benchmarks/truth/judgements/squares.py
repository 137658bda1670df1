"""`at_most("rmse")`, `at_most("mae")` and `at_least("r2")` of errors with heavy tails."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from _grid import ROWS, TAILS, Judgement, Setting, Verdicts, both, crossed, outcome_of
from _simulated import numbers

from comporta.checks import at_least, at_most
from comporta.train.scores import measure_scores

CODE = ("train/scores.py", "checks/limit/check.py", "checks/shared/judging/bounds.py")
BESIDE = ("../_grid.py", "../_simulated.py")
MEAN_SQUARE = {"normal": 1.0, "t3": 3.0, "lognormal": float(np.exp(2))}
MEAN_SIZE = {
    "normal": float(np.sqrt(2 / np.pi)),
    "t3": 2 * np.sqrt(3) / np.pi,
    "lognormal": float(np.exp(0.5)),
}
SIGNAL = 2.0
"""The spread of what the model knows of the target."""


def asked(metric: str, limit: Callable[[str], float]) -> Callable[..., Verdicts]:
    """The errors have the setting's tail, and the limit is their true figure."""

    def verdicts(draw: np.random.Generator, setting: Setting) -> Verdicts:
        known = SIGNAL * draw.normal(size=setting.rows)
        frame = numbers(known + error(draw, setting), known)
        check = (at_least if metric == "r2" else at_most)(metric, limit(setting.tail))
        return both(outcome_of(check, measure_scores(frame, (metric,), seed=int(draw.integers(2**31)))))

    return verdicts


def error(draw: np.random.Generator, setting: Setting) -> np.ndarray:
    """(rows,) errors."""
    if setting.tail == "normal":
        return draw.normal(size=setting.rows)
    if setting.tail == "t3":
        return draw.standard_t(3, setting.rows)
    return draw.lognormal(0, 1, setting.rows)


def true_r2(tail: str) -> float:
    """1 less the mean square of the errors over the variance of the target; lognormal errors have a mean."""
    mean = MEAN_SIZE[tail] if tail == "lognormal" else 0.0
    return 1 - MEAN_SQUARE[tail] / (SIGNAL**2 + MEAN_SQUARE[tail] - mean**2)


SETTINGS = crossed(rows=ROWS, tail=TAILS)
JUDGEMENTS = (
    Judgement(
        name='at_most("rmse")', settings=SETTINGS, asked=asked("rmse", lambda tail: MEAN_SQUARE[tail] ** 0.5)
    ),
    Judgement(name='at_least("r2")', settings=SETTINGS, asked=asked("r2", true_r2)),
    Judgement(name='at_most("mae")', settings=SETTINGS, asked=asked("mae", MEAN_SIZE.__getitem__)),
)
