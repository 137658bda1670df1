"""LightGBM's trees asked through its C library alone: the package's own numbers, to the last bit."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from comporta.records import Field, Signature
from comporta.train.families.lightgbm import library
from comporta.train.families.lightgbm.codec import LightGBMText
from comporta.train.families.lightgbm.library import LoadedTrees, lightgbm_library
from comporta.train.families.lightgbm.prediction import compile_lightgbm, compile_lightgbm_text

lightgbm = pytest.importorskip("lightgbm")
WIDTH, ROWS = 6, 300
QUIET = {"verbose": -1, "n_jobs": 1, "n_estimators": 12}


def rows() -> np.ndarray[Any, Any]:
    rng = np.random.default_rng(5)
    found = rng.normal(size=(ROWS, WIDTH))
    found[:, 3] = rng.integers(0, 4, ROWS)
    found[rng.random((ROWS, WIDTH)) < 0.1] = np.nan
    found[:3, 0] = (0.0, -0.0, 1e-36)
    return found


def signature(task: str, *classes: str, label: str = "String", nullable: bool = True) -> Signature:
    fields = tuple(Field(name=f"x{at}", type="Float64", nullable=nullable) for at in range(WIDTH))
    return Signature(
        raw=fields, features=fields, task=task, classes=classes, label=label, output="both"  # type: ignore[arg-type]
    )  # fmt: skip


NAMES = (
    "regression",
    "stopped early",
    "with categories",
    "the other class",
    "three classes",
    "true and false",
    "a forest",
)


@cache
def cases() -> dict[str, tuple[Any, Signature]]:
    X, rng = rows(), np.random.default_rng(6)
    level = np.nan_to_num(X).sum(axis=1) + rng.normal(size=ROWS)
    two, three = np.where(level > 0, "yes", "no"), np.digitize(level, (-1.0, 1.0))
    stopped = lightgbm.LGBMRegressor(**QUIET).fit(
        X, level, eval_X=X[:50], eval_y=rng.normal(size=50),
        callbacks=[lightgbm.early_stopping(2, verbose=False)],
    )  # fmt: skip
    assert 0 < stopped.best_iteration_ < QUIET["n_estimators"]
    words = lightgbm.LGBMClassifier(**QUIET).fit(X, two, categorical_feature=[3])
    other = replace(signature("binary", "no", "yes"), classes=("yes", "no"), threshold=0.3)
    return {
        "regression": (lightgbm.LGBMRegressor(**QUIET).fit(X, level), signature("regression", label="")),
        "stopped early": (stopped, signature("regression", label="")),
        "with categories": (words, signature("binary", "no", "yes")),
        "the other class": (words, other),
        "three classes": (
            lightgbm.LGBMClassifier(**QUIET).fit(X, three),
            signature("multiclass", "0", "1", "2", label="Int64"),
        ),
        "true and false": (
            lightgbm.LGBMClassifier(**QUIET).fit(X, level > 0),
            signature("binary", "false", "true", label="Boolean"),
        ),
        "a forest": (
            lightgbm.LGBMClassifier(**QUIET, boosting_type="rf", subsample=0.6, subsample_freq=1).fit(X, two),
            signature("binary", "no", "yes"),
        ),
    }  # fmt: skip


def equal(one: Any, other: Any) -> bool:
    return one is other is None or (one.dtype == other.dtype and one.tobytes() == other.tobytes())


@pytest.mark.parametrize("name", NAMES)
def test_its_answers_are_those_of_the_package_to_the_last_bit(name: str) -> None:
    model, takes = cases()[name]
    mine = compile_lightgbm_text(LightGBMText().encode(model), takes)
    theirs = compile_lightgbm(model, takes)
    assert mine is not None and theirs is not None and mine.array is not None and theirs.array is not None
    X = rows()
    whole = mine.array(X)
    for found, expected in zip(whole, theirs.array(X), strict=True):
        assert equal(found, expected)
    for at in range(60):
        label, probability = mine.array(X[at : at + 1])
        assert label is not None and whole[0] is not None and label[0] == whole[0][at]
        assert whole[1] is None or (probability is not None and equal(probability[0], whole[1][at]))
    # The package's own call, which shares no line with ours.
    if takes.task == "regression":
        assert whole[0] is not None and equal(whole[0], model.predict(X, num_threads=1))
    else:
        said = model.predict_proba(X, num_threads=1)
        assert whole[1] is not None
        assert equal(whole[1], np.ascontiguousarray(said[:, ::-1] if name == "the other class" else said))


def test_its_package_and_what_that_imports_are_not_imported(tmp_path: Path) -> None:
    model, _ = cases()["with categories"]
    (tmp_path / "model").write_bytes(LightGBMText().encode(model))
    probe = f"""
