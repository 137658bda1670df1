"""Features that say nothing, or have ceased to: empty, constant, infinite, far outside."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import polars as pl

from comporta.checks.feature_quality.codes import (
    EMPTY_IN_TEST,
    EMPTY_IN_TRAINING,
    INFINITE_VALUES,
    NEARLY_CONSTANT,
    ONE_VALUE_IN_TEST,
    ONE_VALUE_IN_TRAINING,
)
from comporta.checks.feature_quality.figures import BROKEN, FAR_OUTSIDE, IDLE
from comporta.checks.shared.measuring.codes import OF_FEATURE
from comporta.records import Artifact, Figure, Findings, Message, conditions
from comporta.stats.table import feature_names
from comporta.store.context import StepContext
from comporta.store.frames import read

NEARLY = 0.999
FAR_OUT = 10.0
BY_CHANCE = 1e-9
SHOWN = 200


def measure(context: StepContext, *, train: Artifact, test: Artifact) -> dict[str, Artifact]:
    """`findings`: see `quality`. All rows are read."""
    learned, judged = read(context, train), read(context, test)
    print(
        f"{len(feature_names(learned))} features of {learned.height:,} and {judged.height:,} rows looked at"
    )
    return {"findings": context.put_json(quality(learned, judged))}


def quality(train: pl.DataFrame, test: pl.DataFrame) -> Findings:
    """`broken features`: how many have infinite values, or in the test nothing or one value where training
    had more, beyond chance. `idle features`: how many have nothing or one value in training.
    `share of values far outside`: of each feature, more than ten times the distance of the quartiles from
    them, in training; by feature. The table tells why, and which are nearly constant."""
    table = [_looked_at(train[name], test[name]) for name in feature_names(train) if name in test.columns]
    far = [
        Figure(
            metric=FAR_OUTSIDE.metric,
            value=each["far outside"],
            rows=train.height,
            under=conditions(feature=each["feature"]),
        )
        for each in table
        if each["far outside"] is not None
    ]
    broken = [each for each in table if each["broken"]]
    idle = [each for each in table if each["idle"]]
    return Findings(
        figures=(
            Figure(metric=BROKEN.metric, value=float(len(broken)), rows=test.height),
            Figure(metric=IDLE.metric, value=float(len(idle)), rows=train.height),
            *far,
        ),
        rows=train.height,
        of=train.height,
        notes=tuple(
            OF_FEATURE(feature=each["feature"], what=each["broken"] or each["idle"])
            for each in [*broken, *idle]
        ),
        tables={"features": tuple(sorted(table, key=_fault)[:SHOWN])},
    )


def _looked_at(train: pl.Series, test: pl.Series) -> dict[str, Any]:
    """What is wrong with one feature."""
    here, there = _plain(train), _plain(test)
    nulls, kinds = here.null_count() / len(here), here.drop_nulls().n_unique()
    most = _most_common(here)
    broken: Message | str = ""
    idle: Message | str = ""
    near: Message | str = ""
    if kinds == 0:
        idle = EMPTY_IN_TRAINING()
    elif kinds == 1 and not nulls:
        idle = ONE_VALUE_IN_TRAINING()
    elif most >= NEARLY:
        near = NEARLY_CONSTANT(share=most)
    if infinite := _infinite(here) + _infinite(there):
        broken = INFINITE_VALUES(values=infinite)
    elif len(there) and kinds and there.null_count() == len(there) and nulls ** len(there) < BY_CHANCE:
        broken = EMPTY_IN_TEST()
    elif len(there) and kinds > 1 and there.drop_nulls().n_unique() == 1 and not there.null_count():
        # The likeliest way to one value by chance is the most common one in every row.
        broken = ONE_VALUE_IN_TEST() if most ** len(there) < BY_CHANCE else ""
    return {
        "feature": train.name,
        "broken": broken,
        "idle": idle,
        "nearly constant": near,
        "missing in training": nulls,
        "missing in test": there.null_count() / max(1, len(there)),
        "far outside": _far(here),
    }


def _plain(column: pl.Series) -> pl.Series:
    return column.fill_nan(None) if column.dtype.is_float() else column


def _most_common(column: pl.Series) -> float:
    """The share of rows of the most common value, a missing one included."""
    if column.dtype.is_float() and column.head(1000).n_unique() > 900:
        return 0.0
    return int(column.unique_counts().max() or 0) / len(column)  # type: ignore[arg-type]


def _infinite(column: pl.Series) -> int:
    return int(column.is_infinite().sum()) if column.dtype.is_float() else 0


def _far(column: pl.Series) -> float | None:
    """None where the quartiles are one, so that there is no measure of distance."""
    if not column.dtype.is_numeric():
        return None
    numbers = column.cast(pl.Float64).drop_nulls()
    low, high = numbers.quantile(0.25), numbers.quantile(0.75)
    if low is None or high is None or not math.isfinite(high - low) or high <= low:
        return None
    room = FAR_OUT * (high - low)
    values = numbers.to_numpy()
    return float(((values < low - room) | (values > high + room)).mean()) if len(values) else None


def _fault(row: dict[str, Any]) -> tuple[bool, bool, bool, float]:
    far = row["far outside"]
    return (
        not row["broken"],
        not row["idle"],
        not row["nearly constant"],
        -(far if far is not None else -np.inf),
    )
