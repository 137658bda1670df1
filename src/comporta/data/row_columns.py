"""In which columns a prediction log keeps what a version was sent and what it answered; rows made of JSON.

`in.<name>` and `out.<name>`, each of the widest type of its kind, so that a version whose column is narrower
shares it. A version whose column is of another kind has one of its own, `in.<name>:<type>`: what is sealed
stays as it is, and no value is turned into another one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from datetime import UTC, date, datetime
from typing import Annotated, Any

import msgspec
import polars as pl
from msgspec import Meta
from msgspec.structs import replace

from comporta.data.dataset_log import DatasetLog, NamePairs, RowColumns, append_entry, read_log
from comporta.data.types import parse_type, type_text
from comporta.records import Signature
from comporta.records.column_type import base_type, type_kind
from comporta.store import Keys, Store

INPUT, OUTPUT = "in.", "out."
PEOPLES = ("joined", "key", "unit")
"""Columns of a log that may hold what tells a person, whatever a model reads."""


def personal_columns(log: Iterable[str], personal: Collection[str]) -> set[str]:
    """The columns of a log that hold these columns of requests, or may hold what tells a person."""
    return {
        name
        for name in log
        if name in PEOPLES
        or (name.removeprefix(INPUT).partition(":")[0] in personal and name.startswith(INPUT))
    }


def request_columns(log: Iterable[str]) -> set[str]:
    """The columns of a log that hold what requests carried, or may hold what tells a person."""
    return {name for name in log if name in (*PEOPLES, "inputs") or name.startswith(INPUT)}


Types = dict[str, pl.DataType]
Signatures = Callable[[int], Signature | None]
"""What a version of the model takes and gives, by its number; None where nobody knows."""

_TIME = pl.Datetime("us", "UTC")
_DAY_TEXT, _TIME_TEXT = "%Y-%m-%d", "%Y-%m-%dT%H:%M:%S%.f"
_PYTHON: list[tuple[pl.DataType, Any]] = [
    (pl.Int64(), Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]),
    (pl.UInt64(), Annotated[int, Meta(ge=0)]),
    (pl.Float64(), float),
    (pl.Boolean(), bool),
    (pl.String(), str),
    (pl.Date(), date),
    (_TIME, Annotated[datetime, Meta(tz=True)]),
    (pl.Datetime("us"), Annotated[datetime, Meta(tz=False)]),
    (pl.List(pl.Float64), list[float]),
]


def columns_of(
    store: Store, keys: Keys, dataset: str, version: int, signatures: Signatures, now: datetime
) -> RowColumns | None:
    """The columns of a version's rows, written down before its first row is; None where nobody knows them."""
    while True:
        history = read_log(store, keys, dataset)
        found = plan_row_columns(history, version, signatures)
        if found is None or found in history.schema:
            return found
        said = {name: getattr(found, name) for name in ("model_version", "inputs", "outputs", "types")}
        append_entry(store, keys, dataset, history, now, RowColumns, **said)


def plan_row_columns(history: DatasetLog, version: int, signatures: Signatures) -> RowColumns | None:
    """The same, without writing: those it has, or would get after all that the log knows already."""
    for each in history.schema:
        if each.model_version == version:
            return each
    signature = signatures(version)
    if signature is None:
        return None
    taken = {column: text for each in history.schema for column, text in each.types}
    inputs: dict[str, str] = {}
    outputs: dict[str, str] = {}
    types: dict[str, str] = {}
    asked = [(INPUT, inputs, field.name, kind(field.type)) for field in signature.raw]
    asked += [(OUTPUT, outputs, name, each) for name, each in output_columns(signature).items()]
    for before, columns, name, dtype in asked:
        text = type_text(dtype)
        column = before + re.sub("[%:]", lambda found: f"%{ord(found[0]):02X}", name)
        if taken.get(column, text) != text:
            column = f"{column}:{text}"
        taken[column] = types[column] = text
        columns[name] = column
    return RowColumns(
        n=0, prev="", key="", at=datetime.fromtimestamp(0, UTC), model_version=version,
        inputs=tuple(inputs.items()), outputs=tuple(outputs.items()), types=tuple(types.items()),
    )  # fmt: skip


