"""Answers and features that moved since an earlier version: found where planted, silent where not."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from _called import called

from comporta.checks.feature_drift import measure as features
from comporta.checks.feature_drift.check import feature_drift
from comporta.checks.prediction_drift import measure as predictions
from comporta.checks.prediction_drift.check import prediction_drift
from comporta.checks.shared.measuring.reference import reference_of
from comporta.records import Evidence, Field, Findings
from comporta.stats.table import feature_names

CODE = (
    "checks/prediction_drift/measure.py",
    "checks/feature_drift/measure.py",
    "checks/shared/measuring/reference.py",
    "checks/prediction_drift/check.py",
    "checks/feature_drift/check.py",
    "checks/shared/judging/earlier_versions.py",
)
FEATURES = 20


def study(seeds: int = 30) -> list[dict[str, Any]]:
    """`any shown`: the share of seeds at which any interval shows a drift, however small: the tests' own
    false-alarm rate. Else the defaults' limits are held."""
    rows = []
    for size in (2_000, 20_000, 60_000):
        for fault, how in (
            ("none", {}),
            ("scores half a spread higher", {"shift": 0.5}),
            ("scores a spread higher", {"shift": 1.0}),
            ("a rare class from 0.2 % to 0.4 %", {"rare": 0.004}),
            ("one feature a spread higher", {"feature": 1.0}),
            ("one feature missing in half of rows", {"gaps": 0.5}),
        ):
            if size == 60_000 and "rare" not in how:
                continue
            found = [_once(seed, size, how) for seed in range(seeds)]
            answers = "feature" not in fault
            check = prediction_drift() if answers else feature_drift()
            if fault == "none":
                rows += _rows(feature_drift(), [each[1] for each in found], fault, size)
                any_ = {
                    f"{called(prediction_drift())}: any shown": 0,
                    f"{called(feature_drift())}: any shown": 1,
                }
                for name, at in any_.items():
                    share = float(np.mean([_shown(each[at]) for each in found]))
                    told = {"check": name, "fault": fault, "size": f"{size:,} rows", "found": share}
                    rows.append({**told, "seeds": seeds})
            rows += _rows(check, [each[0 if answers else 1] for each in found], fault, size)
    return rows


def _rows(check: Any, found: list[Findings], fault: str, size: int) -> list[dict[str, Any]]:
    (need,) = check.needs()
    fails = [check.judge((Evidence(need=need, figures=each.figures),)).outcome == "fail" for each in found]
    return [
        {
            "check": called(check),
            "fault": fault,
            "size": f"{size:,} rows",
            "found": float(np.mean(fails)),
            "seeds": len(found),
        }
    ]


def _shown(found: Findings) -> bool:
    return any(
        each.low is not None and each.low > (1.0 if each.metric == "rate_ratio" else 0.0)
        for each in found.figures
    )


def _once(seed: int, size: int, how: dict[str, float]) -> tuple[Findings, Findings]:
    draw = np.random.default_rng(seed)
    then = _table(draw, size)
    was = {"earlier 1": reference_of(then, _fields(then))}
    now = _table(draw, size, **how)
    return predictions.measure_drift(now, None, was), features.measure_drift(now, was, None)


def _fields(rows: pl.DataFrame) -> tuple[Field, ...]:
    return tuple(Field(name=name, type="Float64") for name in feature_names(rows))


def _table(
    draw: np.random.Generator,
    rows: int,
    shift: float = 0.0,
    rare: float = 0.002,
    feature: float = 0.0,
    gaps: float = 0.0,
) -> pl.DataFrame:
    x = draw.normal(size=(rows, FEATURES if rows < 60_000 else 2))
    x[:, 0] += feature
    x[draw.random(rows) < gaps, 1] = np.nan
    chance = 1 / (1 + np.exp(-(draw.normal(size=rows) + shift)))
    label = np.where(draw.random(rows) < rare, "yes", "no")
    return pl.DataFrame(
        {f"f{n}": x[:, n] for n in range(x.shape[1])}
        | {
            "__label": pl.Series(label, dtype=pl.Enum(["no", "yes"])),
            "__probability_0": 1 - chance,
            "__probability_1": chance,
        }
    )
