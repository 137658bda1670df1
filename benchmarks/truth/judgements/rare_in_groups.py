"""`prediction_drift()` of two samples of one population in which few groups have a rare class."""

from __future__ import annotations

import numpy as np
import polars as pl
from _grid import Judgement, Setting, Verdicts, crossed, outcome_of

from comporta.checks import prediction_drift
from comporta.checks.prediction_drift.measure import measure_drift
from comporta.checks.shared.measuring.reference import reference_of

CODE = ("checks/prediction_drift", "checks/shared/judging/bounds.py", "checks/shared/measuring/reference.py")
BESIDE = ("../_grid.py",)
TOGETHER = {"groups much alike": 1.0, "groups little alike": 20.0}


def steady(draw: np.random.Generator, setting: Setting) -> Verdicts:
    """Each group has a rate of its own, about the base."""
    was, now = (_decided(draw, setting) for _ in range(2))
    found = measure_drift(now, None, {1: reference_of(was, (), group="shop")}, group="shop")
    return Verdicts(outcome_of(prediction_drift(), found), None)


def _decided(draw: np.random.Generator, setting: Setting) -> pl.DataFrame:
    each, a = setting.rows // setting.units, TOGETHER[setting.own]
    rates = draw.beta(a * setting.base, a * (1 - setting.base), setting.units)
    rare = draw.random(each * setting.units) < np.repeat(rates, each)
    label = pl.Series(np.where(rare, "yes", "no"), dtype=pl.Enum(["no", "yes"]))
    return pl.DataFrame({"__keep_shop": np.repeat(np.arange(setting.units), each), "__label": label})


JUDGEMENTS = (
    Judgement(
        name="prediction_drift(), rates by group",
        settings=crossed(rows=(1_000, 10_000), base=(0.01, 0.1), units=(10, 30, 100), own=TOGETHER),
        asked=steady,
        # The bounds of all rates, and of all drifts, hold together at 95 %.
        nominal=0.05,
    ),
)
