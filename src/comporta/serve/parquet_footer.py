"""What a Parquet body would become, told by its metadata before anything is unpacked.

A few bytes of it may stand for a billion rows: so the footer and the head of each page are read first, as
https://github.com/apache/parquet-format has them, and what would take too much, or is of a form by which a
decoder makes more than its pages say, is refused.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from comporta.errors import BadRequest
from comporta.serve.columns import quote
from comporta.serve.parquet_forms import FILE, PAGE
from comporta.serve.request_rows import too_many_rows
from comporta.serve.thrift_compact import BrokenThrift, ThriftReader, ThriftStruct

_MAGIC = b"PAR1"
_FOOTER_BYTES = 2**20
_PAGES = 20_000
_PAGE_VALUES = 64
"""In the head of a page, which has about twenty."""
_FLAT_TYPES = frozenset(range(7))
"""Booleans, numbers, times and texts. Bytes of a fixed length are not among them: repeated by a dictionary,
each row's are copied."""
_REPEATED = 2
_DATA, _DICTIONARY, _DATA_V2 = 0, 2, 3
_PLAIN, _PLAIN_DICTIONARY, _RLE, _RLE_DICTIONARY, _SPLIT = 0, 2, 3, 8, 9
_ENCODINGS = frozenset({_PLAIN, _PLAIN_DICTIONARY, _RLE, _RLE_DICTIONARY, _SPLIT})
"""Those by which a page holds no more values than its head says, and none that is longer than the page. By
prefixes (DELTA_BYTE_ARRAY) each of ten thousand may be."""


class ParquetLimits(msgspec.Struct, frozen=True):
    """rows, columns: of the body. size: bytes of all its pages, unpacked."""

    rows: int
    columns: int
    size: int


class ParquetFooter(NamedTuple):
    """names: of the columns. body: the same file, whose footer tells no more than its columns and row groups:
    neither types that only one library knows nor notes of the writer."""

    names: list[str]
    body: bytes


class _Leaf(NamedTuple):
    name: bytes
    type: int


def read_footer(body: bytes, limits: ParquetLimits) -> ParquetFooter:
    """What the metadata says. Raises BadRequest: 400 where it is damaged or of a form that is not read, 413
    where it is too much."""
    try:
        return _read(body, limits)
    except BrokenThrift:
        raise broken_file() from None


def broken_file() -> BadRequest:
    """A body that is no Parquet file, or not a whole one."""
    return BadRequest("the body is not whole as Parquet, which its content type says it is.")


def _read(body: bytes, limits: ParquetLimits) -> ParquetFooter:
    if len(body) < 12 or body[:4] != _MAGIC or body[-4:] != _MAGIC:
        raise broken_file()
    size = int.from_bytes(body[-8:-4], "little")
    begin = len(body) - 8 - size
    if begin < 4:
        raise broken_file()
    if size > _FOOTER_BYTES:
        raise BadRequest(
            f"the body: found {size} bytes of Parquet metadata, expected at most {_FOOTER_BYTES}. Write it "
            "in fewer row groups.", 413,
        )  # fmt: skip
    reader, found, until = ThriftReader(body, begin, len(body) - 8, _FOOTER_BYTES), ThriftStruct(), begin
    last = 0
    for id, value in reader.fields(FILE):
        if id <= last:  # else what is cut off below could hold it again
            raise BrokenThrift
        last = id
        if id <= 4:
            found[id], until = value, reader.at
    leaves = _leaves(_list_of(found, 2), limits)
    rows = _whole(found, 3)
    if rows > limits.rows:
        raise too_many_rows(rows, limits.rows)
    groups = _list_of(found, 4)
    if sum(_whole(group, 3) for group in groups) != rows:
        raise BrokenThrift
    _Pages(body, begin, limits).check(groups, leaves)
    footer = body[begin:until] + b"\0"
    whole = b"".join((body[:begin], footer, len(footer).to_bytes(4, "little"), _MAGIC))
    return ParquetFooter([_text(leaf.name) for leaf in leaves], whole)


