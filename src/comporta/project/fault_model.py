"""What can be wrong with a model before it is trained."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from datetime import timedelta
from itertools import chain
from pathlib import Path

import msgspec

from comporta.errors import wording
from comporta.project.dataset import Dataset
from comporta.project.fault_common import (
    FieldFaults,
    as_sequence,
    duplicates_in,
    import_faults,
    name_faults,
    signature,
    with_location,
)
from comporta.project.fault_release import release_faults
from comporta.project.fault_slices import slice_faults
from comporta.project.features import Features
from comporta.project.kinds import type_faults
from comporta.project.locate import ProjectFault, SourceLocations
from comporta.project.model import Model
from comporta.records import ByTime, Check, Limits
from comporta.records.class_name import class_name
from comporta.records.costs import Costs
from comporta.records.metric import MAIN, METRICS, unknown_metric

WEIGHTED = "sample_weight"
"""The argument of a training function that is given the rows' weights."""
SCORED = ("scores", "versus")
"""What is measured by the usual metrics; the metric of other evidence is its own."""


def model_faults(model: Model, root: Path, places: SourceLocations) -> Iterator[ProjectFault]:
    def faults() -> FieldFaults:
        yield from name_faults(model.name)
        features = model.features
        if isinstance(features, Features) and model.target in as_sequence(features.known):
            yield "target", f"found {model.target!r} in `known` of its features: a request cannot carry it."
        if callable(model.fit):
            yield from import_faults("fit", model.fit, root)
            yield from _params(model)
        if isinstance(features, Features) and isinstance(features.of, Dataset):
            yield from _split_faults(model, features.of)
        if model.task == "regression" and model.output == "probability":
            yield "output", "found 'probability' for a regression, expected 'label'."
        if isinstance(model.decimals, int) and not 1 <= model.decimals <= 15:
            yield "decimals", f"found {model.decimals}, expected 1 to 15. For labels alone: output='label'."
        yield from _log_faults(model)
        yield from _decision(model)
        for field in ("approvals", "seed"):
            if isinstance(number := getattr(model, field), int) and number < 0:
                yield field, f"found {number}, expected 0 or more."
        if isinstance(model.limits, Limits):
            yield from _limits(model.limits)
        yield from (
            ("requires", f"found {each!r} twice.") for each in duplicates_in(as_sequence(model.requires))
        )
        yield from _gates(model)
        yield from _codecs(model, root)
        yield from slice_faults(model)
        yield from release_faults(model)

    yield from with_location(places, "Model", model.name, chain(type_faults(model), faults()))


def _limits(limits: Limits) -> FieldFaults:
    wrong = dict(type_faults(limits))
    yield from (("limits", f"{field}: {said}") for field, said in wrong.items())
    for field in ("seconds", "memory"):
        limit = getattr(limits, field)
        if field not in wrong and limit is not None and limit <= 0:
            yield "limits", f"found {field}={limit}, expected more than 0."


def _number(value: object) -> float:
    """The value where it is a number; else 0, its kind being a fault already named."""
    return value if isinstance(value, int | float) else 0.0


def _log_faults(model: Model) -> FieldFaults:
    """What is wrong with what is kept of answers."""
    if not 0 <= _number(model.log_sample) <= 1:
        yield "log_sample", f"found {model.log_sample}, expected a share from 0 to 1."
    names, features = as_sequence(model.log_without), model.features
    yield from (("log_without", f"found {each!r} twice.") for each in duplicates_in(names))
    if isinstance(features, Features) and isinstance(features.of, Dataset):
        for name in names:
            if fault := _unlogged_fault(name, features):
                yield "log_without", f"found {name!r}, {fault}"


def _unlogged_fault(name: str, features: Features) -> str:
    """Why a column must be logged, or nothing."""
    known, about = as_sequence(features.known), features.of.about
    if name not in known:
        return wording(f"expected columns that a request carries: {', '.join(map(str, known))}.")
    if about is not None and name == about.column:
        return wording("the subject: without it nobody could be erased from the log.")
    for join in as_sequence(features.joins):
        on = getattr(join, "on", ())
        if name == on or (not isinstance(on, str) and name in on):
            return wording("by which history is joined: the keys of the rows that were read tell it.")
    return ""


