"""What was written outside of the store: exports of datasets, fetches of versions and answers in batches, and
who did it."""

from __future__ import annotations

from datetime import datetime

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from comporta.opened.lineage import GraphPlace, data_place
from comporta.records import Artifact, Changes, Event, Lookup, Projection, Record, View
from comporta.records.facts import BatchPredicted, DatasetExported, VersionFetched
from comporta.registry import version_key


class Copy(Record, frozen=True, kw_only=True):
    """rows, revealed: of an export, how many, and the personal columns that it has with their values. by: a
    person's id, reason: an artifact, or their name and its text where it is shown. beside: of answers in a
    batch the other side: which version answered these rows, or which rows this version answered. made_of: of
    answers that are a dataset version, the rows that `beside` answered."""

    at: datetime
    by: str
    reason: Artifact | str
    rows: int | None = None
    revealed: tuple[str, ...] = ()
    beside: str = ""
    made_of: str | UnsetType = UNSET


def _export_copy(fact: DatasetExported, event: Event, old: Lookup[Copy]) -> Changes[Copy]:
    copy = Copy(at=event.at, by=fact.by, reason=fact.reason, rows=fact.rows, revealed=fact.revealed)
    yield _key(data_place(fact.dataset, fact.number), event), copy


def _fetch_copy(fact: VersionFetched, event: Event, old: Lookup[Copy]) -> Changes[Copy]:
    place = GraphPlace("version", version_key(fact.model, fact.number))
    yield _key(place, event), Copy(at=event.at, by=fact.by, reason=fact.reason)


def _batch_copies(fact: BatchPredicted, event: Event, old: Lookup[Copy]) -> Changes[Copy]:
    copy = Copy(at=event.at, by=fact.by, reason=fact.reason, rows=fact.rows, revealed=fact.revealed)
    version = version_key(fact.model, fact.number)
    rows = f"{fact.dataset}@{fact.dataset_number}" if fact.dataset else "files"
    yield _key(GraphPlace("version", version), event), replace(copy, beside=rows)
    if fact.dataset:
        yield (
            _key(data_place(fact.dataset, fact.dataset_number), event),
            replace(copy, beside=version_id(fact)),
        )
    if fact.output:
        made = replace(copy, beside=version_id(fact), made_of=rows)
        yield _key(data_place(fact.output, fact.output_number), event), made


def version_id(fact: BatchPredicted) -> str:
    """The version that answered: `late/3`."""
    return f"{fact.model}/{fact.number}"


def _key(place: GraphPlace, event: Event) -> str:
    return f"{place.text}\t{event.seq:012d}"


COPIES = Projection(
    "copy",
    Copy,
    {
        DatasetExported: _export_copy,
        VersionFetched: _fetch_copy,
        BatchPredicted: _batch_copies,
    },
)


def copies_of(view: View, place: GraphPlace) -> list[Copy]:
    """The copies of a dataset version or of a model version, oldest first."""
    return [copy for _, copy in view.scan(COPIES, f"{place.text}\t")]
