"""A column by its name, whatever the name: polars takes `*` and `^x.*$` for patterns."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl


def is_pattern(name: str) -> bool:
    """Whether polars would take this name for more than one column."""
    return name == "*" or (name.startswith("^") and name.endswith("$"))


def named(name: str) -> pl.Expr:
    """The column of exactly this name."""
    import polars as pl

    return pl.selectors.by_name(name).as_expr() if is_pattern(name) else pl.col(name)
