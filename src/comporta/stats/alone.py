"""How well one feature alone tells the target, on rows its rule was not made from.

The rule is a table: numbers in 32 parts of equal count, other values each for itself, and for each the shares
of the classes, or the mean of the target, drawn towards the whole by ten rows (a target encoding). So no
shape of dependence is assumed, and the score takes few values, which makes its area under the ROC curve a
matter of counting.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from comporta.records import Record
from comporta.stats.bins import below
from comporta.stats.bootstrap import Interval
from comporta.stats.means import influenced_cells, interval_of_influence

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Places = NDArray[np.int64]

PARTS = 32
DRAWN = 10.0
MOST_VALUES = 20_000
SAMPLE = 10_000


class Parts(Record, frozen=True, kw_only=True):
    """How a feature's values become codes. cuts: of a number, else None. values: of anything else, with the
    code of each. The code before last is of what is missing, the last of what was not seen."""

    cuts: Floats | None
    values: pl.DataFrame | None

    @property
    def size(self) -> int:
        """How many codes there are."""
        if self.cuts is not None:
            return len(self.cuts) + 3
        assert self.values is not None, "parts have cuts or values"
        return self.values.height + 2

    def codes(self, column: pl.Series) -> Places:
        """Each row's code."""
        column = _physical(column)
        if self.cuts is not None:
            numbers = column.cast(pl.Float64).fill_nan(None)
            found = below(self.cuts, numbers.fill_null(0.0).to_numpy(), equal=True).astype(np.int64)
            if numbers.null_count():
                found[numbers.is_null().to_numpy()] = len(self.cuts) + 1
            return found
        assert self.values is not None, "parts have cuts or values"
        rows = pl.DataFrame({"value": _plain(column)})
        joined = rows.join(self.values, on="value", how="left", maintain_order="left")["code"].cast(pl.Int64)
        seen = joined.fill_null(self.values.height + 1).to_numpy()
        return np.where(rows["value"].is_null().to_numpy(), self.values.height, seen)


