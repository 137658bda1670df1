"""Fragments: immutable Parquet files sorted by placement hash, and the masks that hide rows of them."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import msgspec
import polars as pl
from blake3 import blake3

from comporta.data.codes import MEND
from comporta.data.encode import encode_frame
from comporta.data.extent import ends, instant
from comporta.data.keys import PLACE
from comporta.data.names import object_name, readable, storage_options
from comporta.errors import Tampered
from comporta.records import DatasetSchema, Fragment
from comporta.records.columns import ROW
from comporta.records.named_column import by_names, exact_column
from comporta.store import Keys, Store, digest
from comporta.store.whole import put_whole

ADDRESS = "__address"
BINS = 1 << 16  # ranges of the hash are told in these steps, so that no bound tells one subject's hash
_SHIFT = 48
_HOUR = 3_600_000_000  # microseconds


def write_fragment(
    store: Store, keys: Keys, shape: DatasetSchema, frame: pl.DataFrame, bins: tuple[int, int], scratch: Path
) -> Fragment:
    """The frame, sorted by `__hash`, as one fragment in the store. bins: the half-open range it covers.

    The same rows give the same bytes, and so the same fragment. Raises StorageFull.
    """
    path = scratch / f"fragment-{secrets.token_hex(8)}.parquet"
    encode_frame(frame, path)
    size = path.stat().st_size
    id = blake3(key=keys.content).update_mmap(path).hexdigest()
    put_whole(store, keys, object_name(shape.name, id), id, path)
    path.unlink(missing_ok=True)
    since, until = _bounds(frame, shape)
    return Fragment(
        id=id,
        logical=digest(keys.content, b"logical " + id.encode()),
        rows=len(frame),
        size=size,
        low=bins[0] << _SHIFT,
        high=(bins[1] << _SHIFT) - 1,
        since=since,
        until=until,
    )


def write_mask(store: Store, keys: Keys, dataset: str, rows: Mapping[str, pl.Series], scratch: Path) -> str:
    """Row numbers to hide, by fragment id, as one object in the store; its id."""
    frames = [
        pl.DataFrame(
            {"fragment": pl.repeat(id, len(hidden), eager=True), "row": hidden.cast(pl.UInt32).sort()}
        )
        for id, hidden in sorted(rows.items())
    ]
    path = scratch / f"mask-{secrets.token_hex(8)}.parquet"
    encode_frame(pl.concat(frames), path)
    id = blake3(key=keys.content).update_mmap(path).hexdigest()
    put_whole(store, keys, object_name(dataset, id), id, path)
    path.unlink(missing_ok=True)
    return id


def masked_row_numbers(store: Store, dataset: str, fragments: Iterable[Fragment]) -> dict[str, pl.Series]:
    """Hidden row numbers by fragment id, ascending, for those fragments that hide any."""
    objects: dict[str, dict[str, pl.Series]] = {}
    out: dict[str, pl.Series] = {}
    for fragment in fragments:
        for id in fragment.masks:
            if id not in objects:
                name = object_name(dataset, id)
                try:
                    frame = pl.read_parquet(store.get(name))
                except pl.exceptions.PolarsError:
                    raise Tampered(
                        f"{dataset}: {name} cannot be read: it was damaged since it was "
                        f"written. {MEND.template}"
                    ) from None
                objects[id] = {
                    str(part["fragment"][0]): part["row"]
                    for part in frame.partition_by("fragment", maintain_order=True)
                }
        if fragment.masks:
            parts = [objects[id][fragment.id] for id in fragment.masks]
            out[fragment.id] = (pl.concat(parts).unique() if len(parts) > 1 else parts[0]).sort()
    return out


class ResolvedFragment(msgspec.Struct, frozen=True):
    """A fragment as a manifest names it, and what stands for it today.

    of: of a fragment that a compaction made, those it was made of as the manifest names them, None for one
    that is not wanted; empty for any other.
    """

    named: Fragment
    now: Fragment
    of: tuple[Fragment | None, ...] = ()


def scan_live_rows(
    store: Store,
    dataset: str,
    stands: Sequence[ResolvedFragment],
    schema: Mapping[str, pl.DataType],
    *,
    addressed: bool = False,
) -> pl.LazyFrame:
    """The rows shown, in order, with `__hash` and these columns; a column that a fragment lacks is null.

    addressed: with `__address`, the fragment's place in `stands` (upper 32 bits) and its row (lower 32); not
    of what a compaction made.
    """
    full: dict[str, pl.DataType] = {**schema, PLACE: pl.UInt64()}
    if not stands:
        return pl.LazyFrame(schema={**full, ADDRESS: pl.UInt64()} if addressed else full)
    named = [each for stand in stands for each in stand.of or (stand.named,) if each is not None]
    hidden = masked_row_numbers(store, dataset, list({each.id: each for each in named}.values()))
    scans: list[pl.LazyFrame] = []
    plain: list[Fragment] = []

    def flush() -> None:
        if plain:
            scans.append(_scan_files(store, dataset, list(plain), full))
            plain.clear()

    for at, stand in enumerate(stands):
        if stand.of:
            assert not addressed, "rows are told apart by the fragments that the manifest names"
            shows = _shown_of(stand.of, hidden)
            if shows is None:
                plain.append(stand.now)
            else:
                flush()
                compacted = _scan_files(store, dataset, [stand.now], {**full, ADDRESS: pl.UInt64()})
                scans.append(compacted.filter(shows).select(*by_names(full)))
            continue
        rows = hidden.get(stand.named.id)
        if rows is None and not addressed:
            plain.append(stand.now)
            continue
        flush()
        frame = (
            _scan_files(store, dataset, [stand.now], {**full, ROW: pl.UInt32()})
            if stand.now.numbered
            else _scan_files(store, dataset, [stand.now], full, ROW)
        )
        if rows is not None:
            frame = frame.filter(~pl.col(ROW).is_in(rows.cast(pl.UInt32).implode()))
        if addressed:
            address = pl.lit(at << 32, dtype=pl.UInt64) + pl.col(ROW).cast(pl.UInt64)
            frame = frame.with_columns(address.alias(ADDRESS))
        scans.append(frame.select(*by_names(full), *([ADDRESS] if addressed else [])))
    flush()
    return scans[0] if len(scans) == 1 else pl.concat(scans)


def is_plain(stand: ResolvedFragment) -> bool:
    """Whether a row's place in the file is its number, and all are shown."""
    return not (stand.of or stand.named.masks or stand.now.numbered)


