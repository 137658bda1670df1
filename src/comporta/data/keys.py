"""What names a row, and where it is placed: canonical text of keys, and the 64-bit placement hash."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from blake3 import blake3

from comporta.data.instants import instants
from comporta.data.siphash import HashWords, siphash
from comporta.data.types import cast_advice
from comporta.errors import BadData, BadProject
from comporta.records import DatasetSchema, Form, canonical, encode, spellings
from comporta.records.named_column import exact_column
from comporta.store import Keys, keyed_hash

PLACE = "__hash"
_WHOLE = (pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32)

_ESCAPED = {chr(code): f"\\u{code:04x}" for code in range(32)} | {
    "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\",
}  # fmt: skip


def key_text(values: Sequence[Any]) -> str:
    """The canonical text of one row's key: a JSON array in the order of the shape's key columns.

    >>> key_text(["EWR", 7])
    '["EWR",7]'
    """
    return encode([_utc(value) for value in values]).decode()


def row_key(frame: pl.DataFrame | pl.LazyFrame, key: Sequence[str]) -> pl.Expr:
    """An expression giving each row's `key_text`: text columns as JSON strings, times as ISO 8601 in UTC."""
    schema = frame.collect_schema()
    parts: list[pl.Expr] = []
    said = "["
    for at, name in enumerate(key):
        before, text, after = _json(name, schema[name])
        parts += [pl.lit(said + "," * (at > 0) + before), text]
        said = after
    return pl.concat_str(*parts, pl.lit(said + "]"))


def subject_texts(column: pl.Series, form: Form) -> pl.Series:
    """The canonical text of each row's subject, null where there is none."""
    if column.dtype.is_integer():
        return column.cast(pl.String)
    plain = _plain(column)
    distinct = plain.unique().drop_nulls()
    texts = pl.Series([canonical(text, form) for text in distinct.to_list()], dtype=pl.String)
    changed = distinct != texts
    if not changed.any():
        return plain
    return plain.replace(distinct.filter(changed), texts.filter(changed))


def subject_marks(column: pl.Series, keys: Keys, form: Form) -> pl.Series:
    """The keyed hash of each row's subject, null where there is none."""
    return _by_subject(column, keys, form)


def earlier_marks(column: pl.Series, keys: Keys, form: Form) -> pl.Series:
    """The hash under which an earlier Comporta placed each row's subject, which took the text as it stood;
    null where that is today's."""
    plain = _plain(column)
    distinct = plain.unique().drop_nulls().to_list()
    others = [text for text in distinct if canonical(text, form) != text]
    hashes = pl.Series([keyed_hash(keys.subject, text) for text in others], dtype=pl.UInt64)
    return plain.replace_strict(
        pl.Series(others, dtype=pl.String), hashes, default=None, return_dtype=pl.UInt64
    )


def require_subject(frame: pl.DataFrame, shape: DatasetSchema) -> None:
    """Raises BadProject when the subject's column is of a type that has no one text for a value."""
    if shape.subject is None:
        return
    column = frame[shape.subject]
    if column.null_count() < len(column):
        require_kind(f"{shape.name}.{shape.subject}", column.dtype)


def require_kind(name: str, dtype: pl.DataType) -> None:
    """Raises BadProject on a column of a type that cannot be a subject. name: the column's."""
    if dtype.is_integer() or isinstance(
        dtype, pl.String | pl.Categorical | pl.Enum | pl.Date | pl.Datetime | pl.Null
    ):
        return
    raise BadProject(
        f"{name}: found a subject of type {dtype}, expected whole numbers, text, dates or times. "
        + (
            "Whole numbers with missing values become floats in pandas: make them Int64 (pandas: "
            ".astype('Int64')) or text in the source."
            if dtype.is_float()
            else "It has no text: make it one of these in the source."
        )
    )


def _plain(column: pl.Series) -> pl.Series:
    """Each value as text, before it takes its canonical form."""
    column = column.alias("subject")  # no name that polars takes for a pattern
    if isinstance(column.dtype, pl.Datetime | pl.Date):
        text, after = _time(column.name, column.dtype)
        return column.to_frame().select(text + after if after else text).to_series()
    return column.cast(pl.String)


def with_placement(frame: pl.DataFrame, shape: DatasetSchema, keys: Keys) -> pl.DataFrame:
    """The frame with the column `__hash`: keyed hash of the subject, or of the key where there is none."""
    if shape.subject is None:
        return frame.with_columns(pl.Series(PLACE, key_hashes(frame, shape, keys), dtype=pl.UInt64))
    require_subject(frame, shape)
    hashes = _by_subject(frame[shape.subject], keys, shape.form).alias(PLACE)
    out = frame.with_columns(hashes)
    if hashes.null_count():
        bare = out.filter(pl.col(PLACE).is_null())
        by_key = pl.Series(key_hashes(bare, shape, keys), dtype=pl.UInt64)
        out = out.with_columns(hashes.scatter(hashes.is_null().arg_true(), by_key))
    return out


def subject_hash(subject: str | int, keys: Keys, form: Form = "exact") -> int:
    """Where a subject's rows are placed."""
    return keyed_hash(keys.subject, canonical(subject, form))


def subject_hashes(subject: str | int, keys: Keys, form: Form = "exact") -> tuple[int, ...]:
    """Where a subject's rows may lie: where they are placed, and where an earlier Comporta placed them."""
    return tuple(keyed_hash(keys.subject, text) for text in spellings(subject, form))


def key_hash(id: str, keys: Keys) -> int:
    """What stands for an id that went with its subject."""
    return keyed_hash(keys.subject, f"id {id}")


