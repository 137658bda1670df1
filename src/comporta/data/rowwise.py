"""Whether a feature function treats each row by itself: what a table taught must be what a request gets.

A mean over the batch, a shift to the row before, an encoder fitted on what came: each gives other values
for the same row in other company. So each function is run on a batch, again, on its halves, on rows alone
and on the batch in another order, and every value is compared with the batch's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import polars as pl

from comporta.data.features import call_compute, name_of
from comporta.errors import BadProject

ALONE = 20
# Vector and scalar code may round the last bit differently; no mean or rank hides below this.
_ROUNDING = 4 * 2.0**-52


def rowwise_faults(
    functions: Sequence[Callable[[Any], Any]], frame: pl.DataFrame, *, alone: int = ALONE
) -> list[str]:
    """One sentence for each function and column whose values depend on other rows; empty when none does.

    frame: what the functions are given in a table: known and joined columns, some hundred rows.
    alone: how many rows are tried by themselves. Sentences show values of `frame`.
    """
    return (
        [fault for function in functions for fault in _faults(function, frame, alone)] if frame.height else []
    )


def _faults(function: Callable[[Any], Any], frame: pl.DataFrame, alone: int) -> Iterator[str]:
    here = f"feature function {name_of(function)}"
    try:
        batch = call_compute(function, frame)
    except BadProject as fault:
        yield str(fault)
        return
    told: set[str] = set()
    for company, rows in _companies(frame, alone):
        try:
            other = call_compute(function, frame[rows])
        except BadProject as fault:
            yield f"{fault} So it was with {company}; with a batch of {frame.height} rows it was not."
            return
        for column, found in _differences(batch[rows], other, rows):
            if column not in told:
                told.add(column)
                yield (
                    f"{here}: column {column}: {found} with {company}. "
                    "Compute it from the row alone; join what is known of others."
                )


def _companies(frame: pl.DataFrame, alone: int) -> Iterator[tuple[str, list[int]]]:
    height = frame.height
    every = list(range(height))
    yield "the same batch again", every
    if height > 1:
        yield "the first half only", every[: height // 2]
        yield "the second half only", every[height // 2 :]
        yield "the rows in another order", pl.Series(every).shuffle(seed=1).to_list()
        # Evenly spread, with both ends: what looks at its neighbours has none there.
        step = max(1, (height - 1) // max(1, alone - 1))
        for row in dict.fromkeys([*range(0, height, step), height - 1]):
            yield "the row alone", [row]


def _differences(batch: pl.DataFrame, other: pl.DataFrame, rows: list[int]) -> Iterator[tuple[str, str]]:
    for name in dict.fromkeys([*batch.columns, *other.columns]):
        if name not in other.columns or name not in batch.columns:
            there = "in the batch" if name in batch.columns else "not in the batch"
            yield name, f"it is {there}, and not so"
            continue
        mine, theirs = batch[name], other[name]
        if mine.dtype != theirs.dtype:
            yield name, f"it is {mine.dtype} in the batch, but {theirs.dtype}"
            continue
        place = _first(mine, theirs)
        if place is not None:
            yield (
                name,
                f"row {rows[place]} is {_short(mine[place])} in the batch, but {_short(theirs[place])}",
            )


def _first(mine: pl.Series, theirs: pl.Series) -> int | None:
    """The first place where two columns differ."""
    differ = mine.ne_missing(theirs)
    if mine.dtype.is_float() and differ.any():
        close = (mine - theirs).abs() <= _ROUNDING * mine.abs()
        differ &= ~close.fill_null(False)
    return differ.arg_max() if differ.any() else None


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 30 else text[:27] + "..."
