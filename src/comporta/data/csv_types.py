"""The types of a CSV file's columns, as its first rows tell them; what only looks like text is named."""

from __future__ import annotations

from typing import Any

import polars as pl

from comporta.data.csv_numbers import NumberStyle, are_numbers, styles_of
from comporta.data.csv_text import CsvFile, declare, encoding_fault, line_of, long_line, open_quote
from comporta.data.types import parse_type
from comporta.errors import BadData, first_line, wording
from comporta.records.named_column import exact_column

SAMPLE = 10_000
"""Rows of each file in which types are looked for."""

_WORDS = ("na", "n/a", "#n/a", "nan", "null", "none", "nil", "-", "--", "?", ".", "missing")
_TIME, _TRUTH = r"^\d{4}-\d{2}-\d{2}", r"^(?i:true|false)$"
_DAY = r"^\d{4}-\d{2}-\d{2}$"
_MOMENT = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?: ?(?:Z|[+-]\d{2}:?\d{2}))?$"
_ZONE = r"\d ?(?:Z|[+-]\d{2}:?\d{2})$"
_DAY_AND_MONTH = r"^\d{1,2}[/.-]\d{1,2}[/.-]\d{4}$"


def options(file: CsvFile) -> dict[str, Any]:
    """How polars reads the file."""
    return {
        "separator": file.separator,
        "null_values": list(file.form.null_values) or None,
        "decimal_comma": file.form.decimal == ",",
        "glob": False,
    }


def sampled_types(file: CsvFile, settled: dict[str, pl.DataType]) -> dict[str, pl.DataType]:
    """Column → its type in the first rows, or in all where those have no value of it; Null: it has none.

    settled: types of columns that are known. Raises BadData, naming file, line and column.
    """
    rows = _read_typed(file, settled, SAMPLE)
    out: dict[str, pl.DataType] = {}
    for column in rows.get_columns():
        if column.name in settled:
            out[column.name] = settled[column.name]
        elif column.null_count() == len(column):
            out[column.name] = pl.Null()
        else:
            out[column.name] = _type_of(file, column)
    late = [name for name, dtype in out.items() if isinstance(dtype, pl.Null)]
    if late and len(rows) == SAMPLE:
        for column in _read_typed(file, settled, None, late).get_columns():
            if column.null_count() < len(column):
                out[column.name] = _type_of(file, column)
    return out


def scan(file: CsvFile, schema: dict[str, pl.DataType], *, strict: bool = True) -> pl.LazyFrame:
    """The rows with columns of these types. strict: a value of another type is polars' error, else null."""
    marked = {name: dtype for name, dtype in schema.items() if file.style.thousands and dtype.is_numeric()}
    # In the file's own order: polars takes a schema by place.
    own = {name: pl.String() if name in marked else schema[name] for name in file.columns}
    source = file.path if file.utf8 else file.bytes()
    frame = pl.scan_csv(source, schema=own, ignore_errors=not strict, **options(file))
    return frame.with_columns(file.style.parse(name, dtype, strict=strict) for name, dtype in marked.items())


def first_text(file: CsvFile, column: str) -> str:
    """The column's first value as it is written; empty: it has none."""
    rows = _read_typed(file, dict.fromkeys(file.columns, pl.String()), None, [column])
    return str(next(iter(rows[column].drop_nulls()), ""))


def _read_typed(
    file: CsvFile, settled: dict[str, pl.DataType], length: int | None, columns: list[str] | None = None
) -> pl.DataFrame:
    """The first rows, or (length: None) all, in the types that polars finds. Raises BadData."""
    schema: pl.Schema | dict[str, pl.DataType] = {}
    try:
        frame = pl.scan_csv(
            file.path if file.utf8 else file.bytes(),
            try_parse_dates=True,
            infer_schema_length=length,
            # Below the first rows may stand numbers with marks, which polars does not know.
            ignore_errors=bool(file.style.thousands),
            schema_overrides=dict.fromkeys(settled, pl.String),
            **options(file),
        )
        schema = frame.collect_schema()
        frame = frame if columns is None else frame.select(*map(exact_column, columns))
        return (frame if length is None else frame.head(length)).collect()
    except pl.exceptions.PolarsError as error:
        raise reading_fault(file, schema, error) from None


