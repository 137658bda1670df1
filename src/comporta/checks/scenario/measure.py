"""What the model says when the world is otherwise: rows changed by a function of the team's own."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from comporta.checks.scenario.codes import (
    CHANGED_NOT_FINITE,
    CHANGED_ROWS_RAISED,
    GAVE_NO_FRAME,
    GAVE_OTHER_ROWS,
    GAVE_ROWS_TWICE,
    LEFT_OUT_FEATURES,
    METRIC_NOT_DEFINED,
)
from comporta.checks.scenario.figures import MEAN_CHANGE, MEAN_PREDICTION
from comporta.checks.shared.figures import DECISIONS_CHANGED
from comporta.checks.shared.measuring.changes import answered, moved, seen_of
from comporta.checks.shared.measuring.codes import NO_TEST_ROWS
from comporta.checks.shared.measuring.team_function import ROW, known
from comporta.records import (
    Artifact,
    Figure,
    Findings,
    FittedModel,
    Message,
    ModelOutput,
    Quantity,
    Signature,
    Unmeasured,
)
from comporta.records.columns import TARGET
from comporta.stats.means import mean_of
from comporta.stats.predictions import weights_of
from comporta.stats.shares import metric_intervals
from comporta.stats.spread import share_of
from comporta.stats.units import renumbered, units_of
from comporta.store import StepContext
from comporta.store.frames import read

if TYPE_CHECKING:
    from numpy.typing import NDArray

Opened = Callable[[StepContext, Artifact, Artifact], FittedModel]
Change = Callable[[pl.DataFrame], pl.DataFrame]


class Unusable(Exception):
    """What the function gave cannot be asked. why: without a value from the data."""

    def __init__(self, why: Message) -> None:
        super().__init__(why.code)
        self.why = why


def measure(
    context: StepContext,
    *,
    model: Artifact,
    signature: Artifact,
    test: Artifact,
    opened: Opened,
    change: Change,
    metric: str | None = None,
    group: str | None = None,
) -> dict[str, Artifact]:
    """`findings`: on all test rows changed, the share of decisions that are others, the mean prediction
    (the chance of the second of two classes), how far it moved, and the metric against the truth."""
    rows, asked = read(context, test), opened(context, model, signature)
    found = told(asked, rows, change, metric, group, context.seed)
    print(f"{found.rows:,} rows changed by {getattr(change, '__name__', 'a function')}")
    return {"findings": context.put_json(found)}


def told(
    asked: FittedModel, rows: pl.DataFrame, change: Change, metric: str | None, group: str | None, seed: int
) -> Findings:
    """The same from an opened model and a frame. A function that raises, or gives other rows than it was
    handed, is evidence that is missing."""
    if rows.is_empty():
        return _nothing(NO_TEST_ROWS())
    try:
        after_rows = changed(rows, change)
        before, after = asked(rows), asked(after_rows)
    except Unusable as fault:
        return _nothing(fault.why)
    except Exception as fault:  # the team's own code: only the type is told, a message may hold values
        traceback.print_exc()
        return _nothing(CHANGED_ROWS_RAISED(error=type(fault).__name__))
    lost = int((~answered(after)).sum())
    if lost:
        return _nothing(CHANGED_NOT_FINITE(rows=lost))
    takes, units = asked.signature, units_of(rows, group)
    figures = [share_of(moved(before, after, takes), units).figure(DECISIONS_CHANGED.metric, rows.height)]
    for what, values in _means(before, after, takes).items():
        figures.append(mean_of(values, units).figure(what.metric, rows.height))
    unmeasured: tuple[Unmeasured, ...] = ()
    if metric is not None:
        figure = _scored(metric, after, rows, takes, units, seed)
        if figure is None:
            unmeasured = (Unmeasured(metric=metric, why=METRIC_NOT_DEFINED()),)
        else:
            figures.append(figure)
    return Findings(figures=tuple(figures), unmeasured=unmeasured, rows=rows.height, of=rows.height)


def _nothing(why: Message) -> Findings:
    return Findings(unmeasured=(Unmeasured(metric=DECISIONS_CHANGED.metric, why=why),))


def changed(rows: pl.DataFrame, change: Change) -> pl.DataFrame:
    """The rows with features as the function makes them, in the order they had. Raises Unusable."""
    given = known(rows)
    made: Any = change(given)
    if isinstance(made, pl.LazyFrame):
        made = made.collect()
    if not isinstance(made, pl.DataFrame):
        raise Unusable(GAVE_NO_FRAME(type=type(made).__name__))
    if made.height != rows.height:
        raise Unusable(GAVE_OTHER_ROWS(found=made.height, expected=rows.height))
    features = [name for name in rows.columns if not name.startswith("__")]
    absent = [name for name in features if name not in made.columns]
    if absent:
        raise Unusable(LEFT_OUT_FEATURES(features=len(absent), first=absent[0]))
    if ROW in made.columns:
        made = made.sort(ROW)
        if not made[ROW].equals(given[ROW]):
            raise Unusable(GAVE_ROWS_TWICE())
    return rows.with_columns(made[name] for name in features)


def _means(before: ModelOutput, after: ModelOutput, takes: Signature) -> dict[Quantity, NDArray[np.float64]]:
    """The rows' numbers, or the chances of the second of two classes; of more classes there is no mean."""
    if takes.task == "multiclass":
        return {}
    column = 0 if takes.task == "regression" else 1
    now, then = after.scores[:, column], before.scores[:, column]
    return {MEAN_PREDICTION: now, MEAN_CHANGE: now - then}


def _scored(
    metric: str, said: ModelOutput, rows: pl.DataFrame, takes: Signature, units: Any, seed: int
) -> Figure | None:
    there = rows[TARGET].is_not_null().to_numpy()
    if not there.any():
        return None
    weight = weights_of(rows)
    known = ModelOutput(said.scores[there], said.decisions[there])
    seen = seen_of(known, rows[TARGET].drop_nulls(), takes, None if weight is None else weight[there])
    (found,) = metric_intervals(seen, [metric], units=renumbered(units, there), seed=seed)
    return found.figure(metric, int(there.sum())) if np.isfinite(found.value) else None