def _by_subject(column: pl.Series, keys: Keys, form: Form) -> pl.Series:
    """The hash of each row's subject, null where there is none.

    Distinct values first: a text and a hash for each subject, not for each row.
    """
    whole = column.dtype in _WHOLE and not column.null_count()
    low, high = (column.min(), column.max()) if whole else (None, None)
    if isinstance(low, int) and isinstance(high, int) and high - low < len(column):
        # Numbers that lie close: a look-up by place costs a tenth of a join.
        places = column.to_numpy().astype(np.int64) - low
        there = np.zeros(high - low + 1, dtype=bool)
        there[places] = True
        hashed = np.zeros(len(there), dtype=np.uint64)
        near = pl.Series("subject", np.flatnonzero(there) + low)
        hashed[there] = _subject_hashes(near, keys, form).to_numpy()
        return pl.Series(hashed[places])
    distinct = column.alias("subject").unique().drop_nulls()
    known = pl.DataFrame([distinct, _subject_hashes(distinct, keys, form).alias(PLACE)])
    return column.to_frame("subject").join(known, on="subject", how="left", maintain_order="left")[PLACE]


def _subject_hashes(distinct: pl.Series, keys: Keys, form: Form) -> pl.Series:
    key = keys.subject
    texts = _plain(distinct).to_list()
    if not distinct.dtype.is_integer():
        texts = [canonical(text, form) for text in texts]
    joined = b"".join([blake3(text.encode(), key=key).digest(length=8) for text in texts])
    return pl.Series(np.frombuffer(joined, dtype=">u8").astype(np.uint64), dtype=pl.UInt64)


def key_hashes(frame: pl.DataFrame, shape: DatasetSchema, keys: Keys) -> HashWords:
    """Keyed SipHash of each row's key: of the integers themselves where all are, else of its text.

    Raises BadData when a key column is missing, BadProject when its type cannot name a row.
    """
    secret = blake3(b"placement by key", key=keys.subject).digest(length=16)
    columns = [frame[name] for name in shape.key]
    if all(column.dtype.is_integer() and column.dtype not in (pl.Int128, pl.UInt128) for column in columns):
        blocks = [column.to_numpy().astype(np.int64).view(np.uint64) for column in columns]
        return siphash(secret, blocks, np.full(len(frame), 8 * len(blocks), dtype=np.uint64))
    return siphash(secret, *_words(frame.select(text=row_key(frame, shape.key))["text"]))


def _words(text: pl.Series) -> tuple[list[HashWords], HashWords]:
    """UTF-8 text as little-endian 8-byte words, padded with zeros, and its lengths in bytes."""
    lengths = text.str.len_bytes().cast(pl.UInt64).to_numpy()
    longest = int(lengths.max()) if len(lengths) else 0
    words = -(-longest // 8)
    if words and int(text.str.len_chars().sum()) == int(lengths.sum()):
        # A byte a character: texts made equally long are read as they lie, at half the cost.
        padded = text.str.pad_end(8 * words, "\0").cast(pl.Binary)
        whole = padded.bin.reinterpret(dtype=pl.Array(pl.UInt64, words), endianness="little").to_numpy()
        return [np.ascontiguousarray(whole[:, at]) for at in range(words)], lengths
    padded = (text + "\0" * 7).cast(pl.Binary)
    blocks = [
        padded.bin.slice(at, 8).to_frame("w").select(
            pl.when(pl.col("w").bin.size() == 8).then(pl.col("w")).otherwise(pl.lit(b"\0" * 8))
        )["w"].bin.reinterpret(dtype=pl.UInt64, endianness="little").to_numpy()
        for at in range(0, longest, 8)
    ]  # fmt: skip
    return blocks, lengths


def require_key(frame: pl.DataFrame, shape: DatasetSchema) -> None:
    """Raises BadData when a row has no value in a key column."""
    for name in shape.key:
        missing = frame[name].null_count()
        if missing:
            error = BadData(
                f"{shape.name}.{name}: found {missing} rows without a value, expected one in every row: it "
                f"is part of the key. Fix the source, or choose another key. The first of them:\n"
                f"{frame.filter(exact_column(name).is_null()).drop(PLACE, strict=False).head(3)}"
            )
            error.reason = f"{shape.name}.{name}: {missing} rows without a value in a key column"
            raise error


def _json(name: str, dtype: pl.DataType) -> tuple[str, pl.Expr, str]:
    """What is said before the text of a value, the text, and what after: every piece costs a pass."""
    column = exact_column(name)
    if dtype.is_integer():
        return "", column.cast(pl.String), ""
    if dtype == pl.Boolean:
        return "", pl.when(column).then(pl.lit("true")).otherwise(pl.lit("false")), ""
    if isinstance(dtype, pl.Datetime | pl.Date):
        text, after = _time(name, dtype)
        return '"', text, after + '"'
    if isinstance(dtype, pl.String | pl.Categorical | pl.Enum):
        text = column.cast(pl.String).str.replace_many(list(_ESCAPED), list(_ESCAPED.values()))
        return '"', text, '"'
    raise BadProject(
        f"{name}: found {dtype} in a key, expected whole numbers, text, booleans, dates or times. "
        f"{cast_advice(name, 'String')}"
    )


def _time(name: str, dtype: pl.DataType) -> tuple[pl.Expr, str]:
    """As msgspec writes it, and what comes after: `2013-01-01T05:00:00.000250`, then `Z`."""
    column = exact_column(name)
    if not isinstance(dtype, pl.Datetime):
        return column.dt.to_string("%Y-%m-%d"), ""
    if dtype.time_zone is not None:
        column = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    return column.map_batches(instants, return_dtype=pl.String, is_elementwise=True), "Z"


def _utc(value: Any) -> Any:
    from datetime import UTC, datetime

    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return value
