"""A model that this process has opened is copied, not decoded; and is nobody else's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from comporta.errors import NotFound, Tampered
from comporta.records import Artifact
from comporta.store import LocalStore, StepContext, artifact_name, derive
from comporta.store.read_cache import READ_CACHE
from comporta.train.codecs import to_bytes
from comporta.train.families.scikit_learn.codec import SkopsArchive
from comporta.train.open_model import open_model

X = np.random.default_rng(0).normal(size=(80, 3))
Y = X[:, 0] + X[:, 1] ** 2 > 0.5


@pytest.fixture
def context(tmp_path: Path) -> StepContext:
    READ_CACHE.clear()
    return StepContext(store=LocalStore(tmp_path), keys=derive(b"k" * 32))


def kept(context: StepContext, model: object) -> Artifact:
    return context.put(to_bytes(model, "polars"), "model")


@pytest.mark.parametrize(
    "model",
    [
        HistGradientBoostingClassifier(max_iter=5),
        RandomForestClassifier(5),
        GaussianProcessClassifier(),
        make_pipeline(StandardScaler(), KNeighborsClassifier(algorithm="kd_tree")),
        SVC(),
    ],
    ids=lambda model: type(model).__name__,
)
def test_the_copy_says_what_the_model_says_and_is_not_decoded(
    context: StepContext, model: HistGradientBoostingClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = kept(context, model.fit(X, Y))
    first, reads = open_model(context, at)
    monkeypatch.setattr(SkopsArchive, "decode", None)
    again, same = open_model(context, at)
    assert again is not first
    assert reads == same == "polars"
    said = "decision_function" if isinstance(model, SVC) else "predict_proba"
    expected = getattr(model, said)(X)
    for each in (first, again):
        assert np.array_equal(getattr(each, said)(X), expected)


def test_what_one_does_to_it_the_next_does_not_see(context: StepContext) -> None:
    at = kept(context, make_pipeline(StandardScaler(), RandomForestClassifier(3)).fit(X, Y))
    for _ in range(3):
        model, _ = open_model(context, at)
        assert model[0].mean_[0] != 7
        model[0].mean_[0] = 7
        model.steps.pop()


def test_what_was_deleted_is_not_opened_though_it_is_held(context: StepContext) -> None:
    at = kept(context, StandardScaler().fit(X))
    open_model(context, at)
    context.store.delete(artifact_name(at.digest))
    with pytest.raises(NotFound):
        open_model(context, at)


def test_what_is_refused_is_refused_again(context: StepContext) -> None:
    at = context.put(b'comporta model 1 {"codec":"skops","reads":"polars"}\nno archive', "model")
    for _ in range(2):
        with pytest.raises(Tampered):
            open_model(context, at)
