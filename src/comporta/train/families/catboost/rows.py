"""Rows of numbers as CatBoost reads them: words as words again."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from comporta.records import Signature
from comporta.records.column_type import type_kind
from comporta.train.families.catboost.words import missing_word

if TYPE_CHECKING:
    from numpy.typing import NDArray


def reader_of(model: Any, signature: Signature) -> Callable[[NDArray[np.float64]], Any] | None:
    """From (n, features), words as their place in the list and missing as NaN, to CatBoost's own table; None
    where a category is neither a word of a list nor a whole number."""
    pool = import_module("catboost.core").Pool
    places = [int(each) for each in model.get_cat_feature_indices()]
    if not places:
        return lambda rows: pool(np.ascontiguousarray(rows, np.float32), thread_count=1)
    fields = [signature.features[at] for at in places]
    if any(not field.values and type_kind(field.type) != "whole" for field in fields):
        return None
    listed = [np.array([*field.values, missing_word(field.values)], object) for field in fields]

    def read(rows: NDArray[np.float64]) -> Any:
        table = rows.astype(object)
        for at, field, words in zip(places, fields, listed, strict=True):
            numbers = rows[:, at]
            if field.values:
                table[:, at] = words[np.where(np.isnan(numbers), len(words) - 1, numbers).astype(np.int64)]
            else:
                table[:, at] = numbers.astype(np.int64)
        return pool(table.tolist() if len(rows) == 1 else table, cat_features=places, thread_count=1)

    return read
