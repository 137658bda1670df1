"""A frame of a few rows of plain values, in microseconds.

polars' public `from_dicts` reads the schema anew for each frame, which takes twice as long as to make it.
Here its inner call is used, where it is there and makes what the public one does; else the public one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import polars as pl

FrameOfRows = Callable[[Sequence[Mapping[str, Any]], Mapping[str, pl.DataType]], pl.DataFrame]


def public_frame_of_rows(rows: Sequence[Mapping[str, Any]], types: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """One row a mapping, of columns of these types. Raises what polars raises on a value of another type."""
    return pl.from_dicts(rows, schema=types)


def _inner_frame_of_rows(rows: Sequence[Mapping[str, Any]], types: Mapping[str, pl.DataType]) -> pl.DataFrame:
    return pl.DataFrame._from_pydf(
        _inner.from_dicts(rows, types, None, strict=True, infer_schema_length=None)
    )


def _quickest() -> FrameOfRows:
    types = {"n": pl.Int64(), "x": pl.Float64(), "s": pl.String(), "b": pl.Boolean(), "d": pl.Date()}
    rows = [{"n": 1, "x": 0.5, "s": "a", "b": True, "d": date(2026, 1, 1)}, dict.fromkeys(types)]
    try:
        same = _inner_frame_of_rows(rows, types).equals(public_frame_of_rows(rows, types))
    # A boundary: what is inside polars may be another thing in its next version.
    except Exception:
        return public_frame_of_rows
    return _inner_frame_of_rows if same else public_frame_of_rows


_inner: Any = type(pl.DataFrame()._df)
frame_of_rows: FrameOfRows = _quickest()
"""As `public_frame_of_rows`."""
