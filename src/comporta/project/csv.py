"""CSV files that are not written as CSV files mostly are, as the source of a dataset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from comporta.records.csv_files import CsvFiles


def csv(
    glob: str,
    *,
    separator: str = "",
    encoding: str = "utf-8",
    null_values: str | Sequence[str] = (),
    decimal: str = ".",
    thousands: str = "",
    schema: Mapping[str, str] | None = None,
) -> CsvFiles:
    """The source of a dataset: the files that the glob names, from the project's root.

    separator: one character; a comma unless told, a tab where the files end in .tsv.
    encoding: Python's name, such as "latin-1" or "cp1252".
    null_values: texts that mean a missing value, such as ("NA", "-"); an empty value always does.
    decimal: "," where numbers are written as 1,5.
    thousands: the mark between thousands, one character: "," where numbers are written as 1,234.5. A number
    may be written without it too.
    schema: column → type, such as {"zip": "String"}; types of other columns are found in the values. What
    can be read in two ways must be declared: 007 as "String" or "Int64"; 01/02/2025 as "Date", the day first.

    >>> csv("orders/*.csv", separator=";", decimal=",", null_values="NA").null_values
    ('NA',)
    """
    return CsvFiles(
        glob=glob,
        separator=separator,
        encoding=encoding,
        null_values=(null_values,) if isinstance(null_values, str) else tuple(null_values),
        decimal=decimal,
        thousands=thousands,
        schema=dict(schema or {}),
    )
