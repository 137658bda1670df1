"""Versions of a dataset: which there are, what each covers, and what of it can be read today."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
import polars as pl

from comporta.data.bounds import in_bounds
from comporta.data.dataset_log import AnyEntry, DatasetLog, VersionEntry, read_log
from comporta.data.fragments import ResolvedFragment, scan_live_rows
from comporta.data.groups import group_fragments
from comporta.data.names import (
    checked_name,
    entry_name,
    lost_prefix,
    manifest_name,
    object_name,
    open_prefix,
    rejected_prefix,
)
from comporta.data.origins import ORIGIN, OriginPart, part_of, with_origins
from comporta.data.periods import APPENDED
from comporta.data.types import parse_type
from comporta.errors import BadProject, NotFound, Tampered
from comporta.records import Manifest, Slice, decode, encode
from comporta.store import Keys, Store, digest


def list_versions(store: Store, dataset: str, *, after: int = 0, keys: Keys | None = None) -> list[Manifest]:
    """Every version with a number above `after`, newest last; none when there is no such dataset.

    keys: given, the log's chain and the manifests are verified. Raises Tampered, WrongKey then.
    """
    if keys is not None:
        history = read_log(store, keys, dataset)
        return [
            read_manifest(store, keys, dataset, id) for number, id, _ in history.versions if number > after
        ]
    entries: list[AnyEntry] = [
        decode(store.get(entry.name), AnyEntry)  # type: ignore[arg-type]
        for entry in store.list(f"data/{checked_name(dataset)}/log/")
        if entry.name.rpartition("/")[2] >= f"{after:020d}"
    ]
    return [
        _with_id(store.get(manifest_name(dataset, entry.version)), entry.version)
        for entry in entries
        if isinstance(entry, VersionEntry) and entry.number > after
    ]


def list_newest(store: Store, keys: Keys, dataset: str, limit: int | None = None) -> list[Manifest]:
    """The newest versions, newest last; none when there is no such dataset. limit: how many; None: all. The
    log's chain and these manifests are verified. Raises Tampered, WrongKey."""
    versions = read_log(store, keys, dataset).versions
    some = versions if limit is None else versions[-limit:]
    return [read_manifest(store, keys, dataset, id) for _, id, _ in some]


def is_dataset(store: Store, name: str) -> bool:
    """Whether there is a dataset of this name: a version or open rows."""
    try:
        prefix = f"data/{checked_name(name)}/"
    except BadProject:
        return False
    return next(iter(store.list(prefix)), None) is not None


def list_datasets(store: Store) -> list[str]:
    """The names of all datasets that have a version or open rows."""
    return sorted({entry.name.split("/")[1] for entry in store.list("data/")})


