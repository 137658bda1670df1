"""The simplest models that learn: a tree of three questions, and a line. What a model must at least beat."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from comporta.stats.bins import bin_values

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

DEPTH = 3


def numbers_of(train: pl.DataFrame, test: pl.DataFrame) -> tuple[Floats, Floats]:
    """Both parts as numbers (rows, columns): features in units of the training rows' spread, gaps as their
    middle, words as 0 and 1 for each of the most frequent ten."""
    both: list[tuple[Floats, Floats]] = []
    for name in train.columns:
        one, other = train[name], test[name]
        if one.dtype.is_numeric() or one.dtype == pl.Boolean:
            mine, theirs = (_finite(each) for each in (one, other))
            # In units of the largest first: the sums of what is near the largest double are none.
            largest = float(np.nanmax(np.abs(mine), initial=0.0)) or 1.0
            mine, theirs = (each / largest for each in (mine, theirs))
            middle = float(np.nanmedian(mine)) if np.isfinite(mine).any() else 0.0
            mine, theirs = (np.where(np.isnan(each), middle, each) for each in (mine, theirs))
            spread = float(mine.std())
            if spread > 0:
                # Held within ten spreads: a line must not be carried away by one value.
                with np.errstate(over="ignore"):
                    both.append(
                        tuple(np.clip((each - mine.mean()) / spread, -10, 10) for each in (mine, theirs))
                    )
            continue
        codes, words = bin_values(pl.concat([one.cast(pl.String), other.cast(pl.String)]))
        for place in range(len(words)):
            flags = (codes == place).astype(np.float64)
            both.append((flags[: len(one)], flags[len(one) :]))
    if not both:
        return np.zeros((train.height, 1)), np.zeros((test.height, 1))
    return np.column_stack([each[0] for each in both]), np.column_stack([each[1] for each in both])


def predict_by_tree(X: Floats, outcome: Floats, asked: Floats, *, classes: int, seed: int) -> Floats:
    """(n, classes) probabilities, or (n, 1) numbers, of a tree of depth three. outcome: (m, classes) of 0 and
    1, or (m, 1) numbers."""
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    kind = DecisionTreeClassifier if classes else DecisionTreeRegressor
    model = kind(max_depth=DEPTH, min_samples_leaf=max(1, len(X) // 200), random_state=seed)
    return _predict(model, X, outcome, asked, classes)


def predict_by_line(X: Floats, outcome: Floats, asked: Floats, *, classes: int) -> Floats:
    """The same of a logistic or a ridge regression."""
    from sklearn.linear_model import LogisticRegression, Ridge

    return _predict(LogisticRegression(max_iter=100) if classes else Ridge(), X, outcome, asked, classes)


def _predict(model: Any, X: Floats, outcome: Floats, asked: Floats, classes: int) -> Floats:
    with warnings.catch_warnings():
        # A line that has not quite settled in a hundred turns is a baseline all the same.
        warnings.simplefilter("ignore")
        if not classes:
            return np.asarray(model.fit(X, outcome[:, 0]).predict(asked)).reshape(-1, 1)
        place = outcome.argmax(axis=1)
        if len(np.unique(place)) < 2:
            return np.tile(outcome[:1], (len(asked), 1))
        model.fit(X, place)
        said = np.zeros((len(asked), classes))
        said[:, model.classes_] = model.predict_proba(asked)
        return said


def _finite(values: pl.Series) -> Floats:
    found = values.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    return np.where(np.isfinite(found), found, np.nan)
