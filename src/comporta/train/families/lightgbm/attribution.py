"""LightGBM's own TreeSHAP (Lundberg and others 2020), which stands on the counts kept in the trees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from comporta.records import Attribution, Signature
from comporta.train.families.lightgbm.booster import booster_of, last_iteration

if TYPE_CHECKING:
    from numpy.typing import NDArray


def attribution(
    model: Any, takes: Signature, X: NDArray[np.float64], background: NDArray[np.float64]
) -> Attribution | None:
    """Shapley values of these rows, (n, features), as the booster reads them; None of any other model."""
    booster = booster_of(model)
    if booster is None:
        return None
    upto = last_iteration(model)
    n, p = X.shape
    told = np.asarray(booster.predict(X, pred_contrib=True, num_iteration=upto), dtype=np.float64)
    told = told.reshape(n, -1, p + 1).transpose(0, 2, 1)
    raw = np.asarray(booster.predict(X, raw_score=True, num_iteration=upto), dtype=np.float64)
    said = np.asarray(booster.predict(X, num_iteration=upto), dtype=np.float64)
    return Attribution(
        values=told[:, :p],
        base=told[:, p],
        answer=raw.reshape(n, -1),
        scores=said.reshape(n, -1) if takes.output != "label" else None,
        decisions=None,
        method="tree_shap",
        scale="log_odds" if takes.classes else "number_before_link",
        rows_computed=4 * n,
    )
