"""A summary of why the model answers as it does, and whether the explanation adds up to the answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from comporta.checks.explanation.attribution import BACKGROUND, ROWS, ShapleyValues, attribute
from comporta.checks.explanation.codes import (
    BACKGROUND_COUNTS,
    BACKGROUND_ROWS,
    EXPLAINED,
    FEWER_THAN_TWO_ROWS,
    SHAPLEY_NOT_FINITE,
    SHAPLEY_SAMPLED,
)
from comporta.checks.explanation.figures import APART, RESIDUAL, SHAP_SHARE
from comporta.checks.explanation.tables import EXPLANATION, MEAN, MEAN_SIZE, PERCENTILE_5, PERCENTILE_95
from comporta.checks.shared.measuring.importance import ends, figures_of, resample, shares_of, wide
from comporta.checks.shared.tables import FEATURE, HIGH, LOW, SHARE
from comporta.records import NO_TEXT, Artifact, Figure, Findings, FittedModel, Message, UnmeasuredFigure
from comporta.stats.units import units_of
from comporta.store.context import StepContext
from comporta.store.frames import read, write

if TYPE_CHECKING:
    from numpy.typing import NDArray


def measure(
    context: StepContext,
    *,
    model: Artifact,
    signature: Artifact,
    test: Artifact,
    opened: Callable[[StepContext, Artifact, Artifact], FittedModel],
    group: str | None = None,
) -> dict[str, Artifact]:
    """`findings`: the largest additivity residual, how far the answer explained is from the one given, and
    each feature's share of the size of Shapley values, with an interval. `background`: the rows they are
    measured against; their digest stands in the notes, keyed as all digests are."""
    asked = opened(context, model, signature)
    rows = read(context, test)
    names = [field.name for field in asked.signature.features]
    if rows.height < 2:
        few = UnmeasuredFigure(metric=RESIDUAL.metric, why=FEWER_THAN_TWO_ROWS())
        return {"findings": context.put_json(Findings(unmeasured=(few,)))}
    some = rows.sample(min(ROWS, rows.height), seed=context.seed, shuffle=True)
    held = some.head(BACKGROUND)
    told = attribute(asked, some, held, context.seed)
    beside = write(context, held[list(names)]) if told.background else model
    units = units_of(some.head(len(told.values)), group)
    background = (
        BACKGROUND_ROWS(rows=told.background, digest=beside.digest)
        if told.background
        else BACKGROUND_COUNTS(digest=beside.digest)
    )
    found = findings_of(told, names, rows.height, background, units=units, seed=context.seed)
    print(f"{found.rows:,} of {found.of:,} rows explained, {told.asks:,} asked")
    made = {"findings": context.put_json(found)}
    return made | {"background": beside} if told.background else made


def findings_of(
    told: ShapleyValues,
    names: list[str],
    of: int,
    background: Message,
    *,
    units: NDArray[np.int64] | None = None,
    seed: int = 0,
) -> Findings:
    """The findings on these values. units: (rows,) what is resampled whole; None: rows."""
    rows = len(told.values)
    if not np.isfinite(told.values).all():
        lost = UnmeasuredFigure(metric=RESIDUAL.metric, why=SHAPLEY_NOT_FINITE())
        return Findings(unmeasured=(lost,), rows=rows, of=of)
    sizes, drawn = resample(told.sizes, units, seed)
    share, shares = shares_of(sizes), shares_of(drawn)
    width = wide(rows if units is None else int(units.max()) + 1)
    low, high = ends(share, shares, width)
    signed = told.values.mean(axis=0)
    order = np.argsort(-share, kind="stable")
    table = [
        {
            FEATURE: names[place],
            SHARE: float(share[place]),
            LOW: float(low[place]),
            HIGH: float(high[place]),
            MEAN_SIZE: float(sizes[place]),
            MEAN: float(signed[place, -1]),
            PERCENTILE_5: float(np.quantile(told.values[:, place, -1], 0.05)),
            PERCENTILE_95: float(np.quantile(told.values[:, place, -1], 0.95)),
        }
        for place in order[:200]
    ]
    return Findings(
        figures=(
            Figure(metric=RESIDUAL.metric, value=told.residual, rows=rows),
            Figure(metric=APART.metric, value=told.apart, rows=rows),
            *figures_of(SHAP_SHARE.metric, names, share, shares, rows, width),
        ),
        without=SHAPLEY_SAMPLED() if told.sampled else NO_TEXT,
        rows=rows,
        of=of,
        notes=(
            EXPLAINED(method=told.method, scale=told.scale, rows=rows, asked=told.asks),
            background,
        ),
        tables=(EXPLANATION.of(table),),
    )
