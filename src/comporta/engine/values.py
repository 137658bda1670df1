"""The digest of a constant made at import, where its value is the same in every process that makes it.

Plain values, containers, dates, paths, frames, arrays, and objects that are no more than their attributes.
Functions and classes found inside are numbered, so that their code can be followed whatever they are called;
for everything else there is no digest, and the source of the assignment has to do.
"""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import fractions
import functools
import io
import pathlib
import re
import sys
import types
import uuid
import zoneinfo
from collections import OrderedDict, defaultdict, deque
from collections.abc import Iterable
from typing import Any

from blake3 import blake3

_DEEPEST = 40


class Unstable(Exception):
    """This value has no digest that another process would agree to."""


def stable(value: Any, root: str, *, by_name: bool = False) -> tuple[str, tuple[str, ...]] | None:
    """The value's digest and the functions and classes in it (`module:name`) as they are met, or None.

    root: paths below it count relative to it. by_name: functions and classes count by their names too.
    """
    reached: dict[str, int] = {}
    try:
        digest = _Value(root, reached, by_name).digest(value)
    except Unstable:
        return None
    return digest.hex(), tuple(reached)


class _Value:
    def __init__(self, root: str, reached: dict[str, int], by_name: bool) -> None:
        self.root = root
        self.reached = reached
        self.by_name = by_name
        self.within: list[int] = []
        self.unordered: set[str] | None = None

    def digest(self, value: Any) -> bytes:
        if id(value) in self.within or len(self.within) > _DEEPEST:
            raise Unstable
        self.within.append(id(value))
        try:
            return self._digest(value)
        finally:
            self.within.pop()

    def _digest(self, value: Any) -> bytes:
        kind = type(value)
        if (
            value is None
            or value is Ellipsis
            or value is NotImplemented
            or kind in (bool, int, float, complex)
        ):
            return _hash(kind.__name__, repr(value).encode())
        if kind is str:
            return _hash("str", value.encode(errors="surrogatepass"))
        if kind in (bytes, bytearray):
            return _hash(kind.__name__, bytes(value))
        if kind in (tuple, list, deque):
            return _hash(kind.__name__, *map(self.digest, value))
        if kind in (set, frozenset):
            return self._by_name(kind.__name__, value)
        if kind in (dict, OrderedDict, types.MappingProxyType):
            return self._mapping(kind.__name__, value)
        if kind is defaultdict:
            return _hash("defaultdict", self.digest(value.default_factory), self._mapping("", value))
        if isinstance(value, type | types.FunctionType | types.BuiltinFunctionType):
            return self._by_place(value)
        if kind is functools.partial:
            return _hash("partial", *map(self.digest, (value.func, value.args, value.keywords)))
        if kind in _BY_REPR:
            return _hash(kind.__name__, repr(value).encode())
        if isinstance(value, pathlib.PurePath):
            return _hash("path", str(value).replace(self.root, "<root>").encode())
        if kind is re.Pattern:
            return _hash("pattern", self.digest(value.pattern), self.digest(value.flags))
        if isinstance(value, enum.Enum):
            return _hash("enum", self._by_place(kind), value.name.encode(), self.digest(value.value))
        return self._foreign(value, kind)

    def _mapping(self, name: str, value: Any) -> bytes:
        # In order: what iterates over it sees the order.
        return _hash(name, *(self.digest(each) for pair in value.items() for each in pair))

    def _by_name(self, name: str, value: Iterable[Any]) -> bytes:
        """What has no order numbers nothing: functions in it are told by their names."""
        if self.unordered is not None:
            return _hash(name, *sorted(map(self.digest, value)))
        self.unordered = set()
        try:
            return _hash(name, *sorted(map(self.digest, value)))
        finally:
            for each in sorted(self.unordered):
                self.reached.setdefault(each, len(self.reached))
            self.unordered = None

    def _by_place(self, value: Any) -> bytes:
        """A function or class by its place among those that are met, whose code the walk follows; within a
        set, which has no order, by its name."""
        module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", "<")
        if module is None or "<" in name:
            raise Unstable
        full = f"{module}:{name}"
        if self.unordered is not None:
            self.unordered.add(full)
            return _hash("named", full.encode())
        place = self.reached.setdefault(full, len(self.reached))
        return _hash("named", (full if self.by_name else str(place)).encode())

    def _foreign(self, value: Any, kind: type) -> bytes:
        package = kind.__module__.partition(".")[0]
        if package == "numpy":
            return self._array(value)
        if package == "polars":
            return self._polars(value)
        if package == "pandas":
            return self._pandas(value)
        return self._object(value, kind)

    def _array(self, value: Any) -> bytes:
        numpy = sys.modules["numpy"]
        if isinstance(value, numpy.dtype):
            return _hash("dtype", str(value).encode())
        if not isinstance(value, numpy.ndarray | numpy.generic):
            raise Unstable
        array = numpy.asarray(value)
        if array.dtype.hasobject:
            return _hash("objects", repr(array.shape).encode(), self.digest(array.tolist()))
        head = f"{type(value).__name__} {array.dtype.descr} {array.shape}".encode()
        return _hash("array", head, numpy.ascontiguousarray(array).tobytes())

    def _polars(self, value: Any) -> bytes:
        polars = sys.modules["polars"]
        if isinstance(value, polars.Series):
            return _hash("series", self._polars(value.to_frame()))
        if isinstance(value, polars.DataFrame):
            if any(dtype == polars.Object for dtype in value.dtypes):
                raise Unstable
            attributes = io.BytesIO()
            value.rechunk().write_ipc(attributes, compression="uncompressed")
            return _hash("frame", repr(value.schema).encode(), attributes.getbuffer())
        if isinstance(value, polars.Expr):
            return _hash("expr", value.meta.serialize(format="json").encode())
        if isinstance(value, polars.DataType | polars.Schema):
            return _hash("dtype", repr(value).encode())
        raise Unstable

    def _pandas(self, value: Any) -> bytes:
        pandas = sys.modules["pandas"]
        if isinstance(value, pandas.Series):
            return _hash("series", self._pandas(value.to_frame()))
        if not isinstance(value, pandas.DataFrame):
            raise Unstable
        try:
            rows = pandas.util.hash_pandas_object(value, index=True).to_numpy()
        except TypeError:
            raise Unstable from None
        head = self.digest([str(each) for each in (*value.columns, *value.dtypes)])
        return _hash("pandas", head, rows.tobytes())

    def _object(self, value: Any, kind: type) -> bytes:
        """An object that is its class and its attributes, whatever its class: no state behind them."""
        record = hasattr(kind, "__struct_fields__")
        if not record and (_overrides_reduce(kind) or any(map(_has_state_behind, kind.__mro__[:-1]))):
            raise Unstable
        if not (
            record or hasattr(value, "__dict__") or any("__slots__" in vars(base) for base in kind.__mro__)
        ):
            raise Unstable
        names: Iterable[str] = getattr(kind, "__struct_fields__", ())
        attributes = {name: getattr(value, name) for name in names}
        for base in kind.__mro__:
            slots = base.__dict__.get("__slots__", ())
            for name in (slots,) if isinstance(slots, str) else slots:
                if name not in ("__dict__", "__weakref__") and hasattr(value, name):
                    attributes.setdefault(name, getattr(value, name))
        attributes |= getattr(value, "__dict__", {})
        return _hash("object", self._by_place(kind), self._mapping("", attributes))


_HEAP_TYPE = 1 << 9  # Py_TPFLAGS_HEAPTYPE: declared in Python, or at least made at run time


def _has_state_behind(kind: type) -> bool:
    return not kind.__flags__ & _HEAP_TYPE


def _overrides_reduce(kind: type) -> bool:
    return any("__reduce__" in vars(base) for base in kind.__mro__ if base is not object)


_BY_REPR = frozenset(
    {
        dt.datetime, dt.date, dt.time, dt.timedelta, dt.timezone, zoneinfo.ZoneInfo, decimal.Decimal,
        fractions.Fraction, uuid.UUID, range, slice,
    }
)  # fmt: skip


def _hash(kind: str, *parts: bytes | memoryview) -> bytes:
    hasher = blake3(kind.encode())
    for part in parts:
        hasher.update(len(part).to_bytes(8, "big"))
        hasher.update(part)
    return hasher.digest(length=16)
