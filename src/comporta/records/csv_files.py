"""CSV files as a source: which they are, and how they are written."""

from __future__ import annotations

from comporta.records.record import Record

CSV, PARQUET = (".csv", ".tsv", ".txt"), (".parquet", ".pq")
"""What files of a plain glob may end in."""


class CsvFiles(Record, frozen=True, kw_only=True):
    """The files that a glob names, and how they are to be read; made by `comporta.project.csv`.

    glob: from the project's root. separator: between values, one character; empty: a tab for .tsv, else a
    comma. encoding: Python's name of it. null_values: what means a missing value, beside nothing at all.
    decimal: the decimal sign. thousands: the mark between thousands; empty: none. schema: column → polars
    type; the others are found in the values.
    """

    glob: str
    separator: str = ""
    encoding: str = "utf-8"
    null_values: tuple[str, ...] = ()
    decimal: str = "."
    schema: dict[str, str] = {}
    thousands: str = ""
