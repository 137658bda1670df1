"""Linear models: weight times the distance from the background's mean, which is exact."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from comporta.records import Attribution, Signature
from comporta.train.families.scikit_learn.structure import linear

if TYPE_CHECKING:
    from numpy.typing import NDArray


def attribution(
    model: Any, takes: Signature, X: NDArray[np.float64], background: NDArray[np.float64]
) -> Attribution | None:
    """Shapley values of these rows, (n, features), as the last estimator reads them; None of another."""
    read = linear(model)
    if read is None:
        return None
    middle = background.mean(axis=0)
    margin = X @ read.weights.T + read.constants
    decisions = (margin[:, 0] > 0).astype(int) if margin.shape[1] == 1 else margin.argmax(axis=1)
    return Attribution(
        values=(X - middle)[:, :, None] * read.weights.T[None],
        base=np.broadcast_to(middle @ read.weights.T + read.constants, (len(X), len(read.weights))),
        answer=margin,
        scores=None if takes.classes else margin[:, :1],
        decisions=decisions if takes.classes else None,
        method="weights",
        scale="margin" if takes.classes else "number",
        rows_computed=len(X),
    )