def _decision(model: Model) -> FieldFaults:
    """What is wrong with the positive class and its threshold."""
    for field in ("positive", "threshold"):
        if getattr(model, field) is not None and model.task in ("multiclass", "regression"):
            yield field, f"found {field} for {model.task}, expected none: it is of two classes. Remove it."
    if model.positive is not None and class_name(model.positive) is None:
        yield "positive", f"found {model.positive!r}, expected one of the target's two classes."
    cut = model.threshold
    if cut is None:
        return
    if model.output == "label":
        yield (
            "threshold",
            "found a threshold for output='label', expected 'both' or 'probability' to hold to it.",
        )
    if isinstance(cut, Costs):
        if any(type_faults(cut)):
            yield from (("threshold", f"{field}: {said}") for field, said in type_faults(cut))
        elif not (cut.false_positive > cut.true_negative and cut.false_negative > cut.true_positive):
            yield "threshold", f"found {cut}, expected that being wrong costs more than being right."
    elif isinstance(cut, int | float) and not isinstance(cut, bool) and not 0 < cut < 1:
        yield "threshold", f"found {cut}, expected a chance above 0 and below 1, or Costs(...)."


def _codecs(model: Model, root: Path) -> FieldFaults:
    for codec in as_sequence(model.codecs):
        if not all(callable(getattr(codec, each, None)) for each in ("accepts", "encode", "decode")):
            yield "codecs", f"found {codec!r}, expected an object with name, accepts, encode and decode."
            continue
        yield from import_faults("codecs", type(codec), root)
        try:
            inspect.signature(type(codec)).bind()
        except (TypeError, ValueError):
            yield (
                "codecs",
                f"found {type(codec).__name__}, whose class needs arguments, expected one that is made "
                "without: a worker process makes its own.",
            )


def _gates(model: Model) -> FieldFaults:
    asked = [("metrics", name) for name in as_sequence(model.metrics) if isinstance(name, str)]
    asked += [("business", model.business)] if isinstance(model.business, str) else []
    names = []
    for gate in as_sequence(model.gates):
        if not all(callable(getattr(gate, each, None)) for each in ("needs", "judge")):
            yield "gates", f"found {gate!r}, expected checks such as at_least('roc_auc', 0.7)."
            continue
        check: Check = gate
        names.append(check.name)
        asked += [
            ("gates", need.metric)
            for need in check.needs()
            if need.what in SCORED and need.metric not in ("", MAIN)
        ]
    yield from (("gates", f"found {name!r} twice. Remove one.") for name in duplicates_in(names))
    for field, name in dict.fromkeys(asked):
        if name not in METRICS:
            yield field, unknown_metric(name)
        elif model.task is not None and model.task not in METRICS[name].tasks:
            yield field, f"found {name!r} for {model.task}, expected a metric of it."


def _params(model: Model) -> FieldFaults:
    """What is wrong with `params` beside what `fit` takes."""
    try:
        takes = inspect.signature(model.fit).parameters
    except (TypeError, ValueError):  # compiled callables tell nothing of what they take
        return
    words = {name: each for name, each in takes.items() if each.kind not in (each.VAR_POSITIONAL,)}
    first = [
        each for each in takes.values() if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)
    ]
    if len(first) < 2 and not any(each.kind is each.VAR_POSITIONAL for each in takes.values()):
        yield "fit", f"found {signature(model.fit)}, expected at least (X, y)."
        return
    free = list(words)[2:]
    rest = any(each.kind is each.VAR_KEYWORD for each in takes.values())
    for name in model.params if isinstance(model.params, dict) else ():
        if name not in free and not rest:
            yield "params", f"found {name!r}, expected one of: {', '.join(free) or 'none'}."
    if model.weight is not None and not rest and WEIGHTED not in free:
        yield (
            "weight",
            f"found {signature(model.fit)}, expected `def fit(X, y, *, {WEIGHTED})`: it is given them.",
        )
    for name in free:
        each = words[name]
        if name == WEIGHTED and model.weight is not None:
            continue
        if each.default is each.empty and each.kind is not each.VAR_KEYWORD and name not in model.params:
            yield "params", f"found no {name!r}, which {signature(model.fit)} needs. Add it."
    try:
        msgspec.json.encode(model.params)
    except (TypeError, ValueError, OverflowError) as error:
        yield "params", f"found a value that is not plain JSON ({error}). Build it inside `fit`."


def _split_faults(model: Model, of: Dataset) -> FieldFaults:
    split = model.split
    if isinstance(split, ByTime):
        if of.time is None:
            yield "split", f"found by_time, but Dataset {of.name!r} has no `time`. Declare it there."
        if isinstance(split.test, timedelta) and split.test <= timedelta():
            yield "split", f"found test={split.test}, expected more than nothing."
    elif isinstance(share := getattr(split, "test", None), int | float) and not 0 < share < 1:
        yield "split", f"found test={share}, expected a share between 0 and 1."
