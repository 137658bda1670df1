"""A dataset's log: numbered entries, put only where none is, each naming the one before.

The log is the truth for a dataset. Everything else is objects that an entry reaches, or that nobody reaches.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from comporta.data.names import checked_name, entry_name
from comporta.errors import NotFound, Tampered, WrongKey
from comporta.records import Fragment, Record, decode, encode
from comporta.store import Keys, Store, digest


class LogEntry(Record, frozen=True, kw_only=True, tag_field="kind"):
    """What every entry says. n: from 1, without gaps. prev: keyed digest of the entry before it, or empty.

    key: fingerprint of the project's key. at: when it was written.
    """

    n: int
    prev: str
    key: str
    at: datetime


class SourceOffset(Record, frozen=True, kw_only=True):
    """How far a reader has come in what it makes rows of. reader: who, such as `late/3`. dataset, number: the
    version up to which its rows are made; of files empty, and 0. batch: id of the act that made the last."""

    reader: str
    dataset: str
    number: int
    batch: str


class OffsetMove(NamedTuple):
    """From where a reader goes on, None for nowhere yet, and where it comes."""

    before: SourceOffset | None
    after: SourceOffset


class VersionEntry(LogEntry, frozen=True, kw_only=True, tag="version"):
    """A new version. number: counts from 1 within the dataset. offset: set where a reader of another dataset
    made its rows; one entry commits both."""

    version: str
    number: int
    offset: SourceOffset | msgspec.UnsetType = msgspec.UNSET


class VersionOffset(NamedTuple):
    """An offset, and the version of this dataset that it was committed with."""

    offset: SourceOffset
    number: int


class RedactEntry(LogEntry, frozen=True, kw_only=True, tag="redact"):
    """Fragments replaced in every version: id → the fragment without the rows, or None where all went.

    subjects: keyed hashes of those forgotten, 16 hex digits each; rows of theirs are never taken in again.
    ids: of a log, keyed hashes of the ids that went with them (`key_hash`), 16 hex digits each; what else
    speaks of these ids is not shown.
    """

    moved: dict[str, Fragment | None]
    subjects: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()


class TagEntry(LogEntry, frozen=True, kw_only=True, tag="tag"):
    """A name for a version; an empty version takes the name away."""

    name: str
    version: str


class CompactEntry(LogEntry, frozen=True, kw_only=True, tag="compact"):
    """The same rows in fewer files: fragments, in the order of their segments → those that hold them as well.

    A reader may use either side: each row on the right carries its place among those on the left, and its
    number there, of which masks speak. Manifests go on naming the left side, and slices its logical digests.
    """

    groups: tuple[tuple[tuple[str, ...], tuple[Fragment, ...]], ...]


class SchemaEntry(LogEntry, frozen=True, kw_only=True, tag="schema"):
    """The columns that sources may return from now on: name → polars type."""

    columns: tuple[tuple[str, str], ...]


NamePairs = tuple[tuple[str, str], ...]


class RowColumns(LogEntry, frozen=True, kw_only=True, tag="row-columns"):
    """In which columns a prediction log keeps the rows of one model version.

    inputs, outputs: name in the request or answer → column. types: those columns → polars type. A version's
    entry is written once, before its first row is sealed; the number of such entries is the schema's number.
    """

    model_version: int
    inputs: NamePairs
    outputs: NamePairs
    types: NamePairs


AnyEntry = VersionEntry | RedactEntry | TagEntry | CompactEntry | SchemaEntry | RowColumns


class DatasetLog(Record, frozen=True, kw_only=True):
    """A log, read up to entry `n`. head: keyed digest of that entry.

    versions: (number, id, when), oldest first. moved: the redactions. forgotten: subjects' hashes.
    columns: as accepted since the newest version, or None. groups: the compactions, less those of which a
    redaction moved something since. gone_ids: hashes of ids that went with a subject. schema: of a
    prediction log, the columns of each model version's rows, in the order in which the log met them.
    offsets: (reader, dataset) → how far it has come.
    """

    dataset: str = ""
    n: int = 0
    head: str = ""
    versions: tuple[tuple[int, str, datetime], ...] = ()
    moved: dict[str, Fragment | None] = {}
    forgotten: frozenset[int] = frozenset()
    tags: dict[str, str] = {}
    columns: dict[str, str] | None = None
    groups: tuple[tuple[tuple[str, ...], tuple[Fragment, ...]], ...] = ()
    gone_ids: frozenset[int] = frozenset()
    schema: tuple[RowColumns, ...] = ()
    offsets: dict[tuple[str, str], VersionOffset] = {}

    def resolve(self, fragment: Fragment) -> Fragment | None:
        """What stands for the fragment today, with its masks; None where all of it was forgotten."""
        now: Fragment | None = fragment
        while now is not None and now.id in self.moved:
            now = self.moved[now.id]
        if now is None or now is fragment:
            return now
        return msgspec.structs.replace(now, masks=fragment.masks, hidden=fragment.hidden)


# Logs only grow, and the digest of an entry stands for all before it: nothing is read twice.
_seen: dict[tuple[str, str, str], DatasetLog] = {}


def read_log(store: Store, keys: Keys, dataset: str) -> DatasetLog:
    """The log as it stands. Raises NotFound for none at all when asked for a version, Tampered, WrongKey."""
    place = (store.url, checked_name(dataset), keys.fingerprint)
    history = _seen.get(place, DatasetLog(dataset=dataset))
    if history.n and not _stands(store, keys, dataset, history):
        history = DatasetLog(dataset=dataset)
    fresh = history.n == 0
    reading = _Reading(history)
    while True:
        try:
            data = store.get(entry_name(dataset, reading.n + 1))
        except NotFound:
            break
        reading.take(_decode_entry(data, dataset, reading.n + 1), data, keys, dataset)
    history = reading.history()
    if fresh:
        _require_whole(store, dataset, history.n)
    if len(_seen) > 256:
        _seen.clear()
    _seen[place] = history
    return history


def append_entry(
    store: Store, keys: Keys, dataset: str, history: DatasetLog, at: datetime, kind: type[Any], **body: Any
) -> bool:
    """Whether the entry became the log's next. False: another writer was first; read the log again."""
    entry = kind(n=history.n + 1, prev=history.head, key=keys.fingerprint, at=at, **body)
    return store.put(entry_name(dataset, entry.n), encode(entry))


