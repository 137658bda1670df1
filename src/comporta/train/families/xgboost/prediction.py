"""XGBoost's own call on one thread, from numbers."""

from __future__ import annotations

import ctypes
import json
import threading
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from comporta.records import Signature
from comporta.train.compiled import CompiledModel
from comporta.train.decisions import decide, is_swapped
from comporta.train.families.xgboost.booster import ESTIMATORS, booster_of, rounds_of
from comporta.train.frames import matrix

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from comporta.train.compiled import Columns


def compile_xgboost(model: Any, signature: Signature) -> CompiledModel | None:
    """XGBoost's C interface on one thread (`XGBoosterPredictFromDense`), exactly the estimator's own
    arithmetic, without the checks around it; None for any other model."""
    kind = type(model)
    if kind.__module__ != "xgboost.sklearn" or kind.__name__ not in ESTIMATORS:
        return None
    if any(field.type == "String" and not field.values for field in signature.features):
        return None
    core = import_module("xgboost.core")
    booster = booster_of(model).copy()
    booster.set_param({"nthread": 1})
    first, until = rounds_of(model)
    how = json.dumps(
        {"type": 0, "training": False, "iteration_begin": first, "iteration_end": until,
         "strict_shape": True, "missing": float("nan"), "cache_id": 0}
    ).encode()  # fmt: skip
    shape, width = ctypes.POINTER(ctypes.c_uint64)(), ctypes.c_uint64()
    found = ctypes.POINTER(ctypes.c_float)()
    # What is found lies in the booster until it is asked again.
    turn = threading.Lock()

    def ask(rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n, outputs)"""
        rows = np.ascontiguousarray(rows, dtype=np.float64)
        where = b'{"data":[%d,true],"shape":[%d,%d],"typestr":"<f8","version":3}' % (
            rows.ctypes.data, *rows.shape,
        )  # fmt: skip
        with turn:
            core._check_call(
                core._LIB.XGBoosterPredictFromDense(
                    booster.handle, where, how, None,
                    ctypes.byref(shape), ctypes.byref(width), ctypes.byref(found),
                )
            )  # fmt: skip
            outputs = shape[1]
            said = np.ctypeslib.as_array(found, (len(rows) * outputs,)).astype(np.float64)
        return said.reshape(len(rows), outputs)

    swap = is_swapped(model, signature)

    def array(rows: NDArray[Any]) -> Columns:
        said = ask(rows) if len(rows) else np.empty((0, max(1, len(signature.classes))))
        if signature.task == "regression":
            return said[:, 0], None
        if said.shape[1] == 1:
            said = np.column_stack([1 - said[:, 0], said[:, 0]])
        probability = said[:, ::-1] if swap else said
        return decide(probability.argmax(axis=1), probability, signature)

    return CompiledModel(form="xgboost", frame=lambda rows: array(matrix(rows)), array=array)
