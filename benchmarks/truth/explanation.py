"""Explanations that add up, of models that can be read and of one that cannot; and some that do not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
from _tables import outcome, row
from lightgbm import LGBMClassifier, LGBMRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier
from threadpoolctl import threadpool_limits

from comporta.checks import explained
from comporta.checks.explanation.attribution import ShapleyValues, attribute
from comporta.checks.explanation.measure import findings_of
from comporta.records import FittedModel, ModelOutput
from comporta.train.asking import refit_estimator

CODE = (
    "checks/explanation/measure.py",
    "checks/explanation/attribution.py",
    "train/families/lightgbm/attribution.py",
    "train/families/scikit_learn/attribution.py",
    "train/families/scikit_learn/pipeline.py",
    "checks/explanation/check.py",
)
NAMES = [f"f{n}" for n in range(6)]
FEW = {"n_estimators": 10, "num_leaves": 7, "verbose": -1, "n_jobs": 1}
READ: dict[str, Callable[[], Any]] = {
    "LightGBM, two classes": lambda: LGBMClassifier(**FEW),
    "LightGBM, numbers": lambda: LGBMRegressor(**FEW),
    "a line behind a scaler, two classes": lambda: make_pipeline(StandardScaler(), LogisticRegression()),
    "a line, numbers": LinearRegression,
}


class Off:
    """A model that answers otherwise than the estimator in it: by `by`, or by something else each time."""

    def __init__(self, asked: FittedModel, by: float, *, lot: bool = False) -> None:
        self._asked, self._by = asked, by
        self._lot = np.random.default_rng(0) if lot else None
        self.estimator, self.signature, self.numbers = asked.estimator, asked.signature, asked.numbers
        self.structure, self.attribution, self.parts = asked.structure, asked.attribution, asked.parts

    def __call__(self, rows: pl.DataFrame) -> ModelOutput:
        said = self._asked(rows)
        off = self._by * (self._lot.random() if self._lot is not None else 1.0)
        return ModelOutput(said.scores + off, said.decisions)


def study(seeds: int = 100) -> list[dict[str, object]]:
    """Models of 500 rows and six features; a quarter of the seeds where a fault is planted."""
    few = max(1, seeds // 4)
    trees, *_ = READ
    out = [
        row("explained()", "none", what, [_said(model, seed) for seed in range(seeds)])
        for what, model in READ.items()
    ]
    sampled = [_said(DecisionTreeClassifier, seed, by=0.0) for seed in range(few)]
    out.append(row("explained()", "none", "a tree that cannot be read", sampled))
    for what, model in READ.items():
        said = [_said(model, seed, larger=1.001) for seed in range(few)]
        out.append(row("explained()", "values a thousandth too large", what, said))
    said = [_said(READ[trees], seed, by=0.001) for seed in range(few)]
    out.append(row("explained()", "answers a thousandth above those of the model that was read", trees, said))
    said = [_said(DecisionTreeClassifier, seed, by=0.001, lot=True) for seed in range(few)]
    out.append(row("explained()", "another answer each time it is asked", "a tree that cannot be read", said))
    return out


def _said(
    model: Callable[[], Any], seed: int, *, larger: float = 1.0, by: float | None = None, lot: bool = False
) -> str:
    draw = np.random.default_rng(seed)
    X = draw.normal(size=(700, len(NAMES)))
    y = X @ np.array([1.0, 0.8, 0.5, 0.3, 0.1, 0]) + draw.normal(size=700)
    numbers = model in (READ["LightGBM, numbers"], LinearRegression)
    rows = pl.DataFrame(X, schema=NAMES).with_columns(__target=pl.Series(y if numbers else y > 0))

    def fit(X: Any, y: Any) -> Any:
        return model().fit(X, y)

    with threadpool_limits(1):
        asked: FittedModel = refit_estimator(
            rows[:500], fit=fit, params={}, task=None, output="both", seed=seed
        )
        asked = asked if by is None else Off(asked, by, lot=lot)
        told: ShapleyValues = attribute(asked, rows[500:600], rows[500:550], seed)
    return outcome(
        explained(), findings_of(told._replace(values=told.values * larger), NAMES, 200, "", seed=seed)
    )
