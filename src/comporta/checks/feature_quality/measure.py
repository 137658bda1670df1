"""Features that say nothing, or have ceased to: empty, constant, infinite, far outside."""

from __future__ import annotations

import math
from typing import NamedTuple

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
from comporta.checks.feature_quality.tables import (
    FAR_OUTSIDE_SHARE,
    IDLE_BECAUSE,
    MISSING_IN_TEST,
    MISSING_IN_TRAINING,
    NEARLY,
)
from comporta.checks.shared.measuring.codes import OF_FEATURE
from comporta.checks.shared.tables import BROKEN as BROKEN_BECAUSE
from comporta.checks.shared.tables import FEATURE, FEATURES
from comporta.records import (
    Artifact,
    Figure,
    Findings,
    Message,
    TableRow,
    conditions,
)
from comporta.stats.table import feature_names
from comporta.store.context import StepContext
from comporta.store.frames import read

NEARLY_ALL = 0.999
FAR_OUT = 10.0
BY_CHANCE = 1e-9
SHOWN = 200


class FeatureFaults(NamedTuple):
    """What is wrong with one feature; None where nothing is. near: whether it is nearly constant.
    missing_here, missing_there: shares of the training and test rows. far: the share of values far
    outside, None where the quartiles are one."""

    feature: str
    broken: Message | None
    idle: Message | None
    near: Message | None
    missing_here: float
    missing_there: float
    far: float | None


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
            value=each.far,
            rows=train.height,
            under=conditions(feature=each.feature),
        )
        for each in table
        if each.far is not None
    ]
    broken = [each for each in table if each.broken]
    idle = [each for each in table if each.idle]
    return Findings(
        figures=(
            Figure(metric=BROKEN.metric, value=float(len(broken)), rows=test.height),
            Figure(metric=IDLE.metric, value=float(len(idle)), rows=train.height),
            *far,
        ),
        rows=train.height,
        of=train.height,
        notes=tuple(
            OF_FEATURE(feature=each.feature, what=why)
            for each in [*broken, *idle]
            if (why := each.broken or each.idle) is not None
        ),
        tables=(FEATURES.of(map(_row, sorted(table, key=_fault)[:SHOWN])),),
    )


def _looked_at(train: pl.Series, test: pl.Series) -> FeatureFaults:
    here, there = _plain(train), _plain(test)
    nulls, kinds = here.null_count() / len(here), here.drop_nulls().n_unique()
    most = _most_common(here)
    broken: Message | None = None
    idle: Message | None = None
    near: Message | None = None
    if kinds == 0:
        idle = EMPTY_IN_TRAINING()
    elif kinds == 1 and not nulls:
        idle = ONE_VALUE_IN_TRAINING()
    elif most >= NEARLY_ALL:
        near = NEARLY_CONSTANT(share=most)
    if infinite := _infinite(here) + _infinite(there):
        broken = INFINITE_VALUES(values=infinite)
    elif len(there) and kinds and there.null_count() == len(there) and nulls ** len(there) < BY_CHANCE:
        broken = EMPTY_IN_TEST()
    elif len(there) and kinds > 1 and there.drop_nulls().n_unique() == 1 and not there.null_count():
        # The likeliest way to one value by chance is the most common one in every row.
        broken = ONE_VALUE_IN_TEST() if most ** len(there) < BY_CHANCE else None
    return FeatureFaults(
        feature=train.name,
        broken=broken,
        idle=idle,
        near=near,
        missing_here=nulls,
        missing_there=there.null_count() / max(1, len(there)),
        far=_far(here),
    )


def _row(faults: FeatureFaults) -> TableRow:
    return {
        FEATURE: faults.feature,
        BROKEN_BECAUSE: faults.broken,
        IDLE_BECAUSE: faults.idle,
        NEARLY: faults.near,
        MISSING_IN_TRAINING: faults.missing_here,
        MISSING_IN_TEST: faults.missing_there,
        FAR_OUTSIDE_SHARE: faults.far,
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


def _fault(faults: FeatureFaults) -> tuple[bool, bool, bool, float]:
    far = faults.far if faults.far is not None else -np.inf
    return not faults.broken, not faults.idle, not faults.near, -far
