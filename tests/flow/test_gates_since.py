"""The steps that compare versions, explain and prove, on a kept model: deterministic, inputs unchanged."""

import numpy as np
import polars as pl
import pytest
from lightgbm import LGBMClassifier
from sklearn.linear_model import Ridge

from comporta.checks.explanation import measure as explanation
from comporta.checks.feature_drift import measure as feature_drift
from comporta.checks.importance_change import measure as importance_change
from comporta.checks.prediction_drift import measure as prediction_drift
from comporta.checks.shape import measure as shape
from comporta.checks.shared.measuring import importance, reference
from comporta.records import Findings
from comporta.store import MemoryStore, StepContext, derive
from comporta.store.frames import write
from comporta.testing.generated import measure_contract
from comporta.train import steps
from comporta.train.asking import open_estimator

draw = np.random.default_rng(5)
X = draw.normal(size=(900, 3))
TWO = pl.DataFrame(
    {f"f{n}": X[:, n] for n in range(3)}
    | {
        "__key": [f'["{n}"]' for n in range(900)],
        "__keep_who": np.arange(900) // 3,
        "__target": X[:, 0] + draw.normal(size=900) > 0,
    }
)
NUMBERS = TWO.with_columns(__target=pl.Series(X[:, 0] * 3))


def boosted(X, y):
    return LGBMClassifier(n_estimators=10, num_leaves=7, verbose=-1, n_jobs=1).fit(X, y)


def straight(X, y):
    return Ridge().fit(X, y)


def candidate(table, fit):
    """A context, the parts of a candidate, and its own reference as if it were an earlier version's."""
    at = StepContext(store=MemoryStore(), keys=derive(b"k" * 32), seed=7)
    parts = {"train": write(at, table.head(500)), "test": write(at, table.tail(400))}
    parts |= steps.fit(at, train=parts["train"], fit=fit, params={})
    asked = {name: parts[name] for name in ("model", "signature")}
    parts |= steps.predict(at, **asked, table=parts["test"])
    parts["importance"] = importance.measure(at, **asked, test=parts["test"], opened=open_estimator)[
        "findings"
    ]
    parts |= reference.measure(
        at, **{name: parts[name] for name in ("predictions", "signature", "importance")}, group="who"
    )
    return at, parts


@pytest.mark.parametrize(("table", "fit"), [(TWO, boosted), (NUMBERS, straight)])
def test_each_step_keeps_the_promises_of_any_step(table, fit):
    at, parts = candidate(table, fit)
    asked = {name: parts[name] for name in ("model", "signature", "test")} | {"opened": open_estimator}
    earlier = {"earlier 1": parts["reference"]}
    said, matter = parts["predictions"], parts["importance"]
    for step, given in (
        (importance.measure, asked | {"group": "who"}),
        (explanation.measure, asked),
        (shape.measure, asked | {"feature": "f0"}),
        (shape.measure, asked),
        (prediction_drift.measure, {"predictions": said, "champion": said, "group": "who", **earlier}),
        (feature_drift.measure, {"predictions": said, "importance": matter, "group": "who", **earlier}),
        (importance_change.measure, {"importance": matter, **earlier}),
    ):
        found = measure_contract(step, at, **given)
        assert isinstance(found, Findings) and found.figures, step.__module__
