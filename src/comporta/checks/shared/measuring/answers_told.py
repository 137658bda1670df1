"""What an answer tells of a model's scores, as the model declares it: attacks see no more than clients do."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from comporta.records import Signature

Tells = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def as_told(takes: Signature, decimals: int | None) -> Tells:
    """(n, k) scores → what answers tell of them: of a model with labels alone 1 for the class and 0 for the
    others, else its probabilities with so many decimals. A regression's predictions are told whole."""

    def tell(scores: NDArray[np.float64]) -> NDArray[np.float64]:
        if takes.task == "regression":
            return scores
        if takes.output == "label":
            return np.asarray(np.eye(scores.shape[1])[scores.argmax(axis=1)])
        return scores if decimals is None else np.asarray(np.round(scores, decimals))

    return tell
