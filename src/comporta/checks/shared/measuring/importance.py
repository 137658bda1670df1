"""How much each feature matters, with intervals: what is lost by permuting it.

Its share of the size of Shapley values, with intervals too, is made once, by `explanation`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from scipy import special

from comporta.checks.shared.figures import IMPORTANCE, IMPORTANCE_LOSS, IMPORTANCE_RANK
from comporta.checks.shared.measuring.changes import asked_of
from comporta.checks.shared.measuring.codes import (
    FEWER_THAN_TWO_TARGETS,
    LOG_LOSS,
    NO_SHARES,
    NOTHING_LOST,
    PERMUTED,
    SQUARED_ERROR,
    WRONG_LABELS,
)
from comporta.checks.shared.tables import FEATURE, HIGH, LOSS, LOW, REPLICATES, RESAMPLED, SHARE
from comporta.checks.shared.tables import IMPORTANCE as IMPORTANCE_TABLE
from comporta.records import (
    Artifact,
    Figure,
    Findings,
    FittedModel,
    Message,
    ModelOutput,
    Signature,
    Table,
    UnmeasuredFigure,
    conditions,
)
from comporta.records.columns import TARGET
from comporta.stats.classes import places
from comporta.stats.predictions import shares_of_mean
from comporta.stats.units import units_of
from comporta.store.context import StepContext
from comporta.store.frames import read

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Places = NDArray[np.int64]
    Opened = Callable[[StepContext, Artifact, Artifact], FittedModel]

ROWS, FEWEST, ASKS = 5_000, 500, 250_000
TIMES, KEPT = 400, 60


def measure(
    context: StepContext,
    *,
    model: Artifact,
    signature: Artifact,
    test: Artifact,
    opened: Opened,
    group: str | None = None,
) -> dict[str, Artifact]:
    """`findings`: of each feature the loss by permuting it, its share of all and its rank, each with an
    interval. Of at most 5,000 rows, fewer of many features. The table of replicates
    is what `reference.importances` reads."""
    rows = read(context, test)
    found = important(opened(context, model, signature), rows, group=group, seed=context.seed)
    print(f"{found.rows:,} of {found.of:,} rows; {len(found.figures)} figures")
    return {"findings": context.put_json(found)}


def important(asked: FittedModel, test: pl.DataFrame, *, group: str | None = None, seed: int = 0) -> Findings:
    """The same from an opened model and a frame. Raises what the model raises."""
    takes = asked.signature
    names = [field.name for field in takes.features]
    known = test.filter(pl.col(TARGET).is_not_null()) if TARGET in test.columns else test.clear()
    if known.height < 2:
        lost_all = UnmeasuredFigure(metric=IMPORTANCE_LOSS.metric, why=FEWER_THAN_TWO_TARGETS())
        return Findings(unmeasured=(lost_all,), of=test.height)
    most = max(FEWEST, min(ROWS, ASKS // (len(names) + 1)))
    rows = known.sample(min(most, known.height), seed=seed, shuffle=True)
    units = units_of(rows, group)
    draw = np.random.default_rng(seed)
    orders = [draw.permutation(rows.height) for _ in names]
    added = _permuted_losses(asked, rows, names, orders)
    added *= np.reshape(shares_of_mean(rows), (-1, 1))
    lost, drawn = resample(added, units, seed)
    drawn = lost + (drawn - lost) * twice(added, orders)
    width = wide(rows.height if units is None else int(units.max()) + 1)

    figures = figures_of(IMPORTANCE_LOSS.metric, names, lost, drawn, rows.height, width)
    notes = [PERMUTED(loss=loss_name(takes), rows=rows.height * (len(names) + 1))]
    if not (lost.max() > 0 and np.isfinite(lost).all() and np.isfinite(drawn).all()):
        notes.append(NO_SHARES())
        return Findings(
            figures=tuple(figures),
            unmeasured=(UnmeasuredFigure(metric=IMPORTANCE.metric, why=NOTHING_LOST()),),
            rows=rows.height,
            of=test.height,
            notes=tuple(notes),
        )
    shares, shares_drawn = shares_of(lost), shares_of(drawn)
    figures += figures_of(IMPORTANCE.metric, names, shares, shares_drawn, rows.height, width)
    figures += figures_of(IMPORTANCE_RANK.metric, names, ranks_of(lost), ranks_of(drawn), rows.height, width)
    return Findings(
        figures=tuple(figures),
        rows=rows.height,
        of=test.height,
        notes=tuple(notes),
        tables=_tables(names, lost, shares, shares_drawn, width),
    )


def _permuted_losses(
    asked: FittedModel, rows: pl.DataFrame, names: list[str], orders: Sequence[Places]
) -> Floats:
    """(n, features) the loss that each row has more where one feature's values are permuted."""
    takes = asked.signature
    frames = [
        rows[names].with_columns(rows[name].gather(order)) for name, order in zip(names, orders, strict=True)
    ]
    said = asked_of(asked, [rows[names], *frames])
    before = losses(said[0], rows[TARGET], takes)
    return np.stack([losses(each, rows[TARGET], takes) - before for each in said[1:]], axis=1)