def parts_of(column: pl.Series) -> Parts:
    """Numbers of more than 32 values in as many parts of equal count, by an even sample of the rows; anything
    else value by value, the 20,000 most frequent."""
    column = _physical(column)
    some = column.gather_every(max(1, len(column) // SAMPLE))
    if column.dtype.is_numeric() and some.n_unique() > PARTS:
        numbers = some.cast(pl.Float64).fill_nan(None).drop_nulls().to_numpy()
        cuts = np.unique(np.quantile(numbers, np.arange(1, PARTS) / PARTS)) if len(numbers) else np.empty(0)
        return Parts(cuts=cuts, values=None)
    kinds = _plain(column).alias("value").drop_nulls().value_counts()
    kinds = kinds.sort("count", "value", descending=[True, False]).head(MOST_VALUES)
    values = kinds.select("value").sort("value").with_row_index("code")
    return Parts(cuts=None, values=values)


def encode_target(code: Places, truth: Floats | Places, classes: int, size: int) -> Floats:
    """What is said of each code, codes by classes: the shares of the classes among these rows, or in one
    column the mean of the target (classes 0); drawn towards the whole by ten rows."""
    if classes == 0:
        prior = np.array([float(truth.mean())])
        sums = np.bincount(code, weights=truth, minlength=size)[:, None]
    else:
        prior = np.bincount(truth.astype(np.int64), minlength=classes) / len(truth)
        cell = code * classes + truth.astype(np.int64)
        sums = np.bincount(cell, minlength=size * classes).reshape(size, classes).astype(float)
    counts = np.bincount(code, minlength=size)[:, None]
    return np.asarray((sums + DRAWN * prior) / (counts + DRAWN))


def interval_of_auc(
    said: Floats, code: Places, truth: Places, *, units: Places | None = None, level: float = 0.95
) -> Interval:
    """How well the table tells these rows' classes: the area under the ROC curve (the mean of one class
    against the rest), its interval of the rows' influence: DeLong's, where rows are units. NaN where it is
    not defined."""
    classes = said.shape[1]
    areas, pulls = [], []
    for place in (1,) if classes == 2 else range(classes):
        area, pull = _auc(said[:, place], code, truth == place)
        if np.isfinite(area):
            areas.append(area)
            pulls.append((place, pull))
    if not areas:
        return Interval(value=float("nan"), low=None, high=None, units=0)
    area = float(np.mean(areas))
    # A row's influence is that of its code and class: without units no row need be looked at.
    by_cell = np.zeros((len(said), classes))
    for place, (of_it, of_others) in pulls:
        by_cell += of_others[:, None]
        by_cell[:, place] += of_it - of_others
    by_cell /= len(areas)
    cell = code * classes + truth
    if units is not None:
        return interval_of_influence(area, by_cell.ravel()[cell], units, level)
    counts = np.bincount(cell, minlength=by_cell.size)
    return influenced_cells(area, by_cell.ravel(), counts, level)


def interval_of_r2(
    said: Floats, truth: Floats, *, units: Places | None = None, level: float = 0.95
) -> Interval:
    """R² of what is said of each row, with the interval of the rows' influence."""
    error, spread = (truth - said) ** 2, (truth - truth.mean()) ** 2
    whole = float(spread.mean())
    if not whole > 0:
        return Interval(value=float("nan"), low=None, high=None, units=0)
    left = float(error.mean()) / whole
    return interval_of_influence(1 - left, -(error - left * spread) / whole / len(truth), units, level)


def line_of(column: pl.Series, truth: Floats) -> tuple[float, float] | None:
    """Slope and intercept of the straight line through a number; None where there is none."""
    column = _physical(column)
    if not column.dtype.is_numeric():
        return None
    numbers = _numbers(column)
    middle, spread = float(numbers.mean()), float(numbers.var())
    if not (np.isfinite(spread) and spread > 0):
        return None
    slope = float(((numbers - middle) * truth).mean()) / spread
    return slope, float(truth.mean()) - slope * middle


def on_line(line: tuple[float, float], column: pl.Series) -> Floats:
    """What the line says of each row; what is missing counts as 0."""
    return line[0] * _numbers(column) + line[1]


def _auc(said: Floats, code: Places, positive: NDArray[np.bool_]) -> tuple[float, tuple[Floats, Floats]]:
    """The area, and the influence on it of a row of each code: of the class, and of the others. It is the
    row's placement among the other class less the area, over the size of its own (DeLong, DeLong and
    Clarke-Pearson 1988)."""
    values, rank = np.unique(said, return_inverse=True)
    plus_of = np.bincount(code[positive], minlength=len(said))
    minus_of = np.bincount(code, minlength=len(said)) - plus_of
    plus = np.bincount(rank, weights=plus_of, minlength=len(values))
    minus = np.bincount(rank, weights=minus_of, minlength=len(values))
    many, few = plus.sum(), minus.sum()
    if not (many and few):
        return float("nan"), (np.zeros(len(said)), np.zeros(len(said)))
    under = (np.cumsum(minus) - minus / 2) / few
    over = 1 - (np.cumsum(plus) - plus / 2) / many
    area = float(plus @ under / many)
    return area, ((under[rank] - area) / many, (over[rank] - area) / few)


def _physical(column: pl.Series) -> pl.Series:
    """Times and spans as the numbers they are kept as."""
    return column.to_physical() if column.dtype.is_temporal() else column


def _numbers(column: pl.Series) -> Floats:
    return _physical(column).cast(pl.Float64).fill_nan(None).fill_null(0.0).to_numpy()


def _plain(column: pl.Series) -> pl.Series:
    """As something that can be joined: words and truth values as text, NaN as nothing."""
    if column.dtype.is_float():
        return column.cast(pl.Float64).fill_nan(None) + 0.0
    if column.dtype.is_integer() or column.dtype in (pl.Binary, pl.Null):
        return column
    return column.cast(pl.String)
