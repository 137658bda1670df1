"""The same rows in fewer files: many small segments put together, and no version, digest or step changed.

A compaction writes larger fragments that hold the rows of smaller ones, each row with its address (which of
them, and its number there), and one log entry that says so. Manifests go on naming the small ones, and slices
their logical digests; whoever reads takes the larger where they hold what the version shows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import msgspec
import polars as pl

from comporta.data.dataset_log import CompactEntry, DatasetLog, append_entry, read_log
from comporta.data.fragments import ADDRESS, BINS, ResolvedFragment, scan_live_rows, write_fragment
from comporta.data.groups import group_fragments
from comporta.data.keys import PLACE
from comporta.data.manifests import find_version, resolve_fragments, schema_of
from comporta.data.names import object_name
from comporta.data.origins import ORIGIN, with_origins
from comporta.data.runs import FRAGMENT, in_range
from comporta.errors import Busy
from comporta.records import DatasetSchema, Fragment, Manifest, Record
from comporta.records.named_column import by_names
from comporta.store import Keys, Store

_ATTEMPTS = 20
_SMALL = 8  # segments of less than this share of a fragment are worth putting together
_MOST = 8  # fragments' worth of rows in one group: what a kill loses, and what reading a few of them may cost
_UNPACKED = 4  # bytes in memory for one in a file, about


class Compaction(Record, frozen=True, kw_only=True):
    """What was put together. version: its number. segments: how many. before, after: files that hold their
    rows; all zero where there was nothing to do. size: bytes that were written."""

    dataset: str
    version: int
    segments: int
    before: int
    after: int
    size: int


def compact(
    store: Store, keys: Keys, dataset: str, *, now: datetime, scratch: Path, fragment: int = FRAGMENT
) -> Compaction:
    """Neighbouring small segments of the newest version, put together. Older versions are read as before.

    fragment: bytes in memory of one that is written. Killed at any moment, all is readable and what was put
    together stays so. Raises NotFound, Tampered, WrongKey, Busy, StorageFull.
    """
    history = read_log(store, keys, dataset)
    manifest = find_version(store, keys, history, dataset)
    schema = schema_of(manifest)
    segments = before = after = size = 0
    for run in _runs(store, history, manifest, fragment):
        members = [stand for unit in run for stand in unit]
        bare = [
            ResolvedFragment(msgspec.structs.replace(each.named, masks=(), hidden=0), each.now)
            for each in members
        ]
        made = merge_fragments(
            store, keys, manifest.shape, bare, schema, scratch, addressed=True, fragment=fragment
        )
        ids = tuple(each.now.id for each in members)
        if not made or not _commit_group(store, keys, dataset, now, ids, made):
            continue
        segments, before, after = segments + len(run), before + len(members), after + len(made)
        size += sum(each.size for each in made)
    return Compaction(
        dataset=dataset, version=manifest.number, segments=segments, before=before, after=after, size=size
    )


def merge_fragments(
    store: Store,
    keys: Keys,
    shape: DatasetSchema,
    found: Sequence[ResolvedFragment],
    schema: dict[str, pl.DataType],
    scratch: Path,
    *,
    addressed: bool,
    fragment: int = FRAGMENT,
) -> tuple[Fragment, ...]:
    """The rows that these show, as fragments of disjoint ranges of the hash; none where they show none.

    addressed: with `__address`, each row's place among `found` and in its file; else with `__origin`.
    """
    made = []
    parts = 1
    while parts < BINS and sum(each.now.size for each in found) * _UNPACKED > parts * fragment:
        parts *= 2
    step = BINS // parts
    if addressed:
        rows = scan_live_rows(store, shape.name, found, schema, addressed=True).select(
            *by_names(schema), PLACE, ADDRESS
        )
    else:
        rows = with_origins(store, shape.name, found, schema).select(*by_names(schema), PLACE, ORIGIN)
    for low in range(0, BINS, step):
        frame = (rows if parts == 1 else rows.filter(in_range(low, low + step))).collect(engine="streaming")
        if not frame.is_empty():
            frame = frame.sort(PLACE, *by_names(shape.key))
            made.append(write_fragment(store, keys, shape, frame, (low, low + step), scratch))
    return tuple(made)


def _runs(
    store: Store, history: DatasetLog, manifest: Manifest, fragment: int
) -> Iterator[list[list[ResolvedFragment]]]:
    """Neighbouring small units, two or more, of up to so many rows. A unit: a segment, or those that one
    compaction put together already."""
    run: list[list[ResolvedFragment]] = []
    held = 0
    for unit in [*_units(store, history, manifest), None]:
        size = 0 if unit is None else _UNPACKED * sum(stand.now.size for stand in unit)
        small = unit is not None and size * _SMALL < fragment
        if run and (not small or held + size > _MOST * fragment):
            if len(run) > 1:
                yield run
            run, held = [], 0
        if unit is not None and small:
            run.append(unit)
            held += size


def _units(store: Store, history: DatasetLog, manifest: Manifest) -> Iterator[list[ResolvedFragment]]:
    segment_of = {
        fragment.id: at for at, segment in enumerate(manifest.segments) for fragment in segment.fragments
    }
    found = resolve_fragments(history, manifest)
    named = {stand.named.id: stand for stand in found}
    units: dict[tuple[str, int], list[ResolvedFragment]] = {}
    for stand in group_fragments(store, history, found):
        if stand.of:
            units["group", id(stand.of)] = [named[each.id] for each in stand.of if each is not None]
        else:
            units.setdefault(("segment", segment_of[stand.named.id]), []).append(stand)
    yield from units.values()


def _commit_group(
    store: Store,
    keys: Keys,
    dataset: str,
    now: datetime,
    ids: tuple[str, ...],
    made: tuple[Fragment, ...],
) -> bool:
    """Whether the group is in the log; not where a redaction came first, whose rows it may hold."""
    for _ in range(_ATTEMPTS):
        history = read_log(store, keys, dataset)
        if any(id in history.moved for id in ids):
            for each in made:
                store.delete(object_name(dataset, each.id))
            return False
        if append_entry(store, keys, dataset, history, now, CompactEntry, groups=((ids, made),)):
            return True
    raise Busy(
        f"{dataset}: other writers were first {_ATTEMPTS} times. Wait until they are done, and run again."
    )