def _tables(
    names: list[str], lost: Floats, shares: Floats, drawn: Floats, width: float
) -> tuple[Table, Table]:
    """What people read, the most important first; and what later versions compare with: `importances`."""
    low, high = ends(shares, drawn, width)
    order = np.argsort(-shares, kind="stable")
    shown = IMPORTANCE_TABLE.of(
        {
            FEATURE: names[place],
            SHARE: float(shares[place]),
            LOW: float(low[place]),
            HIGH: float(high[place]),
            LOSS: float(lost[place]),
        }
        for place in order[:200]
    )
    columns = (_round(shares), _round(low), _round(high), map(_round, drawn[:KEPT].T))
    kept = REPLICATES.of(
        dict(zip((FEATURE, SHARE, LOW, HIGH, RESAMPLED), row, strict=True))
        for row in zip(names, *columns, strict=True)
    )
    return shown, kept


def loss_name(takes: Signature) -> Message:
    """What is lost, by the task and what the model gives."""
    if takes.task == "regression":
        return SQUARED_ERROR()
    return LOG_LOSS() if takes.output != "label" else WRONG_LABELS()


def losses(said: ModelOutput, truth: pl.Series, takes: Signature) -> Floats:
    """(n,): log loss, chances held above 1e-6; wrong labels where there are no chances; squared errors."""
    if takes.task == "regression":
        return np.asarray((truth.cast(pl.Float64).to_numpy() - said.decisions) ** 2, dtype=np.float64)
    place = places(truth, takes.classes)
    if takes.output == "label":
        return np.asarray(place != said.decisions, dtype=np.float64)
    chance = np.where(place < 0, 0.0, said.scores[np.arange(len(place)), np.maximum(place, 0)])
    return np.asarray(-np.log(np.maximum(chance, 1e-6)))


def resample(values: Floats, units: Places | None, seed: int) -> tuple[Floats, Floats]:
    """Means of the columns (features,), and of whole units drawn with replacement, (times, features)."""
    count = len(values) if units is None else int(units.max()) + 1
    if units is None:
        sums, sizes = values, np.ones(len(values))
    else:
        sums = np.stack([np.bincount(units, column, count) for column in values.T], axis=1)
        sizes = np.bincount(units, minlength=count).astype(np.float64)
    draw = np.random.default_rng(seed)
    drawn = draw.integers(0, count, (TIMES, count), dtype=np.int64) + np.arange(TIMES)[:, None] * count
    times = np.bincount(drawn.reshape(-1), minlength=TIMES * count).reshape(TIMES, count).astype(np.float64)
    total = times @ sizes
    return values.mean(axis=0), (times @ sums) / np.maximum(total, 1)[:, None]


def twice(added: Floats, orders: Sequence[Places]) -> Floats:
    """(features,) what an interval is to be wider by: a row's value counts where it stands, and once more in
    the row it was given to, which resampling rows alone does not know."""
    out = np.ones(len(orders))
    for place, order in enumerate(orders):
        mine = added[:, place] - added[:, place].mean()
        square = float(mine @ mine)
        # Row i was given the value of row order[i].
        along = float(mine @ mine[order]) / square if square > 0 else 0.0
        out[place] = math.sqrt(1 + 2 * min(max(along, 0.0), 0.5))
    return out


def shares_of(lost: Floats) -> Floats:
    """Of what all features together lose; what loses nothing has none."""
    held = np.maximum(lost, 0)
    total = held.sum(axis=-1, keepdims=True)
    shares: Floats = np.divide(held, total, out=np.zeros_like(held), where=total > 0)
    return shares


def ranks_of(lost: Floats) -> Floats:
    """1 is the most important; equal ones by their order."""
    order = np.argsort(-lost, axis=-1, kind="stable")
    return np.argsort(order, axis=-1, kind="stable").astype(np.float64) + 1


def ends(value: Floats, drawn: Floats, width: float) -> tuple[Floats, Floats]:
    """Percentile intervals at 95 %, widened as Student's is for few units (Hesterberg 2015)."""
    tail = float(special.ndtr(-width))
    low, high = np.quantile(drawn, [tail, 1 - tail], axis=0)
    return np.minimum(low, value), np.maximum(high, value)


def wide(units: int) -> float:
    """How many standard errors a 95 % interval of so many units reaches to either side."""
    return float(special.stdtrit(max(units - 1, 1), 0.975) * math.sqrt(units / max(units - 1, 1)))


def figures_of(
    metric: str, names: Sequence[str], value: Floats, drawn: Floats, rows: int, width: float
) -> list[Figure]:
    """One figure a feature, with its interval. value: (features,). drawn: (times, features)."""
    low, high = ends(value, drawn, width)
    return [
        Figure(
            metric=metric,
            value=float(value[place]),
            low=float(low[place]),
            high=float(high[place]),
            rows=rows,
            under=conditions(feature=name),
        )
        for place, name in enumerate(names)
    ]


def _round(values: Floats) -> tuple[float, ...]:
    return tuple(round(float(each), 6) for each in values)