def _type_of(file: CsvFile, column: pl.Series) -> pl.DataType:
    if column.dtype != pl.String:
        return column.dtype
    if file.style.thousands and (found := file.style.type_of(column.drop_nulls())) is not None:
        return found
    _require_text(file, column)
    return column.dtype


def declared_types(file: CsvFile) -> dict[str, pl.DataType]:
    """The types of the declared schema. Raises BadData for a column that is not in the file.

    `Datetime` alone is any: with a zone where the values have one.
    """
    for name in file.form.schema:
        if name not in file.columns:
            raise BadData(
                f"{file.label}, line 1: found no column {name!r}, expected it as schema= declares it; there "
                f"are {', '.join(file.columns)}. Correct the schema or the file."
            )
    return {name: parse_type(kind) for name, kind in file.form.schema.items() if kind != "Datetime"}


def wider(one: pl.DataType, other: pl.DataType) -> pl.DataType | None:
    """The type that holds both, of which one is the earlier; None where the later does not fit."""
    if isinstance(one, pl.Null) or one == other:
        return other
    if isinstance(other, pl.Null) or one == pl.String:
        return one
    if one.is_numeric() and other.is_numeric():
        return pl.Float64() if one.is_float() or other.is_float() else pl.Int128()
    if {one, other} == {pl.Date(), pl.Datetime("us")}:
        return pl.Datetime("us")
    return None


def reading_fault(file: CsvFile, schema: dict[str, pl.DataType], error: pl.exceptions.PolarsError) -> BadData:
    """What of this file cannot be read as these types, as an error that names line and column."""
    line, count = long_line(file)
    if line:
        return BadData(
            f"{file.label}, line {line}: found {count} values, expected {len(file.columns)} as in the "
            "header. Quote values that hold the separator, or correct the line."
        )
    for name, dtype in schema.items():
        if dtype not in (pl.String, pl.Null) and (text := first_foreign(file, name, dtype)):
            return value_fault(file, name, text, dtype)
    if (fault := encoding_fault(file)) is not None:
        return fault
    if quote := open_quote(file):
        return BadData(
            f"{file.label}, line {quote}: found a quote within a value, or one that nothing closes. Write it "
            "twice and the value in quotes, or remove it."
        )
    return BadData(f"{file.label}: cannot be read: {first_line(error)}. Correct the file.")


def first_foreign(file: CsvFile, column: str, dtype: pl.DataType) -> str:
    """The first value of a column, as it is written, that is none of this type; empty: all are, or the file
    cannot be read."""
    every: dict[str, pl.DataType] = dict.fromkeys(file.columns, pl.String())
    try:
        both = (scan(file, every), scan(file, every | {column: dtype}, strict=False))
        texts, values = (each.select(exact_column(column)).collect().to_series() for each in both)
    except pl.exceptions.PolarsError:
        return ""
    return str(next(iter(texts.filter(values.is_null() & texts.is_not_null())), ""))


def value_fault(file: CsvFile, column: str, text: str, dtype: pl.DataType) -> BadData:
    """A value that is none of the column's type."""
    if _is_word(text):
        advice = wording(f"If it means a missing value, declare it: {declare(file, null_values=text)}")
    elif dtype.is_numeric() and file.style.type_of(said := pl.Series([text])) is None and are_numbers(said):
        rows = _read_typed(file, dict.fromkeys(file.columns, pl.String()), None, [column])
        return _number_fault(file, column, rows[column].drop_nulls(), text)
    else:
        advice = wording(f"Correct it, or make the column text: {declare(file, schema={column: 'String'})}")
    return cell_fault(file, column, text, wording(f"a value of the type {dtype}"), advice)


