"""What the model says when the world is otherwise: rows changed by a function of the team's own."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from comporta.evidence.handed import ROW, known
from comporta.evidence.moved import CHANGED, answered, moved, seen_of
from comporta.records import Artifact, Asked, Figure, Findings, Said, Signature
from comporta.records.columns import TARGET
from comporta.stats.bootstrap import Statistic
from comporta.stats.jackknife import quick_intervals
from comporta.stats.means import mean_of
from comporta.stats.metrics import statistic
from comporta.stats.spread import share_of
from comporta.stats.units import renumbered, units_of
from comporta.store import Desk
from comporta.store.frames import read

if TYPE_CHECKING:
    from numpy.typing import NDArray

MEAN, RISE = "mean prediction", "change of the mean prediction"
Opened = Callable[[Desk, Artifact, Artifact], Asked]
Change = Callable[[pl.DataFrame], pl.DataFrame]


class Unusable(Exception):
    """What the function gave cannot be asked; the message has no value from the data."""


def measure(
    desk: Desk,
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
    rows, asked = read(desk, test), opened(desk, model, signature)
    found = told(asked, rows, change, metric, group, desk.seed)
    print(f"{found.rows:,} rows changed by {getattr(change, '__name__', 'a function')}")
    return {"findings": desk.put_json(found)}


def told(
    asked: Asked, rows: pl.DataFrame, change: Change, metric: str | None, group: str | None, seed: int
) -> Findings:
    """The same from an opened model and a frame. A function that raises, or gives other rows than it was
    handed, is evidence that is missing."""
    if rows.is_empty():
        return Findings(missing={CHANGED: "there are no test rows"})
    try:
        after_rows = changed(rows, change)
        before, after = asked(rows), asked(after_rows)
    except Unusable as fault:
        return Findings(missing={CHANGED: str(fault)})
    except Exception as fault:  # the team's own code: only the type is told, a message may hold values
        traceback.print_exc()
        return Findings(missing={CHANGED: f"the changed rows could not be asked: {type(fault).__name__}"})
    lost = int((~answered(after)).sum())
    if lost:
        return Findings(missing={CHANGED: f"{lost:,} of the changed rows had no finite answer"})
    takes, units = asked.signature, units_of(rows, group)
    figures = [share_of(moved(before, after, takes), units).figure(CHANGED, rows.height)]
    for what, values in _means(before, after, takes).items():
        figures.append(mean_of(values, units).figure(what, rows.height))
    missing = {}
    if metric is not None:
        figure = _scored(metric, after, rows, takes, units, seed)
        if figure is None:
            missing[metric] = "not defined on these rows: no truth, one class only, or no spread"
        else:
            figures.append(figure)
    return Findings(figures=tuple(figures), missing=missing, rows=rows.height, of=rows.height)


def changed(rows: pl.DataFrame, change: Change) -> pl.DataFrame:
    """The rows with features as the function makes them, in the order they had. Raises Unusable."""
    given = known(rows)
    made: Any = change(given)
    if isinstance(made, pl.LazyFrame):
        made = made.collect()
    if not isinstance(made, pl.DataFrame):
        raise Unusable(f"the function gave a {type(made).__name__}, expected a polars frame")
    if made.height != rows.height:
        raise Unusable(f"the function gave {made.height:,} rows, expected the {rows.height:,} it was handed")
    features = [name for name in rows.columns if not name.startswith("__")]
    absent = [name for name in features if name not in made.columns]
    if absent:
        raise Unusable(f"the function left out {len(absent)} features, first {absent[0]!r}")
    if ROW in made.columns:
        made = made.sort(ROW)
        if not made[ROW].equals(given[ROW]):
            raise Unusable("the function gave rows twice or left some out")
    return rows.with_columns(made[name] for name in features)


def _means(before: Said, after: Said, takes: Signature) -> dict[str, NDArray[np.float64]]:
    """The rows' numbers, or the chances of the second of two classes; of more classes there is no mean."""
    if takes.task == "multiclass":
        return {}
    column = 0 if takes.task == "regression" else 1
    now, then = after.scores[:, column], before.scores[:, column]
    return {MEAN: now, RISE: now - then}


def _scored(
    metric: str, said: Said, rows: pl.DataFrame, takes: Signature, units: Any, seed: int
) -> Figure | None:
    there = rows[TARGET].is_not_null().to_numpy()
    if not there.any():
        return None
    seen = seen_of(Said(said.scores[there], said.decisions[there]), rows[TARGET].drop_nulls(), takes)
    measure: Statistic = statistic(metric, seen)
    held = renumbered(units, there)
    (found,) = quick_intervals([measure], int(there.sum()), units=held, seed=seed)
    return found.figure(metric, int(there.sum())) if np.isfinite(found.value) else None
