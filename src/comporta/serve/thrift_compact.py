"""Structures of Thrift's compact protocol, as Parquet keeps its metadata in.

https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

ThriftStruct = dict[int, Any]
Form = Mapping[int, Any]
"""Of a structure's fields what each is: one of the kinds below, another form, or a list of one of these."""
BOOL, BYTE, I16, I32, I64, DOUBLE, BINARY = 1, 3, 4, 5, 6, 7, 8
_NOTHING: Form = {}
_DEEPEST = 16
_STOP, _TRUE, _FALSE, _LIST, _SET, _MAP, _STRUCT = 0, 1, 2, 9, 10, 11, 12
_BITS = {I16: 15, I32: 31, I64: 63}


class BrokenThrift(Exception):
    """The bytes are no such structure, or not all of one."""


class ThriftReader:
    """Reads from `at` on, and never past `end`: what a length claims takes as many bytes. left: values that
    are still read, since one of a byte takes a hundred in memory."""

    __slots__ = ("at", "data", "end", "left")

    def __init__(self, data: bytes, at: int, end: int, left: int) -> None:
        self.data, self.at, self.end, self.left = data, at, end, left

    def fields(self, form: Form, depth: int = 0) -> Iterator[tuple[int, Any]]:
        """The fields of the structure that begins here: id, value. After each, `at` is where it ends. Those
        that `form` has are what it says; others may be anything."""
        if depth > _DEEPEST:
            raise BrokenThrift
        id = 0
        while True:
            head = self._byte()
            kind, step = head & 15, head >> 4
            if head == _STOP:
                return
            id = id + step if step else self._whole(I16)
            if not 0 < id < 2**15:
                raise BrokenThrift
            wanted = form.get(id)
            if kind not in (_TRUE, _FALSE):
                yield id, self._value(kind, wanted, depth)
            elif wanted in (None, BOOL):
                self._count()
                yield id, kind == _TRUE
            else:
                raise BrokenThrift

    def _value(self, kind: int, wanted: Any, depth: int) -> Any:
        self._count()
        if kind in _BITS and (wanted is None or wanted in (I16, I32, I64)):
            return self._whole(kind if wanted is None else wanted)
        if wanted is not None and kind != _kind_of(wanted):
            raise BrokenThrift
        if kind == BINARY:
            return self._take(self._varint())
        if kind == _STRUCT:
            return dict(self.fields(wanted or _NOTHING, depth + 1))
        if kind in (_LIST, _SET):
            head = self._byte()
            size = head >> 4 if head >> 4 != 15 else self._varint()
            return self._items(head & 15, size, None if wanted is None else wanted[0], depth)
        if kind == BYTE:
            return self._byte()
        if kind == DOUBLE:
            return self._take(8)
        if kind == _MAP:
            size = self._varint()
            kinds = self._byte() if size else 0
            return [
                self._items(each, 1, None, depth)
                for _ in range(self._fits(size))
                for each in divmod(kinds, 16)
            ]
        raise BrokenThrift

    def _items(self, kind: int, size: int, wanted: Any, depth: int) -> list[Any]:
        if kind in (_TRUE, _FALSE):
            kind = BYTE
        if depth >= _DEEPEST:
            raise BrokenThrift
        return [self._value(kind, wanted, depth + 1) for _ in range(self._fits(size))]

    def _count(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise BrokenThrift

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

    def _whole(self, kind: int) -> int:
        """A number of this kind: of a longer one a decoder may keep the lower bits alone."""
        value = self._varint()
        found = (value >> 1) ^ -(value & 1)
        bits = _BITS[kind]
        if not -(1 << bits) <= found < 1 << bits:
            raise BrokenThrift
        return found


def _kind_of(wanted: Any) -> int:
    if isinstance(wanted, list):
        return _LIST
    return wanted if isinstance(wanted, int) else _STRUCT
