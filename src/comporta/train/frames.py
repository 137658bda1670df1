"""Feature frames between store and estimator: what a column is offline, it is online.

A table's columns are the features, in order, and then columns whose names begin with `__`, which no
training function sees. A feature is a number, a boolean, or words from a fixed list (`Field.values`, learned
from the training rows, sorted); a word that is not in the list is a missing value, in training and serving.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import polars as pl

from comporta.errors import BadData, BadProject, wording
from comporta.records import Field
from comporta.records.extras import require
from comporta.stats.table import feature_names

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

Reads = Literal["polars", "pandas", "numpy"]
WORDS = 1_000


def learn_fields(frame: pl.DataFrame) -> tuple[Field, ...]:
    """What each feature is, from the training rows. Raises BadProject on a column no model can read."""
    return tuple(_learn(frame[name]) for name in feature_names(frame))


def _learn(series: pl.Series) -> Field:
    dtype, name = series.dtype, series.name
    if dtype == pl.Null:
        return Field(name=name, type="Float64")
    if dtype == pl.Decimal:
        return Field(name=name, type="Float64")
    if dtype.is_numeric() or dtype == pl.Boolean:
        return Field(name=name, type=str(dtype))
    if dtype in (pl.String, pl.Categorical, pl.Enum):
        words = series.cast(pl.String).drop_nulls().unique().sort()
        # Free text is not a category: held to the training rows' words, each new text would be missing.
        text = dtype == pl.String and len(words) > max(20, min(WORDS, len(series) // 2))
        return Field(name=name, type="String", values=() if text else tuple(words))
    raise BadProject(
        f"feature {name!r}: found {dtype}, expected numbers, booleans or strings. "
        "Compute a number from it in the features, or leave it out with `use`."
    )


def dtype_of(field: Field) -> pl.DataType:
    """The polars type a feature arrives in: Enum where it has words."""
    if field.kind == "text":
        return pl.Enum(list(field.values)) if field.values else pl.String()
    found: Any = getattr(pl, field.type, None)
    if found is None:
        raise BadProject(f"feature {field.name!r}: found the type {field.type!r}, expected one of polars'.")
    return found()  # type: ignore[no-any-return]


def dress(frame: pl.DataFrame, fields: tuple[Field, ...]) -> pl.DataFrame:
    """The features of these rows in the types they were learned in. Raises BadData on a missing column
    or one of another kind."""
    absent = [field.name for field in fields if field.name not in frame.columns]
    if absent:
        raise BadData(f"features: found no {', '.join(absent)}; the model was trained with them.")
    return frame.select(_dress(frame[field.name], field) for field in fields)


def _dress(series: pl.Series, field: Field) -> pl.Series:
    wanted = dtype_of(field)
    if series.dtype == wanted:
        return series
    try:
        if isinstance(wanted, pl.Enum):
            return series.cast(pl.String).cast(wanted, strict=False)
        # An integer column with a gap arrives as floats; with nulls it stays what it was.
        if wanted.is_integer() and series.dtype.is_float():
            series = series.fill_nan(None)
            if (series != series.floor()).any():
                raise BadData(
                    f"feature {field.name!r}: found fractions, expected {field.type}, as in training."
                )
        return series.cast(wanted)
    except pl.exceptions.PolarsError as fault:
        raise BadData(
            f"feature {field.name!r}: found {series.dtype}, expected {field.type}, as in training."
        ) from fault


def hand(frame: pl.DataFrame, reads: Reads) -> Any:
    """Dressed rows as the training function asked for them."""
    if reads == "polars":
        return frame
    return to_pandas(frame) if reads == "pandas" else matrix(frame)


def matrix(frame: pl.DataFrame) -> NDArray[np.float64]:
    """Rows by features: words as their place in the list, missing as NaN. Raises BadProject on free text."""
    out = np.empty((frame.height, frame.width), dtype=np.float64, order="C")
    for index, series in enumerate(frame):
        if series.dtype == pl.String:
            raise BadProject(f"feature {series.name!r}: free text has no number; encode it in a pipeline.")
        numbers = series.to_physical() if isinstance(series.dtype, pl.Enum) else series
        out[:, index] = numbers.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    return out


def words_at(places: Any, words: tuple[str, ...]) -> pl.Series:
    """The words at these places of the list, as an Enum; missing where the place is NaN, null or -1."""
    wanted = pl.Series("", places, nan_to_null=True).cast(pl.Int64)
    wanted = wanted.set(wanted < 0, None)
    listed = pl.Series(list(words), dtype=pl.Enum(list(words)))
    return listed.gather(wanted.cast(pl.UInt32))


def to_pandas(frame: pl.DataFrame) -> pd.DataFrame:
    """Words become a pandas category, integers and booleans with gaps floats. Raises MissingExtra."""
    pd = pandas()
    columns: dict[str, Any] = {}
    for series in frame:
        if isinstance(series.dtype, pl.Enum):
            codes = series.to_physical().cast(pl.Int64).fill_null(-1).to_numpy()
            columns[series.name] = pd.Categorical.from_codes(codes, categories=list(series.dtype.categories))
        elif series.dtype == pl.String:
            columns[series.name] = np.array(series.to_list(), dtype=object)
        elif series.null_count():
            columns[series.name] = series.cast(pl.Float64).to_numpy()
        else:
            columns[series.name] = series.to_numpy()
    return pd.DataFrame(columns)


def pandas() -> Any:
    """The module. Raises MissingExtra."""
    return require("pandas", wording("fit: the training function"))
