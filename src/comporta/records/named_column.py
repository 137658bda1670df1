"""A column by its name, whatever the name: polars takes `*` and `^x.*$` for patterns.

So do a series' own methods in polars 2: `pl.Series("^x$", …).unique()` looks for columns that match its name.
Where this module is imported they take the name as it is, as they do any other.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

import polars as pl
from polars import functions


def is_pattern(name: str) -> bool:
    """Whether polars would take this name for more than one column."""
    return name == "*" or (name.startswith("^") and name.endswith("$"))


def by_names(names: Iterable[str]) -> list[str | pl.Expr]:
    """The columns of exactly these names, as `select`, `sort`, `join` and the like take them."""
    return [exact_column(name) if is_pattern(name) else name for name in names]


def exact_column(name: str) -> pl.Expr:
    """The column of exactly this name."""
    return pl.selectors.by_name(name).as_expr() if is_pattern(name) else pl.col(name)


def frame_of(columns: Iterable[pl.Series]) -> pl.DataFrame:
    """These columns under their own names: polars makes one up for an empty name in a list."""
    return pl.DataFrame({column.name: column for column in columns})


class _SeriesFunctions:
    """polars' functions as the methods of a series call them: `F.col(self.name)` and others."""

    col = staticmethod(exact_column)

    def __getattr__(self, name: str) -> Any:
        return getattr(functions, name)


for _part in ("utils", "series", "string"):
    if (_module := sys.modules.get(f"polars.series.{_part}")) is not None:
        setattr(_module, "F", _SeriesFunctions())  # noqa: B010
