"""The usual metrics of some predictions, with intervals, as a backtest and a replay have them."""

from __future__ import annotations

import numpy as np
import polars as pl

from comporta.records import Figure, Unmeasured
from comporta.stats.predictions import metrics_for, seen
from comporta.stats.shares import metric_intervals
from comporta.stats.undefined import why_undefined
from comporta.stats.units import units_of


def usual_metrics(
    told: pl.DataFrame, also: str, group: str | None, seed: int
) -> tuple[list[Figure], list[Unmeasured]]:
    """Every usual metric of these predictions and `also`, with intervals; and those that are not defined."""
    names = list(dict.fromkeys([*metrics_for(told, ()), *([also] if also else [])]))
    metrics_for(told, names)
    units = units_of(told, group)
    found = metric_intervals(seen(told), names, units=units, seed=seed)
    figures, lost = [], []
    for name, each in zip(names, found, strict=True):
        if not np.isfinite(each.value):
            lost.append(Unmeasured(metric=name, why=why_undefined(name, told)))
            continue
        figures.append(each.figure(name, told.height))
    return figures, lost
