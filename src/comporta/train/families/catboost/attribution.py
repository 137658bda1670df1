"""CatBoost's own TreeSHAP (Lundberg and others 2020), which stands on the weights kept in the leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from comporta.records import Attribution, Signature
from comporta.train.families.catboost.ensemble import answers_by, is_catboost
from comporta.train.families.catboost.rows import reader_of

if TYPE_CHECKING:
    from numpy.typing import NDArray


def attribution(
    model: Any, takes: Signature, X: NDArray[np.float64], background: NDArray[np.float64]
) -> Attribution | None:
    """Shapley values of these rows, (n, features), as the model reads them; None of any other model."""
    if not is_catboost(model) or (read := reader_of(model, takes)) is None:
        return None
    rows, (n, p) = read(X), X.shape

    def ask(kind: str) -> NDArray[np.float64]:
        found = np.asarray(model._base_predict(rows, kind, 0, 0, 1, False, "CPU"), np.float64).reshape(n, -1)
        return found[:, 1:] if kind == "Probability" and found.shape[1] == 2 else found

    shares = model.get_feature_importance(rows, type="ShapValues", thread_count=1)
    shares = np.asarray(shares, np.float64).reshape(n, -1, p + 1).transpose(0, 2, 1)
    return Attribution(
        values=shares[:, :p],
        base=shares[:, p],
        answer=ask("RawFormulaVal"),
        scores=ask(answers_by(model)) if takes.output != "label" else None,
        decisions=None,
        method="tree_shap",
        scale="log_odds" if takes.classes else "number_before_link",
        rows_computed=4 * n,
    )
