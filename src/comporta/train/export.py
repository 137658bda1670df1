"""A model in ONNX, and the proof that it answers as the estimator does."""

from __future__ import annotations

import copy
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from comporta.records import Signature
from comporta.train.codecs.onnx_graph import OnnxGraph
from comporta.train.frames import Reads
from comporta.train.predictor import Agreement, Trial, ask, trial_frame
from comporta.train.runtime import Compiled, compile_lightgbm, compile_onnx

if TYPE_CHECKING:
    pass

ROWS = 5_000
TOLERANCE = 1e-5


def to_onnx(
    model: Any, reads: Reads, signature: Signature, rows: pl.DataFrame
) -> tuple[bytes | None, Agreement]:
    """The graph that agrees with the estimator on these rows, and how well; or None, and why.

    Doubles are tried first: a tree's threshold between two near values holds in them, while 32-bit
    floats may fall on the other side.
    """
    reasons = []
    best: Agreement | None = None
    for make in _ways(signature):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                graph = make(model, signature)
            compiled = compile_onnx(graph, signature)
            found = agreement(compiled, model, reads, signature, rows)
        except Exception as fault:  # two converters and a runtime, each with errors of its own
            reasons.append(f"{type(fault).__name__}: {_line(fault)}")
            continue
        if found.agrees:
            return graph, found
        best = best or found
    if best is not None:
        return None, best
    return None, Agreement(agrees=False, reason=f"cannot be converted: {reasons[0]}")


def agreement(
    compiled: Compiled, model: Any, reads: Reads, signature: Signature, rows: pl.DataFrame
) -> Agreement:
    """The compiled form's answers beside the estimator's. rows: dressed features."""
    theirs_label, theirs = ask(model, reads, rows, signature)
    mine_label, mine = compiled.frame(rows)
    if signature.task == "regression":
        assert theirs_label is not None and mine_label is not None, "a regression answers numbers"
        scale = max(float(np.std(theirs_label)), 1e-300)
        gap = np.abs(mine_label - theirs_label) / scale
        differs = ~(gap <= TOLERANCE)
    else:
        gap = np.zeros(rows.height)
        if theirs is not None and mine is not None:
            gap = np.abs(mine - theirs).max(axis=1)
        assert theirs_label is not None and mine_label is not None, "a classifier says labels"
        # Where both sides are all but level, rounding picks the label and it means nothing.
        level = np.zeros(rows.height, dtype=bool)
        if theirs is not None:
            top = np.sort(theirs, axis=1)[:, -2:]
            level = np.abs(top[:, 1] - top[:, 0]) <= 2 * TOLERANCE
        differs = ~(gap <= TOLERANCE) | ((mine_label != theirs_label) & ~level)
    count = int(differs.sum())
    return Agreement(
        agrees=count == 0,
        reason="" if count == 0 else f"{count:,} of {rows.height:,} rows answer otherwise",
        rows=rows.height,
        apart=float(np.nan_to_num(gap, nan=np.inf).max(initial=0.0)) if not np.isnan(gap).any() else 1.0,
        differ=count,
        tolerance=TOLERANCE,
    )


def lightgbm_agreement(
    model: Any, reads: Reads, signature: Signature, rows: pl.DataFrame
) -> Agreement | None:
    """The same for LightGBM's own quick call; None where the model is no LightGBM estimator."""
    compiled = compile_lightgbm(model, signature)
    return None if compiled is None else agreement(compiled, model, reads, signature, rows)


def make_trial(model: Any, reads: Reads, signature: Signature, train: pl.DataFrame) -> Trial:
    """Sixteen rows that are nobody's: each number drawn from the training rows' deciles, each word from
    the list, a missing value where the model can answer one; and the estimator's answers."""
    draw = np.random.default_rng(16)
    columns: dict[str, pl.Series] = {}
    for series in train:
        if isinstance(series.dtype, pl.Enum):
            words = series.dtype.categories
            columns[series.name] = (
                words.gather(draw.integers(0, max(len(words), 1), 16)) if len(words) else series.clear(16)
            )
        elif series.dtype == pl.Boolean:
            columns[series.name] = pl.Series(draw.random(16) < 0.5)
        elif series.dtype == pl.String:
            columns[series.name] = pl.Series(["word"] * 16)
        else:
            known = series.cast(pl.Float64).drop_nulls().drop_nans()
            deciles = [known.quantile(tenth / 10) or 0.0 for tenth in range(1, 10)] if len(known) else [0.0]
            drawn = pl.Series([float(f"{deciles[at]:.6g}") for at in draw.integers(0, len(deciles), 16)])
            columns[series.name] = drawn.round() if series.dtype.is_integer() else drawn
    frame = pl.DataFrame([series.alias(name) for name, series in columns.items()])
    trial = Trial(columns=tuple(frame.columns), rows=tuple(frame.rows()), answers=())
    label, probability = ask(model, reads, trial_frame(trial, signature), signature)
    numbers = (
        probability if signature.task != "regression" else label.reshape(-1, 1) if label is not None else None
    )
    answers = () if numbers is None else tuple(tuple(float(each) for each in row) for row in numbers)
    spread = float(np.std(numbers)) if numbers is not None and signature.task == "regression" else 1.0
    return Trial(
        columns=trial.columns, rows=trial.rows, answers=answers, tolerance=max(TOLERANCE * spread, 1e-12)
    )


