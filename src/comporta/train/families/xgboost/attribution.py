"""XGBoost's own TreeSHAP (Lundberg and others 2020), which stands on the second derivatives in the trees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from comporta.records import Attribution, Signature
from comporta.train.families.xgboost.booster import booster_of, rounds_of

if TYPE_CHECKING:
    from numpy.typing import NDArray


def attribution(
    model: Any, takes: Signature, X: NDArray[np.float64], background: NDArray[np.float64]
) -> Attribution | None:
    """Shapley values of these rows, (n, features), as the booster reads them; None of any other model."""
    booster = booster_of(model)
    if booster is None:
        return None
    import xgboost

    rows = xgboost.DMatrix(
        X, feature_names=booster.feature_names, feature_types=booster.feature_types, enable_categorical=True
    )
    rounds = rounds_of(model)
    n, p = X.shape

    def ask(**how: bool) -> NDArray[np.float64]:
        return np.asarray(booster.predict(rows, iteration_range=rounds, **how), dtype=np.float64)

    shares = ask(pred_contribs=True).reshape(n, -1, p + 1).transpose(0, 2, 1)
    return Attribution(
        values=shares[:, :p],
        base=shares[:, p],
        answer=ask(output_margin=True).reshape(n, -1),
        scores=ask().reshape(n, -1) if takes.output != "label" else None,
        decisions=None,
        method="tree_shap",
        scale="log_odds" if takes.classes else "number_before_link",
        rows_computed=4 * n,
    )
