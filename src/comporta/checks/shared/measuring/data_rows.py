"""Rows of the data as rows of a table: their columns by the data's own names."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from comporta.records import DATA_COLUMN, TableCell, TableColumn, as_cell


def of_data(rows: pl.DataFrame) -> Iterator[dict[TableColumn, TableCell]]:
    """Each row, its columns those of the frame."""
    columns = [DATA_COLUMN.of(name) for name in rows.columns]
    for row in rows.iter_rows():
        yield {column: as_cell(value) for column, value in zip(columns, row, strict=True)}
