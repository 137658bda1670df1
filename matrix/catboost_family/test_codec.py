"""CatBoost's codec, through the suite that is shipped for codecs made elsewhere."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from catboost import CatBoostClassifier

from comporta.errors import Tampered
from comporta.testing.codecs import CodecContract
from comporta.train.families.catboost.codec import CatBoostBinary
from comporta.train.families.scikit_learn.codec import SkopsArchive

HERE = Path(__file__).parent


class TestCatBoost(CodecContract):
    fits = HERE / "fits.py"
    codec = staticmethod(CatBoostBinary)


class TestSkopsAroundCatBoost(CodecContract):
    fits = HERE / "fits_inside.py"
    codec = staticmethod(SkopsArchive)


X = np.random.default_rng(0).normal(size=(200, 3))
y = X[:, 0] > 0
FEW = {"iterations": 4, "depth": 2, "verbose": 0, "random_seed": 2}


def test_how_a_model_was_made_is_no_part_of_its_bytes(tmp_path: Path) -> None:
    plain = CatBoostClassifier(**FEW, allow_writing_files=False, thread_count=1)
    other = CatBoostClassifier(**FEW, train_dir=str(tmp_path / "train"), thread_count=2, metric_period=3)
    assert CatBoostBinary().encode(plain.fit(X, y)) == CatBoostBinary().encode(other.fit(X, y))


def test_another_parameter_is_another_model() -> None:
    made = {
        CatBoostBinary().encode(
            CatBoostClassifier(**FEW | {name: value}, allow_writing_files=False).fit(X, y)
        )
        for name, value in (("random_seed", 2), ("random_seed", 3), ("depth", 3), ("l2_leaf_reg", 9))
    }
    assert len(made) == 4


def test_encoding_again_what_was_decoded_gives_the_same_bytes() -> None:
    data = CatBoostBinary().encode(CatBoostClassifier(**FEW, allow_writing_files=False).fit(X, y))
    again = CatBoostBinary().decode(data)
    assert CatBoostBinary().encode(again) == data
    assert json.loads(data.partition(b"\n")[0])["params"] == again.get_params()
    assert again.get_params() == {name: FEW[name] for name in ("iterations", "depth", "random_seed")}


def test_a_form_that_is_cut_off_or_of_another_estimator_is_refused() -> None:
    data = CatBoostBinary().encode(CatBoostClassifier(**FEW, allow_writing_files=False).fit(X, y))
    for harm in (data[: len(data) // 2], data.replace(b"CatBoostClassifier", b"CatBoostEverything", 1)):
        with pytest.raises(Tampered):
            CatBoostBinary().decode(harm)


def test_a_loss_of_ones_own_is_left_to_others() -> None:
    class Loss:
        def calc_ders_range(self, approxes, targets, weights):
            return [(target - approx, -1.0) for approx, target in zip(approxes, targets, strict=True)]

    from catboost import CatBoostRegressor

    model = CatBoostRegressor(
        iterations=2, loss_function=Loss(), eval_metric="RMSE", verbose=0, allow_writing_files=False
    )
    assert not CatBoostBinary().accepts(model.fit(X, X[:, 0]))