def slice_of(
    store: Store,
    keys: Keys,
    dataset: str,
    *,
    number: int | None = None,
    at: datetime | None = None,
    tag: str | None = None,
    columns: Sequence[str] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Slice:
    """A version, or a part of it. The newest, unless told by number, by when it was newest, or by tag.

    columns: those wanted, in this order. since, until: half-open bounds on the dataset's time.
    Raises NotFound when there is no such version or column, BadProject for bounds without a time.
    """
    history = read_log(store, keys, dataset)
    return slice_of_manifest(
        store,
        keys,
        history,
        find_version(store, keys, history, dataset, number, at, tag),
        columns,
        since,
        until,
    )


def find_version(
    store: Store,
    keys: Keys,
    history: DatasetLog,
    dataset: str,
    number: int | None = None,
    at: datetime | None = None,
    tag: str | None = None,
) -> Manifest:
    """The manifest of one version. Raises NotFound, naming what there is."""
    if not history.versions:
        raise NotFound(f"{dataset}: found no version of it, expected one at least. Make one: comporta run")
    ids = {each: id for each, id, _ in history.versions}
    if number is not None:
        if number not in ids:
            raise NotFound(f"{dataset}: found no version {number}, expected 1 to {max(ids)}.")
        return read_manifest(store, keys, dataset, ids[number])
    if tag is not None:
        if tag not in history.tags:
            known = ", ".join(history.tags) or "none"
            raise NotFound(f"{dataset}: found no tag {tag!r}, expected one of: {known}.")
        return read_manifest(store, keys, dataset, history.tags[tag])
    if at is not None:
        before = [id for _, id, when in history.versions if when <= at]
        if not before:
            raise NotFound(
                f"{dataset}: found no version at {at}, the first was made {history.versions[0][2]}."
            )
        return read_manifest(store, keys, dataset, before[-1])
    return read_manifest(store, keys, dataset, history.versions[-1][1])


def manifest_of(store: Store, keys: Keys, dataset: str, number: int | None = None) -> Manifest:
    """One version's manifest; the newest unless told by number. Raises NotFound, Tampered, WrongKey."""
    return find_version(store, keys, read_log(store, keys, dataset), dataset, number)


def newest_manifest(store: Store, keys: Keys, history: DatasetLog, dataset: str) -> Manifest | None:
    """The newest version's manifest, or None while there is none."""
    if not history.versions:
        return None
    return read_manifest(store, keys, dataset, history.versions[-1][1])


def read_manifest(store: Store, keys: Keys, dataset: str, version: str) -> Manifest:
    """Raises NotFound, Tampered when its bytes are not what was written."""
    data = store.get(manifest_name(dataset, version))
    if digest(keys.content, data) != version:
        raise Tampered(
            f"{dataset}: the manifest of version {version[:12]} is not what was written. "
            f"Restore {manifest_name(dataset, version)} from a backup."
        )
    return _with_id(data, version)


def write_manifest(store: Store, keys: Keys, manifest: Manifest) -> Manifest:
    """The manifest with its id, kept; no version yet: only a log entry makes one."""
    # Not the canonical encoder: the order of columns is part of what a version is.
    data = msgspec.json.encode(msgspec.structs.replace(manifest, id=""))
    version = digest(keys.content, data)
    store.put(manifest_name(manifest.dataset, version), data)
    return msgspec.structs.replace(manifest, id=version)


def resolve_fragments(history: DatasetLog, manifest: Manifest) -> list[ResolvedFragment]:
    """The version's fragments in order, with what stands for each today."""
    found = (
        (fragment, history.resolve(fragment))
        for segment in manifest.segments
        for fragment in segment.fragments
    )
    return [ResolvedFragment(named, now) for named, now in found if now is not None]


def schema_of(manifest: Manifest) -> dict[str, pl.DataType]:
    """The version's columns, in order, as polars types."""
    return {name: parse_type(text) for name, text in manifest.columns.items()}


def count_shown_rows(store: Store, dataset: str, stand: ResolvedFragment) -> int:
    """How many rows of a fragment a version shows."""
    if stand.now is stand.named:
        return stand.named.rows - stand.named.hidden
    if not stand.named.masks:
        return stand.now.rows
    return int(scan_live_rows(store, dataset, [stand], {}).select(pl.len()).collect().item())


def in_time(
    found: Sequence[ResolvedFragment], since: datetime | None, until: datetime | None
) -> list[ResolvedFragment]:
    """Those that may hold a row with since <= time < until."""
    if since is None and until is None:
        return list(found)
    return [
        stand
        for stand in found
        if stand.now.since is not None
        and stand.now.until is not None
        and (until is None or stand.now.since < until)
        and (since is None or stand.now.until >= since)
    ]


def slice_of_manifest(
    store: Store,
    keys: Keys,
    history: DatasetLog,
    manifest: Manifest,
    columns: Sequence[str] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Slice:
    """The slice of a version: its digest is that of the fragments it covers, as they can be read today.

    A fragment of which no row lies between the bounds has no part in it: rows that a log takes in later, of
    other times, leave the digest of a window as it was. So do merges in a log: the digest of a window is that
    of the fragments in which its rows came in.
    """
    dataset = manifest.dataset
    unknown = [name for name in columns or () if name not in manifest.columns]
    if unknown:
        raise NotFound(
            f"{dataset}: found no column {unknown[0]!r}, expected among {', '.join(manifest.columns)}."
        )
    if (since or until) and manifest.shape.time is None:
        raise BadProject(f"{dataset}: found bounds of time, expected none: it declares no `time`.")
    found = in_time(resolve_fragments(history, manifest), since, until)
    if since is None and until is None:
        parts = _parts(found)
        rows = sum(count_shown_rows(store, dataset, stand) for stand in found)
    else:
        parts, rows = _window(store, manifest, found, since, until)
    return Slice(
        dataset=dataset,
        version=manifest.id,
        number=manifest.number,
        digest=_digest(keys, manifest, parts, columns, since, until),
        rows=rows,
        columns=None if columns is None else tuple(columns),
        since=since,
        until=until,
    )


def reads_as(store: Store, keys: Keys, history: DatasetLog, manifest: Manifest, part: Slice) -> bool:
    """Whether this slice of this manifest has the digest today that it was read with. Rows are read only of
    one between bounds. Raises NotFound, Tampered."""
    since, until = part.since, part.until
    found = in_time(resolve_fragments(history, manifest), since, until)

    def of(parts: Sequence[OriginPart]) -> str:
        return _digest(keys, manifest, parts, part.columns, since, until)

    # Between bounds too: an older Comporta took every fragment that may hold a row there.
    if of(_parts(found)) == part.digest:
        return True
    if since is None and until is None:
        return False
    if of(_window(store, manifest, found, since, until)[0]) == part.digest:
        return True
    # And a later one those that hold one, merged or not.
    return of(_parts(_within(store, manifest, found, since, until)[0])) == part.digest


def _digest(
    keys: Keys,
    manifest: Manifest,
    parts: Sequence[OriginPart],
    columns: Sequence[str] | None,
    since: datetime | None,
    until: datetime | None,
) -> str:
    wanted = list(manifest.columns) if columns is None else list(columns)
    holds = {
        "fragments": parts,
        "columns": [(name, manifest.columns[name]) for name in wanted],
        "since": since,
        "until": until,
    }
    return digest(keys.content, encode(holds))


def _parts(found: Sequence[ResolvedFragment]) -> list[OriginPart]:
    return [(stand.now.logical, stand.named.masks) for stand in found]


def _window(
    store: Store,
    manifest: Manifest,
    found: Sequence[ResolvedFragment],
    since: datetime | None,
    until: datetime | None,
) -> tuple[list[OriginPart], int]:
    """The fragments in which the rows between the bounds came in, and how many rows those are."""
    periods = {segment.period for segment in manifest.segments}
    if periods <= {"", APPENDED}:
        within, rows = _within(store, manifest, found, since, until)
        merged = {each.id for segment in manifest.segments if segment.period for each in segment.fragments}
        if not any(stand.named.id in merged for stand in within):
            return _parts(within), rows
    schema = schema_of(manifest)
    time = {name: schema[name] for name in (manifest.shape.time,) if name is not None}
    frame = with_origins(store, manifest.dataset, found, time)
    frame = in_bounds(frame, manifest.shape, schema, since, until).group_by(ORIGIN).len()
    counts = frame.collect(engine="streaming")
    # Sorted: a merge changes the order of segments.
    return sorted(map(part_of, counts[ORIGIN])), int(counts["len"].sum())


def _within(
    store: Store,
    manifest: Manifest,
    found: Sequence[ResolvedFragment],
    since: datetime | None,
    until: datetime | None,
) -> tuple[list[ResolvedFragment], int]:
    """Those of these fragments that show a row between the bounds, and how many rows they show there."""
    if not found:
        return [], 0
    schema, dataset = schema_of(manifest), manifest.dataset
    time = {name: schema[name] for name in (manifest.shape.time,) if name is not None}
    frames = [
        in_bounds(scan_live_rows(store, dataset, [stand], time), manifest.shape, schema, since, until).select(
            pl.len()
        )
        for stand in found
    ]
    counts = pl.concat(frames).collect(engine="streaming").to_series().to_list()
    return [stand for stand, count in zip(found, counts, strict=True) if count], sum(counts)


def reachable_objects(store: Store, keys: Keys) -> set[str]:
    """The names of every object under `data/` that some version can still be read from; the rest may go."""
    names: set[str] = set()
    for dataset in list_datasets(store):
        history = read_log(store, keys, dataset)
        names |= {entry_name(dataset, n) for n in range(1, history.n + 1)}
        for prefix in (open_prefix(dataset), rejected_prefix(dataset), lost_prefix(dataset)):
            names |= {entry.name for entry in store.list(prefix)}
        for _, id, _ in history.versions:
            names.add(manifest_name(dataset, id))
            found = resolve_fragments(history, read_manifest(store, keys, dataset, id))
            for stand in (*found, *group_fragments(store, history, found)):
                names |= {object_name(dataset, each) for each in (stand.now.id, *stand.named.masks)}
    return names


def _with_id(data: bytes, version: str) -> Manifest:
    try:
        return msgspec.structs.replace(decode(data, Manifest), id=version)
    except msgspec.MsgspecError as error:
        raise Tampered(
            f"the manifest of version {version[:12]} cannot be read ({error}). Restore a backup."
        ) from None