def all_row_columns(
    history: DatasetLog, versions: Iterable[int], signatures: Signatures
) -> dict[int, RowColumns]:
    """The same of several versions, none of which takes another's column for another type."""
    out: dict[int, RowColumns] = {}
    for version in sorted(versions):
        found = plan_row_columns(history, version, signatures)
        if found is not None:
            out[version] = found
            history = replace(history, schema=(*history.schema, found))
    return out


def kind(text: str) -> pl.DataType:
    """The widest type of the kind of this one: what a log keeps it in."""
    match type_kind(text):
        case "whole":
            return pl.UInt64() if base_type(text) == "UInt64" else pl.Int64()
        case "real":
            return pl.Float64()
        case "boolean":
            return pl.Boolean()
        case "date":
            return pl.Date()
        case "datetime":
            dtype = parse_type(text)
            return _TIME if getattr(dtype, "time_zone", None) else pl.Datetime("us")
    return pl.String()


def output_columns(signature: Signature) -> Types:
    """What a version answers of a row, by name. probability: of a binary model the second class's chance,
    else all of them, in the order of `signature.classes`."""
    if signature.task == "regression":
        return {"prediction": pl.Float64()}
    found: Types = {}
    if signature.output in ("label", "both"):
        found["label"] = kind(signature.label) if signature.label else pl.String()
    if signature.output in ("probability", "both"):
        found["probability"] = pl.Float64() if signature.task == "binary" else pl.List(pl.Float64)
    return found


def value_checker(types: Types, *, all_of_them: bool = True) -> Callable[[bytes], object]:
    """A function of a JSON object that raises ValueError unless it holds these names, each with a value of
    its type or null; not all_of_them: some of the names."""
    places = {f"_{at}": name for at, name in enumerate(types)}
    lacking = () if all_of_them else (None,)
    fields = [(place, _python(types[name]) | None, *lacking) for place, name in places.items()]
    try:
        struct = msgspec.defstruct("Object", fields, rename=places, forbid_unknown_fields=True, gc=False)
    except ValueError:  # a name with a quote or a backslash in it
        names, each = frozenset(types), {name: _python(dtype) | None for name, dtype in types.items()}

        def check(data: bytes) -> object:
            found = msgspec.json.decode(data, type=dict[str, Any])
            if found.keys() - names or (all_of_them and found.keys() != names):
                raise ValueError("other names")
            return [msgspec.convert(found.get(name), wanted, strict=True) for name, wanted in each.items()]

        return check
    return msgspec.json.Decoder(struct).decode


def column_expressions(text: str, columns: NamePairs, types: Types) -> list[pl.Expr]:
    """A frame's column of JSON objects as typed columns. columns: name → column. types: by column."""
    if not columns:
        return []
    plain = {name: _plain(types[column]) for name, column in columns}
    # By place: a field's name may be one that polars takes for a pattern.
    places = {name: f"_{at}" for at, name in enumerate(plain)}
    read = pl.col(text).str.json_decode(pl.Struct(plain)).struct.rename_fields([*places.values()]).struct
    return [_temporal(read.field(places[name]), types[column]).alias(column) for name, column in columns]


def parsed_times(types: Types) -> list[pl.Expr]:
    """Columns of dates and times from their text, each under its name."""
    return [
        _temporal(pl.col(name), dtype).alias(name) for name, dtype in types.items() if dtype.is_temporal()
    ]


def types_of(columns: RowColumns) -> Types:
    """Column → type."""
    return {column: parse_type(text) for column, text in columns.types}


def row_values(row: dict[str, Any], columns: NamePairs) -> dict[str, Any]:
    """Name → JSON value again, of one row of the log."""
    found = {name: row.get(column) for name, column in columns}
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in found.items()}


def _python(dtype: pl.DataType) -> Any:
    return next(python for known, python in _PYTHON if known == dtype)


def _plain(dtype: pl.DataType) -> pl.DataType:
    return pl.String() if dtype.is_temporal() else dtype


def _temporal(text: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    if dtype == pl.Date:
        return text.str.to_date(_DAY_TEXT)
    if isinstance(dtype, pl.Datetime):
        if dtype.time_zone:
            return text.str.to_datetime(_TIME_TEXT + "%:z", time_unit="us", time_zone="UTC")
        return text.str.to_datetime(_TIME_TEXT, time_unit="us")
    return text
