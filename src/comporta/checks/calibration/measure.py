"""Whether what the model says comes true as often, or as much, as it says: overall, and group by group."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from msgspec.structs import replace

from comporta.checks.calibration.bias import biases
from comporta.checks.calibration.codes import IN_DEVIATIONS, IN_SHARES, LABELS_ONLY
from comporta.checks.calibration.figures import ERROR
from comporta.checks.calibration.tables import BY_TENTHS, RELIABILITY
from comporta.checks.shared.tables import HIGH, LOW, ROWS, X, Y
from comporta.records import (
    Artifact,
    Condition,
    Conditions,
    Figure,
    Findings,
    Message,
    Record,
    Table,
    TableRow,
    UnmeasuredFigure,
    Words,
    conditions,
)
from comporta.records.columns import NUMBER, TARGET
from comporta.stats.calibration import Smooth, curve, smooth_error
from comporta.stats.codes import TARGET_ALIKE
from comporta.stats.heavy_tail import times_as_large
from comporta.stats.many import together
from comporta.stats.means import mean_of
from comporta.stats.predictions import (
    classes_of,
    output_kinds,
    scored_rows,
    spreadless,
    weights_of,
    with_truth,
)
from comporta.stats.units import units_of
from comporta.store import StepContext
from comporta.store.frames import read

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

MOST_CLASSES = 30
NARROWEST = 0.02
LIKE, FEWEST_LIKE = 20, 50
PICTURES = 8


class Forecast(Record, frozen=True, kw_only=True):
    """One thing that is said of each row and comes true or does not. under: empty for the claim itself.

    value: places in 0 to 1 (n,). residual: what was said less what came (n,), in shares, or in standard
    deviations of the target. variance: of the residual (n,), were the claim right: of a chance p it is
    p(1 - p), of a number that of all rows of which about as much was said.
    """

    under: Conditions
    value: Floats
    residual: Floats
    variance: Floats


def measure(
    context: StepContext,
    *,
    predictions: Artifact,
    group: str | None = None,
    slices: Sequence[str] = (),
    columns: Sequence[str] = (),
) -> dict[str, Artifact]:
    """`findings`: smooth calibration error of each claim, and bias overall and by the values of `slices` and
    `columns`. group: what is resampled whole."""
    rows = with_truth(read(context, predictions))
    by = tuple(dict.fromkeys([*slices, *columns]))
    found = calibration(rows, group=group, by=by, seed=context.seed)
    print(f"calibration of {found.rows:,} rows: {len(found.figures)} figures")
    return {"findings": context.put_json(found)}


def calibration(
    rows: pl.DataFrame, *, group: str | None = None, by: Sequence[str] = (), seed: int = 0
) -> Findings:
    """rows: predictions whose truth is known. Tables: `reliability`, the smoothed diagram of each claim
    with the band in which a calibrated model would lie; for numbers, the means by tenths of what was said."""
    if output_kinds(rows) == {"label"}:
        return Findings(without=LABELS_ONLY(), rows=rows.height, of=rows.height)
    if spreadless(rows):
        return Findings(unmeasured=(UnmeasuredFigure(why=TARGET_ALIKE()),), rows=rows.height, of=rows.height)
    units = units_of(rows, group)
    told = list(claims(rows))
    numbers = NUMBER in rows.columns
    weight = weights_of(rows)
    # Of mean 1, so that a weighted sum over the rows is a weighted mean.
    count = None if weight is None else weight / weight.mean()
    scale = _scale(told[0], units, count) if numbers else 1.0
    errors: list[Figure] = []
    tables: list[Table] = []
    for claim in told:
        residual, variance = claim.residual, claim.variance
        if count is not None:
            residual, variance = residual * count, variance * count**2
        level = together(len(told))
        smooth = smooth_error(claim.value, residual, units, seed=seed, level=level, variance=variance)
        smooth = replace(smooth, noise=smooth.noise * scale)
        errors.append(_figure(claim, smooth, rows.height))
        if not numbers and len(tables) < PICTURES:
            tables.append(RELIABILITY.of(_diagram(claim, smooth, units, seed, count), under=claim.under))
    first = told[0]
    biased, lost = biases(rows, first.residual, first.variance, group, by, scale)
    if numbers:
        tables.append(BY_TENTHS.of(_deciles(rows, units)))
    return Findings(
        figures=(*errors, *biased),
        unmeasured=tuple(lost),
        rows=rows.height,
        of=rows.height,
        notes=(_unit(rows),),
        tables=tuple(tables),
    )


def claims(rows: pl.DataFrame) -> Iterator[Forecast]:
    """Two classes: the second's probability. More: the named class's, and then each class's. Numbers: the
    number itself, placed by its rank and measured in standard deviations of the target."""
    was = scored_rows(rows)
    if was.number is not None:
        truth = np.asarray(was.truth, float)
        spread = float(truth.std())
        place = pl.Series(was.number).rank("average").to_numpy() / len(truth)
        residual = (was.number - truth) / spread
        yield Forecast(under=(), value=place, residual=residual, variance=_of_its_like(place, residual))
        return
    assert was.probability is not None and was.label is not None
    truth = np.asarray(was.truth)
    if was.classes == 2:
        said = was.probability[:, 1]
        yield _chance((), said, truth == 1)
        return
    said = was.probability[np.arange(len(truth)), was.label]
    yield _chance(conditions(named_class=True), said, truth == was.label)
    for at, name in enumerate(classes_of(rows)[:MOST_CLASSES]):
        said = was.probability[:, at]
        yield _chance((Condition("class", Words(name)),), said, truth == at)


def _chance(under: Conditions, said: Floats, came: NDArray[np.bool_]) -> Forecast:
    return Forecast(under=under, value=said, residual=said - came, variance=said * (1 - said))


def _of_its_like(place: Floats, residual: Floats) -> Floats:
    """The variance of each row's residual (n,): that of the part of the ranks that it is in."""
    parts = min(LIKE, max(1, len(place) // FEWEST_LIKE))
    part = np.minimum((place * parts).astype(np.int64), parts - 1)
    rows = np.maximum(np.bincount(part, minlength=parts), 1)
    mean = np.bincount(part, residual, minlength=parts) / rows
    spread = np.bincount(part, (residual - mean[part]) ** 2, minlength=parts) / rows
    return np.asarray(spread[part])


def _scale(claim: Forecast, units: NDArray[np.int64] | None, count: Floats | None) -> float:
    """How many times as large the spread may be in which errors of numbers are measured: where amounts are
    mostly nothing and seldom much, a sample that has few of them has a small mean and a small spread at once,
    and looks as if far too much was said."""
    square = claim.residual**2 if count is None else count * claim.residual**2
    # The spread and the mean must hold together.
    each = square if units is None else np.asarray(np.bincount(units, square), np.float64)
    return times_as_large(each, together(2))


def _figure(claim: Forecast, smooth: Smooth, rows: int) -> Figure:
    some = smooth.units > 1
    return Figure(
        metric=ERROR.metric,
        value=smooth.error,
        low=smooth.low if some else None,
        high=smooth.high if some else None,
        level=smooth.level,
        rows=rows,
        groups=smooth.units,
        under=claim.under,
    )


def _diagram(
    claim: Forecast,
    smooth: Smooth,
    units: NDArray[np.int64] | None,
    seed: int,
    count: NDArray[np.float64] | None = None,
) -> Sequence[TableRow]:
    """What came over what was said, and the band in which a calibrated model would lie."""
    shown = curve(
        claim.value, claim.residual, units, width=max(smooth.width, NARROWEST), seed=seed, level=smooth.level,
        weight=count,
    )  # fmt: skip
    return tuple(
        {X: _short(at), Y: _short(came), LOW: _short(low), HIGH: _short(high), ROWS: _short(near)}
        for at, came, low, high, near in zip(
            shown.at, shown.came, shown.low, shown.high, shown.rows, strict=True
        )
    )


def _deciles(rows: pl.DataFrame, units: NDArray[np.int64] | None) -> Sequence[TableRow]:
    """The mean of what came, with its interval, over the mean of what was said, by tenths of the latter."""
    said = rows[NUMBER].to_numpy()
    came = rows[TARGET].cast(pl.Float64).to_numpy()
    order = np.argsort(said, kind="stable")
    found: list[TableRow] = []
    for low, high in pairwise(np.linspace(0, len(order), 11).astype(int)):
        part = order[low:high]
        if len(part) < 2:
            continue
        mean = mean_of(came[part], None if units is None else units[part])
        point: TableRow = {
            X: _short(said[part].mean()),
            Y: _short(mean.value),
            ROWS: len(part),
        }
        if mean.low is not None and mean.high is not None:
            point |= {LOW: _short(mean.low), HIGH: _short(mean.high)}
        found.append(point)
    return tuple(found)


def _unit(rows: pl.DataFrame) -> Message:
    if NUMBER in rows.columns:
        spread = float(np.std(rows[TARGET].cast(pl.Float64).to_numpy()))
        return IN_DEVIATIONS(spread=spread)
    return IN_SHARES()


def _short(number: float) -> float:
    return float(f"{number:.5g}")
