"""What can be wrong with a dataset and with features before any row is read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import chain
from pathlib import Path
from typing import Any

from comporta.project.dataset import Dataset
from comporta.project.fault_common import (
    FieldFaults,
    as_sequence,
    call_faults,
    duplicates_in,
    duration_faults,
    import_faults,
    name_faults,
    with_location,
)
from comporta.project.features import AGGREGATES, Features, JoinDeclaration, Window
from comporta.project.kinds import type_faults
from comporta.project.locate import ProjectFault, SourceLocations
from comporta.records import FEEDBACK, PREDICTIONS, Column, Subject, duration
from comporta.records.column_type import base_type
from comporta.records.csv_files import CSV, PARQUET, CsvFiles
from comporta.records.declared_value import declared_bound, value_faults
from comporta.records.duration import duration_text

_TYPES = frozenset(
    (
        *("Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64", "Float32", "Float64"),
        *("Decimal", "String", "Boolean", "Date", "Datetime", "Duration", "Time", "Categorical", "Enum"),
        *("Binary", "List", "Array", "Struct"),
    )
)
_IN_CSV = _TYPES - {"Duration", "Binary", "List", "Array", "Struct", "Enum"}


def dataset_faults(dataset: Dataset, root: Path, places: SourceLocations) -> Iterator[ProjectFault]:
    def faults() -> FieldFaults:
        yield from name_faults(dataset.name)
        # Case does not tell folders apart on every disk.
        if isinstance(dataset.name, str) and dataset.name.lower() in (PREDICTIONS, FEEDBACK):
            yield (
                "name",
                f"found {dataset.name!r}, expected another: what servers log is kept there. Rename it.",
            )
        key = (dataset.key,) if isinstance(dataset.key, str) else dataset.key
        if not key:
            yield "key", "found none, expected the column or columns that name a row."
        yield from (("key", f"found column {each!r} twice.") for each in duplicates_in(as_sequence(key)))
        if isinstance(dataset.source, str):
            yield from _glob(dataset.source, root, (*PARQUET, *CSV))
        elif isinstance(dataset.source, CsvFiles):
            yield from _csv(dataset.source, root)
        elif callable(dataset.source):
            yield from import_faults("source", dataset.source, root)
            yield from call_faults("source", dataset.source, 0)
        if isinstance(dataset.subject, Subject):
            yield from (("subject", said) for _, said in type_faults(dataset.subject))
        yield from duration_faults(dataset, "delay", "fresh")
        if dataset.arrived is not None and dataset.delay is not None:
            yield "delay", "found `arrived` too, expected one of them. Remove one."
        for field in ("arrived", "delay", "fresh"):
            if getattr(dataset, field) is not None and dataset.time is None:
                yield field, "found no `time`, expected the column of when a row was true. Declare it."
        yield from (("columns", f"found {each!r} twice.") for each in duplicates_in(_names(dataset.columns)))

    yield from with_location(places, "Dataset", dataset.name, chain(type_faults(dataset), faults()))
    for column in as_sequence(dataset.columns):
        if isinstance(column, Column):
            kinds = tuple(type_faults(column))
            yield from with_location(places, "Column", column.name, iter(kinds or _column(column)))


def _column(column: Column) -> FieldFaults:
    if column.type and base_type(column.type) not in _TYPES:
        yield "type", f"found {column.type!r}, expected a polars type such as 'Int64', 'String', 'Datetime'."
    if not 0 <= column.nulls <= 1:
        yield "nulls", f"found {column.nulls}, expected a share from 0 to 1."
    values = tuple(value_faults(column, column.type or _type_of_bounds(column)))
    yield from ((field, f"{said}.") for field, said in values)
    if values or column.at_least is None or column.at_most is None:
        return
    kind = column.type or _type_of_bounds(column)
    low, high = (
        declared_bound(bound, kind, lower=lower)
        for bound, lower in ((column.at_least, True), (column.at_most, False))
    )
    if low > high:
        yield "at_least", f"found {column.at_least} above at_most {column.at_most}: no value can hold."


def _type_of_bounds(column: Column) -> str:
    """The type that a column without a declared one must have for its bounds; empty: any."""
    bounds = [each for each in (column.at_least, column.at_most) if each is not None]
    if not bounds:
        return ""
    if not any(isinstance(each, str) for each in bounds):
        return "Float64"
    return "Time" if all(isinstance(each, str) and ":" in each[:3] for each in bounds) else "Datetime"


def features_faults(features: Features, root: Path, places: SourceLocations) -> Iterator[ProjectFault]:
    joined = [
        name
        for join in as_sequence(features.joins)
        if isinstance(join, JoinDeclaration)
        for name in _brings(join)
    ]

    def faults() -> FieldFaults:
        yield from name_faults(features.name)
        known = as_sequence(features.known)
        if features.known == ():
            yield "known", "found none, expected the columns that a request carries."
        yield from (("known", f"found {each!r} twice.") for each in duplicates_in(known))
        yield from (
            ("joins", f"found feature {each!r} twice. Rename one: columns={{'column': 'feature'}}.")
            for each in duplicates_in((*known, *joined))
            if each in joined
        )
        for function in as_sequence(features.compute):
            if callable(function):
                yield from import_faults("compute", function, root)
                yield from call_faults("compute", function, 1)
        if features.use is not None and not features.compute:
            there = {*known, *joined}
            for name in as_sequence(features.use):
                if name not in there:
                    yield "use", f"found {name!r}, expected one of: {', '.join(sorted(there))}."
        yield from (
            ("use", f"found {each!r} twice.") for each in duplicates_in(as_sequence(features.use or ()))
        )

    yield from with_location(places, "Features", features.name, chain(type_faults(features), faults()))
    for kind, nth, join in numbered_joins(features):
        of = join.dataset.name if isinstance(join.dataset, Dataset) else ""
        kinds = tuple(type_faults(join))
        for field, message in kinds or _join(join, features):
            said = f"Features {features.name!r}: {kind} {of!r}: {field}: {message}"
            yield places.fault(kind, features.name, field, said, nth=nth)


def numbered_joins(features: Features) -> Iterator[tuple[str, int, JoinDeclaration]]:
    """Each join with its kind, as it is written, and which of that kind it is: how a place is asked for."""
    seen: Counter[str] = Counter()
    for join in as_sequence(features.joins):
        if isinstance(join, JoinDeclaration):
            kind = type(join).__name__
            yield kind, seen[kind], join
            seen[kind] += 1


def _join(join: JoinDeclaration, features: Features) -> FieldFaults:
    table = join.dataset
    yield from _window(join) if isinstance(join, Window) else duration_faults(join, "tolerance")
    on: Any = (join.on,) if isinstance(join.on, str) else join.on
    known = as_sequence(features.known)
    for column in on if isinstance(on, dict) else as_sequence(on):
        if column not in known:
            yield "on", f"found {column!r}, expected one of `known`: {', '.join(map(str, known))}."
    if table.time is not None and table.arrived is None and table.delay is None:
        yield (
            "dataset",
            f"found a `time` but neither `arrived` nor `delay`: when were its rows known? "
            f"Declare one in Dataset {table.name!r}, delay='0s' if at once.",
        )
    if table.time is not None and isinstance(features.of, Dataset) and features.of.time is None:
        yield "dataset", f"found no `time` in Dataset {features.of.name!r}: as of when? Declare it there."
    for field in ("over",) if isinstance(join, Window) else ("tolerance",):
        if table.time is None and getattr(join, field) is not None:
            yield field, f"found no `time` in Dataset {table.name!r} to measure it by. Declare it there."


def _window(join: Window) -> FieldFaults:
    wrong = tuple(duration_faults(join, "over"))
    yield from wrong
    if not wrong and (over := duration(join.over)) <= timedelta():
        yield "over", f"found {duration_text(over)}, expected a span above zero."
    elif not wrong and (delay := _delay(join.dataset)) is not None and delay >= over:
        yield (
            "over",
            f"found {duration_text(over)}, but rows of Dataset {join.dataset.name!r} are known "
            f"{duration_text(delay)} after their time: none is ever in it. Widen it.",
        )
    if not join.of:
        yield "of", "found none, expected feature → (aggregate, column): {'spend': ('sum', 'amount')}."
    for name, made in join.of.items():
        if len(made) != 2:
            yield "of", f"{name}: found {made!r}, expected an aggregate and a column: ('sum', 'amount')."
        elif made[0] not in AGGREGATES:
            yield "of", f"{name}: found {made[0]!r}, expected one of: {', '.join(AGGREGATES)}."


def _delay(dataset: Dataset) -> timedelta | None:
    """How long after their time its rows are known; None where that is not declared, or no span."""
    said = dataset.delay
    if not isinstance(said, str | timedelta) or any(duration_faults(dataset, "delay")):
        return None
    return duration(said)


def _csv(source: CsvFiles, root: Path) -> FieldFaults:
    wrong = tuple(type_faults(source))
    yield from (("source", f"csv: {field}: {said}") for field, said in wrong)
    if wrong:
        return
    yield from _glob(source.glob, root, ())
    if source.separator and (len(source.separator.encode()) != 1 or source.separator in '"\r\n'):
        yield (
            "source",
            f"csv: separator: found {source.separator!r}, expected one character of ASCII that is no quote.",
        )
    if source.decimal not in (".", ","):
        yield "source", f"csv: decimal: found {source.decimal!r}, expected '.' or ','."
    if len(source.thousands) > 1 or source.thousands.isalnum() or source.thousands in ("-", "+", '"'):
        yield "source", f"csv: thousands: found {source.thousands!r}, expected one mark, such as ',' or '.'."
    elif source.thousands == source.decimal:
        yield "source", f"csv: thousands: found {source.thousands!r}, expected another than the decimal sign."
    try:
        # As `open` looks it up: rot13 and base64 are codecs, and no encodings.
        "".encode(source.encoding)
    except (LookupError, UnicodeError):
        yield (
            "source",
            f"csv: encoding: found {source.encoding!r}, expected one that Python knows, as 'latin-1'.",
        )
    for column, kind in source.schema.items():
        if base_type(kind) not in _IN_CSV:
            yield (
                "source",
                f"csv: schema: {column}: found {kind!r}, expected one of: {', '.join(sorted(_IN_CSV))}.",
            )
        elif kind == "Decimal":
            yield (
                "source",
                f"csv: schema: {column}: found {kind!r}, expected its digits and decimals, as in "
                "'Decimal(38, 2)': without them it has no decimals.",
            )


def _glob(pattern: str, root: Path, endings: tuple[str, ...]) -> FieldFaults:
    if "://" in pattern:
        return
    if endings and Path(pattern).suffix.lower() not in endings:
        yield "source", f"found {pattern!r}, expected a glob of Parquet or CSV files, e.g. 'data/*.parquet'."
    anchor = Path(pattern).anchor
    below, rest = (Path(anchor), pattern[len(anchor) :]) if anchor else (root, pattern)
    if not rest or next(iter(below.glob(rest)), None) is None:
        where = "" if anchor else f" in {root.resolve()}"
        yield (
            "source",
            f"found no file for {pattern!r}{where}, expected at least one. Correct it or add the files.",
        )


def _brings(join: JoinDeclaration) -> list[str]:
    if isinstance(join, Window):
        return list(join.of) if isinstance(join.of, dict) else []
    columns: Any = join.columns
    return list(columns.values()) if isinstance(columns, dict) else list(as_sequence(columns))


def _names(columns: Iterable[Column]) -> Iterator[str]:
    return (each.name for each in as_sequence(columns) if isinstance(each, Column))
