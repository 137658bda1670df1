"""New rows against the rows that stand: which are new, which are there already, which give way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec
import numpy as np
import polars as pl

from comporta.data.fragments import (
    ADDRESS,
    ResolvedFragment,
    at_addresses,
    is_plain,
    scan_live_rows,
    scan_numbered,
)
from comporta.data.keys import PLACE
from comporta.data.manifests import in_time
from comporta.data.missing import present
from comporta.data.runs import in_range
from comporta.errors import BadData
from comporta.records import Change, DatasetSchema
from comporta.records.named_column import by_names, exact_column
from comporta.store import Keys, Store

_OLD = "__old "
_AT = "__i"
_FEW = 1_000


class KeyMatch(msgspec.Struct, frozen=True):
    """new: rows to add, as they were sorted. hide: addresses of rows that give way."""

    new: pl.DataFrame
    hide: pl.Series


def match_keys(
    store: Store,
    keys: Keys,
    shape: DatasetSchema,
    found: Sequence[ResolvedFragment],
    schema: Mapping[str, pl.DataType],
    part: pl.DataFrame,
    change: Change,
    bins: tuple[int, int],
    within: tuple[datetime, datetime] | None,
    nan_is_missing: bool = False,
) -> KeyMatch:
    """What one range of new rows does to the rows that stand. Raises BadData when an append changes a row.

    nan_is_missing: a NaN that stands is equal to a null that comes.
    """
    part = part.with_row_index(_AT)
    if change == "replace":
        old = _range(store, shape, found, schema, bins)
    else:
        old = _same_keys(store, shape, found, schema, part, bins, within)
    if change == "replace" and old.drop(ADDRESS).equals(part.select(by_names(schema))):
        return KeyMatch(part.clear().drop(_AT), old[ADDRESS].clear())  # nothing changed: no join needed
    others = [name for name in schema if name not in shape.key]
    pairs = part.join(old.rename({name: _OLD + name for name in others}), on=by_names(shape.key), how="inner")
    same = pl.all_horizontal(pl.lit(True), *(_equal(name, schema[name], nan_is_missing) for name in others))
    equal = pairs.filter(same)
    new = part.filter(~pl.col(_AT).is_in(equal[_AT].implode()))
    if change == "replace":
        hide = old[ADDRESS].filter(~old[ADDRESS].is_in(equal[ADDRESS].implode()))
    else:
        differ = pairs.filter(~same)
        if change == "append" and not differ.is_empty():
            _refuse(shape, differ, list(schema))
        hide = differ[ADDRESS]
    return KeyMatch(new.drop(_AT), hide)


def _equal(name: str, dtype: pl.DataType, nan_is_missing: bool) -> pl.Expr:
    """Whether the old value is the new one."""
    old = present(_OLD + name, dtype) if nan_is_missing else exact_column(_OLD + name)
    return exact_column(name).eq_missing(old)


def _range(
    store: Store,
    shape: DatasetSchema,
    found: Sequence[ResolvedFragment],
    schema: Mapping[str, pl.DataType],
    bins: tuple[int, int],
) -> pl.DataFrame:
    """All rows that stand in a range of bins: a key that moved to another subject went, and is new there."""
    return (
        _read_addresses(store, shape, _overlapping(found, bins), schema, found)
        .filter(in_range(*bins))
        .drop(PLACE)
        .collect(engine="streaming")
    )


def _same_keys(
    store: Store,
    shape: DatasetSchema,
    found: Sequence[ResolvedFragment],
    schema: Mapping[str, pl.DataType],
    part: pl.DataFrame,
    bins: tuple[int, int],
    within: tuple[datetime, datetime] | None,
) -> pl.DataFrame:
    """The rows that stand with a key of these, wherever they lie: a row may have changed its subject."""
    near = found if within is None else in_time(found, within[0], None)
    if within is not None:
        near = [stand for stand in near if stand.now.since is not None and stand.now.since <= within[1]]
    key = list(shape.key)
    asked = pl.lit(True)
    if shape.subject is None:
        near = _overlapping(near, bins)
        asked = pl.col(PLACE).is_in(part[PLACE].implode()) if len(part) <= _FEW else in_range(*bins)
    if part.is_empty() or not near:
        return scan_live_rows(store, shape.name, (), dict(schema), addressed=True).drop(PLACE).collect()
    types = {name: schema[name] for name in key}
    plain = [stand for stand in near if is_plain(stand)]
    others = [stand for stand in near if not is_plain(stand)]
    wanted = part.lazy().select(by_names(key))
    hits = []
    if others:
        rows = _read_addresses(store, shape, others, types, found).filter(asked)
        hits.append(rows.join(wanted, on=by_names(key), how="semi").select(ADDRESS))
    if plain:
        rows = scan_numbered(store, shape.name, plain, types).filter(asked)
        hits.append(rows.join(wanted, on=by_names(key), how="semi").select(ADDRESS))
    addresses = [each.collect(engine="streaming")[ADDRESS] for each in hits]
    if plain:
        addresses[-1] = _addresses_of(addresses[-1], plain, found)
    return at_addresses(store, shape.name, found, schema, pl.concat(addresses).sort()).drop(PLACE)


def _addresses_of(
    numbers: pl.Series, plain: Sequence[ResolvedFragment], found: Sequence[ResolvedFragment]
) -> pl.Series:
    """Addresses among all, of rows that are numbered through the files of these fragments."""
    ends = np.cumsum([stand.now.rows for stand in plain])
    at = np.searchsorted(ends, numbers.to_numpy(), side="right")
    place = {id(stand): nth for nth, stand in enumerate(found)}
    places = np.array([place[id(stand)] for stand in plain], dtype=np.uint64)
    firsts = np.concatenate([[0], ends[:-1]])
    rows = (numbers.to_numpy().astype(np.int64) - firsts[at]).astype(np.uint64)
    return pl.Series(ADDRESS, (places[at] << np.uint64(32)) | rows, dtype=pl.UInt64)


def _read_addresses(
    store: Store,
    shape: DatasetSchema,
    near: Sequence[ResolvedFragment],
    schema: Mapping[str, pl.DataType],
    found: Sequence[ResolvedFragment],
) -> pl.LazyFrame:
    """Rows of some of the fragments, with addresses that count among all of them."""
    frame = scan_live_rows(store, shape.name, near, schema, addressed=True)
    if len(near) == len(found):
        return frame
    place = {id(stand): at for at, stand in enumerate(found)}
    to = pl.Series([place[id(stand)] for stand in near], dtype=pl.UInt64)
    at = (pl.col(ADDRESS) // (1 << 32)).replace_strict(
        pl.Series(range(len(near)), dtype=pl.UInt64), to, return_dtype=pl.UInt64
    )
    return frame.with_columns((at * (1 << 32) + pl.col(ADDRESS) % (1 << 32)).alias(ADDRESS))


def _overlapping(found: Sequence[ResolvedFragment], bins: tuple[int, int]) -> list[ResolvedFragment]:
    low, high = bins[0] << 48, (bins[1] << 48) - 1
    return [stand for stand in found if stand.now.low <= high and stand.now.high >= low]


def _refuse(shape: DatasetSchema, differ: pl.DataFrame, columns: list[str]) -> None:
    error = BadData(
        f"{shape.name}: found {len(differ)} rows to append whose key is there with other values, expected "
        f"new keys. Declare change='update' if rows may change. The first of them:\n"
        f"{differ.select(by_names(columns)).head(3)}"
    )
    error.reason = f"{shape.name}: {len(differ)} rows to append whose key is there with other values"
    raise error
