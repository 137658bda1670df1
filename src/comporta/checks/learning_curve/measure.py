"""What fewer rows would have taught: whether the model has learned all there is, or more rows would help."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from comporta.checks.learning_curve.codes import LEARNING_CURVE, LOSS_FROM_ROWS, NO_FIT_ON_HALF
from comporta.checks.learning_curve.figures import GAIN
from comporta.checks.learning_curve.tables import LEARNING_CURVE_TABLE
from comporta.checks.shared.measuring.codes import TRAINING_RAISED
from comporta.checks.shared.measuring.prediction_frame import align, with_outputs
from comporta.checks.shared.tables import HIGH, LOW, X, Y
from comporta.records import (
    Artifact,
    Figure,
    Findings,
    FittedModel,
    Message,
    Signature,
    TableRow,
    UnmeasuredFigure,
    conditions,
)
from comporta.stats.losses import losses
from comporta.stats.means import mean_of, ratio_of
from comporta.stats.predictions import scored_rows, shares_of_mean, with_truth
from comporta.stats.units import units_of
from comporta.store import StepContext
from comporta.store.frames import read

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SHARES = (0.125, 0.25, 0.5)


def measure(
    context: StepContext,
    *,
    train: Artifact,
    predictions: Artifact,
    signature: Artifact,
    fit: Callable[..., Any],
    refitted: Callable[..., FittedModel],
    group: str | None = None,
    params: dict[str, Any] | None = None,
    **declared: Any,
) -> dict[str, Artifact]:
    """`findings`. predictions: the candidate's own, of the test rows: the end of the curve. Three fits, on
    an eighth, a quarter and a half of the training rows, each within the next. declared: `task`, `output`."""
    del declared
    takes = context.get_json(signature, Signature)

    def fit_on(rows: pl.DataFrame) -> FittedModel:
        return refitted(
            rows, fit=fit, params=params or {}, task=takes.task, output=takes.output, seed=context.seed
        )

    found = learning_curve(
        read(context, train),
        with_truth(read(context, predictions)),
        fit_on,
        takes,
        group=group,
        seed=context.seed,
    )
    print(f"learning curve: {', '.join(f'{each.metric} {each.value:.4g}' for each in found.figures)}")
    return {"findings": context.put_json(found)}


def learning_curve(
    train: pl.DataFrame,
    rows: pl.DataFrame,
    fitted: Callable[[pl.DataFrame], FittedModel],
    signature: Signature,
    *,
    group: str | None = None,
    seed: int = 0,
) -> Findings:
    """Figures: the share of the loss that the last doubling of the training rows took away; below 0 it added
    some. A table: the mean loss on the test rows by number of training rows."""
    units, count = units_of(rows, group), shares_of_mean(rows)
    whole = losses(scored_rows(rows))
    lost: dict[int, Floats] = {}
    raised: dict[int, Message] = {}
    for part in nested_parts(train, group, seed):
        try:
            asked = fitted(part)
            said = align(asked(rows), asked.signature, signature)
        except Exception as fault:  # the project's own training function, on fewer rows than it was made for
            raised[part.height] = TRAINING_RAISED(error=type(fault).__name__)
            continue
        lost[part.height] = losses(scored_rows(with_outputs(rows, said, signature))).row * count
    lost[train.height] = whole.row * count
    curve: list[TableRow] = []
    means = {}
    for height, row in sorted(lost.items()):
        found = mean_of(row, units)
        means[height] = float(found.value)
        curve.append({X: height, Y: found.value, LOW: found.low, HIGH: found.high})
    half = [height for height in lost if height < train.height]
    unmeasured = [
        UnmeasuredFigure(under=conditions(training_rows=height), why=why) for height, why in raised.items()
    ]
    figures = []
    if half and max(half) >= 0.4 * train.height:
        gain = ratio_of(lost[train.height], lost[max(half)], units)
        figures.append(
            Figure(
                metric=GAIN.metric,
                value=1 - gain.value,
                low=None if gain.high is None else 1 - gain.high,
                high=None if gain.low is None else 1 - gain.low,
                rows=rows.height,
                groups=gain.units,
            )
        )
    else:
        why = raised.get(max(half, default=0)) or NO_FIT_ON_HALF()
        unmeasured.append(UnmeasuredFigure(metric=GAIN.metric, why=why))
    points = tuple(LOSS_FROM_ROWS(loss=loss, rows=height) for height, loss in means.items())
    return Findings(
        figures=tuple(each for each in figures if np.isfinite(each.value)),
        unmeasured=tuple(unmeasured),
        rows=rows.height,
        of=rows.height,
        notes=(LEARNING_CURVE(loss=whole.name, points=points),),
        tables=(LEARNING_CURVE_TABLE.of(curve, under=conditions(metric=whole.name)),),
    )


def nested_parts(train: pl.DataFrame, group: str | None, seed: int) -> list[pl.DataFrame]:
    """An eighth, a quarter and a half of the units, each within the next, rows in their order."""
    units = units_of(train, group)
    count = train.height if units is None else int(units.max(initial=-1)) + 1
    place = np.random.default_rng(seed).permutation(count)
    of_row = place if units is None else place[units]
    return [train.filter(pl.Series(of_row < share * count)) for share in SHARES]
