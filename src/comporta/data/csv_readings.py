"""Values of CSV files that can be read in two ways, or that their column's type would change: each is named.

Asked of every row: what stands below the first ones is a key or a number too.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from typing import NamedTuple

import polars as pl

from comporta.data.csv_text import CsvFile, declare, short_line
from comporta.data.csv_types import cell_fault, reading_fault, scan
from comporta.errors import BadData, wording
from comporta.records.named_column import exact_column

_CODE = r"^[+-]?0\d+$"
_SHORT_YEAR = r"^\d{1,2}[/.-]\d{1,2}[/.-]\d{2}(?:\D|$)"
_DAY_OR_MONTH = r"^\d{1,2}[/.-]\d{1,2}[/.-]\d{2}"
_PLACES = {"ms": 3, "us": 6, "ns": 9}
_UNITS = {"ms": wording("milliseconds"), "us": wording("microseconds"), "ns": wording("nanoseconds")}
_MANY_DIGITS = r"^[+-]?\d{16,}$"


class Doubt(NamedTuple):
    """What of a column's texts is in doubt: those that match the pattern. fault: the error to raise, of the
    file, the column and the first such text."""

    pattern: str
    fault: Callable[[CsvFile, str, str], BadData]


def require_one_reading(file: CsvFile, types: Mapping[str, pl.DataType], declared: Collection[str]) -> None:
    """Raises BadData, naming file, line and column, for the first value that is in doubt. types: in which the
    columns will be read. declared: those whose types the source declares."""
    doubts = [(name, doubt) for name, dtype in types.items() for doubt in _doubts(dtype, name in declared)]
    if not doubts:
        return
    schema: dict[str, pl.DataType] = dict.fromkeys(file.columns, pl.String())
    first = [
        exact_column(name).filter(_is_doubtful(name, doubt.pattern)).first().alias(str(at))
        for at, (name, doubt) in enumerate(doubts)
    ]
    try:
        found = scan(file, schema).select(first).collect().row(0)
    except pl.exceptions.PolarsError as error:
        raise reading_fault(file, schema, error) from None
    for (name, doubt), text in zip(doubts, found, strict=True):
        if text is not None:
            raise doubt.fault(file, name, text)


def require_whole_lines(file: CsvFile) -> None:
    """Raises BadData for the first line with fewer values than the header: which are missing is unknown."""
    if len(file.columns) == 1 or not _may_be_short(file):
        return
    line, count = short_line(file)
    if line:
        found = f"{count} value{'s' * (count > 1)}"
        raise BadData(
            f"{file.label}, line {line}: found {found}, expected {len(file.columns)} as in the header. "
            "Complete the line: a missing value is nothing between its separators."
        )


def _may_be_short(file: CsvFile) -> bool:
    """Whether any line may have fewer values than the header: told by counting separators, in a third of the
    time that reading the values one by one takes. A line within quotes may look so."""
    text = pl.col("line").str.replace_all(r'"[^"]*"', "")
    separators = text.str.count_matches(file.separator, literal=True)
    short = (separators < len(file.columns) - 1) & (pl.col("line").str.strip_chars("\r") != "")
    open_quotes = text.str.contains('"', literal=True)
    lines = pl.scan_lines(file.path if file.utf8 else file.bytes())
    try:
        return bool(lines.select((short | open_quotes).any()).collect().item())
    except pl.exceptions.PolarsError:  # no text: told where the values are read
        return False


def _doubts(dtype: pl.DataType, declared: bool) -> Iterator[Doubt]:
    if isinstance(dtype, pl.Date | pl.Datetime):
        # Declared, the day comes first; but 25 as a year is the year 25.
        yield Doubt(_SHORT_YEAR if declared else _DAY_OR_MONTH, _date_fault)
    if isinstance(dtype, pl.Datetime):
        yield Doubt(rf"[.,]\d{{{_PLACES[dtype.time_unit]}}}0*[1-9]", partial(_unit_fault, dtype))
    elif isinstance(dtype, pl.Decimal):
        yield Doubt(rf"[.,]\d{{{dtype.scale}}}\d*[1-9]", _decimals_fault)
    elif dtype.is_integer() and not declared:
        yield Doubt(_CODE, _code_fault)
    elif dtype.is_float() and not declared:
        yield Doubt(_MANY_DIGITS, _digits_fault)


def _is_doubtful(name: str, pattern: str) -> pl.Expr:
    text = exact_column(name)
    if pattern != _MANY_DIGITS:
        return text.str.contains(pattern)
    as_float = text.cast(pl.Float64, strict=False).cast(pl.Int128, strict=False)
    return text.str.contains(pattern) & (text.cast(pl.Int128, strict=False) != as_float)


def _code_fault(file: CsvFile, column: str, text: str) -> BadData:
    code, number = (declare(file, schema={column: kind}) for kind in ("String", "Int64"))
    advice = wording(f"If it is a code, make the column text: {code} If it is a number: {number}")
    return cell_fault(file, column, text, wording("a number without zeros in front"), advice)


def _date_fault(file: CsvFile, column: str, text: str) -> BadData:
    if pl.Series([text]).str.contains(_SHORT_YEAR).item():
        advice = wording(
            f"Write it as 2025-02-01, or make the column text: {declare(file, schema={column: 'String'})}"
        )
        return cell_fault(file, column, text, wording("a date with a year of four digits"), advice)
    itself = declare(file, schema={column: "Datetime" if ":" in text else "Date"})
    advice = wording(f"Write it as 2025-02-01. If the day comes first, say so: {itself}")
    return cell_fault(file, column, text, wording("a date that can be read in one way"), advice)


def _digits_fault(file: CsvFile, column: str, text: str) -> BadData:
    whole, some = (declare(file, schema={column: kind}) for kind in ("String", "Float64"))
    advice = wording(
        f"Others there have decimals. To keep every digit, make the column text: {whole} If its last digits "
        f"may be lost: {some}"
    )
    return cell_fault(file, column, text, wording("a number that 64 bits of floating point hold"), advice)


def _unit_fault(dtype: pl.Datetime, file: CsvFile, column: str, text: str) -> BadData:
    advice = wording("Correct it: no time is kept finer than nanoseconds.")
    if dtype.time_unit != "ns":
        finer = f"Datetime('ns', {dtype.time_zone!r})" if dtype.time_zone else "Datetime('ns')"
        whole, some = (declare(file, schema={column: kind}) for kind in (finer, "String"))
        advice = wording(f"It would be cut. To keep it: {whole} Or make the column text: {some}")
    unit = _UNITS[dtype.time_unit]
    return cell_fault(file, column, text, wording(f"a time in {unit}, as the column is read"), advice)


def _decimals_fault(file: CsvFile, column: str, text: str) -> BadData:
    return cell_fault(
        file, column, text, wording("no more decimals than the declared type has"),
        wording("It would be rounded. Declare a larger scale, or correct it."),
    )  # fmt: skip
