"""Rows of a log that no version holds yet: small objects, one a flush, that any store can hold.

An object's first line says its format and which process wrote it. Of format 2 each further line is a row as
JSON: labels, and what earlier releases wrote of predictions. Of format 3 what follows are blocks
(`records.observed_rows`), each behind its length; row by row they are read as the lines they would have been.
What the earliest releases wrote has no first line of that kind: it is a row.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from comporta.data.names import checked_name, open_prefix
from comporta.errors import NotFound, Refused
from comporta.records import Feedback, JoinedRow, Observation, Record, encode
from comporta.records.observed_rows import ObservedRows, decode_block, encode_block, observations_in
from comporta.store import Store

LINES, BLOCKS = 2, 3
"""Formats of an object."""
IN_BLOCKS = ".rows"
"""How the name of an object ends that holds blocks."""
_SIZE = 4  # bytes before each block: how many it has
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
    traceparent: str | None = None
    shadow_of: str | None = None
    label: msgspec.Raw = msgspec.Raw(b"null")
    arrived: datetime | None = None
    # Where it was read from, so that it can be set aside as it lay there.
    source: str = ""
    line: bytes = b""


class UnreadableLine(msgspec.Struct, frozen=True, gc=False):
    """A line that is no row. source: the object's name."""

    source: str
    line: bytes


class OpenBlock(NamedTuple):
    """Rows that one version answered of one request. source, worker: as of an `OpenRow`."""

    source: str
    worker: str | None
    rows: ObservedRows


T = TypeVar("T")
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
    head = encode(OpenHeader(format=LINES, worker=process))
    return store.put(_flush_name(dataset, process, n) + ".jsonl", b"\n".join([head, *map(encode, rows)]))


def log_blocks(store: Store, dataset: str, process: str, n: int, blocks: Sequence[bytes]) -> bool:
    """The same of predictions, in blocks of `ObservedRows`."""
    parts = [encode(OpenHeader(format=BLOCKS, worker=process)), b"\n"]
    for block in blocks:
        parts += (len(block).to_bytes(_SIZE, "little"), block)
    return store.put(_flush_name(dataset, process, n) + IN_BLOCKS, b"".join(parts))


def _flush_name(dataset: str, process: str, n: int) -> str:
    return f"{open_prefix(checked_name(dataset))}{process}/{n:012d}"


def open_names(store: Store, dataset: str) -> list[str]:
    """The objects that hold open rows, in the order of their names."""
    return [entry.name for entry in store.list(open_prefix(checked_name(dataset)))]


def count_open_rows(store: Store, dataset: str) -> int:
    """How many rows are open, lines that are none among them. Raises Refused as `rows_in`."""
    count = 0
    for name in open_names(store, dataset):
        try:
            if name.endswith(IN_BLOCKS):
                blocks = blocks_in(name, store.get(name))
                count += sum(len(each.rows.ids) if isinstance(each, OpenBlock) else 1 for each in blocks)
            else:
                count += sum(1 for _ in rows_in(name, store.get(name)))
        except NotFound:
            continue  # sealed and deleted since
    return count


def rows_in(name: str, data: bytes, id: str | None = None) -> Iterator[OpenRow | UnreadableLine]:
    """The rows of one object, and the lines that are none. id: only the rows with this one.

    Raises Refused for a format that a later release writes.
    """
    # The id is looked for in the bytes first: decoding every open row to find one would be slow.
    if id is not None and encode(id)[1:-1] not in data:
        return
    head, rest = _split_header(name, data)
    if head.format == BLOCKS:
        for block in _blocks(name, head, rest):
            if isinstance(block, UnreadableLine):
                yield block
            elif id is None or id in block.rows.ids:
                yield from rows_of_block(block, id)
        return
    for line in rest.split(b"\n"):
        if line:
            row = _decode_line(name, head.worker, line)
            if id is None or (isinstance(row, OpenRow) and row.id == id):
                yield row


def blocks_in(name: str, data: bytes) -> Iterator[OpenBlock | UnreadableLine]:
    """The blocks of one object, of a format that has them. Raises Refused as `rows_in`."""
    return _blocks(name, *_split_header(name, data))


def rows_of_block(block: OpenBlock, id: str | None = None) -> Iterator[OpenRow | UnreadableLine]:
    """Its rows, as the lines that they would have been. id: only the row with this one."""
    places = None if id is None else [block.rows.ids.index(id)]
    try:
        lines = list(map(encode, observations_in(block.rows, places)))
    except (msgspec.MsgspecError, ValueError, IndexError):
        yield _unreadable(block.source, encode_block(block.rows))
        return
    for line in lines:
        yield _decode_line(block.source, block.worker, line)


def _decode_line(name: str, worker: str | None, line: bytes) -> OpenRow | UnreadableLine:
    try:
        row = _row.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return UnreadableLine(name, line)
    row.source, row.line, row.worker = name, line, row.worker or worker
    return row


def _blocks(name: str, head: OpenHeader, data: bytes) -> Iterator[OpenBlock | UnreadableLine]:
    view, at = memoryview(data), 0
    while at < len(view):
        start = at + _SIZE
        at = start + int.from_bytes(view[at:start], "little")
        try:
            yield OpenBlock(name, head.worker, decode_block(view[start:at]))
        except (msgspec.MsgspecError, UnicodeDecodeError):
            yield _unreadable(name, view[start:at])


def _unreadable(name: str, block: bytes | memoryview) -> UnreadableLine:
    """A block that is none, on a line."""
    return UnreadableLine(name, encode({"block": b64encode(block).decode()}))


def open_rows(store: Store, dataset: str, id: str | None = None) -> list[OpenRow]:
    """The rows that are open, each once, less lines that are none. id: only those with this one."""
    while True:
        names = open_names(store, dataset)
        try:
            found = [row for name in names for row in rows_in(name, store.get(name), id)]
        except NotFound:
            continue  # sealed and deleted while we read: look again
        return list(distinct_rows(row for row in found if isinstance(row, OpenRow)))


class OpenLog(Generic[T]):
    """What lies in some objects, to be gone through again and again: read once where that is little."""

    def __init__(self, store: Store, names: Sequence[str], read: Callable[[str, bytes], Iterator[T]]) -> None:
        """read: what lies in an object of this name with these bytes."""
        self._store, self._names, self._read = store, names, read
        self._items: list[T] | None = None

    def __iter__(self) -> Iterator[T]:
        """Raises NotFound where another process sealed them."""
        if self._items is not None:
            yield from self._items
            return
        held: list[T] = []
        size = 0
        for name in self._names:
            data = self._store.get(name)
            size += len(data)
            for item in self._read(name, data):
                if size <= _LITTLE:
                    held.append(item)
                yield item
        if size <= _LITTLE:
            self._items = held


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
    "traceparent", "shadow_of",
)  # fmt: skip
"""What is said of a prediction beside its time, its inputs, its output and its history."""


def _split_header(name: str, data: bytes) -> tuple[OpenHeader, bytes]:
    """The first line, and what follows; of an object without one all of it follows."""
    first, _, rest = data.partition(b"\n")
    try:
        head = _head.decode(first)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        head = OpenHeader()
    if head.format > BLOCKS:
        raise Refused(
            f"{name}: found open rows of format {head.format}, expected at most {BLOCKS}: a later release "
            "wrote them. Read and seal them with that one."
        )
    return head, rest if head.format > 1 else data
