"""A training function may return an ONNX graph, which any other library can export."""

from __future__ import annotations

import numpy as np
import onnx
import polars as pl
import pytest
from onnx import TensorProto, helper, numpy_helper
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neural_network import MLPClassifier

from comporta.errors import BadProject, Tampered
from comporta.records import Signature
from comporta.records.export import ExportAgreement
from comporta.store import MemoryStore, StepContext, derive
from comporta.store.frames import write
from comporta.train import load_predictor, steps
from comporta.train.families.onnx.estimator import OnnxEstimatorCodec

ROWS = 400
DRAW = np.random.default_rng(2)
X = DRAW.normal(size=(ROWS, 3))
SUM = X @ [1.0, -0.5, 0.0] + 0.3 * DRAW.normal(size=ROWS)
TABLE = pl.DataFrame({f"x{n}": X[:, n] for n in range(3)} | {"__key": [f'["{n}"]' for n in range(ROWS)]})
NET = MLPClassifier((8,), max_iter=300, random_state=0).fit(X, SUM > 0)


def network(outputs: int):
    """The network as another library would export it: its chances alone, of the second class or of both."""
    (first, last), (bias, shift) = NET.coefs_, NET.intercepts_
    if outputs == 2:
        last, shift = np.column_stack([-last / 2, last / 2]), np.array([-shift[0] / 2, shift[0] / 2])
    held = {"w0": first, "b0": bias, "w1": last, "b1": shift}
    nodes = [
        helper.make_node("Gemm", ["rows", "w0", "b0"], ["h"]),
        helper.make_node("Relu", ["h"], ["a"]),
        helper.make_node("Gemm", ["a", "w1", "b1"], ["z"]),
        helper.make_node("Sigmoid" if outputs == 1 else "Softmax", ["z"], ["chances"]),
    ]
    graph = helper.make_graph(
        nodes,
        "torch_jit",
        [helper.make_tensor_value_info("rows", TensorProto.FLOAT, ["n", 3])],
        [helper.make_tensor_value_info("chances", TensorProto.FLOAT, ["n", outputs])],
        [numpy_helper.from_array(each.astype(np.float32), name) for name, each in held.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def one_chance(X, y):
    return network(1)


def two_chances(X, y):
    return network(2)


def kept(target, fit, **how):
    at = StepContext(store=MemoryStore(), keys=derive(b"k" * 32), seed=7)
    train = write(at, TABLE.with_columns(__target=pl.Series(target)))
    made = steps.fit(at, train=train, fit=fit, **how)
    return at, made | steps.export(at, model=made["model"], signature=made["signature"], train=train)


@pytest.mark.parametrize("fit", [one_chance, two_chances])
@pytest.mark.parametrize("positive", ["", "false"])
def test_a_network_s_graph_is_served_as_the_network_answers(fit, positive):
    at, made = kept(SUM > 0, fit, positive=positive)
    assert all(each.agrees for name, each in forms(at, made).items() if name == "onnx_estimator")
    served, native = load_predictor(at, made), load_predictor(at, made, compiled=False)
    assert served.form == "onnx_estimator"
    served.self_test()
    theirs = NET.predict_proba(X)[:, ::-1] if positive else NET.predict_proba(X)
    for each in (served, native):
        answer = each.predict(TABLE)
        assert np.allclose(answer["probability"], theirs, atol=1e-5)
        assert (answer["label"] == NET.predict(X)).all()


def forms(at, made):
    return at.get_json(made["parity"], ExportAgreement).forms


def converted(model, kind=FloatTensorType):
    options = {"zipmap": False} if hasattr(model, "predict_proba") else None
    return convert_sklearn(model, initial_types=[("X", kind([None, 3]))], options=options)


def test_words_and_numbers_are_answered_as_their_estimators_do():
    words = np.array(["high", "low", "middle"])[np.digitize(SUM, [-0.5, 0.5])]
    logistic = LogisticRegression().fit(X, words)
    at, made = kept(words, lambda X, y: converted(logistic))
    answer = load_predictor(at, made).predict(TABLE)
    assert at.get_json(made["signature"], Signature).classes == ("high", "low", "middle")
    assert answer["label"].tolist() == logistic.predict(X).tolist()
    assert np.allclose(answer["probability"], logistic.predict_proba(X), atol=1e-5)

    line = LinearRegression().fit(X, SUM)
    at, made = kept(SUM, lambda X, y: converted(line, DoubleTensorType))
    assert np.allclose(load_predictor(at, made).predict(TABLE)["prediction"], line.predict(X))


def test_a_graph_that_takes_no_table_is_refused_with_what_is_expected():
    def fit(X, y):
        return convert_sklearn(
            LinearRegression().fit(X.to_numpy()[:, :1], y), initial_types=[("a", FloatTensorType([None]))]
        )

    with pytest.raises(BadProject, match=r"cannot be opened|expected one table"):
        kept(SUM, fit)


def test_a_kept_graph_that_reads_another_file_is_refused():
    graph = network(1)
    tensor = graph.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../etc/passwd")
    with pytest.raises(Tampered, match=r"reads other files|cannot be read"):
        OnnxEstimatorCodec().decode(b'{"classes":["0","1"],"label":"Int64"}\n' + graph.SerializeToString())
    for rubbish in (b"", b"rubbish", b"{}\n", b"{}\nrubbish"):
        with pytest.raises(Tampered):
            OnnxEstimatorCodec().decode(rubbish)


def test_the_bytes_are_the_same_whoever_signed_the_graph():
    one, other = network(1), onnx.ModelProto()
    other.CopyFrom(one)
    other.producer_name = "pytorch"
    (_, first), (_, second) = kept(SUM > 0, lambda X, y: one), kept(SUM > 0, lambda X, y: other)
    assert first["model"].digest == second["model"].digest
