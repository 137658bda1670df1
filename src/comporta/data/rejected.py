"""Rows of a log that could not be sealed: set aside as they lay, each with its cause, until someone looks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import msgspec

from comporta.data.names import open_prefix, rejected_prefix
from comporta.data.open_rows import LINES, OpenHeader
from comporta.data.prediction_rows import RejectedRow
from comporta.errors import Tampered
from comporta.records import Record, decode, encode
from comporta.store import Keys, Store, digest


class RejectedHeader(Record, frozen=True):
    """The first line of an object of rejected rows. causes: of each row that follows, in their order."""

    format: int = LINES
    worker: str | None = None
    causes: tuple[str, ...] = ()


class RejectedLine(Record, frozen=True, kw_only=True):
    """One object of rejected rows. causes: how many rows of each."""

    dataset: str
    name: str
    worker: str | None
    causes: dict[str, int]


def write_rejected(store: Store, keys: Keys, dataset: str, rows: Iterable[RejectedRow]) -> None:
    """Durable when it returns. Rows that were set aside already are not doubled: an object for each flush."""
    flushes: dict[str, list[RejectedRow]] = {}
    for row in rows:
        flushes.setdefault(row.source, []).append(row)
    for source, mine in flushes.items():
        process, _, flush = source.removeprefix(open_prefix(dataset)).partition("/")
        heading = RejectedHeader(worker=process, causes=tuple(row.cause for row in mine))
        lines = b"\n".join([encode(heading), *(row.line for row in mine)])
        # By what it holds (keyed, for it may be guessed): other rows of this flush may lie here already.
        number = flush.partition(".")[0].partition("-")[0]
        name = f"{process}/{number}-{digest(keys.content, lines)[:12]}.jsonl"
        store.put(rejected_prefix(dataset) + name, lines)


def read_rejected(store: Store, dataset: str) -> list[RejectedLine]:
    """What is set aside of this log. Raises Tampered."""
    found = []
    for entry in store.list(rejected_prefix(dataset)):
        heading = _heading(entry.name, store.get(entry.name).partition(b"\n")[0])
        causes = dict(sorted(Counter(heading.causes).items()))
        found.append(RejectedLine(dataset=dataset, name=entry.name, worker=heading.worker, causes=causes))
    return found


def reopen_rejected(store: Store, dataset: str) -> int:
    """All that is set aside made open rows again, which the next seal tries anew; how many there were."""
    count = 0
    for entry in list(store.list(rejected_prefix(dataset))):
        head, _, rows = store.get(entry.name).partition(b"\n")
        heading = _heading(entry.name, head)
        place = entry.name.removeprefix(rejected_prefix(dataset))
        head = encode(OpenHeader(format=heading.format, worker=heading.worker))
        store.put(open_prefix(dataset) + place, head + b"\n" + rows)
        store.delete(entry.name)
        count += len(heading.causes)
    return count


def _heading(name: str, line: bytes) -> RejectedHeader:
    try:
        return decode(line, RejectedHeader)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Tampered(f"{name}: rejected rows cannot be read ({error}). Restore it, or delete it.") from None
