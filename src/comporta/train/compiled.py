"""The quick form of a model, as it is asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import polars as pl

from comporta.records import Record

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Columns = tuple[NDArray[Any] | None, NDArray[Any] | None]

RowScores = tuple[float, Sequence[float] | None]
"""Of one row the place of its label (or the number), and the chance of each class."""


class CompiledModel(Record, frozen=True, kw_only=True):
    """frame: dressed features → places of labels (or numbers), probabilities. array: the same from
    numbers, (n, features), words as their place; None where words must stay words. row: the same of one row,
    packed as 64-bit floats, where it has a call for it: arrays of one row cost as much as many a model."""

    form: str
    frame: Callable[[pl.DataFrame], Columns]
    array: Callable[[NDArray[Any]], Columns] | None
    row: Callable[[bytes], RowScores] | None = None
