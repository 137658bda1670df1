"""CatBoost's own binary form, less when and where it was made, with the parameters of its estimator."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from comporta.errors import Tampered, wording
from comporta.records import Record, decode, encode
from comporta.records.extras import require
from comporta.train.families.catboost.ensemble import ESTIMATORS, is_catboost

REVIEWED = frozenset(f"catboost.core.{each}" for each in ESTIMATORS)
"""Types that an archive of another family may hold, read in catboost 1.2: their `__setstate__` reads bytes of
CatBoost's own, and no code is among them."""
_OF_A_RUN = frozenset(
    (
        "allow_writing_files", "logging_level", "metric_period", "save_snapshot", "silent", "snapshot_file",
        "snapshot_interval", "task_type", "thread_count", "train_dir", "used_ram_limit", "verbose",
        "verbose_eval", "devices", "gpu_ram_part", "name", "n_jobs",
    )
)  # fmt: skip
"""Parameters of a run, which no answer depends on once a model is fitted."""
_KEPT = frozenset(("class_params", "params"))
"""What answers depend on of all that CatBoost's own bytes say beside the trees: the classes and the loss.
The rest is a number drawn for each model, times, machines, and how training went."""
_RUN_OPTIONS = ("system_options", "flat_params", "logging_level", "detailed_profile", "metadata", "task_type")


class CatBoostParams(Record, frozen=True, kw_only=True):
    """kind: the estimator's class. params: those that it was given, but for what is of a run alone."""

    kind: str
    params: dict[str, Any]


class CatBoostBinary:
    """CatBoostClassifier and CatBoostRegressor, but for those with functions inside or subclasses."""

    name = "catboost"

    def accepts(self, model: Any) -> bool:
        """Whether it is one of the two, whole in plain values."""
        return type(model).__module__ == "catboost.core" and is_catboost(model) and _is_plain(_params(model))

    def encode(self, model: Any) -> bytes:
        """One line of JSON, then CatBoost's."""
        face = CatBoostParams(kind=type(model).__name__, params=_params(model))
        copy = type(model)()
        copy.load_model(blob=model._serialize_model())
        forget_origin(copy)
        return encode(face) + b"\n" + bytes(copy._serialize_model())

    def decode(self, data: bytes) -> Any:
        """The estimator, fitted. Raises Tampered, MissingExtra."""
        catboost = require("catboost", wording("model: its CatBoost form"))
        line, _, binary = data.partition(b"\n")
        try:
            face = decode(line, CatBoostParams)
            if face.kind not in ESTIMATORS:
                raise Tampered(f"model: found {face.kind!r}, expected {' or '.join(ESTIMATORS)}.")
            model = getattr(catboost, face.kind)(**face.params)
            model.load_model(blob=binary)
        except (msgspec.DecodeError, catboost.CatBoostError, ValueError, TypeError) as fault:
            said = str(fault).strip().splitlines()
            raise Tampered(f"model: its CatBoost form cannot be read: {said[-1] if said else ''}") from fault
        return model


def forget_origin(model: Any) -> None:
    """This model no longer says when it was made, where, and by how many threads; it answers as before."""
    told = model.get_metadata()
    for name in list(told.keys()):
        if name not in _KEPT:
            del told[name]
    if "params" in told.keys():  # noqa: SIM118 - no mapping of Python's
        params = json.loads(told["params"])
        for name in _RUN_OPTIONS:
            params.pop(name, None)
        told["params"] = json.dumps(params, sort_keys=True)


def _params(model: Any) -> dict[str, Any]:
    return {name: value for name, value in model.get_params().items() if name not in _OF_A_RUN}


def _is_plain(value: Any) -> bool:
    if isinstance(value, dict):
        return all(isinstance(name, str) and _is_plain(each) for name, each in value.items())
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return (
        value is None or isinstance(value, str | bool | int) or (isinstance(value, float) and value == value)
    )
