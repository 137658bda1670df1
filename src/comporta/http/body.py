"""A request's body, read piece by piece: unpacked, counted and bounded while it comes.

What a decoder makes of a body can take a hundred times its bytes, and takes the interpreter as long as it
works: so a body is refused by what it would become, before it is all there.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import msgspec

from comporta.errors import BadRequest
from comporta.http.value_length import ValueLength

SMALL = 64 * 1024
"""Bytes that are not worth counting in."""
_PIECE = 256 * 1024
_ENCODINGS = {b"gzip": 47, b"x-gzip": 47, b"deflate": 47}
_RAW = -15
ACCEPTED_ENCODINGS = ((b"accept-encoding", b"gzip, deflate"),)


class MostValues(msgspec.Struct, frozen=True):
    """What a body may hold at most. values: in lists and lines; objects: in braces; keys: how often a key may
    occur. text: as a client reads it. until: bytes that are counted; None: all. quoted: see `ValueLength`."""

    values: int
    objects: int
    text: str
    keys: tuple[tuple[bytes, int], ...] = ()
    until: int | None = None
    quoted: bool = True


class ValueCounter:
    """Counts what separates values, and follows how long one is. It does not know a text's commas from a
    list's: a limit on their number leaves room."""

    def __init__(self, most: MostValues) -> None:
        self._most = most
        self._left = most.until
        self._commas = self._lists = self._objects = self._lines = 0
        self._keys = [0] * len(most.keys)
        self._length = ValueLength(quoted=most.quoted)

    def see(self, piece: bytes) -> None:
        """Counts this piece. Raises BadRequest with status 413 once it is too much."""
        if self._left is not None:
            piece = piece[: self._left]
            self._left -= len(piece)
        self._length.see(piece)
        most = self._most
        self._commas += piece.count(b",")
        self._lists += piece.count(b"[")
        self._objects += piece.count(b"{")
        self._lines += piece.count(b"\n") + piece.count(b"\r")
        much = max(self._commas, self._lists, self._lines) > most.values or self._objects > most.objects
        for place, (key, times) in enumerate(most.keys):
            self._keys[place] += piece.count(key)
            much = much or self._keys[place] > times
        if much:
            raise BadRequest(
                f"the body: found more values than {most.text} can have. Send the rows in parts.", 413
            )


class BodyBudget:
    """Bytes of all bodies that are in memory at once."""

    def __init__(self, most: int) -> None:
        self.most, self.taken = most, 0


class HeldBody:
    """What one request has of the budget, until it is answered."""

    __slots__ = ("_budget", "_size")

    def __init__(self, budget: BodyBudget) -> None:
        self._budget, self._size = budget, 0

    def grow(self, size: int) -> None:
        """To so many bytes. Raises BadRequest with status 503 where other requests have what is left."""
        more = size - self._size
        if self._budget.taken + more > self._budget.most:
            raise BadRequest("too many large requests are being read. Ask again later.", 503)
        self._budget.taken += more
        self._size = size

    def release(self) -> None:
        """It is answered."""
        self._budget.taken -= self._size
        self._size = 0


class Unpacker:
    """Undoes a content encoding, a bounded piece at a time."""

    def __init__(self, encoding: bytes) -> None:
        """Raises BadRequest with status 415."""
        self._encoding = encoding.strip().lower()
        if self._encoding not in _ENCODINGS:
            raise BadRequest("content encoding: expected gzip, deflate or none.", 415)
        self._stream = zlib.decompressobj(_ENCODINGS[self._encoding])
        self._fed = False

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """What these bytes unpack to, in pieces of at most 256 KB. Raises BadRequest."""
        while data:
            if self._stream.eof:
                # Another member of a gzip file; zeros may pad it.
                if self._encoding == b"deflate" or not data.strip(b"\0"):
                    return
                self._stream = zlib.decompressobj(_ENCODINGS[self._encoding])
            full = True
            while full and not self._stream.eof:
                out = self._unpack(data)
                data = self._stream.unconsumed_tail
                full = len(out) == _PIECE or bool(data)
                if out:
                    yield out
            data = self._stream.unused_data

    def end(self) -> None:
        """Raises BadRequest where more should have come."""
        if not self._stream.eof:
            raise self._broken_error()

    def _unpack(self, data: bytes) -> bytes:
        try:
            out = self._stream.decompress(data, _PIECE)
        except zlib.error:
            # What some clients call deflate has no zlib header.
            if self._fed or self._encoding != b"deflate":
                raise self._broken_error() from None
            self._stream = zlib.decompressobj(_RAW)
            try:
                out = self._stream.decompress(data, _PIECE)
            except zlib.error:
                raise self._broken_error() from None
        self._fed = True
        return out

    def _broken_error(self) -> BadRequest:
        return BadRequest(f"the body is not whole as {self._encoding.decode()}, which its head says it is.")


def has_body(headers: dict[bytes, bytes]) -> bool:
    """Whether a request says that a body follows its head."""
    return b"transfer-encoding" in headers or headers.get(b"content-length", b"0") != b"0"