import sys
from pathlib import Path
import numpy as np
from comporta.records import Field, Signature
from comporta.train.families.lightgbm.prediction import compile_lightgbm_text
fields = tuple(Field(name=f"x{{at}}", type="Float64", nullable=True) for at in range({WIDTH}))
takes = Signature(
    raw=fields, features=fields, task="binary", classes=("no", "yes"), label="String", output="both"
)
form = compile_lightgbm_text(Path(sys.argv[1]).read_bytes(), takes)
print(form.array(np.zeros((1, {WIDTH})))[1][0, 1])
print(*{{"lightgbm", "sklearn", "scipy", "pandas"}} & sys.modules.keys())
"""
    command = [sys.executable, "-P", "-c", probe, str(tmp_path / "model")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    said, loaded = done.stdout.split("\n")[:2]
    assert float(said) == model.predict_proba(np.zeros((1, WIDTH)))[0, 1]
    assert loaded == ""


def test_what_it_cannot_read_is_left_to_the_package_which_says_why() -> None:
    model, takes = cases()["with categories"]
    data = LightGBMText().encode(model)
    line, _, text = data.partition(b"\n")
    for broken in (
        b"",
        b"{}",
        line,
        line + b"\nno trees",
        text,
        line.replace(b"LGBMClassifier", b"Other") + b"\n" + text,
    ):
        assert compile_lightgbm_text(broken, takes) is None
    assert compile_lightgbm_text(data, signature("multiclass", "a", "b", "c")) is None, (
        "another number of classes"
    )
    assert compile_lightgbm_text(data, replace(takes, features=takes.features[:3])) is None


def test_without_the_library_where_it_belongs_the_package_answers(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    model, takes = cases()["with categories"]
    data = LightGBMText().encode(model)
    package = tmp_path / "lightgbm"
    (package / "lib").mkdir(parents=True)
    (package / "__init__.py").touch()
    monkeypatch.setattr(library.importlib.util, "find_spec", lambda name: Spec([str(package)]))
    for version in ("3.3.5", "4.7.0", "5.0.0"):
        (package / "VERSION.txt").write_text(f"{version}\n")
        lightgbm_library.cache_clear()
        assert compile_lightgbm_text(data, takes) is None
    monkeypatch.undo()
    lightgbm_library.cache_clear()
    assert compile_lightgbm_text(data, takes) is not None


class Spec:
    def __init__(self, places: list[str]) -> None:
        self.submodule_search_locations = places


def test_the_trees_are_freed_with_what_asks_them(monkeypatch: pytest.MonkeyPatch) -> None:
    model, takes = cases()["with categories"]
    made: list[weakref.ref[LoadedTrees]] = []
    real = LoadedTrees.__init__

    def noted(self: LoadedTrees, *arguments: Any) -> None:
        real(self, *arguments)
        made.append(weakref.ref(self))

    monkeypatch.setattr(LoadedTrees, "__init__", noted)
    form = compile_lightgbm_text(LightGBMText().encode(model), takes)
    assert form is not None and made[0]() is not None
    del form
    gc.collect()
    assert made[0]() is None
