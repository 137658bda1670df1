"""An ONNX graph that a training function returned, as an estimator: what any other library can export."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import polars as pl

from comporta.errors import BadProject, Tampered
from comporta.records import Record, decode, encode
from comporta.records.metric import ModelTask
from comporta.stats.classes import class_text, labels_from
from comporta.train.families.onnx.codec import OnnxGraph
from comporta.train.families.onnx.session import KINDS, open_session
from comporta.train.frames import matrix
from comporta.train.target import label_of, values_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

CHANCES = frozenset(("tensor(float)", "tensor(double)"))


class GraphClasses(Record, frozen=True, kw_only=True):
    """What a graph does not say itself: its classes, sorted (of a regression none), and the target's type."""

    classes: tuple[str, ...] = ()
    label: str = ""


class OnnxEstimator:
    """Asked rows as numbers (words as their place in the list, missing as NaN), in the features' order.

    Of a classification its last output of floating point numbers is chances: one for each class, or one
    number, the second's; a graph without such an output says labels.
    """

    def __init__(self, graph: Any, known: GraphClasses) -> None:
        self.graph, self.known = graph, known
        if known.classes:
            self.classes_ = labels_from(known.classes, known.label)
        if known.classes and self._chances is not None:
            self.predict_proba = self._predict_chances

    def predict(self, rows: Any) -> NDArray[Any]:
        """(n,) numbers, or labels."""
        if self.known.classes and self._chances is not None:
            return np.asarray(self.classes_[self._predict_chances(rows).argmax(axis=1)])
        return self._run(rows, self._session.get_outputs()[0].name).reshape(-1)

    def _predict_chances(self, rows: Any) -> NDArray[np.float64]:
        assert self._chances is not None, "offered only where there is such an output"
        found = self._run(rows, self._chances).astype(np.float64)
        found = found.reshape(len(found), -1)
        return np.column_stack([1 - found[:, 0], found[:, 0]]) if found.shape[1] == 1 else found

    def _run(self, rows: Any, output: str) -> NDArray[Any]:
        table = self._session.get_inputs()[0]
        numbers = matrix(rows) if isinstance(rows, pl.DataFrame) else np.asarray(rows)
        fed = np.ascontiguousarray(numbers, dtype=KINDS[table.type])
        return np.asarray(self._session.run([output], {table.name: fed})[0])

    @cached_property
    def _session(self) -> Any:
        return open_session(OnnxGraph().encode(self.graph))

    @cached_property
    def _chances(self) -> str | None:
        outputs = [each.name for each in self._session.get_outputs() if each.type in CHANCES]
        return outputs[-1] if outputs else None


def as_estimator(returned: Any, y: pl.Series, task: ModelTask, name: str) -> Any:
    """What a training function returned; a graph as an estimator. Raises BadProject on a graph that takes no
    table of numbers, or cannot be opened."""
    if not OnnxGraph().accepts(returned):
        return returned
    known = GraphClasses()
    if task != "regression":
        classes = np.unique(values_of(y.drop_nulls(), task))
        known = GraphClasses(classes=tuple(map(class_text, classes)), label=label_of(y))
    try:
        made = OnnxEstimator(returned, known)
        inputs = made._session.get_inputs()
    except Exception as fault:  # ONNX and its runtime, each with errors of its own
        said = " ".join(str(fault).split())[:300]
        raise BadProject(f"{name}: returned an ONNX graph that cannot be opened: {said}") from fault
    if len(inputs) != 1 or inputs[0].type not in KINDS or len(inputs[0].shape) != 2:
        found = ", ".join(f"{each.name} of {each.type}{each.shape}" for each in inputs) or "none"
        raise BadProject(
            f"{name}: returned an ONNX graph with the inputs {found}, expected one table of 32- or 64-bit "
            "floating point numbers, (rows, features). Put encoders and splits into the graph."
        )
    return made


class OnnxEstimatorCodec:
    """One line of JSON with the classes, then the graph."""

    name = "onnx_estimator"

    def accepts(self, model: Any) -> bool:
        """Whether it is a graph that was returned as a model."""
        return isinstance(model, OnnxEstimator)

    def encode(self, model: Any) -> bytes:
        """Deterministic, without what makers sign a graph with."""
        return encode(model.known) + b"\n" + OnnxGraph().encode(model.graph)

    def decode(self, data: bytes) -> Any:
        """The estimator. Raises Tampered."""
        line, _, graph = data.partition(b"\n")
        try:
            known = decode(line, GraphClasses)
        except msgspec.DecodeError as fault:
            raise Tampered("model: found no classes before its ONNX graph.") from fault
        return OnnxEstimator(OnnxGraph().decode(graph), known)
