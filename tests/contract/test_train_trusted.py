"""What an archive of skops may hold without being asked for: the same, whoever imported skops."""

import os
import subprocess
import sys

import numpy as np
import pytest
import scipy.special
from sklearn.linear_model import LogisticRegression
from sklearn.utils import all_estimators

from comporta.errors import Tampered
from comporta.train.families.scikit_learn.codec import SkopsArchive
from comporta.train.families.scikit_learn.trusted import (
    import_skops,
    is_public_estimator,
    public_estimators,
    trusting,
)


class Holder:
    """An estimator that keeps a class of scikit-learn."""

    def __init__(self) -> None:
        self.kind = LogisticRegression

    def predict(self, X):
        return X


def archive(model) -> bytes:
    return import_skops().dumps(model)


def test_skops_trusts_what_it_trusts_when_it_is_imported_whole():
    import_skops()
    from skops.io import _general as general
    from skops.io._utils import get_public_type_names

    every = {f"{each.__module__}.{each.__name__}" for _, each in all_estimators()}
    assert {*general.SKLEARN_ESTIMATOR_TYPE_NAMES} == {name for name in every if "sklearn." in name}
    for found, module in (
        (general.SCIPY_UFUNC_TYPE_NAMES, scipy.special),
        (general.NUMPY_UFUNC_TYPE_NAMES, np),
    ):
        assert set(get_public_type_names(module=module, oftype=np.ufunc)) <= set(found)
    assert all(map(is_public_estimator, every))


@pytest.mark.parametrize(
    "name",
    [
        "sklearn.linear_model._base.LinearModel",  # abstract
        "sklearn.base.BaseEstimator",
        "sklearn.linear_model.LogisticRegression",  # not where it is declared
        "sklearn.tree._tree.Tree",
        "sklearn.calibration._CalibratedClassifier",
        "sklearn.conftest.LogisticRegression",
        "sklearn.no_such_module.Estimator",
        "sklearn..base.BaseEstimator",
        "os.system",
        "",
    ],
)
def test_no_other_class_is_a_public_estimator(name: str):
    assert not is_public_estimator(name)


def test_skops_own_question_of_an_archive_is_answered_as_without_comporta():
    model = archive(LogisticRegression())
    skops = import_skops()
    assert public_estimators(model) == ["sklearn.linear_model._logistic.LogisticRegression"]
    with trusting([]):
        assert skops.get_untrusted_types(data=model) == ["sklearn.linear_model._logistic.LogisticRegression"]
    assert skops.get_untrusted_types(data=model) == []
    assert isinstance(skops.loads(model), LogisticRegression)


def test_a_class_of_scikit_learn_is_trusted_as_what_a_model_is_and_not_as_what_it_holds():
    with pytest.raises(Tampered, match="LogisticRegression"):
        SkopsArchive().decode(archive(Holder()))


def test_a_process_that_opens_a_model_imports_no_part_of_scikit_learn_that_the_model_has_not():
    lines = """
import sys
from comporta.train.families.scikit_learn.codec import SkopsArchive
model = SkopsArchive().decode(sys.stdin.buffer.read())
print(type(model).__name__, "sklearn.datasets" in sys.modules, "sklearn.neural_network" in sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", lines],
        input=SkopsArchive().encode(LogisticRegression()),
        capture_output=True,
        env=os.environ,
        check=True,
    )
    assert done.stdout.split() == [b"LogisticRegression", b"False", b"False"]
