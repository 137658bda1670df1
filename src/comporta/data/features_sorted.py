"""Batches in any order become one sorted Parquet file, while only about a batch is in memory.

Each batch is sorted and written as a run. Then every run is read range by range of the first column, the
ranges about a batch large, sorted and written on; equal values never part.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from pathlib import Path

import polars as pl

SAMPLES = 100
ROW_GROUP = 65_536


def sorted_table(batches: Iterable[pl.DataFrame], by: list[str], scratch: Path, size: int) -> Path:
    """A file in `scratch`: the rows of all batches, sorted by these columns, nulls first. The same rows give
    the same bytes, however they came in batches. size: rows of a batch, about. At least one batch."""
    runs: list[Path] = []
    rows = 0
    samples: list[pl.Series] = []
    for number, batch in enumerate(batches):
        run = batch.sort(by, maintain_order=True)
        runs.append(scratch / f"run-{number:06d}.parquet")
        run.write_parquet(runs[-1], compression="lz4", row_group_size=ROW_GROUP)
        samples.append(run[by[0]].drop_nulls().gather_every(max(1, run.height // SAMPLES)))
        rows += run.height
    parts = (
        runs
        if len(runs) == 1
        else _merge_ranges(runs, by, max(2, -(-rows // size)), pl.concat(samples), scratch)
    )
    path = scratch / "table.parquet"
    _write(parts, path)
    for old in {*runs, *parts}:
        old.unlink(missing_ok=True)
    return path


def _merge_ranges(
    runs: list[Path], by: list[str], ranges: int, samples: pl.Series, scratch: Path
) -> list[Path]:
    """Sorted files, each after the one before."""
    first = pl.col(by[0])
    edges = samples.sort()
    cuts = edges.gather([place * len(edges) // ranges for place in range(1, ranges)]) if len(edges) else edges
    bounds = [None, *cuts.unique(maintain_order=True).to_list(), None]
    whole = pl.scan_parquet(runs, glob=False)
    parts = []
    for number, (low, high) in enumerate(itertools.pairwise(bounds)):
        inside = pl.lit(True) if low is None else first >= pl.lit(low, dtype=samples.dtype)
        if high is not None:
            below = first < pl.lit(high, dtype=samples.dtype)
            inside &= (first.is_null() | below) if low is None else below
        parts.append(scratch / f"part-{number:06d}.parquet")
        part = whole.filter(inside).collect(engine="streaming").sort(by, maintain_order=True)
        part.write_parquet(parts[-1], compression="lz4", row_group_size=ROW_GROUP)
    return parts


def _write(parts: list[Path], path: Path) -> None:
    pl.scan_parquet(parts, glob=False).sink_parquet(
        path, compression="zstd", compression_level=1, row_group_size=ROW_GROUP, maintain_order=True
    )
