"""Which columns rows bring, against those that the dataset has: one type each, settled by the first value."""

from __future__ import annotations

from typing import Literal

import polars as pl

from comporta.data.types import base_type, cast_advice, parse_type, type_text
from comporta.errors import BadData, BadProject, ExpectationBroken, SchemaChanged, wording
from comporta.records import Change, Column, DatasetSchema, Manifest
from comporta.records.column_type import TypeKind, type_kind
from comporta.records.columns import HIDDEN
from comporta.records.declared_value import value_faults
from comporta.records.named_column import exact_column

EMPTY = "Null"
"""The type of a column that has had no value so far: it takes that of its first one."""


def types_of(frame: pl.DataFrame | pl.LazyFrame) -> dict[str, str]:
    """Name → polars type, as a manifest writes it."""
    return {name: type_text(dtype) for name, dtype in frame.collect_schema().items()}


def settle(
    name: str, found: dict[str, str], expected: dict[str, str] | None, change: Change = "replace"
) -> dict[str, str]:
    """The dataset's columns once these are in it, in the dataset's order.

    A column without a value so far takes the type that it is found with; one without a value now keeps its
    type. expected: the columns so far, None: any. Raises SchemaChanged.
    """
    if expected is None:
        return found
    settled = {
        each: found[each] if kind == EMPTY and each in found else kind for each, kind in expected.items()
    }
    if found.keys() != expected.keys() or any(
        found[each] not in (kind, EMPTY) for each, kind in settled.items()
    ):
        raise _schema_changed(name, expected, found, change)
    return settled


def conform(batch: pl.DataFrame, columns: dict[str, str]) -> pl.DataFrame:
    """The batch in the order of these columns; one that is empty in it in the type it has elsewhere."""
    empty = [
        exact_column(each).cast(parse_type(columns[each]))
        for each, dtype in batch.schema.items()
        if dtype == pl.Null and columns[each] != EMPTY
    ]
    batch = batch.with_columns(empty) if empty else batch
    return batch if batch.columns == list(columns) else batch[list(columns)]


def require_columns(shape: DatasetSchema, columns: dict[str, str]) -> None:
    """Raises BadProject, BadData, ExpectationBroken where these columns cannot be what is declared."""
    name = shape.name
    for each, kind in columns.items():
        if each.startswith(HIDDEN):
            raise BadProject(
                f"{name}: found the column {each!r}, expected names that do not begin with '__'."
            )
        if kind.startswith("Object"):
            raise BadData(f"{name}.{each}: found Python objects, expected a type polars can store. Cast it.")
    for role, wanted in _roles(shape).items():
        for needed in wanted:
            if needed is not None and needed not in columns:
                raise BadProject(
                    f"{name}: found no column {needed!r} (as {role}), expected one of: {', '.join(columns)}. "
                    "Correct the name in the declaration, or add the column in the source."
                )
    require_times(shape, columns, ("datetime", "date", "null"))
    for column in shape.columns:
        _require_type(shape, column, columns[column.name])


def require_times(shape: DatasetSchema, columns: dict[str, str], kinds: tuple[TypeKind, ...]) -> None:
    """Raises BadProject where a column of times is of none of these kinds."""
    for role in ("time", "arrived"):
        if message := time_fault(shape, role, columns, kinds):
            raise BadProject(message)


def time_fault(
    shape: DatasetSchema,
    role: Literal["time", "arrived"],
    columns: dict[str, str],
    kinds: tuple[TypeKind, ...] = ("datetime", "date", "null"),
) -> str:
    """What is wrong with the type of the column that is declared as this; empty: nothing."""
    when: str | None = getattr(shape, role)
    if when is None or when not in columns or type_kind(columns[when]) in kinds:
        return ""
    kind = "no value" if columns[when] == EMPTY else columns[when]
    return wording(
        f"{shape.name}.{when}: found {kind}, expected Datetime or Date: it is declared as {role}. "
        f"{cast_advice(when, 'Datetime')}"
    )


def begins_anew(base: Manifest, shape: DatasetSchema, columns: dict[str, str], change: Change) -> bool:
    """Whether nothing of the base can stay: its rows are placed, or typed, otherwise.

    Raises BadProject, SchemaChanged where rows have to stay that cannot.
    """
    placing = ("key", "subject", "form", "time")
    moved = [name for name in placing if getattr(base.shape, name) != getattr(shape, name)]
    retyped = [
        name
        for name, kind in base.columns.items()
        if columns.get(name) != kind and not (kind == EMPTY and name in columns)
    ]
    if change == "replace":
        return bool(moved or retyped) or base.columns.keys() != columns.keys()
    if moved:
        name = moved[0]
        raise BadProject(
            f"{shape.name}: found {name} {getattr(shape, name)!r}, expected {getattr(base.shape, name)!r} as "
            f"in its newest version. Keep it, or return all rows with change='replace'."
        )
    if retyped:
        kind = columns.get(retyped[0], wording("no such column"))
        raise SchemaChanged(
            f"{shape.name}.{retyped[0]}: found {kind}, expected "
            f"{base.columns[retyped[0]]}: rows that are there keep theirs on {change}. Return all rows with "
            "change='replace'."
        )
    return False


def _roles(shape: DatasetSchema) -> dict[str, tuple[str | None, ...]]:
    return {
        "key": shape.key,
        "subject": (shape.subject,),
        "time": (shape.time,),
        "arrived": (shape.arrived,),
        "column": tuple(column.name for column in shape.columns),
    }


def type_fault(shape: DatasetSchema, column: Column, kind: str) -> str:
    """What is wrong with the type that this column has; empty: nothing, or a run only reports it."""
    if _is_declared_type(column, kind) or column.breach != "stop":
        return ""
    return wording(
        f"{shape.name}.{column.name}: found the type {kind}, expected {column.type}. "
        f"{cast_advice(column.name, column.type)} Or change the declaration."
    )


def _is_declared_type(column: Column, kind: str) -> bool:
    return not column.type or kind == EMPTY or column.type in (kind, base_type(kind))


def _require_type(shape: DatasetSchema, column: Column, kind: str) -> None:
    """A wrong type is a breach, which may be declared to stop nothing; a value that cannot be compared with
    the column's is a fault of the declaration."""
    if message := type_fault(shape, column, kind):
        error = ExpectationBroken(message)
        error.reason = message
        raise error
    fault = next(value_faults(column, kind), None) if _is_declared_type(column, kind) else None
    if fault is not None:
        field, said = fault
        raise BadProject(
            f"{shape.name}.{column.name}: {field}: {said}. Correct the declaration, or cast "
            "the column where it is read."
        )


def _schema_changed(
    name: str, expected: dict[str, str], found: dict[str, str], change: Change
) -> SchemaChanged:
    new = [f"{each} is new ({kind})" for each, kind in found.items() if each not in expected]
    gone = [f"{each} is gone (was {kind})" for each, kind in expected.items() if each not in found]
    retyped = [
        f"{each} is {found[each]} (was {kind})"
        for each, kind in expected.items()
        if each in found and found[each] not in (kind, EMPTY) and kind != EMPTY
    ]
    advice = wording(f"take the change in: comporta data accept {name}")
    if change != "replace" and (gone or retyped):
        advice = wording(
            f"return all rows with change='replace': on {change} the rows that are there keep theirs"
        )
    error = SchemaChanged(
        f"{name}: found other columns than before: {'; '.join([*new, *gone, *retyped])}; expected those of "
        f"its newest version. Fix the source, or {advice}"
    )
    error.reason = str(error)
    return error