def _ways(signature: Signature) -> list[Any]:
    from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType

    words = any(field.type == "String" for field in signature.features)
    ways: list[Any] = []
    for kind in (DoubleTensorType, FloatTensorType):
        if not words:
            ways.append(lambda model, sig, kind=kind: _whole(model, sig, kind))
        ways.append(lambda model, sig, kind=kind: _by_column(model, sig, kind))
    if any(field.values for field in signature.features):
        ways.append(lambda model, sig: _whole(model, sig, FloatTensorType))
    return ways


def _whole(model: Any, signature: Signature, kind: Any) -> bytes:
    width = len(signature.features)
    return _convert(_by_place(model, signature), [("X", kind([None, width]))], signature)


def _by_column(model: Any, signature: Signature, kind: Any) -> bytes:
    from skl2onnx.common.data_types import StringTensorType

    inputs = [
        (field.name, StringTensorType([None, 1]) if field.type == "String" else kind([None, 1]))
        for field in signature.features
    ]
    return _convert(model, inputs, signature)


def _convert(model: Any, inputs: list[Any], signature: Signature) -> bytes:
    from skl2onnx import convert_sklearn

    if type(model).__module__ == "lightgbm.sklearn":
        graph = _convert_lightgbm(model, inputs)
    else:
        _register_lightgbm()
        options = {} if signature.task == "regression" else {"zipmap": False}
        graph = convert_sklearn(
            model, "model", inputs, options=options or None, target_opset={"": 18, "ai.onnx.ml": 3}
        )
    for output in graph.graph.output:
        # LightGBM's converter declares one label whatever the rows.
        if len(output.type.tensor_type.shape.dim):
            output.type.tensor_type.shape.dim[0].Clear()
            output.type.tensor_type.shape.dim[0].dim_param = "rows"
    return OnnxGraph().encode(graph)


def _convert_lightgbm(model: Any, inputs: list[Any]) -> Any:
    from onnxmltools import convert_lightgbm
    from onnxmltools.convert.common.data_types import FloatTensorType

    return convert_lightgbm(model, "model", [("X", FloatTensorType(inputs[0][1].shape))], zipmap=False)


def _register_lightgbm() -> None:
    import sys

    lightgbm = sys.modules.get("lightgbm")
    if lightgbm is None:
        return
    from onnxmltools.convert.lightgbm.operator_converters.LightGbm import convert_lightgbm
    from skl2onnx import update_registered_converter
    from skl2onnx.common.shape_calculator import (
        calculate_linear_classifier_output_shapes,
        calculate_linear_regressor_output_shapes,
    )

    update_registered_converter(
        lightgbm.LGBMClassifier, "LightGbmLGBMClassifier", calculate_linear_classifier_output_shapes,
        convert_lightgbm, options={"nocl": [True, False], "zipmap": [True, False, "columns"]},
    )  # fmt: skip
    update_registered_converter(
        lightgbm.LGBMRegressor, "LightGbmLGBMRegressor", calculate_linear_regressor_output_shapes,
        convert_lightgbm, options={"split": None},
    )  # fmt: skip


def _by_place(model: Any, signature: Signature) -> Any:
    """The same model with columns chosen by place, not by name: the whole table is one tensor."""
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import Pipeline

    if not isinstance(model, Pipeline) or not isinstance(model.steps[0][1], ColumnTransformer):
        return model
    place = {field.name: at for at, field in enumerate(signature.features)}
    model, first = copy.copy(model), copy.copy(model.steps[0][1])
    first.transformers_ = [
        (
            name,
            how,
            [place.get(each, each) for each in columns]
            if isinstance(columns, list | np.ndarray)
            else columns,
        )
        for name, how, columns in first.transformers_
    ]
    model.steps = [(model.steps[0][0], first), *model.steps[1:]]
    return model


def _line(fault: BaseException) -> str:
    return " ".join(str(fault).split())[:200]
