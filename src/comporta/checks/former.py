"""How releases before ids named a check and digested what it declares: what old ledgers hold stays so.

A version that was judged then holds titles as names and forms made of module paths. Where today's check
would have had the same name and form, it is the same check. Nothing here ever changes, but for the attributes
under which today's checks keep a former field.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from blake3 import blake3

from comporta.checks.former_names import NAMES
from comporta.checks.written import kind_of, ours, plain, source, unwritable
from comporta.records import Check, Record, encode
from comporta.records.record import unusual

_FIELDS: Mapping[str, tuple[str, str]] = {
    "acceptance": ("acceptance:Accepted", "title function least most on required level"),
    "attribute_inference": (
        "attribute_inference:AttributeInference", "of advantage knows explanations on required level",
    ),
    "baselines": ("baselines:BeatsBaselines", "naive simple required level"),
    "fairness": ("bias:Fair", "criterion by limit favourable on required level"),
    "calibration": ("calibration:Calibrated", "error bias by on required level"),
    "no_worse": ("champion:NoWorse", "metric margin by on required level"),
    "never": ("conduct:Never", "when owner decision above below columns required level"),
    "contamination": ("contamination:Contamination", "twins entities subjects required level"),
    "duplicates": ("duplicates:Duplicates", "at_most contradictory required level"),
    "evasion": ("evasion:Evasion", "changeable cost most ranges unwanted word_cost on required level"),
    "expectations": ("expectations:Expectations", "at_most required level"),
    "explanation": ("explanation:Explained", "residual apart required level"),
    "feature_drift": ("feature_drift:FeatureDrift", "most weighted share versions on required level"),
    "feature_quality": ("feature_quality:FeatureQuality", "broken idle outliers required level"),
    "fit_gap": ("fit_gap:FitGap", "metric at_most on required level"),
    "identifiers": ("identifiers:Identifiers", "at_most required level"),
    "importance_change": ("importance_change:ImportanceChange", "moved ranks versions on required level"),
    "label_errors": ("label_errors:LabelErrors", "at_most on required level"),
    "learning_curve": ("learning_curve:LearningCurve", "gain required level"),
    "limit": ("limit:Limit", "metric limit least by on required level"),
    "membership": ("membership:Membership", "tpr_at_1pct tpr_at_01pct area fits on required level"),
    "noise": ("noise:Noise", "flips metric_lost extreme at repeats metric on required level"),
    "parity": ("parity:Parity", "tolerance required level"),
    "backtest": ("past:Backtest", "metric limit least windows on required level"),
    "replay": ("past:Replayed", "metric limit least on required level"),
    "personal_data": ("personal_data:NoPersonalData", "allow required level"),
    "prediction_drift": ("prediction_drift:PredictionDrift", "most rates versions on required level"),
    "privacy_structure": ("privacy_structure:PrivacyStructure", "kept leaves weights words required level"),
    "proxy": ("proxy:NoProxy", "of limit owner features on required level"),
    "scenario": ("scenario:Scenario", "title change metric least most on required level"),
    "monotone": ("shape:Monotone", "feature increasing tolerance of proof required level"),
    "within": ("shape:Within", "low high of proof required level"),
    "single_feature": ("single_feature:SingleFeature", "at_most gap required level"),
    "stress": ("stress:Stress", "connections seconds p99_ms p50_ms growth_kb on required level"),
    "time_travel": ("time_travel:NoTimeTravel", "timeless required level"),
    "better_than_champion": ("versus:BetterThanChampion", "metric by_at_least by required level"),
    "weak_slices": ("weak_slices:WeakSlices", "at_most against support depth top loss on required level"),
}  # fmt: skip
"""Kind → the class that it was below `comporta.gates`, and its fields as they followed each other."""

_NOW = {("acceptance", "title"): "label", ("scenario", "title"): "label"}
"""(kind, former field) → the attribute that holds it today, where that is called otherwise."""


class Former(Record, frozen=True, kw_only=True):
    """What a check was called, and the digest of what it declared, before it had an id."""

    name: str
    form: str


def former(check: Check, beside: bytes = b"") -> Former | None:
    """What releases before ids would have kept of this check; None where it holds what they did not know.

    beside: what else decided what it asks, as they wrote it.
    """
    held = _former_values(check)
    if held is None:
        return None
    name = NAMES[kind_of(check)](held) if ours(type(check)) else check.name
    return Former(name=name, form=blake3(_former_json(check, held) + b"\n" + beside).hexdigest())


def _former_values(check: Check) -> dict[str, Any] | None:
    """Former field → value, in the former order."""
    if not ours(type(check)):
        return {}
    kind = kind_of(check)
    if kind not in _FIELDS:
        return None
    fields = {field: _NOW.get((kind, field), field) for field in _FIELDS[kind][1].split()}
    assert isinstance(check, msgspec.Struct), "every check of the gates is a record"
    known = {each.encode_name for each in msgspec.structs.fields(check) if each.name in fields.values()}
    if not unusual(check).keys() <= known:
        return None
    return {field: getattr(check, attribute) for field, attribute in fields.items()}


def _former_json(check: Check, held: Mapping[str, Any]) -> bytes:
    """`["comporta.gates.noise:Noise",{"flips":0.2,…}]`, byte for byte."""
    encoder = msgspec.json.Encoder(order="deterministic", enc_hook=_function)
    try:
        if not ours(type(check)):
            where = f"{_module(type(check))}:{type(check).__qualname__}"
            return encoder.encode([where, check, source(type(check))])
        values = b",".join(encode(name) + b":" + encoder.encode(value) for name, value in held.items())
        where = f"comporta.gates.{_FIELDS[kind_of(check)][0]}"
        return b"[" + encode(where) + b",{" + values + b"}]"
    except TypeError as fault:
        raise unwritable(check, fault) from fault


def _function(value: Any) -> Any:
    """A function as where it is declared and the digest of its source text."""
    if isinstance(value, types.FunctionType):
        plain(value)
        return {"function": f"{_module(value)}:{value.__qualname__}", "source": source(value)}
    return plain(value)


def _module(value: Any) -> str:
    """Where it is declared: the same whether its file is run or imported."""
    module = str(value.__module__)
    file = getattr(sys.modules.get(module), "__file__", None)
    return Path(file).stem if module == "__main__" and file else module
