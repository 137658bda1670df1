"""CatBoost's own call on one thread, from numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from comporta.records import Signature
from comporta.train.compiled import CompiledModel
from comporta.train.decisions import decide, is_swapped
from comporta.train.families.catboost.ensemble import answers_by, is_catboost
from comporta.train.families.catboost.rows import reader_of
from comporta.train.frames import matrix

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from comporta.train.compiled import Columns


def compile_catboost(model: Any, signature: Signature) -> CompiledModel | None:
    """CatBoost's arithmetic without the checks around it, and without frames; None for any other model."""
    if not is_catboost(model):
        return None
    if any(field.type == "String" and not field.values for field in signature.features):
        return None
    read, by = reader_of(model, signature), answers_by(model)
    if read is None or by not in ("Probability", "RawFormulaVal", "Exponent"):
        return None
    swap = is_swapped(model, signature)

    def array(rows: NDArray[Any]) -> Columns:
        if not len(rows):
            found = np.empty((0, max(1, len(signature.classes))))
        else:
            found = np.asarray(model._base_predict(read(rows), by, 0, 0, 1, False, "CPU"), np.float64)
        if signature.task == "regression":
            return found.reshape(-1), None
        probability = found[:, ::-1] if swap else found
        return decide(probability.argmax(axis=1), probability, signature)

    return CompiledModel(form="catboost", frame=lambda rows: array(matrix(rows)), array=array)
