"""Figures with intervals from kept predictions: overall and by slice."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from comporta.records import FEWEST_ROWS, Condition, Figure, Message, Rarer, Scores, UnmeasuredFigure
from comporta.stats.clusters import clusters_of
from comporta.stats.predictions import metrics_for, scored_rows, with_truth
from comporta.stats.shares import metric_intervals
from comporta.stats.subjects import too_few
from comporta.stats.undefined import why_undefined
from comporta.stats.units import MOST_SLICES, rarer_of, slices_of
from comporta.train.codes import RARER_TOO_FEW, RARER_VALUES, TOO_FEW_ROWS

INTERVALS = 4
"""The edition of the methods that intervals are made by: one more where the same rows get other intervals."""


def measure_scores(
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

    Rows without a target are left out. A slice of fewer than 30 rows or ten subjects is not measured, and
    said so, as are values beyond the 50 most common, together.
    """
    rows = with_truth(predictions)
    names = metrics_for(rows, metrics)
    if also:
        names = tuple(dict.fromkeys((*names, *metrics_for(rows, also))))
    figures: list[Figure] = []
    lost: list[UnmeasuredFigure] = []
    for where, some in slices_of(rows, slices):
        if where and (why := _too_small(some)) is not None:
            lost += [
                UnmeasuredFigure(metric=name, where=where, rows=some.height, why=why, small=True)
                for name in names
            ]
            continue
        clusters = clusters_of(some, group)
        every = metric_intervals(scored_rows(some), names, clusters=clusters, seed=seed)
        for name, found in zip(names, every, strict=True):
            if not np.isfinite(found.value):
                why = why_undefined(name, some)
                lost.append(UnmeasuredFigure(metric=name, where=where, rows=some.height, why=why))
                continue
            figures.append(found.figure(name, some.height, where=where))
    for by in slices:
        values, most = rarer_of(rows, by)
        if values:
            small = most < FEWEST_ROWS
            why = (
                RARER_TOO_FEW(values=values, rows=most, least=FEWEST_ROWS)
                if small
                else RARER_VALUES(values=values, most=MOST_SLICES)
            )
            rarer = (Condition(by, Rarer()),)
            lost += [UnmeasuredFigure(metric=name, where=rarer, why=why, small=small) for name in names]
    return Scores(part=part, figures=tuple(figures), unmeasured=tuple(lost), intervals=INTERVALS)


def _too_small(part: pl.DataFrame) -> Message | None:
    """Why nothing is measured on a slice."""
    if part.height < FEWEST_ROWS:
        return TOO_FEW_ROWS(rows=part.height, least=FEWEST_ROWS)
    return too_few(part)