def tag_version(store: Store, keys: Keys, dataset: str, name: str, version: str, *, now: datetime) -> None:
    """From now on `name` names this version of the dataset. Raises NotFound."""
    while True:
        history = read_log(store, keys, dataset)
        if version and version not in {id for _, id, _ in history.versions}:
            raise NotFound(
                f"{dataset}: found no version {version[:12]}. See: comporta data versions {dataset}"
            )
        if append_entry(store, keys, dataset, history, now, TagEntry, name=name, version=version):
            return


def accept_columns(store: Store, keys: Keys, dataset: str, columns: dict[str, str], *, now: datetime) -> None:
    """From now on sources of this dataset may return these columns: name → polars type."""
    while True:
        history = read_log(store, keys, dataset)
        if append_entry(store, keys, dataset, history, now, SchemaEntry, columns=tuple(columns.items())):
            return


def _stands(store: Store, keys: Keys, dataset: str, history: DatasetLog) -> bool:
    try:
        return digest(keys.chain, store.get(entry_name(dataset, history.n))) == history.head
    except NotFound:
        return False


def _decode_entry(data: bytes, dataset: str, n: int) -> AnyEntry:
    try:
        return decode(data, AnyEntry)  # type: ignore[arg-type]
    except msgspec.MsgspecError as error:
        raise Tampered(
            f"{dataset}: log entry {n} cannot be read ({error}). "
            f"Restore {entry_name(dataset, n)} from a backup."
        ) from None


class _Reading:
    """A history being read on: one copy at the beginning and at the end, whatever the number of entries."""

    def __init__(self, start: DatasetLog) -> None:
        self.dataset, self.n, self.head, self.columns = start.dataset, start.n, start.head, start.columns
        self.groups = list(start.groups)
        self.versions = list(start.versions)
        self.moved = dict(start.moved)
        self.forgotten = set(start.forgotten)
        self.tags = dict(start.tags)
        self.gone_ids = set(start.gone_ids)
        self.schema = list(start.schema)
        self.offsets = dict(start.offsets)

    def take(self, entry: AnyEntry, data: bytes, keys: Keys, dataset: str) -> None:
        """The next entry. Raises WrongKey, Tampered when it does not follow."""
        if entry.key != keys.fingerprint:
            raise WrongKey(
                f"{dataset}: found the key {keys.fingerprint}, expected {entry.key}, with which it was "
                "written. Bring the right one: comporta key import FILE"
            )
        if entry.n != self.n + 1 or entry.prev != self.head:
            raise Tampered(
                f"{dataset}: log entry {self.n + 1} does not follow the one before it. "
                f"Restore data/{dataset}/log from a backup."
            )
        self.n, self.head = entry.n, digest(keys.chain, data)
        match entry:
            case VersionEntry():
                self.versions.append((entry.number, entry.version, entry.at))
                self.columns = None
                if isinstance(entry.offset, SourceOffset):
                    place = (entry.offset.reader, entry.offset.dataset)
                    self.offsets[place] = VersionOffset(entry.offset, entry.number)
            case RedactEntry():
                self.moved.update(entry.moved)
                self.groups = [each for each in self.groups if not any(id in self.moved for id in each[0])]
                self.forgotten.update(int(each, 16) for each in entry.subjects)
                self.gone_ids.update(int(each, 16) for each in entry.ids)
            case TagEntry(version=""):
                self.tags.pop(entry.name, None)
            case TagEntry():
                self.tags[entry.name] = entry.version
            case SchemaEntry():
                self.columns = dict(entry.columns)
            case RowColumns():
                self.schema.append(entry)
            case CompactEntry():
                fresh = [each for each in entry.groups if not any(id in self.moved for id in each[0])]
                self.groups += fresh

    def history(self) -> DatasetLog:
        return DatasetLog(
            dataset=self.dataset,
            groups=tuple(self.groups),
            n=self.n,
            head=self.head,
            versions=tuple(self.versions),
            moved=self.moved,
            forgotten=frozenset(self.forgotten),
            tags=self.tags,
            columns=self.columns,
            gone_ids=frozenset(self.gone_ids),
            schema=tuple(self.schema),
            offsets=self.offsets,
        )


def _require_whole(store: Store, dataset: str, n: int) -> None:
    later = next(
        (each for each in store.list(f"data/{dataset}/log/") if each.name > entry_name(dataset, n)), None
    )
    if later is not None:
        raise Tampered(
            f"{dataset}: log entry {n + 1} is missing while {later.name} is there. "
            f"Restore data/{dataset}/log from a backup."
        )
