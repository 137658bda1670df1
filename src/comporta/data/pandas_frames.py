"""A pandas frame as polars': what cannot be taken is named by its column, row and value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from comporta.errors import BadData, first_line, wording


def frame_of_pandas(made: Any, name: str) -> pl.DataFrame:
    """The columns of a pandas frame, its index apart; NaN, NaT and NA are null. name: the dataset's.

    Raises BadData on a name that is there twice, and on a column whose values are not of one type.
    """
    twice = made.columns[made.columns.duplicated()]
    if len(twice):
        raise BadData(f"{name}: found two columns named {twice[0]!r}, expected one of each name. Rename one.")
    try:
        return _convert(made)
    except Exception as error:  # pyarrow and polars raise many kinds here
        for column in made.columns:
            try:
                _convert(made[[column]])
            except Exception as inner:
                raise BadData(_reason(name, column, made[column].tolist(), inner)) from None
        raise BadData(f"{name}: found a pandas frame that polars cannot read: {first_line(error)}") from None


def _convert(made: Any) -> pl.DataFrame:
    frame = pl.from_pandas(made, include_index=False, nan_to_null=True)
    assert isinstance(frame, pl.DataFrame)
    return frame


def _reason(name: str, column: str, values: Sequence[Any], error: Exception) -> str:
    """What stands in the way: a type that is not the first value's, a whole number that is too large."""
    first: Any = None
    for row, value in enumerate(values):
        if value is None or value != value or type(value).__name__ in ("NAType", "NaTType"):
            continue
        if isinstance(value, int) and not -(2**63) <= value < 2**63:
            return wording(
                f"{name}.{column}: found {value} in row {row}, expected whole numbers of 64 bits. "
                "Make the column text or float in the source."
            )
        first = value if first is None else first
        if type(value) is not type(first):
            return wording(
                f"{name}.{column}: found {value!r} ({type(value).__name__}) in row {row} among "
                f"values of the type {type(first).__name__}, expected one type. Convert the column in the "
                "source."
            )
    return wording(
        f"{name}.{column}: found values that are no column of one type ({first_line(error)}). "
        "Convert it in the source."
    )
