"""Features that say nothing, or have ceased to: empty, constant, infinite, far outside."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from comporta.checks.feature_quality.chance import (
    SplitParts,
    chance_of_none,
    chance_of_one,
    parts_of,
)
from comporta.checks.feature_quality.codes import (
    BY_CHANCE_PERHAPS,
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
from comporta.checks.shared.measuring.these import these
from comporta.checks.shared.tables import BROKEN as BROKEN_BECAUSE
from comporta.checks.shared.tables import FEATURE, FEATURES
from comporta.records import (
    Artifact,
    Figure,
    Findings,
    Message,
    Quantity,
    TableRow,
    conditions,
)
from comporta.stats.table import feature_names
from comporta.store.context import StepContext
from comporta.store.frames import read

NEARLY_ALL = 0.999
FAR_OUT = 10.0
BY_CHANCE = 1e-6
SHOWN = 200


class FeatureFaults(NamedTuple):
    """What is wrong with one feature; None where nothing is. near: whether it is nearly constant. unsure: it
    is empty or of one value in the test, and that may be chance. missing_here, missing_there: shares of the
    training and test rows. far: the share of values far outside, None where the quartiles are one."""

    feature: str
    broken: Message | None
    idle: Message | None
    near: Message | None
    unsure: Message | None
    missing_here: float
    missing_there: float
    far: float | None


def measure(
    context: StepContext,
    *,
    train: Artifact,
    test: Artifact,
    split: dict[str, Any] | None = None,
    group: str | None = None,
) -> dict[str, Artifact]:
    """`findings`: see `quality`. All rows are read."""
    learned, judged = read(context, train), read(context, test)
    print(
        f"{len(feature_names(learned))} features of {learned.height:,} and {judged.height:,} rows looked at"
    )
    return {"findings": context.put_json(quality(learned, judged, split=split, group=group))}


def quality(
    train: pl.DataFrame,
    test: pl.DataFrame,
    *,
    split: dict[str, Any] | None = None,
    group: str | None = None,
) -> Findings:
    """`broken features`: how many have infinite values, or in the test nothing or one value where training
    had more, beyond chance, which knows how rows were parted (`chance`). `idle features`: how many have
    nothing or one value in training. `share of values far outside`: of each feature, more than ten times the
    distance of the quartiles from them, in training; by feature. The table tells why, and which are nearly
    constant."""
    names = [name for name in feature_names(train) if name in test.columns]
    parts = parts_of(train, test, split, group)
    table = [_looked_at(train[name], test[name], parts) for name in names]
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
    unsure = [each for each in table if each.unsure]
    return Findings(
        figures=(
            _count(BROKEN, [(each.feature, each.broken) for each in broken], test.height),
            _count(IDLE, [(each.feature, each.idle) for each in idle], train.height),
            *far,
        ),
        rows=train.height,
        of=train.height,
        notes=tuple(
            OF_FEATURE(feature=each.feature, what=why)
            for each in [*broken, *idle, *unsure]
            if (why := each.broken or each.idle or each.unsure) is not None
        ),
        tables=(FEATURES.of(map(_row, sorted(table, key=_fault)[:SHOWN])),),
    )


def _count(of: Quantity, features: Sequence[tuple[str, Message | None]], rows: int) -> Figure:
    """How many there are, and which, and why."""
    named = [OF_FEATURE(feature=name, what=why) for name, why in features if why is not None]
    return Figure(metric=of.metric, value=float(len(features)), rows=rows, notes=these(named))


def _looked_at(train: pl.Series, test: pl.Series, parts: SplitParts) -> FeatureFaults:
    here, there = _plain(train), _plain(test)
    nulls, kinds = here.null_count() / len(here), here.drop_nulls().n_unique()
    most = _most_common(here)
    idle: Message | None = None
    near: Message | None = None
    if kinds == 0:
        idle = EMPTY_IN_TRAINING()
    elif kinds == 1 and not nulls:
        idle = ONE_VALUE_IN_TRAINING()
    elif most >= NEARLY_ALL:
        near = NEARLY_CONSTANT(share=most)
    said, chance = _silent(here, there, parts) if kinds else (None, 0.0)
    broken = said if chance < BY_CHANCE else None
    if infinite := _infinite(here) + _infinite(there):
        broken = INFINITE_VALUES(values=infinite)
    unsure = None if said is None or broken or near else BY_CHANCE_PERHAPS(what=said)
    return FeatureFaults(
        feature=train.name,
        broken=broken,
        idle=idle,
        near=near,
        unsure=unsure,
        missing_here=nulls,
        missing_there=there.null_count() / max(1, len(there)),
        far=_far(here),
    )


def _silent(here: pl.Series, there: pl.Series, parts: SplitParts) -> tuple[Message | None, float]:
    """What of the test rows says nothing where training did, and how likely that is by chance."""
    if len(there) and there.null_count() == len(there):
        return EMPTY_IN_TEST(), chance_of_none(here, parts)
    if len(there) and there.n_unique() == 1 < here.drop_nulls().n_unique():
        return ONE_VALUE_IN_TEST(), chance_of_one(here, parts)
    return None, 1.0


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
