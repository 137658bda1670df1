"""Every codec, through the suite that is shipped for codecs made elsewhere."""

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from comporta.errors import BadProject, Tampered
from comporta.testing.codecs import CodecContract
from comporta.train.codecs import from_bytes, shipped, to_bytes
from comporta.train.families.lightgbm.codec import LightGBMText
from comporta.train.families.onnx.codec import OnnxGraph
from comporta.train.families.scikit_learn.codec import SkopsArchive
from comporta.train.families.xgboost.codec import XGBoostJson

HERE = Path(__file__).parent


class TestSkops(CodecContract):
    fits = HERE / "train_fits.py"
    codec = staticmethod(SkopsArchive)


class TestSkopsAroundLightGBM(CodecContract):
    fits = HERE / "train_fits_inside.py"
    codec = staticmethod(SkopsArchive)


class TestLightGBM(CodecContract):
    fits = HERE / "train_fits_lightgbm.py"
    codec = staticmethod(LightGBMText)


class TestXGBoost(CodecContract):
    fits = HERE / "train_fits_xgboost.py"
    codec = staticmethod(XGBoostJson)


X = np.random.default_rng(0).normal(size=(50, 2))
y = (X[:, 0] > 0).astype(int)


def test_a_kept_model_says_on_its_first_line_what_it_is():
    data = to_bytes(LogisticRegression().fit(X, y), "polars")
    assert data.partition(b"\n")[0] == b'comporta model 1 {"codec":"skops","reads":"polars"}'
    model, reads = from_bytes(data)
    assert reads == "polars"
    assert (model.predict(X) == LogisticRegression().fit(X, y).predict(X)).all()


def test_a_codec_handed_in_is_asked_first():
    class Mine:
        name = "mine"

        def accepts(self, model):
            return True

        def encode(self, model):
            return b"anything"

        def decode(self, data):
            return data

    data = to_bytes(object(), "numpy", (Mine(),))
    assert from_bytes(data, (Mine(),)) == (b"anything", "numpy")
    with pytest.raises(BadProject, match="'mine', which is not at hand"):
        from_bytes(data)


def test_an_archive_that_names_a_strange_type_is_refused_before_it_is_built(tmp_path):
    data = SkopsArchive().encode(LogisticRegression().fit(X, y))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    schema = json.loads(files["schema.json"])
    schema["__class__"], schema["__module__"] = "Popen", "subprocess"
    files["schema.json"] = json.dumps(schema).encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    with pytest.raises(Tampered, match=r"subprocess\.Popen"):
        SkopsArchive().decode(buffer.getvalue())


def test_a_lambda_inside_a_pipeline_is_a_clear_error():
    model = make_pipeline(FunctionTransformer(lambda rows: rows), LogisticRegression()).fit(X, y)
    with pytest.raises(BadProject, match=r"lambda|without pickle"):
        to_bytes(model, "polars")


def test_the_shipped_codecs_have_names_of_their_own():
    names = [codec.name for codec in shipped()]
    assert sorted(names) == ["catboost", "lightgbm", "onnx", "onnx_estimator", "skops", "xgboost"]


def test_a_graph_is_kept_without_its_maker_s_name():
    graph = convert_sklearn(LogisticRegression().fit(X, y), initial_types=[("X", FloatTensorType([None, 2]))])
    data = OnnxGraph().encode(graph)
    assert b"skl2onnx" not in data
    again = OnnxGraph().decode(data)
    assert OnnxGraph().accepts(again)
    assert OnnxGraph().encode(again) == data
    for rubbish in (b"", b"rubbish", data[: len(data) // 2]):
        with pytest.raises(Tampered):
            OnnxGraph().decode(rubbish)
