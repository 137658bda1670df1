"""Promises for all inputs: a constraint that the learner kept is proved, a dip is found."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from lightgbm import LGBMRegressor

from comporta.checks.shape.check import monotone as never_falls
from comporta.checks.shape.check import within
from comporta.checks.shape.measure import measure_bounds, monotone
from comporta.records import Evidence, Findings
from comporta.train.asking import refit_estimator

CODE = (
    "checks/shape/measure.py",
    "checks/shape/trees.py",
    "train/families/lightgbm/structure.py",
    "train/families/scikit_learn/structure.py",
    "train/families/scikit_learn/pipeline.py",
    "checks/shape/check.py",
)


def study(seeds: int = 100) -> list[dict[str, Any]]:
    """Gradient boosting of 2,000 rows and five features, 50 trees."""
    kept, rises, dip, free, inside, beyond = [], [], [], [], [], []
    for seed in range(seeds):
        rows = _table(seed)
        constrained = _model(rows, monotone_constraints=[1, 0, 0, 0, 0])
        plain = _model(rows)
        kept.append(_fails(never_falls("f0", proof=True), monotone(constrained, rows, "f0", True, seed=seed)))
        rises.append(_fails(never_falls("f0"), monotone(constrained, rows, "f0", True, seed=seed)))
        free.append(_fails(never_falls("f0"), monotone(plain, rows, "f0", True, seed=seed)))
        dip.append(_fails(never_falls("f1"), monotone(plain, rows, "f1", True, seed=seed)))
        inside.append(_fails(within(high=100.0), measure_bounds(plain, rows, high=100.0, seed=seed)))
        beyond.append(_fails(within(high=2.0), measure_bounds(plain, rows, high=2.0, seed=seed)))
    return [
        {"check": check, "fault": fault, "size": "2,000 rows", "found": float(np.mean(found)), "seeds": seeds}
        for check, fault, found in (
            ("monotone, by proof", "none", kept),
            ("monotone", "none", rises),
            ("monotone", "a rising feature fitted without a constraint", free),
            ("monotone", "an answer that falls where the feature is middling", dip),
            ("within", "none", inside),
            ("within", "answers above the highest allowed", beyond),
        )
    ]


def _fails(check: Any, found: Findings) -> bool:
    (need,) = check.needs()
    return bool(check.judge((Evidence(need=need, figures=found.figures),)).outcome != "pass")


def _table(seed: int) -> pl.DataFrame:
    draw = np.random.default_rng(seed)
    X = draw.normal(size=(2_000, 5))
    y = X[:, 0] + X[:, 1] - np.exp(-8 * X[:, 1] ** 2) + 0.5 * draw.normal(size=2_000)
    return pl.DataFrame({f"f{n}": X[:, n] for n in range(5)} | {"__target": y})


def _model(rows: pl.DataFrame, **also: Any) -> Any:
    def fit(X: np.ndarray, y: Any) -> Any:
        return LGBMRegressor(n_estimators=50, verbose=-1, n_jobs=1, **also).fit(X, y)

    return refit_estimator(rows, fit=fit, params={}, task=None, output="both", seed=0)
