"""What of an estimator can be read rather than asked: its core behind column-wise steps, and linear ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

COLUMNWISE = frozenset(("StandardScaler", "MinMaxScaler", "MaxAbsScaler", "RobustScaler", "SimpleImputer"))
"""scikit-learn's own steps that turn each column into one column, never falling where it rises."""
LINEAR = frozenset(
    (
        "BayesianRidge",
        "ElasticNet",
        "ElasticNetCV",
        "HuberRegressor",
        "Lasso",
        "LassoCV",
        "LinearRegression",
        "LinearSVC",
        "LinearSVR",
        "LogisticRegression",
        "LogisticRegressionCV",
        "Ridge",
        "RidgeCV",
        "RidgeClassifier",
        "SGDClassifier",
        "SGDRegressor",
    )
)


class Core(NamedTuple):
    """The last estimator and the column-wise steps before it."""

    model: Any
    steps: tuple[Any, ...]

    def within(self, X: Floats) -> Floats:
        """The features as the core sees them, column for column."""
        for step in self.steps:
            X = np.asarray(_plain(step, X), dtype=np.float64)
        return X


class Linear(NamedTuple):
    """weights: (outputs, features) on the core's columns; constants: (outputs,). Of two classes one output,
    the margin of the second."""

    weights: Floats
    constants: Floats


def core_of(model: Any, features: int) -> Core | None:
    """None where a step before the last is not known to keep columns apart and in their order."""
    if type(model).__name__ != "Pipeline" or not _of(model, "sklearn"):
        return Core(model, ())
    steps = [step for _, step in model.steps[:-1] if step is not None and step != "passthrough"]
    for step in steps:
        if type(step).__name__ not in COLUMNWISE or not _of(step, "sklearn"):
            return None
        if type(step).__name__ == "SimpleImputer" and (
            step.add_indicator or step.statistics_.dtype.kind != "f" or np.isnan(step.statistics_).any()
        ):
            return None
        if getattr(step, "n_features_in_", None) != features:
            return None
        if getattr(step, "clip", False):
            return None
    return Core(model.steps[-1][1], tuple(steps))


def linear_of(core: Core) -> Linear | None:
    """None where the core is no linear model that is known."""
    model = core.model
    if type(model).__name__ not in LINEAR or not _of(model, "sklearn"):
        return None
    weights = np.atleast_2d(np.asarray(model.coef_, dtype=np.float64))
    constants = np.broadcast_to(np.atleast_1d(np.asarray(model.intercept_, dtype=np.float64)), len(weights))
    return Linear(weights, constants.reshape(-1))


def lightgbm_of(core: Core) -> Any:
    """The booster of LightGBM, or None."""
    model = core.model
    if type(model).__name__ in ("LGBMClassifier", "LGBMRegressor", "LGBMRanker") and _of(model, "lightgbm"):
        return model.booster_
    return model if type(model).__name__ == "Booster" and _of(model, "lightgbm") else None


def iterations_of(core: Core) -> int | None:
    """Where LightGBM's own predictions stop; None: at its last tree."""
    return getattr(core.model, "best_iteration_", None) or None


def _plain(step: Any, X: Floats) -> Any:
    names = step.__dict__.pop("feature_names_in_", None)  # else it warns of an array where it saw names
    try:
        return step.transform(X)
    finally:
        if names is not None:
            step.feature_names_in_ = names


def _of(model: Any, library: str) -> bool:
    return type(model).__module__.partition(".")[0] == library
