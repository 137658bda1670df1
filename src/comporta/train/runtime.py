"""The quick forms of a model: ONNX Runtime, and LightGBM's own single-row call.

scikit-learn's `predict` costs hundreds of microseconds a row in checks alone; these cost a few. They answer
only after their agreement with the estimator was shown (`export`).
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from comporta.records import Record, Signature
from comporta.stats.classes import labels_from
from comporta.train.frames import matrix

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Columns = tuple[NDArray[Any] | None, NDArray[Any] | None]


class CompiledModel(Record, frozen=True, kw_only=True):
    """frame: dressed features → places of labels (or numbers), probabilities. array: the same from
    numbers, (n, features), words as their place; None where words must stay words."""

    form: str
    frame: Callable[[pl.DataFrame], Columns]
    array: Callable[[NDArray[Any]], Columns] | None


def compile_onnx(graph: bytes, signature: Signature) -> CompiledModel:
    """The graph in ONNX Runtime, one thread: a server has its processes, and one row has no parts."""
    # Loading it would write a device id into the home folder and send usage to its makers.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    inputs = session.get_inputs()
    outputs = [each.name for each in session.get_outputs()]
    regression = signature.task == "regression"
    wanted = [outputs[0]] if regression or len(outputs) == 1 else [outputs[1]]
    order = np.argsort(classes := labels_from(signature.classes, signature.label))
    run = session.run

    def said(feed: dict[str, Any]) -> Columns:
        found = run(wanted, feed)[0]
        if regression:
            return found.reshape(-1).astype(np.float64), None
        if len(outputs) > 1:
            return found.argmax(axis=1), found
        label = np.asarray(found).reshape(-1).astype(classes.dtype)
        return order[np.searchsorted(classes, label, sorter=order)], None

    kinds = {"tensor(float)": np.float32, "tensor(double)": np.float64}
    if len(inputs) == 1 and inputs[0].shape[-1] == len(signature.features) and inputs[0].type in kinds:
        name, kind = inputs[0].name, kinds[inputs[0].type]

        def array(rows: NDArray[Any]) -> Columns:
            return said({name: np.ascontiguousarray(rows, dtype=kind)})

        return CompiledModel(form="onnx", frame=lambda rows: array(matrix(rows)), array=array)

    place = {field.name: at for at, field in enumerate(signature.features)}
    # One word more than there are: a missing one is the last, place -1.
    lists = {
        f.name: np.array([*f.values, ""], dtype=object) for f in signature.features if f.type == "String"
    }

    def by_column(rows: NDArray[Any]) -> Columns:
        feed: dict[str, Any] = {}
        for each in inputs:
            numbers = rows[:, place[each.name], None]
            if each.type == "tensor(string)":
                at = np.where(np.isnan(numbers), -1, numbers).astype(np.int64)
                feed[each.name] = lists[each.name][at]
            else:
                feed[each.name] = numbers.astype(kinds[each.type])
        return said(feed)

    if all(field.values or field.type != "String" for field in signature.features):
        return CompiledModel(form="onnx", frame=lambda rows: by_column(matrix(rows)), array=by_column)

    def columns(rows: pl.DataFrame) -> Columns:
        feed: dict[str, Any] = {}
        for each in inputs:
            series = rows[each.name]
            if each.type == "tensor(string)":
                feed[each.name] = np.array(series.cast(pl.String).fill_null("").to_list(), object)[:, None]
            else:
                numbers = series.cast(pl.Float64).fill_null(float("nan")).to_numpy()
                feed[each.name] = numbers.astype(kinds[each.type])[:, None]
        return said(feed)

    return CompiledModel(form="onnx", frame=columns, array=None)


def compile_lightgbm(model: Any, signature: Signature) -> CompiledModel | None:
    """LightGBM's C interface on one thread, exactly the estimator's own arithmetic; None for any other
    model. A single row goes through a prepared call (`LGBM_BoosterPredictForMatSingleRowFast`)."""
    kind = type(model)
    if kind.__module__ != "lightgbm.sklearn" or kind.__name__ not in ("LGBMClassifier", "LGBMRegressor"):
        return None
    if any(field.type == "String" and not field.values for field in signature.features):
        return None
    from importlib import import_module

    basic = import_module("lightgbm.basic")
    _LIB, _safe_call = basic._LIB, basic._safe_call

    booster, width = model.booster_, len(signature.features)
    classes = len(signature.classes) if signature.task == "multiclass" else 1
    settings = b"num_threads=1"
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
    turn = threading.Lock()

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
        if classes > 1:
            probability = found.reshape(-1, classes)
        else:
            probability = np.empty((len(found), 2))
            probability[:, 1] = found
            np.subtract(1.0, found, out=probability[:, 0])
        return probability.argmax(axis=1), probability

    return CompiledModel(form="lightgbm", frame=lambda rows: array(matrix(rows)), array=array)
