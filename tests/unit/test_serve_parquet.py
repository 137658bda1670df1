"""Parquet on MLflow's `/invocations`: what JSON would say, and nothing that takes more than it shows."""

from __future__ import annotations

import io
import json
import tracemalloc
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.test_serve_requests import ROW, WORDS, run

from comporta.errors import BadRequest
from comporta.records import Field, Signature
from comporta.serve.parquet_body import read_invocation_parquet
from comporta.serve.parquet_footer import ParquetLimits, read_footer
from comporta.serve.schema import RequestSchema

FIELDS = (*WORDS, Field(name="x", type="Float64"))
SCHEMA = RequestSchema(
    Signature(raw=FIELDS, features=FIELDS, output="label", task="regression", label="Float64")
)
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
FRAME = pd.DataFrame({
    "minutes": [5, 2**53 + 1, 7], "carrier": ["AA", None, "né"], "night": [True, None, False],
    "at": pd.to_datetime([NOON, NOON + timedelta(microseconds=1), None], utc=True),
    "day": [date(2026, 1, 31), None, date(1, 1, 1)], "x": [1.5, np.nan, -0.25],
})  # fmt: skip
SIZE = 2**24


def written(frame: Any, **how: Any) -> bytes:
    buffer = io.BytesIO()
    if isinstance(frame, pl.DataFrame):
        frame.write_parquet(buffer, **how)
    elif isinstance(frame, pd.DataFrame):
        frame.to_parquet(buffer, **how)
    else:
        pq.write_table(frame if isinstance(frame, pa.Table) else pa.table(frame), buffer, **how)
    return buffer.getvalue()


def read(body: bytes, *, rows: int = 10_000, size: int = SIZE) -> pl.DataFrame:
    """As the request path has them. Raises BadRequest."""
    found = read_invocation_parquet(body, SCHEMA, rows, size)
    assert found.columns is not None
    return SCHEMA.frame(SCHEMA.check_columns(found.columns, found.n))


def refusal(body: bytes, **limits: int) -> BadRequest:
    with pytest.raises(BadRequest) as caught:
        read(body, **limits)
    return caught.value


def invoked(body: Any, kind: str = "application/x-parquet", model: str = "words") -> tuple[int, Any, Any]:
    answers, sink = run([(("POST", "/invocations", body), {"kind": kind})], model)
    status, _, said = answers[0]
    return status, json.loads(said), sink


WAYS = [
    *({"compression": each} for each in ("snappy", "gzip", "brotli", "zstd", "lz4", None)),
    {"data_page_version": "2.0"}, {"row_group_size": 1}, {"use_dictionary": False},
    {"coerce_timestamps": "ms", "allow_truncated_timestamps": True},
    {"use_byte_stream_split": ["x"], "use_dictionary": False},
]  # fmt: skip


@pytest.mark.parametrize("how", WAYS, ids=str)
def test_what_pandas_writes_is_read_as_it_stands(how: dict[str, Any]) -> None:
    found = read(written(FRAME, **how))
    later = NOON if "coerce_timestamps" in how else NOON + timedelta(microseconds=1)
    assert found.rows() == [
        (5, "AA", True, NOON, date(2026, 1, 31), 1.5),
        (2**53 + 1, None, None, later, None, None),
        (7, "né", False, None, date(1, 1, 1), -0.25),
    ]


@pytest.mark.parametrize("how", ["zstd", "lz4", "snappy", "uncompressed"])
def test_what_polars_writes_is_read_alike_categories_too(how: str) -> None:
    frame = pl.from_pandas(FRAME).with_columns(pl.col("carrier").cast(pl.Categorical))
    assert read(written(frame, compression=how)).equals(read(written(FRAME)))


@pytest.mark.parametrize("kind", ["application/x-parquet", "application/vnd.apache.parquet"])
def test_an_answer_is_that_of_json(kind: str) -> None:
    rows = [{**ROW, "minutes": number, "__unit": f"u{number}"} for number in range(3)]
    frame = pl.DataFrame(rows).with_columns(
        pl.col("at").str.to_datetime(time_zone="UTC"), pl.col("day").str.to_date()
    )
    status, said, sink = invoked(written(frame), kind)
    assert status == 200, said
    _, wanted, other = invoked({"dataframe_records": rows}, "application/json")
    assert said["predictions"] == wanted["predictions"]
    assert [each.inputs for each in sink.observations] == [each.inputs for each in other.observations]
    assert [each.unit for each in sink.observations] == ["u0", "u1", "u2"]


def test_the_index_of_pandas_is_left_out() -> None:
    assert read(written(FRAME.set_index(np.array([3, 1, 2])))).equals(read(written(FRAME)))
    twice = FRAME.set_index([np.array([3, 1, 2]), np.array([0, 0, 0])])
    assert read(written(twice)).equals(read(written(FRAME)))


