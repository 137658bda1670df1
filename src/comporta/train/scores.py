"""Figures with intervals from kept predictions: overall, by slice, and candidate minus champion."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from comporta.errors import BadData, BadProject
from comporta.records import Figure, Scores
from comporta.records.metric import METRICS, Task, metric
from comporta.train.bootstrap import LEVEL, Statistic, intervals
from comporta.train.frames import column
from comporta.train.metrics import Seen, statistic
from comporta.train.target import places

if TYPE_CHECKING:
    from numpy.typing import NDArray

LABEL, NUMBER, CHANCE = "__label", "__prediction", "__probability_"
FEWEST_ROWS = 30
FEWEST_DAYS = 8
MOST_SLICES = 50


def task_of(predictions: pl.DataFrame) -> Task:
    """Told by the columns that `predict` wrote."""
    if NUMBER in predictions.columns:
        return "regression"
    return "binary" if len(classes_of(predictions)) == 2 else "multiclass"


def classes_of(predictions: pl.DataFrame) -> tuple[str, ...]:
    """The model's classes, in its order; none for regression."""
    kind = predictions[LABEL].dtype if LABEL in predictions.columns else None
    return tuple(kind.categories) if isinstance(kind, pl.Enum) else ()


def metrics_for(predictions: pl.DataFrame, asked: Sequence[str]) -> tuple[str, ...]:
    """Those asked, or the usual ones of the task. Raises BadProject on one that these cannot have."""
    task = task_of(predictions)
    has = _has(predictions)
    usual = tuple(n for n, each in METRICS.items() if each.usual and task in each.tasks and each.needs in has)
    for name in asked:
        found = metric(name)
        if task not in found.tasks:
            raise BadProject(f"metric {name!r}: cannot be measured for {task}; {', '.join(usual)} can.")
        if found.needs not in has:
            raise BadProject(f"metric {name!r}: needs a {found.needs}; the model's output gives none.")
    return tuple(asked) or usual


def _has(predictions: pl.DataFrame) -> set[str]:
    if NUMBER in predictions.columns:
        return {"number"}
    return {"label", "probability"} if f"{CHANCE}0" in predictions.columns else {"label"}


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
    rows = _labelled(predictions)
    names = metrics_for(rows, metrics)
    if also:
        names = tuple(dict.fromkeys((*names, *metrics_for(rows, also))))
    return _measure(lambda some: _statistics(some, names), rows, names, slices, group, part, seed)


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
    rows = _labelled(mine)
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
    names = tuple(name for name in metrics_for(rows, metrics) if metric(name).needs in _has(theirs))

    def paired(some: pl.DataFrame) -> list[Statistic]:
        champion = some.drop(n for n in said if n in some.columns)
        champion = champion.rename({f"their {n}": n for n in said if f"their {n}" in some.columns})
        return [
            _minus(a, b) for a, b in zip(_statistics(some, names), _statistics(champion, names), strict=True)
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
    for where, some in _slices(rows, slices):
        if where and some.height < FEWEST_ROWS:
            why = f"{some.height} rows, at least {FEWEST_ROWS} expected"
            missing.update({f"{name} {where}": why for name in names})
            continue
        units = _units(some, group)
        for name, found in zip(
            names, intervals(make(some), some.height, units=units, seed=seed), strict=True
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


def _labelled(predictions: pl.DataFrame) -> pl.DataFrame:
    rows = predictions.filter(pl.col("__target").is_not_null())
    if rows.is_empty():
        raise BadData(
            "scores: found no row with a target, expected some. Wait for labels, or widen the test part."
        )
    return rows


def _statistics(rows: pl.DataFrame, names: Sequence[str]) -> list[Statistic]:
    seen = _seen(rows)
    return [statistic(name, seen) for name in names]


def _seen(rows: pl.DataFrame) -> Seen:
    if NUMBER in rows.columns:
        return Seen(
            classes=0, truth=rows["__target"].cast(pl.Float64).to_numpy(), number=rows[NUMBER].to_numpy()
        )
    classes = classes_of(rows)
    chances = [f"{CHANCE}{place}" for place in range(len(classes))]
    return Seen(
        classes=len(classes),
        truth=places(rows["__target"], classes),
        label=rows[LABEL].to_physical().cast(pl.Int64).to_numpy(),
        probability=rows.select(chances).to_numpy() if chances[0] in rows.columns else None,
    )


def _units(rows: pl.DataFrame, group: str | None) -> NDArray[np.int64] | None:
    """What is resampled whole: the declared group, else days where there are at least eight, else rows
    (None). A row whose group is missing stands alone."""
    if group is not None:
        named = column(rows, group).cast(pl.String)
        alone = pl.Series(range(rows.height), dtype=pl.Int64).cast(pl.String)
        units = pl.select(pl.coalesce("g" + named, "r" + alone)).to_series()
        return units.rank("dense").cast(pl.Int64).to_numpy() - 1
    if "__at" in rows.columns and rows["__at"].dtype.is_temporal() and rows["__at"].null_count() == 0:
        days = rows["__at"].cast(pl.Date)
        if days.n_unique() >= FEWEST_DAYS:
            return days.rank("dense").cast(pl.Int64).to_numpy() - 1
    return None


def _slices(rows: pl.DataFrame, by: Sequence[str]) -> Iterator[tuple[str, pl.DataFrame]]:
    """All rows, and then each value of each column; the numbers of a column of many by quarters."""
    yield "", rows
    for name in by:
        values = _coarse(column(rows, name))
        framed = rows.with_columns(values.alias("__slice"))
        counts = values.value_counts(sort=True).head(MOST_SLICES)[values.name].to_list()
        for value in sorted(counts, key=lambda each: (each is None, str(each))):
            yield (
                f"{name}={'missing' if value is None else value}",
                framed.filter(pl.col("__slice").eq_missing(pl.lit(value))).drop("__slice"),
            )


def _coarse(values: pl.Series) -> pl.Series:
    if not values.dtype.is_numeric() or values.n_unique() <= 12:
        if values.dtype == pl.Boolean:
            return values.replace_strict({True: "true", False: "false"}, default=None, return_dtype=pl.String)
        return values.cast(pl.String)
    numbers = values.cast(pl.Float64)
    cuts = sorted({float(f"{numbers.quantile(q):.6g}") for q in (0.25, 0.5, 0.75)})
    names = [f"up to {cuts[0]:g}"]
    names += [f"{low:g} to {high:g}" for low, high in pairwise(cuts)]
    names.append(f"above {cuts[-1]:g}")
    places = numbers.fill_nan(None).to_numpy()
    held = pl.Series(names).gather(np.searchsorted(cuts, np.nan_to_num(places)).astype(np.uint32))
    return pl.select(pl.when(numbers.fill_nan(None).is_not_null()).then(held)).to_series()
