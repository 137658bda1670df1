"""Rows that are alike: exactly, or nearly, found by hashing whole rows; and whether likeness means copying.

Rows of few distinct values repeat by themselves, and equal rows of such a table are no copies. What tells
them apart: rows that agree in half of their columns, in values that are rare there, agree in rare values of
the other half only if one was made from the other. That most are alike in what most have tells nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from comporta.records import Record
from comporta.records.named_column import by_names, exact_column

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Codes = NDArray[np.uint64]
    Bools = NDArray[np.bool_]

BINS = 16
LOW, HIGH = 0.01, 0.99
SHIFTS = (0.0, 0.5)
SELDOM, FEW = 0.01, 25
FEWEST_NEAR = 6
"""Numeric columns below which rows near each other are a matter of course."""


class Likeness(Record, frozen=True, kw_only=True):
    """Of rows that are rare in either half of their columns. pairs: alike in all columns. half: alike in half
    of them, the larger half's."""

    pairs: float
    half: float

    @property
    def is_copy(self) -> bool:
        """Whether most rows that are alike in half their columns are alike in all: copies, not chance."""
        return self.pairs > 0.5 * self.half


def codes(frame: pl.DataFrame) -> Codes:
    """One number a row, equal where rows are: -0.0 is 0.0, and NaN and null are one value."""
    plain = frame.with_columns(pl.col(pl.Float32, pl.Float64).fill_nan(None) + 0.0)
    return plain.hash_rows(seed=1).to_numpy()


def likeness(frame: pl.DataFrame) -> Likeness:
    """How often rows are alike in all columns, and in each half of them; a table of one column has no halves,
    so that nothing there is ever called a copy."""
    every, none = codes(frame), Likeness(pairs=0.0, half=1.0)
    parts = halves(frame) if _pairs(every) else None
    if parts is None:
        return none
    seldom = rare(*parts)
    pairs = _pairs(every[seldom])
    if not pairs:
        return none
    return Likeness(pairs=pairs, half=max(_pairs(each[seldom]) for each in parts))


def halves(frame: pl.DataFrame) -> tuple[Codes, Codes] | None:
    """The codes of every other column, those of most values first, and of the rest; None for one column."""
    if frame.width < 2:
        return None
    finest = sorted(frame.columns, key=lambda name: (-frame[name].n_unique(), name))
    return codes(frame.select(by_names(finest[::2]))), codes(frame.select(by_names(finest[1::2])))


def rare(first: Codes, second: Codes) -> Bools:
    """The rows that at most one row in a hundred, or 25, are like in either half."""
    most = max(FEW, SELDOM * len(first))
    return np.asarray((counts(first) <= most) & (counts(second) <= most))


def counts(of: Codes) -> NDArray[np.int64]:
    """How many rows are like each, itself included, (n,)."""
    _, place, times = np.unique(of, return_inverse=True, return_counts=True)
    return np.asarray(times[place])


def repeats(of: Codes) -> Bools:
    """The rows that are like an earlier one."""
    _, first = np.unique(of, return_index=True)
    found = np.ones(len(of), dtype=bool)
    found[first] = False
    return found


def has_twin(of: Codes) -> Bools:
    """The rows that are like any other."""
    return np.asarray(counts(of) > 1)


def among(of: Codes, others: Codes) -> Bools:
    """The rows that are like one of the others."""
    return np.isin(of, others)


def grids(frame: pl.DataFrame, like: pl.DataFrame) -> list[pl.DataFrame]:
    """Numbers as places on a grid of 16 steps across the middle 98 % of `like`, and on one moved by half a
    step; other columns as they are. None where there are too few real numbers for nearness to mean anything.

    A copy whose numbers were moved by a thousandth of their spread stays in its cells of 40 columns about
    one time in two a grid: what is found is a lower bound of what there is.
    """
    names = [each.name for each in frame if each.dtype.is_float()]
    plain = {name: exact_column(name).cast(pl.Float64).fill_nan(None) for name in names}
    ends = like.lazy().select(
        plain[name].quantile(share).alias(f"{name} {share}") for name in names for share in (LOW, HIGH)
    )
    found = ends.collect().row(0, named=True) if names else {}
    steps = {}
    for name in names:
        low, high = found[f"{name} {LOW}"], found[f"{name} {HIGH}"]
        if low is not None and high is not None and np.isfinite(high - low) and high > low:
            steps[name] = (low, (high - low) / BINS)
    if len(steps) < FEWEST_NEAR:
        return []
    return [
        frame.with_columns(
            ((plain[name] - low) / step + shift).floor() for name, (low, step) in steps.items()
        )
        for shift in SHIFTS
    ]


def _pairs(of: Codes) -> float:
    _, times = np.unique(of, return_counts=True)
    return float((times.astype(float) * (times - 1) / 2).sum())