@pytest.mark.parametrize(("column", "value", "words"), [
    ("minutes", 1.5, "column 'minutes', row 0: found a fraction, expected whole numbers from"),
    ("minutes", "5", "column 'minutes', row 0: found text"),
    ("minutes", None, "column 'minutes', row 0: found a missing value"),
    ("carrier", 5, "column 'carrier', row 0: found a number, expected text"),
    ("x", float("inf"), "column 'x', row 0: found a number that is not finite"),
    ("x", Decimal("1.5"), "column 'x': found decimals or bytes of a fixed length"),
    ("x", [1.0], "column 'x': found a nested column"),
    ("x", {"y": 1.0}, "column 'x': found a nested column"),
    ("carrier", b"AA", "column 'carrier': found Parquet's Binary, expected numbers, text"),
    ("day", NOON, "column 'day', row 0: found a time of the day"),
    ("at", datetime(2026, 1, 31), "column 'at', row 0: found a time without a time zone"),
    ("at", pd.Timestamp("2026-01-31T12:00:00.000000001Z"), "column 'at', row 0: found a time finer than"),
    ("y", 1.0, "columns: found 'y', which it does not take; expected the 6 columns"),
])  # fmt: skip
def test_what_does_not_fit_is_told_as_of_json(column: str, value: Any, words: str) -> None:
    columns = {name: FRAME[name][:1].tolist() for name in FRAME} | {"at": [NOON], column: [value]}
    columns = {name: pa.array(pd.Series(each)) for name, each in columns.items()}
    error = refusal(written(columns))
    assert words in str(error)
    assert error.status == 400


def test_times_beyond_those_of_python_are_refused_by_row() -> None:
    for unit, type in (("s", pa.timestamp("ms", "UTC")), ("D", pa.date32())):
        name = "at" if unit == "s" else "day"
        column = pa.array([0, 10**7 * (86_400_000 if unit == "s" else 1)], type)
        table = pa.table({**{each: FRAME[each][:2] for each in FRAME if each != name}, name: column})
        assert f"column {name!r}, row 1: found text that is no" in str(refusal(written(table)))


def dictionary(text: str, rows: int) -> pa.Table:
    return pa.table({"carrier": pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int32)), [text])})


def bombs() -> dict[str, bytes]:
    """Few bytes, each of which stands for very much."""
    plain = {"use_dictionary": False}
    prefixes = {**plain, "column_encoding": {"carrier": "DELTA_BYTE_ARRAY"}}
    return {
        "rows": written(pa.table({"x": pa.nulls(10**7, pa.float64())}), compression="zstd"),
        "texts": written(dictionary("a" * (2**20 - 1), 10_000), compression="zstd"),
        "text": written({"carrier": ["a" * (2**20 + 1)]}, compression="zstd"),
        "pages": written({"x": np.zeros(9000), "y": np.zeros(9000)}, compression="zstd", **plain),
        "row groups": written({"x": np.zeros(9000), "y": np.zeros(9000)}, row_group_size=1),
        "columns": written({f"x{number}": [1.0] for number in range(100)}),
        "nested": written({"x": [[0.0] * 10**6]}, compression="zstd"),
        "prefixes": written({"carrier": ["a" * 10**6] * 10}, compression="zstd", **prefixes),
    }  # fmt: skip


def test_a_bomb_is_refused_by_its_metadata_before_anything_is_unpacked(monkeypatch: Any) -> None:
    real = pl.read_parquet
    unpacked = []

    def noted(*args: Any, **named: Any) -> pl.DataFrame:
        unpacked.append(named)
        return real(*args, **named)

    monkeypatch.setattr(pl, "read_parquet", noted)
    sizes = {"pages": 100_000}
    found = {name: refusal(body, size=sizes.get(name, SIZE)) for name, body in bombs().items()}
    assert {name: each.status for name, each in found.items()} == {
        "rows": 413, "texts": 413, "text": 413, "pages": 413, "row groups": 413, "columns": 413,
        "nested": 400, "prefixes": 400,
    }  # fmt: skip
    assert len(unpacked) == 2, "texts are counted where each stands once"
    assert "found 10000000 rows, expected at most 10000" in str(found["rows"])
    assert "expected at most 100000 bytes of Parquet pages" in str(found["pages"])
    assert "row groups" in str(found["row groups"])


def varint(number: int) -> bytes:
    return bytes([number]) if number < 128 else bytes([number & 127 | 128]) + varint(number >> 7)


def footed(pages: bytes, footer: bytes) -> bytes:
    return pages + footer + len(footer).to_bytes(4, "little") + b"PAR1"


def with_hidden_footer() -> bytes:
    """Whose version is a text, by its bytes: who reads a number there finds in the text the footer of another
    file, of a million rows."""
    other = written(pa.table({"x": pa.nulls(10**6, pa.float64())}), compression="zstd")
    begin = len(other) - 8 - int.from_bytes(other[-8:-4], "little")
    hidden = other[begin + 2 : -8]  # less its version
    column = b"\x15\x0a\x25\x02\x18\x01x\0"  # double, optional, "x"
    shown = b"\x19\x2c" + b"\x48\x01s\x15\x02\0" + column + b"\x16\0" + b"\x19\x0c" + b"\0"
    return footed(other[:begin], b"\x18" + varint(len(hidden)) + hidden + shown)


