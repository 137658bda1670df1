"""The booster of LightGBM's models, which holds their trees."""

from __future__ import annotations

from typing import Any

from comporta.train.families.library import of_library


def booster_of(model: Any) -> Any:
    """The booster of LightGBM's estimators, or of itself; None of any other."""
    kind = type(model).__name__
    if kind in ("LGBMClassifier", "LGBMRegressor", "LGBMRanker") and of_library(model, "lightgbm"):
        return model.booster_
    return model if kind == "Booster" and of_library(model, "lightgbm") else None


def last_iteration(model: Any) -> int | None:
    """Where its own predictions stop; None: at its last tree."""
    return getattr(model, "best_iteration_", None) or None
