"""What is in a dataset: each column's type, how full it is, how many values, and between which bounds."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import polars as pl

from comporta.data.damage import reporting_damage
from comporta.data.manifests import manifest_of, schema_of
from comporta.data.missing import present
from comporta.data.read import scan_slice
from comporta.records import Record, Slice
from comporta.store import Keys, Store

EXACT = 100_000
"""Rows up to which distinct values are counted, not estimated."""

_ORDERED = (pl.Date, pl.Datetime, pl.Time, pl.Duration, pl.String, pl.Categorical, pl.Enum, pl.Boolean)


class ColumnSummary(Record, frozen=True, kw_only=True):
    """distinct: how many values, nulls not counted. approximate: it is estimated (HyperLogLog, within a few
    per cent), as it is in a slice of more than 100,000 rows. least, most: as text, or None
    where values have no order or tell who someone is."""

    name: str
    type: str
    meaning: str = ""
    personal: bool = False
    nulls: int = 0
    distinct: int = 0
    approximate: bool = False
    least: str | None = None
    most: str | None = None


class Description(Record, frozen=True, kw_only=True):
    """One slice of a dataset, summed up. It holds values: keep it as an artifact, not in a ledger."""

    dataset: str
    number: int
    rows: int
    key: tuple[str, ...]
    subject: str | None
    time: str | None
    columns: tuple[ColumnSummary, ...]


def describe(store: Store, keys: Keys, slice: Slice, personal: Collection[str] = ()) -> Description:
    """Every column of the slice, in one pass over it. personal: columns that are so, beside those declared.
    Raises NotFound, Tampered, WrongKey."""
    manifest = manifest_of(store, keys, slice.dataset, slice.number)
    shape, schema = manifest.shape, schema_of(manifest)
    declared = {column.name: column for column in shape.columns}
    hidden = {column.name for column in shape.columns if column.personal} | {shape.subject, *personal}
    names = list(schema) if slice.columns is None else list(slice.columns)
    exact = slice.rows <= EXACT
    asked: list[pl.Expr] = [pl.len().alias("rows")]
    for at, name in enumerate(names):
        dtype = schema[name]
        column = present(name, dtype)
        asked.append(column.null_count().alias(f"{at} nulls"))
        if not dtype.is_nested():
            values = column.drop_nulls()
            asked.append((values.n_unique() if exact else values.approx_n_unique()).alias(f"{at} distinct"))
        if name not in hidden and (dtype.is_numeric() or isinstance(dtype, _ORDERED)):
            plain = column.cast(pl.String) if isinstance(dtype, pl.Categorical | pl.Enum) else column
            asked += [plain.min().alias(f"{at} least"), plain.max().alias(f"{at} most")]
    with reporting_damage(store, keys, slice.dataset):
        found = scan_slice(store, keys, slice).select(asked).collect(engine="streaming").row(0, named=True)
    return Description(
        dataset=slice.dataset,
        number=slice.number,
        rows=found["rows"],
        key=shape.key,
        subject=shape.subject,
        time=shape.time,
        columns=tuple(
            ColumnSummary(
                name=name,
                type=manifest.columns[name],
                meaning=declared[name].meaning if name in declared else "",
                personal=name in hidden,
                nulls=found[f"{at} nulls"],
                distinct=found.get(f"{at} distinct", 0),
                approximate=not exact and f"{at} distinct" in found,
                least=_text(found.get(f"{at} least")),
                most=_text(found.get(f"{at} most")),
            )
            for at, name in enumerate(names)
        ),
    )


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
