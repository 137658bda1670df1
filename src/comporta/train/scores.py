"""Figures with intervals from kept predictions: overall and by slice."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from comporta.records import FEWEST_ROWS, Figure, Scores
from comporta.stats.jackknife import quick_intervals
from comporta.stats.predictions import labelled, metrics_for, statistics
from comporta.stats.units import MOST_SLICES, rarer_of, slices_of, units_of


def measure(
    predictions: pl.DataFrame,
    metrics: Sequence[str] = (),
    slices: Sequence[str] = (),
    *,
    also: Sequence[str] = (),
    group: str | None = None,
    part: str = "test",
    seed: int = 0,
) -> Scores:
    """Every metric on all rows and on each slice of these columns, with 95 % intervals.

    Rows without a target are left out. A slice of fewer than 30 rows is not measured, and said so, as
    are values beyond the 50 most common.
    """
    rows = labelled(predictions)
    names = metrics_for(rows, metrics)
    if also:
        names = tuple(dict.fromkeys((*names, *metrics_for(rows, also))))
    figures: list[Figure] = []
    missing: dict[str, str] = {}
    for where, some in slices_of(rows, slices):
        if where and some.height < FEWEST_ROWS:
            why = f"{some.height} rows, at least {FEWEST_ROWS} expected"
            missing.update({f"{name} {where}": why for name in names})
            continue
        units = units_of(some, group)
        for name, found in zip(
            names, quick_intervals(statistics(some, names), some.height, units=units, seed=seed), strict=True
        ):
            if not np.isfinite(found.value):
                missing[f"{name} {where}".strip()] = "not defined: one class only, or no spread in the target"
                continue
            figures.append(found.figure(name, some.height, where))
    for by in slices:
        values, most = rarer_of(rows, by)
        if values:
            few = f"{most} rows, at least {FEWEST_ROWS} expected"
            why = few if most < FEWEST_ROWS else f"only the {MOST_SLICES} most common values are measured"
            missing.update({f"{name} {by}=one of {values:,} rarer values": why for name in names})
    return Scores(part=part, figures=tuple(figures), missing=missing)
