"""What one version answered of one request, column by column: how answers are logged until they are sealed.

A line of JSON for each row would cost as much as the answers. A request's numbers are kept as the array that
the model was handed, in one block of MessagePack with its ids and answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from comporta.records.observation import JoinedRow, Observation

Microseconds = Annotated[int, Meta(ge=-62_135_596_800_000_000, le=253_402_300_799_999_999)]
"""Since 1970: from the year 1 to the year 9999."""
_CELLS = {"int": int, "bool": bool, "float": float}


class InputLayout(msgspec.Struct, frozen=True, array_like=True):
    """What stands in the columns of a block. kinds: of each one of `int`, `bool`, `float`, where they are
    numbers; else none."""

    names: tuple[str, ...]
    kinds: tuple[str, ...] = ()


class ObservedRows(msgspec.Struct, omit_defaults=True, gc=False):
    """n rows of one request. at: microseconds since 1970. layout: an encoded `InputLayout`, the same in every
    block of a version. numbers: [n, inputs] of 64-bit floats, little-endian, row by row, missing as NaN; or
    values: [inputs][n].

    output: by name, [n]. joined: [n], each as canonical JSON. at, key, subject, unit: of all rows, or [n].
    shadow_of: [n]. The rest as in `Observation`.
    """

    model: str
    version: int
    ids: Annotated[list[str], Meta(min_length=1)]
    at: Microseconds | list[Microseconds]
    output: dict[str, list[Any]]
    layout: msgspec.Raw
    numbers: bytes = b""
    values: list[list[Any]] = []
    joined: list[str] | None = None
    key: str | list[str | None] | None = None
    subject: str | list[str | None] | None = None
    unit: str | list[str | None] | None = None
    release: int | None = None
    arm: str | None = None
    latency_us: int | None = None
    token: str | None = None
    traceparent: str | None = None
    shadow_of: list[str] | None = None


encode_block = msgspec.msgpack.Encoder().encode
"""An `ObservedRows` as bytes."""
_EPOCH, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
_decoder = msgspec.msgpack.Decoder(ObservedRows)
_layout = msgspec.msgpack.Decoder(InputLayout)
_joined = msgspec.json.Decoder(tuple[JoinedRow, ...])


def decode_block(data: bytes | memoryview) -> ObservedRows:
    """Raises `msgspec.MsgspecError` on bytes that are none."""
    return _decoder.decode(data)


def encode_layout(layout: InputLayout) -> msgspec.Raw:
    """As blocks hold it."""
    return msgspec.Raw(encode_block(layout))


@lru_cache(64)
def decode_layout(data: bytes) -> InputLayout:
    """Raises `msgspec.MsgspecError` on bytes that are none."""
    return _layout.decode(data)


def microseconds(at: datetime) -> int:
    """Since 1970."""
    return (at - _EPOCH) // _MICROSECOND


def observations_in(rows: ObservedRows, places: Iterable[int] | None = None) -> Iterator[Observation]:
    """Each row as a record. places: which rows; None: all. Raises ValueError where columns have not as many
    rows as there are ids, or what is joined has another shape."""
    columns = input_columns(rows)
    n = len(rows.ids)
    if {len(each) for each in (*columns.values(), *rows.output.values())} - {n}:
        raise ValueError(f"found columns of other lengths than {n} rows")
    for row in range(n) if places is None else places:
        yield Observation(
            id=rows.ids[row],
            model=rows.model,
            version=rows.version,
            at=_EPOCH + _of_row(rows.at, row) * _MICROSECOND,
            inputs={name: values[row] for name, values in columns.items()},
            output={name: values[row] for name, values in rows.output.items()},
            joined=() if rows.joined is None else _joined.decode(rows.joined[row]),
            key=_of_row(rows.key, row),
            subject=_of_row(rows.subject, row),
            unit=_of_row(rows.unit, row),
            release=rows.release,
            arm=rows.arm,
            latency_us=rows.latency_us,
            token=rows.token,
            traceparent=rows.traceparent,
            shadow_of=_of_row(rows.shadow_of, row),
        )


def input_columns(rows: ObservedRows) -> dict[str, list[Any]]:
    """The JSON values of each input, by name."""
    layout = decode_layout(bytes(rows.layout))
    if not layout.kinds:
        return dict(zip(layout.names, rows.values, strict=True))
    cells, width = memoryview(rows.numbers).cast("d"), len(layout.names)
    return {
        name: [None if value != value else _CELLS[kind](value) for value in cells[at::width].tolist()]
        for at, (name, kind) in enumerate(zip(layout.names, layout.kinds, strict=True))
    }


def _of_row(value: Any, row: int) -> Any:
    return value[row] if isinstance(value, list) else value
