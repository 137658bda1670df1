"""What the rows of a merged fragment came in with: the digests of the small fragments, carried row by row.

The small segments of a log are merged and given up. A step that read a window of them must find the same
window afterwards, so each row of a merged fragment says in a column which fragment it came in. They lie in
the file and not in its manifest: manifests name every segment of a log, and would grow by hundreds of digests
a day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from comporta.data.fragments import ResolvedFragment, scan_live_rows
from comporta.store import Store

ORIGIN = "__origin"
"""Logical digest of the fragment that the row came in, and the masks that it had, with spaces between."""

OriginPart = tuple[str, tuple[str, ...]]
"""A fragment as a slice's digest has it: its logical digest, its masks."""


def with_origins(
    store: Store, dataset: str, found: Sequence[ResolvedFragment], schema: Mapping[str, pl.DataType]
) -> pl.LazyFrame:
    """The rows that these show, as `live` gives them, each with its origin.

    A fragment that hides rows, or of which rows were erased, speaks for itself: what it was merged from had
    those rows.
    """
    full = {**schema, ORIGIN: pl.String()}
    frames = [scan_live_rows(store, dataset, [stand], full).with_columns(_origin(stand)) for stand in found]
    return pl.concat(frames) if frames else scan_live_rows(store, dataset, (), full)


def part_of(origin: str) -> OriginPart:
    """The origin of a row as a slice's digest has it."""
    logical, *masks = origin.split(" ")
    return logical, tuple(masks)


def _origin(stand: ResolvedFragment) -> pl.Expr:
    own = pl.lit(" ".join((stand.now.logical, *stand.named.masks)), dtype=pl.String)
    if stand.now is not stand.named or stand.named.masks:
        return own.alias(ORIGIN)
    return pl.col(ORIGIN).fill_null(own)