def scan_numbered(
    store: Store, dataset: str, stands: Sequence[ResolvedFragment], schema: Mapping[str, pl.DataType]
) -> pl.LazyFrame:
    """Rows of plain fragments with `__hash` and these columns, numbered through all of the files in
    `__address`: one scan, where `scan_live_rows` needs one for each file."""
    full: dict[str, pl.DataType] = {**schema, PLACE: pl.UInt64()}
    return _scan_files(store, dataset, [stand.now for stand in stands], full, ADDRESS)


def _scan_files(
    store: Store,
    dataset: str,
    fragments: list[Fragment],
    columns: dict[str, pl.DataType],
    number: str | None = None,
) -> pl.LazyFrame:
    """These files as they lie. number: a column for the row's number in its file."""
    # A column without a value in this version may have some in a file that later rows share.
    typed = {name: dtype for name, dtype in columns.items() if not isinstance(dtype, pl.Null)}
    frame = pl.scan_parquet(
        readable(store, dataset, fragments),  # type: ignore[arg-type]
        schema=typed,
        missing_columns="insert",
        extra_columns="ignore",
        row_index_name=number,
        glob=False,
        storage_options=storage_options(store),
    )
    if len(typed) == len(columns):
        return frame
    empty = [pl.lit(None).alias(name) for name in columns if name not in typed]
    return frame.with_columns(empty).select(*([number] if number else []), *map(exact_column, columns))


def _shown_of(of: Sequence[Fragment | None], hidden: Mapping[str, pl.Series]) -> pl.Expr | None:
    """Which rows of a compacted fragment are shown; None for all."""
    absent = [at for at, each in enumerate(of) if each is None]
    masks = [
        hidden[each.id].cast(pl.UInt64) + pl.Series([at << 32], dtype=pl.UInt64)
        for at, each in enumerate(of)
        if each is not None and each.id in hidden
    ]
    shows: pl.Expr | None = None
    if absent:
        places = pl.Series(absent, dtype=pl.UInt64)
        shows = ~(pl.col(ADDRESS) // (1 << 32)).is_in(places.implode())
    if masks:
        mask = ~pl.col(ADDRESS).is_in(pl.concat(masks).implode())
        shows = mask if shows is None else shows & mask
    return shows


def at_addresses(
    store: Store,
    dataset: str,
    stands: Sequence[ResolvedFragment],
    schema: Mapping[str, pl.DataType],
    addresses: pl.Series,
) -> pl.DataFrame:
    """The rows at these addresses, with `__address`; only fragments that hold one are read."""
    frames = []
    for (at,), rows in (
        pl.DataFrame({"at": addresses // (1 << 32), ROW: (addresses % (1 << 32)).cast(pl.UInt32)})
        .partition_by("at", as_dict=True, maintain_order=True)
        .items()
    ):
        stand = stands[int(at)]
        bare = ResolvedFragment(msgspec.structs.replace(stand.named, masks=(), hidden=0), stand.now)
        frame = scan_live_rows(store, dataset, [bare], schema, addressed=True)
        frame = frame.filter(pl.col(ADDRESS).is_in(rows[ROW].cast(pl.UInt64).implode()))
        frames.append(frame.with_columns(pl.col(ADDRESS) + pl.lit(int(at) << 32, dtype=pl.UInt64)))
    if not frames:
        return scan_live_rows(store, dataset, (), schema, addressed=True).collect()
    return pl.concat(frames).collect(engine="streaming")


def _bounds(frame: pl.DataFrame, shape: DatasetSchema) -> tuple[datetime | None, datetime | None]:
    """The first and the last time, let out to whole hours."""
    if shape.time is None:
        return None, None
    found = ends(frame[shape.time])
    if found is None:
        return None, None
    # In numbers: there are times that no datetime holds, and the hour after the last of those is none either.
    first, last = found
    return instant(first // _HOUR * _HOUR), instant(-(-last // _HOUR) * _HOUR)
