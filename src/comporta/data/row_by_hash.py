"""A row by the keyed hash of its key, which names it where its key may not stand."""

from __future__ import annotations

import polars as pl

from comporta.data.damage import reporting_damage
from comporta.data.dataset_log import read_log
from comporta.data.fragments import scan_live_rows
from comporta.data.groups import group_fragments
from comporta.data.keys import key_hashes
from comporta.data.manifests import read_manifest, resolve_fragments, schema_of
from comporta.data.read import at_places, holding, scan_slice
from comporta.records import DatasetSchema, Slice
from comporta.records.named_column import by_names, exact_column
from comporta.store import Keys, Store

_BATCH = 131_072


def rows_at_hash(store: Store, keys: Keys, slice: Slice, hash: int) -> pl.DataFrame:
    """The rows of a version whose key has this hash (`key_hashes`), all columns: one, or none.

    Where rows are placed by key, their fragment alone is read; where by subject, all keys are.
    Raises NotFound, Tampered.
    """
    manifest = read_manifest(store, keys, slice.dataset, slice.version)
    shape, schema = manifest.shape, schema_of(manifest)
    with reporting_damage(store, keys, slice.dataset):
        if shape.subject is None:
            history = read_log(store, keys, slice.dataset)
            found = holding(group_fragments(store, history, resolve_fragments(history, manifest)), hash)
            rows = scan_live_rows(store, slice.dataset, found, schema).filter(at_places(hash))
            return rows.select(by_names(schema)).collect(engine="streaming")
        frame = scan_slice(store, keys, slice)
        keys_only = frame.select(by_names(shape.key))
        for batch in keys_only.collect_batches(chunk_size=_BATCH, maintain_order=False, engine="streaming"):
            same = batch.filter(pl.Series(key_hashes(batch, shape, keys) == hash))
            if same.height:
                return frame.filter(_has_key(same, shape)).collect(engine="streaming")
    return pl.DataFrame(schema=schema)


def _has_key(row: pl.DataFrame, shape: DatasetSchema) -> pl.Expr:
    schema = row.schema
    return pl.all_horizontal(
        exact_column(name) == pl.lit(row[name][0], dtype=schema[name]) for name in shape.key
    )
