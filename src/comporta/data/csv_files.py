"""CSV files as one frame: their columns by name, in the first file's order, of one type in all of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from comporta.data.csv_readings import require_one_reading, require_whole_lines
from comporta.data.csv_text import CsvFile, open_csv
from comporta.data.csv_types import (
    declared_types,
    first_foreign,
    first_text,
    reading_fault,
    sampled_types,
    scan,
    value_fault,
    wider,
)
from comporta.errors import BadData
from comporta.records import Record
from comporta.records.csv_files import CsvFiles
from comporta.records.named_column import exact_column


class CsvTable(Record, frozen=True, kw_only=True):
    """Files, and the type of each column; Null where no file has a value in its first rows."""

    files: tuple[CsvFile, ...]
    schema: dict[str, pl.DataType]


def open_table(paths: Sequence[Path], root: Path, name: str, written: CsvFiles) -> CsvTable:
    """The files, of which header and first rows were looked at. name: the dataset's.

    Raises BadData, naming file, line and column, on what is no column of one type.
    """
    files = tuple(open_csv(path, root, name, written) for path in paths)
    first = files[0]
    for file in files[1:]:
        _require_same_columns(file, first)
    declared = declared_types(first)
    schema: dict[str, pl.DataType] = dict.fromkeys(first.columns, pl.Null())
    for file in files:
        for column, dtype in sampled_types(file, declared).items():
            both = wider(schema[column], dtype)
            if both is None:
                raise _other_type(file, column, schema[column])
            schema[column] = both
    for column, kind in written.schema.items():
        if kind == "Datetime" and not isinstance(schema[column], pl.Datetime):
            if schema[column] not in (pl.Null, pl.Date):
                raise _other_type(first, column, pl.Datetime("us"))
            schema[column] = pl.Datetime("us")
    for file in files:
        require_whole_lines(file)
        require_one_reading(file, schema, written.schema)
    return CsvTable(files=files, schema=schema)


def scan_table(table: CsvTable) -> pl.LazyFrame | Iterator[pl.DataFrame]:
    """The rows in the order of the files: lazily where they are UTF-8, else a file at a time."""
    if all(file.utf8 for file in table.files):
        return pl.concat([_scan(file, table.schema) for file in table.files])
    return (_scan(file, table.schema).collect() for file in table.files)


def table_fault(table: CsvTable, error: pl.exceptions.PolarsError) -> BadData:
    """Why reading the rows failed, naming file, line and column."""
    for file in table.files:
        try:
            _scan(file, table.schema).select(pl.all().null_count()).collect()
        except pl.exceptions.PolarsError as inner:
            return reading_fault(file, table.schema, inner)
        except BadData as inner:
            return inner
    return BadData(f"{table.files[0].label}: cannot be read: {error}")


def _scan(file: CsvFile, schema: dict[str, pl.DataType]) -> pl.LazyFrame:
    own = {name: pl.String() if isinstance(dtype, pl.Null) else dtype for name, dtype in schema.items()}
    frame = scan(file, own)
    empty = (pl.lit(None).alias(name) for name, dtype in schema.items() if isinstance(dtype, pl.Null))
    rows = frame.with_columns(*empty).select(*map(exact_column, schema))
    # A line without any value, such as the empty ones at a file's end, is no row.
    return rows.filter(pl.any_horizontal(pl.all().is_not_null()))


def _require_same_columns(file: CsvFile, first: CsvFile) -> None:
    """Raises BadData on a column that the first file lacks, or has alone."""
    for column in first.columns:
        if column not in file.columns:
            raise BadData(
                f"{file.label}, line 1: found no column {column!r}, expected it as in {first.path.name}. "
                "Correct the file, or narrow the glob."
            )
    for at, column in enumerate(file.columns):
        if column not in first.columns:
            raise BadData(
                f"{file.label}, line 1, column {at + 1}: found {column!r}, expected only columns of "
                f"{first.path.name}: {', '.join(first.columns)}. Correct the file, or narrow the glob."
            )


def _other_type(file: CsvFile, column: str, dtype: pl.DataType) -> BadData:
    """The first value of a file that is not of the type that the column has in the files before."""
    text = first_foreign(file, column, dtype) or first_text(file, column)
    return value_fault(file, column, text, dtype)
