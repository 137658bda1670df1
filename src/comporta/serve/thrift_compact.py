"""Structures of Thrift's compact protocol, as Parquet keeps its metadata in.

https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

ThriftStruct = dict[int, Any]
_DEEPEST = 16
_STOP, _TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = 0, 1, 2, 3, 7, 8, 9, 10, 11, 12
_WHOLE = (4, 5, 6)  # of 16, 32 and 64 bits


class BrokenThrift(Exception):
    """The bytes are no such structure, or not all of one."""


class ThriftReader:
    """Reads from `at` on, and never past `end`: what a length claims takes as many bytes."""

    __slots__ = ("at", "data", "end")

    def __init__(self, data: bytes, at: int, end: int) -> None:
        self.data, self.at, self.end = data, at, end

    def fields(self, depth: int = 0) -> Iterator[tuple[int, Any]]:
        """The fields of the structure that begins here: id, value. After each, `at` is where it ends."""
        if depth > _DEEPEST:
            raise BrokenThrift
        id = 0
        while True:
            head = self._byte()
            kind, step = head & 15, head >> 4
            if head == _STOP:
                return
            id = id + step if step else self._zigzag()
            if kind in (_TRUE, _FALSE):
                yield id, kind == _TRUE
            else:
                yield id, self._value(kind, depth)

    def _value(self, kind: int, depth: int) -> Any:
        if kind in _WHOLE:
            return self._zigzag()
        if kind == _BINARY:
            return self._take(self._varint())
        if kind == _STRUCT:
            return dict(self.fields(depth + 1))
        if kind in (_LIST, _SET):
            head = self._byte()
            size = head >> 4 if head >> 4 != 15 else self._varint()
            return self._items(head & 15, size, depth)
        if kind == _BYTE:
            return self._byte()
        if kind == _DOUBLE:
            return self._take(8)
        if kind == _MAP:
            size = self._varint()
            kinds = self._byte() if size else 0
            return [
                self._items(each, 1, depth) for _ in range(self._fits(size)) for each in divmod(kinds, 16)
            ]
        raise BrokenThrift

    def _items(self, kind: int, size: int, depth: int) -> list[Any]:
        if kind in (_TRUE, _FALSE):
            kind = _BYTE
        if depth >= _DEEPEST:
            raise BrokenThrift
        return [self._value(kind, depth + 1) for _ in range(self._fits(size))]

    def _fits(self, size: int) -> int:
        """The size of a list, of which each item takes a byte or more."""
        if size > self.end - self.at:
            raise BrokenThrift
        return size

    def _byte(self) -> int:
        if self.at >= self.end:
            raise BrokenThrift
        self.at += 1
        return self.data[self.at - 1]

    def _take(self, size: int) -> bytes:
        self.at += self._fits(size)
        return self.data[self.at - size : self.at]

    def _varint(self) -> int:
        value = shift = 0
        while shift < 70:
            byte = self._byte()
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7
        raise BrokenThrift

    def _zigzag(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)
