"""LightGBM's own single-row call: its C interface on one thread."""

from __future__ import annotations

import ctypes
import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from comporta.records import Signature
from comporta.train.compiled import CompiledModel
from comporta.train.decisions import decide, decide_row, is_swapped
from comporta.train.frames import matrix

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from comporta.train.compiled import Columns, RowScores


def compile_lightgbm(model: Any, signature: Signature) -> CompiledModel | None:
    """LightGBM's C interface on one thread, exactly the estimator's own arithmetic; None for any other
    model. A single row goes through a prepared call (`LGBM_BoosterPredictForMatSingleRowFast`)."""
    kind = type(model)
    if kind.__module__ != "lightgbm.sklearn" or kind.__name__ not in ("LGBMClassifier", "LGBMRegressor"):
        return None
    if any(field.kind == "text" and not field.values for field in signature.features):
        return None
    from importlib import import_module

    basic = import_module("lightgbm.basic")
    _LIB, _safe_call = basic._LIB, basic._safe_call

    booster, width = model.booster_, len(signature.features)
    classes = len(signature.classes) if signature.task == "multiclass" else 1
    settings, swap = b"num_threads=1", is_swapped(model, signature)
    prepared, length = ctypes.c_void_p(), ctypes.c_int64()
    last = int(model.best_iteration_ or 0) or -1
    _safe_call(
        _LIB.LGBM_BoosterPredictForMatSingleRowFastInit(
            booster._handle, 0, 0, last, 1, width, settings, ctypes.byref(prepared)
        )
    )
    row, said = np.empty((1, width)), np.empty(classes)
    row_at, said_at = ctypes.c_void_p(row.ctypes.data), ctypes.c_void_p(said.ctypes.data)
    length_at = ctypes.byref(length)
    single = _LIB.LGBM_BoosterPredictForMatSingleRowFast
    # One buffer: ctypes lets other threads run during the call.
    turn, view = threading.Lock(), row.data.cast("B")

    def one(packed: bytes) -> RowScores:
        with turn:
            view[:] = packed
            _safe_call(single(prepared, row_at, length_at, said_at))
            return _row_scores(said.tolist(), signature, swap)

    def ask(rows: NDArray[Any]) -> NDArray[np.float64]:
        if len(rows) == 1:
            with turn:
                row[0] = rows[0]
                _safe_call(single(prepared, row_at, length_at, said_at))
                return said.copy()
        rows = np.ascontiguousarray(rows, dtype=np.float64)
        out = np.empty(len(rows) * classes)
        _safe_call(
            _LIB.LGBM_BoosterPredictForMat(
                booster._handle, ctypes.c_void_p(rows.ctypes.data), 1, len(rows), width, 1, 0, 0, last,
                settings, ctypes.byref(ctypes.c_int64()), ctypes.c_void_p(out.ctypes.data),
            )
        )  # fmt: skip
        return out

    def array(rows: NDArray[Any]) -> Columns:
        found = ask(rows)
        if signature.task == "regression":
            return found, None
        probability = found.reshape(-1, classes) if classes > 1 else _both(found, swap)
        return decide(probability.argmax(axis=1), probability, signature)

    return CompiledModel(form="lightgbm", frame=lambda rows: array(matrix(rows)), array=array, row=one)


def _row_scores(found: list[float], signature: Signature, swap: bool) -> RowScores:
    """Of one row, from what LightGBM says of it: of two classes the chance of the estimator's second."""
    if signature.task == "regression":
        return found[0], None
    if signature.task == "binary":
        other = 1.0 - found[0]
        found = [found[0], other] if swap else [other, found[0]]
    return decide_row(found, signature), found


def _both(second: NDArray[np.float64], swap: bool) -> NDArray[np.float64]:
    """The chances of both of two classes, (n, 2). second: of the estimator's second; swap: it is first."""
    found = np.empty((len(second), 2))
    mine, other = (0, 1) if swap else (1, 0)
    found[:, mine] = second
    np.subtract(1.0, second, out=found[:, other])
    return found
