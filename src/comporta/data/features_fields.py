"""What a table's columns turned out to be, seen batch by batch."""

from __future__ import annotations

import polars as pl

from comporta.data.types import type_text
from comporta.errors import BadProject
from comporta.records import Field

FEW_VALUES = 200


class ColumnCollector:
    """Types, nulls and, where few, the distinct texts of the columns of every batch shown."""

    def __init__(self) -> None:
        self._types: dict[str, pl.DataType] = {}
        self._nulls: set[str] = set()
        self._values: dict[str, set[str] | None] = {}

    def see(self, frame: pl.DataFrame, *, silent: frozenset[str] = frozenset()) -> None:
        """silent: columns whose values are not listed. Raises BadProject when a type differs from before."""
        for column in frame.get_columns():
            name = column.name
            before = self._types.setdefault(name, column.dtype)
            if before != column.dtype:
                raise BadProject(
                    f"column {name}: found {column.dtype} in one batch of rows and {before} in another, "
                    "expected one type. Cast it in the function that computes it."
                )
            if column.dtype in (pl.Int128, pl.UInt128):
                raise BadProject(
                    f"column {name}: found whole numbers of 128 bits, expected at most 64: no request can "
                    "carry them. Make the column Float64 or String in its source."
                )
            if column.null_count():
                self._nulls.add(name)
            if isinstance(column.dtype, pl.String | pl.Categorical | pl.Enum) and name not in silent:
                self._list(column)

    def _list(self, column: pl.Series) -> None:
        known = self._values.setdefault(column.name, set())
        if known is None:
            return
        known.update(column.cast(pl.String).unique().drop_nulls().head(FEW_VALUES + 1).to_list())
        if len(known) > FEW_VALUES:
            self._values[column.name] = None

    def fields(self) -> tuple[Field, ...]:
        """One for each column, in order. values: sorted, of text columns with at most 200 different ones."""
        return tuple(
            Field(
                name=name,
                type=type_text(dtype),
                nullable=name in self._nulls,
                values=tuple(sorted(self._values.get(name) or ())),
            )
            for name, dtype in self._types.items()
        )
