"""A form's call for one row says bit by bit what its call for many says of that row."""

import msgspec
import numpy as np
import pytest
from lightgbm import LGBMClassifier, LGBMRegressor

from comporta.records import Field, Signature
from comporta.train.decisions import decide, decide_row
from comporta.train.families.lightgbm.prediction import compile_lightgbm
from comporta.train.predictor import Predictor

FIELDS = tuple(Field(name=f"x{i}", type="Float64") for i in range(3))
BINARY = Signature(
    raw=FIELDS, features=FIELDS, output="both", task="binary", classes=("a", "b"), label="String"
)
SIGNATURES = {
    "binary": BINARY,
    "binary, the first class positive": msgspec.structs.replace(BINARY, classes=("b", "a")),
    "binary, by a threshold": msgspec.structs.replace(BINARY, threshold=0.125),
    "labels alone": msgspec.structs.replace(BINARY, output="label"),
    "chances alone": msgspec.structs.replace(BINARY, output="probability"),
    "classes": msgspec.structs.replace(BINARY, task="multiclass", classes=("a", "b", "c")),
    "a number": msgspec.structs.replace(
        BINARY, task="regression", output="label", classes=(), label="Float64"
    ),
}


@pytest.mark.parametrize("form", SIGNATURES)
def test_lightgbm_says_the_same_of_one_row_as_of_many(form) -> None:
    signature, rng = SIGNATURES[form], np.random.default_rng(5)
    rows = rng.normal(size=(120, 3))
    rows[::7, 1] = np.nan
    target = np.array(sorted(signature.classes) or [0.5, 1.5, 7.0])[
        rng.integers(0, len(signature.classes) or 3, 120)
    ]
    learner = LGBMRegressor if signature.task == "regression" else LGBMClassifier
    model = learner(n_estimators=4, num_leaves=5, min_child_samples=5, verbose=-1, n_jobs=1).fit(rows, target)
    predictor = Predictor(signature, model, "numpy", compile_lightgbm(model, signature))
    ask = predictor.row()
    assert ask is not None
    many = predictor.fast(rows)
    label, chances = many.get("label", many.get("prediction")), many.get("probability")
    if chances is not None and signature.task == "binary":
        chances = chances[:, 1]
    for place, row in enumerate(rows):
        said = ask(row.astype("<f8").tobytes())
        expected = (None if each is None else each[place].tolist() for each in (label, chances))
        assert said == tuple(expected)


@pytest.mark.parametrize("threshold", [msgspec.UNSET, 0.5])
def test_a_tie_between_classes_is_decided_alike_for_one_row_and_for_many(threshold) -> None:
    signature, chances = msgspec.structs.replace(BINARY, threshold=threshold), [0.5, 0.5]
    table = np.array([chances])
    places, _ = decide(table.argmax(axis=1), table, signature)
    assert decide_row(chances, signature) == places[0]
