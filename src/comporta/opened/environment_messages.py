"""What a server and a version in an environment of its own tell each other: a line of JSON, and bytes.

The two may be of different releases of Comporta: what is here keeps its form, and what is added has a
default. Frames go as Arrow's IPC stream; nothing is pickled.
"""

from __future__ import annotations

import io
import socket
import struct
from typing import TypeVar

import polars as pl

from comporta.records import Record, decode, encode

PROTOCOL = 1
_HEAD = struct.Struct(">IQ")
_MOST = 2**26
T = TypeVar("T")


class EnvironmentOrder(Record, frozen=True, kw_only=True):
    """The first message: what to load. source: the folder of the version's source; live: the project's, whose
    files it may not read. codecs, compute: references to the source's. parts: name → bytes of it, which
    follow one after another in this order."""

    protocol: int
    source: str
    live: str
    codecs: tuple[str, ...] = ()
    compute: tuple[str, ...] = ()
    parts: dict[str, int]


class EnvironmentAsk(Record, frozen=True, kw_only=True):
    """A frame follows. compute: which of the feature functions is asked; None: the model."""

    compute: int | None = None


class EnvironmentReply(Record, frozen=True, kw_only=True):
    """A frame follows, unless there was an error: its class, and what it said. protocol: what is spoken."""

    error: str = ""
    message: str = ""
    protocol: int = PROTOCOL


def send(connection: socket.socket, record: Record, body: bytes = b"") -> None:
    """Sends one message. Raises OSError."""
    head = encode(record)
    connection.sendall(_HEAD.pack(len(head), len(body)) + head)
    if body:
        connection.sendall(body)


def receive(connection: socket.socket, as_: type[T]) -> tuple[T, bytes] | None:
    """The next message; None where the other one has ended. Raises OSError, also where it sends nothing in
    time; ValueError on what is no message."""
    head = _exactly(connection, _HEAD.size)
    if head is None:
        return None
    size, more = _HEAD.unpack(head)
    if size > _MOST:
        raise ValueError("found a message that is none of this protocol")
    text, body = _exactly(connection, size), _exactly(connection, more)
    return None if text is None or body is None else (decode(text, as_), body)


def _exactly(connection: socket.socket, size: int) -> bytes | None:
    """So many bytes; None where fewer come."""
    data = bytearray(size)
    view, at = memoryview(data), 0
    while at < size:
        got = connection.recv_into(view[at:])
        if not got:
            return None
        at += got
    return bytes(data)


def frame_to_bytes(frame: pl.DataFrame) -> bytes:
    """The frame, as any release of polars reads it."""
    buffer = io.BytesIO()
    frame.write_ipc_stream(buffer, compat_level=pl.CompatLevel.oldest())
    return buffer.getvalue()


def frame_of_bytes(data: bytes) -> pl.DataFrame:
    """The frame that was sent."""
    return pl.read_ipc_stream(io.BytesIO(data))
