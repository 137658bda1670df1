"""Figures with intervals from kept predictions: overall, by slice, and candidate minus champion."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import polars as pl

from comporta.errors import BadData
from comporta.records import Figure, Scores
from comporta.records.columns import CHANCE, LABEL, NUMBER
from comporta.records.metric import metric
from comporta.stats.bootstrap import LEVEL, Statistic
from comporta.stats.jackknife import quick_intervals
from comporta.stats.predictions import classes_of, given, labelled, metrics_for, statistics, task_of
from comporta.stats.units import slices_of, units_of

FEWEST_ROWS = 30


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

    Rows without a target are left out. A slice of fewer than 30 rows is not measured, and said so.
    """
    rows = labelled(predictions)
    names = metrics_for(rows, metrics)
    if also:
        names = tuple(dict.fromkeys((*names, *metrics_for(rows, also))))
    return _measure(lambda some: statistics(some, names), rows, names, slices, group, part, seed)


def compare(
    mine: pl.DataFrame,
    theirs: pl.DataFrame,
    metrics: Sequence[str] = (),
    slices: Sequence[str] = (),
    *,
    trained: Sequence[pl.Series] = (),
    group: str | None = None,
    seed: int = 0,
) -> Scores:
    """Candidate minus champion on the rows both predicted and neither was trained on, paired: both are
    measured on the same resamples. trained: the `__key`s of the rows that each learned from."""
    rows = labelled(mine)
    for name, frame in (("candidate", rows), ("champion", theirs)):
        if frame["__key"].is_duplicated().any():
            raise BadData(f"compare: found a key twice among the {name}'s predictions, expected each once.")
    if trained:
        seen = pl.concat([keys.cast(pl.String) for keys in trained]).unique()
        rows = rows.filter(~pl.col("__key").is_in(seen.implode()))
    said = [LABEL, NUMBER] + [name for name in theirs.columns if name.startswith(CHANCE)]
    other = theirs.select("__key", *(pl.col(n).alias(f"their {n}") for n in said if n in theirs.columns))
    rows = rows.join(other, on="__key", how="inner", maintain_order="left")
    if rows.is_empty():
        why = "no row was predicted by both models and learned from by neither"
        return Scores(part="difference", figures=(), missing=dict.fromkeys(metrics, why) or {"": why})
    if classes_of(mine) != classes_of(theirs) or task_of(mine) != task_of(theirs):
        why = "the champion predicts other classes than the candidate"
        return Scores(part="difference", figures=(), missing=dict.fromkeys(metrics, why) or {"": why})
    names = tuple(name for name in metrics_for(rows, metrics) if metric(name).needs in given(theirs))

    def paired(some: pl.DataFrame) -> list[Statistic]:
        champion = some.drop(n for n in said if n in some.columns)
        champion = champion.rename({f"their {n}": n for n in said if f"their {n}" in some.columns})
        return [
            _minus(a, b) for a, b in zip(statistics(some, names), statistics(champion, names), strict=True)
        ]

    found = _measure(paired, rows, names, slices, group, "difference", seed)
    absent = {name: "the champion's output gives no such answer" for name in metrics if name not in names}
    return Scores(part=found.part, figures=found.figures, missing={**found.missing, **absent})


def _minus(mine: Statistic, theirs: Statistic) -> Statistic:
    return lambda weights: mine(weights) - theirs(weights)


def _measure(
    make: Callable[[pl.DataFrame], list[Statistic]],
    rows: pl.DataFrame,
    names: Sequence[str],
    slices: Sequence[str],
    group: str | None,
    part: str,
    seed: int,
) -> Scores:
    figures: list[Figure] = []
    missing: dict[str, str] = {}
    for where, some in slices_of(rows, slices):
        if where and some.height < FEWEST_ROWS:
            why = f"{some.height} rows, at least {FEWEST_ROWS} expected"
            missing.update({f"{name} {where}": why for name in names})
            continue
        units = units_of(some, group)
        for name, found in zip(
            names, quick_intervals(make(some), some.height, units=units, seed=seed), strict=True
        ):
            if not np.isfinite(found.value):
                missing[f"{name} {where}".strip()] = "not defined: one class only, or no spread in the target"
                continue
            figures.append(
                Figure(
                    metric=name,
                    value=found.value,
                    low=found.low,
                    high=found.high,
                    level=LEVEL,
                    rows=some.height,
                    groups=found.units,
                    slice=where,
                )
            )
    return Scores(part=part, figures=tuple(figures), missing=missing)
