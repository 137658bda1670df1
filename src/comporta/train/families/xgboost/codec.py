"""XGBoost's own JSON, with the parameters that its scikit-learn face keeps beside the trees."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from comporta.errors import Tampered, wording
from comporta.records import Record, decode, encode
from comporta.records.extras import require
from comporta.train.families.xgboost.booster import ESTIMATORS

REVIEWED = frozenset((*(f"xgboost.sklearn.{each}" for each in ESTIMATORS), "xgboost.core.Booster"))
"""Types that an archive of another family may hold, read in xgboost 3.2: a booster is rebuilt by XGBoost's
reader of its own bytes, and no code is among them."""


class EstimatorParams(Record, frozen=True, kw_only=True):
    """kind: the estimator's class. params: those that are not its defaults, but for the number of threads."""

    kind: str
    params: dict[str, Any]


class XGBoostJson:
    """XGBClassifier, XGBRegressor and their forests, but for those with functions or subclasses inside:
    skops' part."""

    name = "xgboost"

    def accepts(self, model: Any) -> bool:
        """Whether it is one of these, whole in plain values."""
        kind = type(model)
        if kind.__module__ != "xgboost.sklearn" or kind.__name__ not in ESTIMATORS:
            return False
        return hasattr(model, "_Booster") and _is_plain(_params(model))

    def encode(self, model: Any) -> bytes:
        """One line of JSON, then XGBoost's; the number of threads is no part of a model."""
        face = EstimatorParams(kind=type(model).__name__, params=_params(model))
        return encode(face) + b"\n" + bytes(model.get_booster().save_raw("json"))

    def decode(self, data: bytes) -> Any:
        """The estimator, fitted. Raises Tampered, MissingExtra."""
        xgboost = require("xgboost", wording("model: its XGBoost text"))
        line, _, text = data.partition(b"\n")
        try:
            face = decode(line, EstimatorParams)
            if face.kind not in ESTIMATORS:
                raise Tampered(f"model: found {face.kind!r}, expected {' or '.join(ESTIMATORS)}.")
            model = getattr(xgboost, face.kind)(**face.params)
            model.load_model(bytearray(text))
        except (msgspec.DecodeError, xgboost.core.XGBoostError, ValueError, TypeError) as fault:
            said = str(fault).strip().splitlines()
            raise Tampered(f"model: its XGBoost text cannot be read: {said[-1] if said else ''}") from fault
        return model


def _params(model: Any) -> dict[str, Any]:
    plain = type(model)().get_params()
    return {
        name: value
        for name, value in model.get_params().items()
        if name != "n_jobs" and not _same(value, plain.get(name))
    }


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float) and math.isnan(one):
        return math.isnan(other)
    return type(one) is type(other) and bool(one == other)


def _is_plain(value: Any) -> bool:
    if isinstance(value, dict):
        return all(isinstance(name, str) and _is_plain(each) for name, each in value.items())
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return (
        value is None or isinstance(value, str | bool | int) or (isinstance(value, float) and value == value)
    )