def with_page_head(*fields: bytes) -> bytes:
    """A file of one row, whose page has other fields in its head."""
    head = b"\x15\0\x15\0\x15\0" + b"".join(fields) + b"\0"
    at, size = 4, len(head)
    column = b"\x15\x0a\x19\x05\x19\x18\x01x\x15\0\x16\x02\x16\x02"
    column += b"\x16" + varint(2 * size) + b"\x26" + varint(2 * at) + b"\0"
    group = b"\x19\x1c\x26\0\x1c" + column + b"\0" + b"\x16\x02\x16\x02" + b"\0"
    schema = b"\x29\x2c" + b"\x48\x01s\x15\x02\0" + b"\x15\x0a\x25\x02\x18\x01x\0"
    return footed(b"PAR1" + head, schema + b"\x16\x02" + b"\x19\x1c" + group + b"\0")


PAGE = b"\x2c\x15\x02\x15\0\x15\x06\x15\x06\0"  # one value, plain


def test_a_field_of_another_kind_does_not_hide_metadata_from_the_reader(monkeypatch: Any) -> None:
    monkeypatch.setattr(pl, "read_parquet", lambda *args, **named: pytest.fail("it was decoded"))
    with pytest.raises(pytest.fail.Exception):
        read(with_page_head(PAGE))
    for body in (
        with_hidden_footer(),
        with_page_head(b"\x18\x03abc", b"\x1c" + PAGE[1:]),  # its checksum is a text
        with_page_head(b"\x05\x88\x80\x08\x02", b"\x0c\x0a" + PAGE[1:]),  # field 65540: in 16 bits 4
        with_page_head(b"\x15\x80\x80\x80\x80\x20", b"\x1c" + PAGE[1:]),  # its checksum is of 34 bits
    ):
        assert "not whole as Parquet" in str(refusal(body))


def test_the_head_of_a_page_is_a_few_values_however_many_fit_into_a_body() -> None:
    empty = b"\x09\x28\xfc" + varint(100_000) + bytes(100_000)  # a list of structures
    tracemalloc.start()
    try:
        assert "not whole as Parquet" in str(refusal(with_page_head(PAGE, empty)))
        assert tracemalloc.get_traced_memory()[1] < 2 * 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "body", [b"", b"PAR1", b"PAR1" * 3, b"PAR1" + b"\xff" * 99 + b"PAR1", b"{}", b"PK\3\4" * 9]
)
def test_what_is_no_parquet_is_one_sentence(body: bytes) -> None:
    status, said, _ = invoked(body)
    assert status == 400
    assert said == {
        "error_code": "BAD_REQUEST",
        "message": "the body is not whole as Parquet, which its content type says it is.",
    }


def test_notes_of_the_writer_are_not_handed_on() -> None:
    """Types that only one library knows, which a decoder could take for objects, stand in them."""
    body = written(FRAME)
    assert b"ARROW:schema" in body and b"pandas" in body
    kept = read_footer(body, ParquetLimits(rows=10, columns=10, size=SIZE)).body
    assert b"ARROW:schema" not in kept and b"pandas" not in kept
    assert pq.read_table(io.BytesIO(kept)).num_rows == 3, "another reader reads it too"


LONG = pd.concat([FRAME] * 20, ignore_index=True)
WHOLE = [written(LONG), written(LONG, compression=None), written(LONG, data_page_version="2.0"),
         written(pl.from_pandas(LONG), compression="uncompressed")]  # fmt: skip


def broken(data: st.DataObject) -> bytes:
    """A file in which a few bytes are others, most of them in its metadata."""
    body = bytearray(data.draw(st.sampled_from(WHOLE)))
    footer = len(body) - 8 - int.from_bytes(body[-8:-4], "little")
    for _ in range(data.draw(st.integers(1, 3))):
        first = data.draw(st.sampled_from([4, footer]))
        at = data.draw(st.integers(first, len(body) - 1))
        cut = data.draw(st.sampled_from([1, 1, 0, 5]))
        body[at : at + cut] = data.draw(st.binary(max_size=5) | st.just(b"\xfe\xff\xff\xff\x0f"))
    return bytes(body)


def answered_or_refused(body: bytes) -> None:
    try:
        read(body)
    except BadRequest as error:
        assert error.status in (400, 413)


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_a_damaged_file_is_a_4xx(data: st.DataObject) -> None:
    answered_or_refused(broken(data))


@pytest.mark.soak
@settings(max_examples=5_000, deadline=None)
@given(st.data())
def test_a_damaged_file_is_a_4xx_however_it_is_damaged(data: st.DataObject) -> None:
    answered_or_refused(broken(data))


def test_a_file_that_is_cut_off_anywhere_is_refused() -> None:
    body = WHOLE[0]
    for size in range(0, len(body), 97):
        assert refusal(body[:size]).status == 400