def _require_text(file: CsvFile, column: pl.Series) -> None:
    """Raises BadData where a column is text only for the way in which its values are written."""
    values = column.drop_nulls().unique(maintain_order=True)
    lower = values.str.strip_chars().str.to_lowercase()
    words, others = values.filter(lower.is_in(_WORDS)), values.filter(~lower.is_in(_WORDS))
    if others.is_empty():
        return
    text = f"text: {declare(file, schema={column.name: 'String'})}"
    if len(words):
        kinds = (("numbers", file.style.pattern), ("dates", _TIME), (wording("true and false"), _TRUTH))
        for what, pattern in kinds:
            if others.str.contains(pattern).all():
                missing = declare(file, null_values=words[0])
                advice = wording(
                    f"If it means a missing value, declare it: {missing} If not, make the column {text}"
                )
                raise cell_fault(file, column.name, words[0], f"{what} as in the other rows", advice)
    foreign = others.filter(~others.str.contains(file.style.pattern))
    if len(foreign) and (are_numbers(others) or styles_of(others, file.style)):
        raise _number_fault(file, column.name, others, foreign[0])
    if (
        others.str.strip_chars().str.contains(file.style.pattern).all()
        and (others != others.str.strip_chars()).any()
    ):
        first = others.filter(others != others.str.strip_chars())[0]
        raise cell_fault(
            file, column.name, first, "a number without blanks", f"Remove them, or make the column {text}"
        )
    _require_readable(file, column.name, others, text)


def _require_readable(file: CsvFile, name: str, others: pl.Series, text: str) -> None:
    """Raises BadData where all values are written as numbers with a sign, as dates or as times, and yet some
    cannot be read as such. others: a column's values. text: how it is declared to be text."""
    if others.str.contains(file.style.pattern).all():
        signed = others.filter(others.str.starts_with("+"))
        if len(signed):
            kind = "Int64" if others.str.contains(r"^[+-]?\d+$").all() else "Float64"
            itself = declare(file, schema={name: kind})
            advice = wording(f"If it is a code, make the column {text} If it is a number: {itself}")
            raise cell_fault(file, name, signed[0], wording("a number without a plus in front"), advice)
        return
    if others.str.contains(_DAY_AND_MONTH).all():
        advice = wording(f"Write it as 2025-02-01, or make the column {text}")
        raise cell_fault(file, name, others[0], wording("a date that can be read in one way"), advice)
    days, moments = others.str.contains(_DAY), others.str.contains(_MOMENT)
    if not (days | moments).all():
        return
    zones = others.str.contains(_ZONE) & moments
    bad = others.str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False).is_null()
    foreign = others.filter(bad if bad.any() else zones != zones[0])
    if len(foreign):
        what = (
            wording("a date of the calendar")
            if bad.any()
            else wording("times all with a zone, or all without")
        )
        raise cell_fault(file, name, foreign[0], what, wording(f"Correct it, or make the column {text}"))


def _number_fault(file: CsvFile, column: str, texts: pl.Series, text: str) -> BadData:
    """A number that is written in another style than the file's. texts: what else the column has."""
    others = texts.filter(~texts.str.to_lowercase().is_in(_WORDS))
    as_text = declare(file, schema={column: "String"})
    advice = "".join(
        wording(f"If it means {style.plain(text)}, declare it: {_declare_style(file, style)} ")
        for style in styles_of(others, file.style)
        if style != file.style
    )
    if advice:
        advice += wording(f"If not, make the column text: {as_text}")
    else:
        advice = wording(f"Others there are written in another way. Correct one, or make it text: {as_text}")
    return cell_fault(file, column, text, wording(f"a number written like {file.style.example}"), advice)


def _declare_style(file: CsvFile, style: NumberStyle) -> str:
    return declare(file, decimal=style.decimal, thousands=style.thousands)


def cell_fault(file: CsvFile, column: str, text: str, expected: str, advice: str) -> BadData:
    """A value, the first that is written so, as an error that names file, line and column."""
    line = line_of(file, column, text)
    return BadData(
        f"{file.label}, line {line}, column {column!r}: found {text!r}, expected {expected}. {advice}"
    )


def _is_word(text: str) -> bool:
    return text.strip().lower() in _WORDS
