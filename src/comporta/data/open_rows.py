"""Rows of a log that no version holds yet: small objects, one a flush, that any store can hold.

An object's first line says its format and which process wrote it; each further line is a row as JSON. What
earlier releases wrote has no such line: its first line is a row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec

from comporta.data.names import checked_name, open_prefix
from comporta.errors import NotFound, Refused
from comporta.records import Feedback, JoinedRow, Observation, Record, encode
from comporta.store import Store

FORMAT = 2
_LITTLE = 64 << 20  # bytes that may be held while they are sealed; as objects they take twice that


class OpenHeader(Record, frozen=True):
    """The first line of an object. format: of its rows; 1 where there is no such line."""

    format: int = 1
    worker: str | None = None


class OpenRow(msgspec.Struct, omit_defaults=True, gc=False):
    """A prediction or a label as it lies in an open object; what becomes JSON text is not decoded."""

    id: str
    at: datetime | None = None
    model: str = ""
    version: int = 0
    inputs: msgspec.Raw = msgspec.Raw(b"{}")
    output: msgspec.Raw = msgspec.Raw(b"{}")
    joined: msgspec.Raw = msgspec.Raw(b"[]")
    key: str | None = None
    subject: str | None = None
    unit: str | None = None
    release: int | None = None
    arm: str | None = None
    worker: str | None = None
    latency_us: int | None = None
    token: str | None = None
    label: msgspec.Raw = msgspec.Raw(b"null")
    arrived: datetime | None = None
    # Where it was read from, so that it can be set aside as it lay there.
    source: str = ""
    line: bytes = b""


class UnreadableLine(msgspec.Struct, frozen=True, gc=False):
    """A line that is no row. source: the object's name."""

    source: str
    line: bytes


_row = msgspec.json.Decoder(OpenRow)
_head = msgspec.json.Decoder(OpenHeader)
_joined = msgspec.json.Decoder(tuple[JoinedRow, ...])
_object = msgspec.json.Decoder(dict[str, Any])


def log_rows(
    store: Store, dataset: str, process: str, n: int, rows: Sequence[Observation | Feedback | msgspec.Raw]
) -> bool:
    """One flush, durable when it returns. process: unique among all writers. n: its flushes, from 0.

    False when this flush was there already: rows are told apart by id, so a repeated one does no harm.
    """
    head = encode(OpenHeader(format=FORMAT, worker=process))
    return store.put(flush_name(dataset, process, n), b"\n".join([head, *map(encode, rows)]))


def flush_name(dataset: str, process: str, n: int) -> str:
    """The object of a process's nth flush."""
    return f"{open_prefix(checked_name(dataset))}{process}/{n:012d}.jsonl"


def open_names(store: Store, dataset: str) -> list[str]:
    """The objects that hold open rows, in the order of their names."""
    return [entry.name for entry in store.list(open_prefix(checked_name(dataset)))]


def count_open_rows(store: Store, dataset: str) -> int:
    """How many rows are open, lines that are none among them. Raises Refused as `rows_in`."""
    count = 0
    for name in open_names(store, dataset):
        try:
            count += sum(1 for _ in rows_in(name, store.get(name)))
        except NotFound:
            continue  # sealed and deleted since
    return count


def rows_in(name: str, data: bytes, id: str | None = None) -> Iterator[OpenRow | UnreadableLine]:
    """The rows of one object, and the lines that are none. id: only the rows with this one.

    Raises Refused for a format that a later release writes.
    """
    # The id is looked for in the bytes first: decoding every open row to find one would be slow.
    if id is not None and encode(id) not in data:
        return
    lines = data.split(b"\n")
    head = _decode_header(name, lines[0])
    for line in lines[head.format > 1 :]:
        if not line:
            continue
        try:
            row = _row.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            yield UnreadableLine(name, line)
            continue
        if id is None or row.id == id:
            row.source, row.line, row.worker = name, line, row.worker or head.worker
            yield row


def open_rows(store: Store, dataset: str, id: str | None = None) -> list[OpenRow]:
    """The rows that are open, each once, less lines that are none. id: only those with this one."""
    while True:
        names = open_names(store, dataset)
        try:
            found = [row for name in names for row in rows_in(name, store.get(name), id)]
        except NotFound:
            continue  # sealed and deleted while we read: look again
        return list(distinct_rows(row for row in found if isinstance(row, OpenRow)))


class OpenLog:
    """What lies in some objects, to be gone through again and again: read once where that is little."""

    def __init__(self, store: Store, names: Sequence[str]) -> None:
        self._store, self._names = store, names
        self._rows: list[OpenRow | UnreadableLine] | None = None

    def __iter__(self) -> Iterator[OpenRow | UnreadableLine]:
        """Raises NotFound where another process sealed them."""
        if self._rows is not None:
            yield from self._rows
            return
        held: list[OpenRow | UnreadableLine] = []
        size = 0
        for name in self._names:
            data = self._store.get(name)
            size += len(data)
            for row in rows_in(name, data):
                if size <= _LITTLE:
                    held.append(row)
                yield row
        if size <= _LITTLE:
            self._rows = held


def distinct_rows(rows: Iterable[OpenRow]) -> Iterator[OpenRow]:
    """Each once: a flush may have been written twice."""
    seen: set[tuple[str, datetime | None]] = set()
    for row in rows:
        if (row.id, row.arrived) not in seen:
            seen.add((row.id, row.arrived))
            yield row


def observation_of(row: OpenRow) -> Observation:
    """The record that the row was logged from. Raises ValueError where its JSON is of another shape."""
    assert row.at is not None
    return Observation(
        **{name: getattr(row, name) for name in BESIDE},
        at=row.at,
        inputs=_object.decode(row.inputs),
        output=_object.decode(row.output),
        joined=_joined.decode(row.joined),
    )


BESIDE = (
    "id", "model", "version", "key", "subject", "unit", "release", "arm", "worker", "latency_us", "token",
)  # fmt: skip
"""What is said of a prediction beside its time, its inputs, its output and its history."""


def _decode_header(name: str, line: bytes) -> OpenHeader:
    try:
        head = _head.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return OpenHeader()
    if head.format > FORMAT:
        raise Refused(
            f"{name}: found open rows of format {head.format}, expected at most {FORMAT}: a later release "
            "wrote them. Read and seal them with that one."
        )
    return head