def _leaves(elements: list[Any], limits: ParquetLimits) -> list[_Leaf]:
    """The columns, which have no others below them."""
    if not elements or _whole(elements[0], 5) != len(elements) - 1:
        nested = [each for each in elements[1:] if isinstance(each, dict) and each.get(5)]
        if nested:
            raise _form(_text(_bytes(nested[0], 4)), "a nested column")
        raise BrokenThrift
    if len(elements) - 1 > limits.columns:
        raise BadRequest(
            f"columns: found {len(elements) - 1}, expected at most {limits.columns}: those of the model, and "
            "whom a row is about.", 413,
        )  # fmt: skip
    leaves = []
    for each in elements[1:]:
        name = _bytes(each, 4)
        if each.get(5) or each.get(3) == _REPEATED:
            raise _form(_text(name), "a nested column")
        kind = _whole(each, 1)
        if kind not in _FLAT_TYPES:
            raise _form(_text(name), "decimals or bytes of a fixed length")
        leaves.append(_Leaf(name, kind))
    if len({leaf.name for leaf in leaves}) != len(leaves):
        raise BadRequest("columns: found one name twice, expected each column once.")
    return leaves


class _Pages:
    """The pages of all columns, counted. end: where the footer begins."""

    def __init__(self, body: bytes, end: int, limits: ParquetLimits) -> None:
        self._body, self._end, self._limits = body, end, limits
        self._size = self._count = 0

    def check(self, groups: list[Any], leaves: list[_Leaf]) -> None:
        """Raises BadRequest, BrokenThrift."""
        for group in groups:
            chunks = _list_of(group, 1)
            if len(chunks) != len(leaves):
                raise BrokenThrift
            for chunk, leaf in zip(chunks, leaves, strict=True):
                if 1 in chunk:
                    raise _form(_text(leaf.name), "a column in another file")
                about = chunk.get(3)
                if not isinstance(about, dict) or about.get(3) != [leaf.name] or about.get(1) != leaf.type:
                    raise BrokenThrift
                self._check_chunk(about, leaf, _whole(group, 3))

    def _check_chunk(self, about: ThriftStruct, leaf: _Leaf, rows: int) -> None:
        at = _whole(about, 11 if 11 in about else 9)
        end = at + _whole(about, 7)
        if at < len(_MAGIC) or end > self._end or _whole(about, 5) != rows:
            raise BrokenThrift
        values = 0
        while at < end:
            reader = ThriftReader(self._body, at, end, _PAGE_VALUES)
            page = dict(reader.fields(PAGE))
            values += self._check_page(page, leaf)
            at = reader.at + _whole(page, 3)
        if at != end or values != rows:
            raise BrokenThrift

    def _check_page(self, page: ThriftStruct, leaf: _Leaf) -> int:
        """How many values of the column it has."""
        self._count += 1
        self._size += _whole(page, 2)
        if self._size > self._limits.size:
            raise BadRequest(
                f"the body: expected at most {self._limits.size} bytes of Parquet pages, unpacked. Send the "
                "rows in parts.", 413,
            )  # fmt: skip
        if self._count > _PAGES:
            raise BadRequest(
                f"the body: found more than {_PAGES} Parquet pages. Write it in fewer row groups.", 413
            )
        kind = _whole(page, 1)
        place, encoding = {_DATA: (5, 2), _DICTIONARY: (7, 2), _DATA_V2: (8, 4)}.get(kind, (0, 0))
        about = page.get(place)
        if not isinstance(about, dict):
            raise BrokenThrift
        values = _whole(about, 1)
        if values > self._limits.rows:
            raise too_many_rows(values, self._limits.rows)
        if _whole(about, encoding) not in _ENCODINGS or (kind == _DATA and _whole(about, 3) != _RLE):
            raise _form(_text(leaf.name), "an encoding that is not read")
        return 0 if kind == _DICTIONARY else values


def _form(column: str, found: str) -> BadRequest:
    return BadRequest(
        f"column {quote(column)}: found {found}, expected one value a row: numbers, text, booleans, dates or "
        "times, as pandas, pyarrow and polars write them by default."
    )


def _whole(struct: Any, id: int) -> int:
    value = struct.get(id) if isinstance(struct, dict) else None
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise BrokenThrift
    return value


def _bytes(struct: Any, id: int) -> bytes:
    value = struct.get(id) if isinstance(struct, dict) else None
    if not isinstance(value, bytes):
        raise BrokenThrift
    return value


def _list_of(struct: Any, id: int) -> list[Any]:
    """A list of structures."""
    value = struct.get(id) if isinstance(struct, dict) else None
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise BrokenThrift
    return value


def _text(name: bytes) -> str:
    try:
        return name.decode()
    except UnicodeDecodeError:
        raise BrokenThrift from None
