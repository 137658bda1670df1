"""The last estimator of a pipeline, behind steps that keep columns apart and in their order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from comporta.train.families.library import of_library

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

COLUMNWISE = frozenset(("StandardScaler", "MinMaxScaler", "MaxAbsScaler", "RobustScaler", "SimpleImputer"))
"""scikit-learn's own steps that turn each column into one column, never falling where it rises."""


class Core(NamedTuple):
    """The last estimator and the column-wise steps before it."""

    model: Any
    steps: tuple[Any, ...]

    def within(self, X: Floats) -> Floats:
        """The features as the core sees them, column for column."""
        for step in self.steps:
            X = np.asarray(_plain(step, X), dtype=np.float64)
        return X


def core_of(model: Any, features: int) -> Core | None:
    """None where a step before the last is not known to keep columns apart and in their order."""
    if type(model).__name__ != "Pipeline" or not of_library(model, "sklearn"):
        return Core(model, ())
    steps = [step for _, step in model.steps[:-1] if step is not None and step != "passthrough"]
    for step in steps:
        if type(step).__name__ not in COLUMNWISE or not of_library(step, "sklearn"):
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


def _plain(step: Any, X: Floats) -> Any:
    names = step.__dict__.pop("feature_names_in_", None)  # else it warns of an array where it saw names
    try:
        return step.transform(X)
    finally:
        if names is not None:
            step.feature_names_in_ = names
