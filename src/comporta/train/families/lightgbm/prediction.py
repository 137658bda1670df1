"""LightGBM's own single-row call: its C interface on one thread."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from comporta.records import Signature, decode
from comporta.stats.classes import labels_from
from comporta.train.compiled import CompiledModel
from comporta.train.decisions import decide, decide_row, is_swapped
from comporta.train.families.lightgbm.codec import KINDS, Face
from comporta.train.families.lightgbm.library import LoadedTrees, RowCalls, lightgbm_library
from comporta.train.frames import matrix

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from comporta.train.compiled import Columns, RowScores


def compile_lightgbm(model: Any, signature: Signature) -> CompiledModel | None:
    """LightGBM's C interface on one thread, exactly the estimator's own arithmetic; None for any other
    model. A single row goes through a prepared call (`LGBM_BoosterPredictForMatSingleRowFast`)."""
    kind = type(model)
    if kind.__module__ != "lightgbm.sklearn" or kind.__name__ not in KINDS or _reads_text(signature):
        return None
    from importlib import import_module

    calls = RowCalls(
        import_module("lightgbm.basic")._LIB, model, model.booster_._handle,
        last=int(model.best_iteration_ or 0) or -1, width=len(signature.features),
        classes=_outputs(signature),
    )  # fmt: skip
    return _compile_calls(calls, signature, swap=is_swapped(model, signature))


def compile_lightgbm_text(data: bytes, signature: Signature) -> CompiledModel | None:
    """The same of a kept model's bytes, as `LightGBMText` writes them: neither the estimator is built nor its
    package imported. None where that cannot be; whoever reads the bytes says what is wrong with them."""
    library = lightgbm_library()
    if library is None or _reads_text(signature):
        return None
    line, _, text = data.partition(b"\n")
    try:
        face = decode(line, Face)
        trees = LoadedTrees(library, text)
    except (msgspec.DecodeError, RuntimeError):
        return None
    width, classes = len(signature.features), _outputs(signature)
    if face.kind not in KINDS or (trees.features.value, trees.classes.value) != (width, classes):
        return None
    known = SimpleNamespace(classes_=labels_from(face.classes, face.label) if face.classes else None)
    calls = RowCalls(library, trees, trees.handle, last=face.best or -1, width=width, classes=classes)
    return _compile_calls(calls, signature, swap=is_swapped(known, signature))


def _reads_text(signature: Signature) -> bool:
    return any(field.kind == "text" and not field.values for field in signature.features)


def _outputs(signature: Signature) -> int:
    """How many numbers one row is answered with."""
    return len(signature.classes) if signature.task == "multiclass" else 1


def _compile_calls(calls: RowCalls, signature: Signature, *, swap: bool) -> CompiledModel:
    """swap: whether the estimator's second class is the signature's first."""
    classes = _outputs(signature)
    # One buffer: ctypes lets other threads run during the call.
    turn = threading.Lock()

    def one(packed: bytes) -> RowScores:
        with turn:
            return _row_scores(calls.one_packed(packed), signature, swap)

    def array(rows: NDArray[Any]) -> Columns:
        if len(rows) == 1:
            with turn:
                found = calls.one(rows[0])
        else:
            found = calls.many(rows)
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
