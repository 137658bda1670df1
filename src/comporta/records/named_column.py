"""A column by its name, whatever the name: polars takes `*` and `^x.*$` for patterns."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl


def is_pattern(name: str) -> bool:
    """Whether polars would take this name for more than one column."""
    return name == "*" or (name.startswith("^") and name.endswith("$"))


def by_names(names: Iterable[str]) -> list[str | pl.Expr]:
    """The columns of exactly these names, as `select`, `sort`, `join` and the like take them."""
    return [exact_column(name) if is_pattern(name) else name for name in names]


def exact_column(name: str) -> pl.Expr:
    """The column of exactly this name."""
    import polars as pl

    return pl.selectors.by_name(name).as_expr() if is_pattern(name) else pl.col(name)
