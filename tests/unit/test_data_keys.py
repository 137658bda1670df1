"""Canonical keys and keyed placement, against the encoder and against published vectors."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from comporta.data import key_text, row_key
from comporta.data.fragment_order import by_place
from comporta.data.instants import instants
from comporta.data.keys import PLACE, subject_hash, with_placement
from comporta.data.siphash import siphash
from comporta.records import DatasetSchema
from comporta.store import derive, keyed_hash

KEYS = derive(b"k" * 32)
keys = st.fixed_dictionaries(
    {
        "text": st.text(st.characters(exclude_categories=["Cs"])),
        "number": st.integers(-(2**63), 2**63 - 1),
        "flag": st.booleans(),
        "day": st.dates(date(1900, 1, 1), date(2200, 1, 1)),
        "time": st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)).map(lambda t: t.replace(tzinfo=UTC)),
    }
)


@given(st.lists(keys, min_size=1, max_size=8))
def test_the_key_of_a_frame_is_the_canonical_json_of_each_row(rows: list[dict[str, Any]]) -> None:
    frame = pl.DataFrame(rows, schema_overrides={"time": pl.Datetime("us", "UTC")})
    for names in (list(frame.columns), ["text"], ["time", "number"]):
        expected = [key_text([row[name] for name in names]) for row in rows]
        assert frame.select(row_key(frame, names)).to_series().to_list() == expected
        assert frame.lazy().select(row_key(frame.lazy(), names)).collect().to_series().to_list() == expected


def test_nanoseconds_and_zones_are_written_as_utc() -> None:
    at = datetime(2026, 7, 1, 12, 0, 0, 250, tzinfo=UTC)
    frame = pl.DataFrame({"t": [at]}).with_columns(
        pl.col("t").dt.convert_time_zone("Asia/Kolkata").alias("k"),
        pl.col("t").dt.cast_time_unit("ns").alias("n"),
    )
    for name in ("t", "k", "n"):
        assert (
            frame.select(row_key(frame, [name])).item() == key_text([at]) == '["2026-07-01T12:00:00.000250Z"]'
        )


PER_SECOND = {"ms": 10**3, "us": 10**6, "ns": 10**9}
FAR = {"ms": 2**38, "us": 2**38, "ns": 2**33}  # in seconds: year 10,680; what nanoseconds hold


@st.composite
def columns(draw: st.DrawFn) -> pl.Series:
    """Times from years that have four digits and from others, with and without fractions, close and far."""
    unit: Any = draw(st.sampled_from(["ms", "us", "ns"]))
    second, far = PER_SECOND[unit], draw(st.sampled_from([100, 10**6, 2**33, FAR[unit]]))
    zeros = draw(st.sampled_from([1, 10**3, 10**6, second]))
    seconds, fractions = st.integers(-far, far), st.integers(0, second - 1).map(lambda f: f // zeros * zeros)
    ticks = st.builds(lambda one, two: one * second + two, seconds, fractions)
    return pl.Series(draw(st.lists(st.none() | ticks, max_size=8)), dtype=pl.Int64).cast(pl.Datetime(unit))


@settings(deadline=None)
@given(columns())
def test_many_times_are_written_as_polars_writes_one(times: pl.Series) -> None:
    nano = times.dtype == pl.Datetime("ns")
    said = times.dt.to_string(f"%Y-%m-%dT%H:%M:%S{'%.9f' if nano else '%.6f'}")
    if nano:
        said = said.str.replace(r"(\.\d{6})000$", "$1")
    assert instants(times).equals(said.str.strip_suffix(".000000"), null_equal=True)


def one(message: bytes) -> int:
    padded = message + b"\0" * 8
    blocks = [
        np.array([int.from_bytes(padded[at : at + 8], "little")], dtype=np.uint64)
        for at in range(0, len(message), 8)
    ]
    return int(siphash(bytes(range(16)), blocks, np.array([len(message)], dtype=np.uint64))[0])


def test_siphash_gives_the_published_vectors() -> None:
    # Aumasson and Bernstein, appendix A; and vectors.h of the reference implementation, lengths 0, 1, 8, 63.
    assert one(bytes(range(15))) == 0xA129CA6149BE45E5
    assert one(b"") == 0x726FDB47DD0E0E31
    assert one(bytes(range(1))) == 0x74F839C593DC67FD
    assert one(bytes(range(8))) == 0x93F5F5799A932462
    assert one(bytes(range(63))) == 0x958A324CEB064572


@settings(deadline=None)
@given(st.lists(st.text(max_size=40), min_size=1, max_size=20))
def test_placement_by_key_hashes_each_text_as_if_alone(texts: list[str]) -> None:
    shape = DatasetSchema(name="d", key=("id",))
    together = with_placement(pl.DataFrame({"id": texts}), shape, KEYS)[PLACE].to_list()
    assert together == [
        with_placement(pl.DataFrame({"id": [text]}), shape, KEYS)[PLACE].item() for text in texts
    ]


def test_a_subject_is_placed_by_its_keyed_hash_and_rows_without_one_by_key() -> None:
    frame = pl.DataFrame({"id": [1, 2, 3, 4], "who": ["ann", None, "ann", None]})
    by_subject = with_placement(frame, DatasetSchema(name="d", key=("id",), subject="who"), KEYS)[
        PLACE
    ].to_list()
    by_key = with_placement(frame, DatasetSchema(name="d", key=("id",)), KEYS)[PLACE].to_list()
    ann = keyed_hash(KEYS.subject, "ann")
    assert by_subject == [ann, by_key[1], ann, by_key[3]] and subject_hash("ann", KEYS) == ann
    numbers = frame.with_columns(who=pl.col("id"))
    assert with_placement(numbers, DatasetSchema(name="d", key=("id",), subject="who"), KEYS)[PLACE][
        0
    ] == subject_hash("1", KEYS)


WHOLE = {pl.Int8: 127, pl.UInt8: 127, pl.Int32: 2**31 - 1, pl.Int64: 2**63 - 1, pl.UInt64: 2**63 - 1}


@st.composite
def subjects(draw: st.DrawFn) -> pl.Series:
    """Whole numbers of many types, close to each other or far, at the ends of what their type holds too."""
    dtype: Any = draw(st.sampled_from(list(WHOLE)))
    most = WHOLE[dtype]
    least = -most - 1 if dtype.is_signed_integer() else 0
    start = draw(st.sampled_from([least, 0, most - 5, draw(st.integers(least, most - 5))]))
    close = st.integers(start, start + 5)
    numbers = draw(
        st.lists(draw(st.sampled_from([close, close | st.integers(least, most), close | st.none()])))
    )
    return pl.Series(numbers, dtype=dtype)


@settings(deadline=None)
@given(subjects())
def test_numbers_as_subjects_are_placed_each_as_if_alone(who: pl.Series) -> None:
    frame = pl.DataFrame({"id": range(len(who)), "who": who}, schema_overrides={"id": pl.Int64})
    got = with_placement(frame, DatasetSchema(name="d", key=("id",), subject="who"), KEYS)[PLACE].to_list()
    by_key = with_placement(frame, DatasetSchema(name="d", key=("id",)), KEYS)[PLACE].to_list()
    assert got == [
        by_key[row] if one is None else subject_hash(str(one), KEYS) for row, one in enumerate(who.to_list())
    ]


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 3) | st.integers(0, 2**64 - 1), st.integers(-(2**63), 2**63 - 1))),
    st.sampled_from([0, 40, 62]),
    st.sampled_from([pl.Int64, pl.Datetime("us"), pl.String]),
    st.booleans(),
)
def test_rows_lie_by_hash_and_then_by_key(
    rows: list[tuple[int, int]], less: int, dtype: Any, two: bool
) -> None:
    frame = pl.DataFrame(rows, schema={PLACE: pl.UInt64, "id": pl.Int64}, orient="row")
    frame = frame.with_columns((pl.col("id") // 2**less).cast(dtype), pl.lit(1).alias("also"))
    key = ["also", "id"] if two else ["id"]
    assert by_place(frame, key).equals(frame.sort(PLACE, *key))
