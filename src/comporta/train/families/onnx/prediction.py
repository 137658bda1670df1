"""A graph in ONNX Runtime.

scikit-learn's `predict` costs hundreds of microseconds a row in checks alone; this costs a few. It answers
only after its agreement with the estimator was shown (`comporta.train.export`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from comporta.records import Signature
from comporta.stats.classes import labels_from
from comporta.train.compiled import CompiledModel
from comporta.train.decisions import decide, is_swapped, sorted_otherwise
from comporta.train.families.onnx.estimator import OnnxEstimator
from comporta.train.families.onnx.session import KINDS, open_session
from comporta.train.frames import matrix

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from comporta.train.compiled import Columns


TEXT = "tensor(string)"

Feed = dict[str, "NDArray[Any]"]


def compile_onnx(graph: bytes, signature: Signature) -> CompiledModel:
    """The graph in ONNX Runtime, one thread: a server has its processes, and one row has no parts."""
    session = open_session(graph)
    answer, inputs = _answers(session, signature), session.get_inputs()
    if len(inputs) == 1 and inputs[0].shape[-1] == len(signature.features) and inputs[0].type in KINDS:
        name, kind = inputs[0].name, KINDS[inputs[0].type]

        def array(rows: NDArray[Any]) -> Columns:
            return answer({name: np.ascontiguousarray(rows, dtype=kind)})

        return CompiledModel(form="onnx", frame=lambda rows: array(matrix(rows)), array=array)
    if all(field.values or field.kind != "text" for field in signature.features):
        feed = _feed_of_numbers(inputs, signature)
        return CompiledModel(
            form="onnx",
            frame=lambda rows: answer(feed(matrix(rows))),
            array=lambda rows: answer(feed(rows)),
        )
    return CompiledModel(form="onnx", frame=lambda rows: answer(_feed_of_frame(inputs, rows)), array=None)


def _answers(session: Any, signature: Signature) -> Callable[[Feed], Columns]:
    """What the graph says of each row of a feed: numbers; or places among the classes, with the (n, classes)
    probabilities where the graph has them."""
    outputs = [each.name for each in session.get_outputs()]
    regression = signature.task == "regression"
    wanted = [outputs[0]] if regression or len(outputs) == 1 else [outputs[1]]
    order = np.argsort(classes := labels_from(signature.classes, signature.label))
    swap = sorted_otherwise(signature)
    run = session.run

    def answer(feed: Feed) -> Columns:
        found = np.asarray(run(wanted, feed)[0])
        if regression:
            return found.reshape(-1).astype(np.float64), None
        if len(outputs) > 1:
            chances = found[:, ::-1] if swap else found
            return decide(chances.argmax(axis=1), chances, signature)
        label = np.asarray(found).reshape(-1).astype(classes.dtype)
        return order[np.searchsorted(classes, label, sorter=order)], None

    return answer


def _feed_of_numbers(inputs: Sequence[Any], signature: Signature) -> Callable[[NDArray[Any]], Feed]:
    """Rows (n, features) as the graph's inputs, one for each column; a word is its place among the
    field's."""
    place = {field.name: at for at, field in enumerate(signature.features)}
    # One word more than there are: a missing one is the last, place -1.
    lists = {f.name: np.array([*f.values, ""], dtype=object) for f in signature.features if f.kind == "text"}

    def feed(rows: NDArray[Any]) -> Feed:
        columns: Feed = {}
        for each in inputs:
            numbers = rows[:, place[each.name], None]
            if each.type == TEXT:
                at = np.where(np.isnan(numbers), -1, numbers).astype(np.int64)
                columns[each.name] = lists[each.name][at]
            else:
                columns[each.name] = numbers.astype(KINDS[each.type])
        return columns

    return feed


def _feed_of_frame(inputs: Sequence[Any], rows: pl.DataFrame) -> Feed:
    """The same of a frame, where words are free text."""
    columns: Feed = {}
    for each in inputs:
        series = rows[each.name]
        if each.type == TEXT:
            columns[each.name] = np.array(series.cast(pl.String).fill_null("").to_list(), object)[:, None]
        else:
            numbers = series.cast(pl.Float64).fill_null(float("nan")).to_numpy()
            columns[each.name] = numbers.astype(KINDS[each.type])[:, None]
    return columns


def compile_onnx_estimator(model: Any, signature: Signature) -> CompiledModel | None:
    """The graph itself, from numbers; None of any other model."""
    if not isinstance(model, OnnxEstimator):
        return None
    swap, classes = is_swapped(model, signature), _places(model.known.classes, signature.classes)

    def array(rows: NDArray[Any]) -> Columns:
        if signature.task == "regression":
            return model.predict(rows).astype(np.float64), None
        if not hasattr(model, "predict_proba"):
            order = np.argsort(model.classes_)
            return classes[order[np.searchsorted(model.classes_, model.predict(rows), sorter=order)]], None
        chances = model.predict_proba(rows)
        chances = chances[:, ::-1] if swap else chances
        return decide(chances.argmax(axis=1), chances, signature)

    return CompiledModel(form="onnx_estimator", frame=lambda rows: array(matrix(rows)), array=array)


def _places(mine: Sequence[str], theirs: Sequence[str]) -> NDArray[np.int64]:
    """Of each of the graph's classes its place among the signature's."""
    return np.array([theirs.index(each) for each in mine], dtype=np.int64)
