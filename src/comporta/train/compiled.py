"""The quick form of a model, as it is asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import polars as pl

from comporta.records import Record

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Columns = tuple[NDArray[Any] | None, NDArray[Any] | None]


class CompiledModel(Record, frozen=True, kw_only=True):
    """frame: dressed features → places of labels (or numbers), probabilities. array: the same from
    numbers, (n, features), words as their place; None where words must stay words."""

    form: str
    frame: Callable[[pl.DataFrame], Columns]
    array: Callable[[NDArray[Any]], Columns] | None
