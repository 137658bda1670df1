"""LightGBM's own text, with the few attributes that its scikit-learn face keeps beside the trees."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import numpy as np

from comporta.errors import Tampered, wording
from comporta.records import Record, decode, encode
from comporta.records.extras import require
from comporta.stats.classes import class_text, labels_from

REVIEWED = frozenset(
    ("lightgbm.basic.Booster", "lightgbm.sklearn.LGBMClassifier", "lightgbm.sklearn.LGBMRegressor")
)
"""Types that an archive of another family may hold, read in LightGBM 4.7: rebuilding them from their
attributes runs nothing but their own `__setstate__`."""
KINDS = ("LGBMClassifier", "LGBMRegressor")
_THREADS = re.compile(r"\[num_threads: -?\d+\]")


class Face(Record, frozen=True, kw_only=True):
    """What LGBMClassifier and LGBMRegressor know beside the trees. label: polars' name of the classes'
    type. best: the iteration predictions stop at, 0 for all."""

    kind: str
    params: dict[str, Any]
    features: int
    names: tuple[str, ...]
    classes: tuple[str, ...] = ()
    label: str = ""
    best: int = 0
    objective: str = ""


class LightGBMText:
    """LGBMClassifier and LGBMRegressor, but for those with functions or subclasses inside: skops' part."""

    name = "lightgbm"

    def accepts(self, model: Any) -> bool:
        """Whether it is one of the two, whole in plain values."""
        kind = type(model)
        if kind.__module__ != "lightgbm.sklearn" or kind.__name__ not in KINDS:
            return False
        return _plain(model.get_params()) and isinstance(getattr(model, "objective_", None), str)

    def encode(self, model: Any) -> bytes:
        """One line of JSON, then the text; the number of threads is no part of a model."""
        classes = getattr(model, "classes_", np.array([]))
        face = Face(
            kind=type(model).__name__,
            params={**model.get_params(), "n_jobs": None},
            features=int(model.n_features_in_),
            names=tuple(model.feature_name_),
            classes=tuple(class_text(each) for each in classes),
            label=_label(classes),
            best=int(model.best_iteration_ or 0),
            objective=model.objective_,
        )
        text = model.booster_.model_to_string(num_iteration=-1)
        return encode(face) + b"\n" + _THREADS.sub("[num_threads: 0]", text).encode()

    def decode(self, data: bytes) -> Any:
        """The estimator, fitted. Raises Tampered, MissingExtra."""
        lightgbm = require("lightgbm", wording("model: its LightGBM text"))
        line, _, text = data.partition(b"\n")
        try:
            face = decode(line, Face)
            booster = lightgbm.Booster(model_str=text.decode())
        except (msgspec.DecodeError, UnicodeDecodeError, lightgbm.basic.LightGBMError) as fault:
            raise Tampered(f"model: its LightGBM text cannot be read: {fault}") from fault
        if face.kind not in KINDS:
            raise Tampered(f"model: found {face.kind!r}, expected LGBMClassifier or LGBMRegressor.")
        model = getattr(lightgbm, face.kind)(**face.params)
        booster.best_iteration = face.best
        model._Booster = booster
        model._best_iteration = face.best
        model._objective = face.objective
        model._n_features = model.n_features_in_ = face.features
        model.fitted_ = True
        if face.classes:
            model._classes = labels_from(face.classes, face.label)
            model._n_classes = len(face.classes)
            from sklearn.preprocessing import LabelEncoder

            model._le = LabelEncoder()
            model._le.classes_ = model._classes
            model._class_map = {label: place for place, label in enumerate(model._classes)}
        return model


def _label(classes: Any) -> str:
    kind = classes.dtype.kind
    return {"b": "Boolean", "i": "Int64", "u": "UInt64", "f": "Float64"}.get(kind, "String")


def _plain(params: Any) -> bool:
    if isinstance(params, dict):
        return all(isinstance(name, str) and _plain(value) for name, value in params.items())
    if isinstance(params, list | tuple):
        return all(_plain(value) for value in params)
    return params is None or isinstance(params, str | bool | int | float)
