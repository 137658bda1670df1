"""One notion of a missing value, and one type for each column, whatever a source is written with."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from comporta.data import accept_columns, add, describe, list_versions, manifest_of, scan_slice, slice_of
from comporta.data.acceptance import acceptable_columns
from comporta.data.expect_counts import count_breaches
from comporta.data.steps import snapshot
from comporta.errors import BadData, BadProject, ExpectationBroken, SchemaChanged
from comporta.records import Column, DatasetSchema
from comporta.records.declared_value import value_faults
from comporta.store import MemoryStore, StepContext, derive

NOW = "2026-01-02T00:00:00+00:00"
NAN = float("nan")


@pytest.fixture
def context(tmp_path: Path) -> StepContext:
    return StepContext(store=MemoryStore(), keys=derive(b"k" * 32), scratch=tmp_path)


def shape(*columns: Column) -> DatasetSchema:
    return DatasetSchema(name="d", key=("id",), columns=columns)


def take(context: StepContext, source: Any, *columns: Column, **more: Any) -> pl.DataFrame:
    made = snapshot(
        context, shape=msgspec.to_builtins(shape(*columns)), source=lambda: source, now=NOW, **more
    )
    return scan_slice(context.store, context.keys, made["version"]).collect().sort("id")


def written() -> dict[str, Any]:
    """The same three rows, one number and one time missing, in each kind of frame."""
    at = np.array(["2026-01-01", "NaT", "2026-01-03"], dtype="M8[us]")
    fields = [("id", "i8"), ("x", "f8"), ("at", "M8[us]")]
    plain = pl.DataFrame({"id": [1, 2, 3], "x": [1.0, NAN, 3.0], "at": at})
    pandas = pd.DataFrame({"id": [1, 2, 3], "x": [1.0, NAN, 3.0], "at": at})
    return {
        "polars": plain,
        "polars, lazy": plain.lazy(),
        "polars, null": plain.fill_nan(None),
        "frames": [plain[:1], plain[1:].lazy()],
        "pandas": pandas,
        "pandas, NA": pandas.assign(x=pd.array([1.0, pd.NA, 3.0], dtype="Float64")),
        "pandas, object": pandas.assign(x=pd.Series([1.0, pd.NA, 3.0], dtype=object)),
        "Arrow": pa.table({"id": [1, 2, 3], "x": [1.0, NAN, 3.0], "at": pa.array(at)}),
        "numpy": np.array(list(zip([1, 2, 3], [1.0, NAN, 3.0], at, strict=True)), dtype=fields),
    }


@pytest.mark.parametrize("kind", written())
def test_every_kind_of_frame_means_the_same_by_missing(context: StepContext, kind: str) -> None:
    source = written()[kind]
    assert take(context, source).equals(written()["polars, null"])
    with pytest.raises(ExpectationBroken, match=r"d\.x: found nothing \(1 of 3 rows without a value"):
        take(context, source, Column("x", nulls=0.0))
    found = take(context, source, Column("x", nulls=0.34, at_least=1, at_most=3, one_of=(1, 3), unique=True))
    assert found["x"].to_list() == [1.0, None, 3.0] and len(list_versions(context.store, "d")) == 1


def test_nan_of_a_version_that_is_there_counts_as_missing_and_comes_back_as_no_change(
    context: StepContext, tmp_path: Path
) -> None:
    rows = pl.DataFrame({"id": [1, 2, 3, 4], "x": [1.0, NAN, NAN, 1.0]})
    options: Any = {"change": "append", "now": datetime.now(UTC), "scratch": tmp_path}
    old, _ = add(context.store, context.keys, shape(), rows, **options)
    declared = shape(Column("x", nulls=0.0, at_most=1, one_of=(1,), unique=True))
    broken = {each.expects: each.broken for each in count_breaches(context, old, declared)}
    assert broken == {"nulls": 2, "at_most": 0, "one_of": 0, "unique": 1}
    summary = describe(context.store, context.keys, old).columns[1]
    assert (summary.nulls, summary.distinct, summary.most) == (2, 1, "1.0")
    take(context, rows, change="append")
    assert len(list_versions(context.store, "d")) == 1


TYPED: list[tuple[Any, dict[str, Any]]] = [
    ([1.0, None, 2.0], {"one_of": (1, 2), "at_least": 1, "at_most": 2}),
    ([True, None, False], {"one_of": (0, 1)}),
    ([True, None, False], {"one_of": ("true", "false")}),
    (pl.Series([0.0, None, 1.0]), {"one_of": (False, True)}),
    ([1, None, 2], {"one_of": ("1", "2.0"), "at_least": 0.5, "at_most": 2.5}),
    (pl.Series([1, None, 2], dtype=pl.Int8), {"one_of": (1, 2, 300), "at_least": -1e9, "at_most": 1e30}),
    (pl.Series([0.1, None, 2], dtype=pl.Float32), {"one_of": (0.1, 2), "at_least": 0.1}),
    (pl.Series([Decimal("0.1"), None, Decimal("2")]), {"one_of": (0.1, "2"), "at_least": 0.1, "at_most": 2}),
    ([1, None, 2], {"at_least": -1e300, "at_most": 1e300}),
    (["a", None, "b"], {"one_of": ("a", "b")}),
    (pl.Series(["a", None, "b"], dtype=pl.Enum(["a", "b"])), {"one_of": ("a", "b", "c")}),
    ([date(2026, 1, 1), None, date(9999, 12, 31)], {"at_least": "2026-01-01", "at_most": "9999-12-31"}),
    ([datetime(2026, 1, 1, 9), None, None], {"at_least": "2026-01-01T10:00+01:00", "at_most": "2026-01-02"}),
    ([datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC), None, None], {"at_least": "9999-12-31T23:59:59Z"}),
    ([time(9), None, time(10)], {"at_least": "09:00", "at_most": "10:00", "one_of": ("09:00", "10:00")}),
    ([None, None, None], {"at_least": 3, "one_of": ("a",)}),
]


@pytest.mark.parametrize(("values", "declared"), TYPED, ids=str)
def test_a_declared_value_is_compared_in_the_type_of_the_column(
    context: StepContext, values: Any, declared: dict[str, Any]
) -> None:
    rows = pl.DataFrame({"id": [1, 2, 3], "x": values})
    assert take(context, rows, Column("x", **declared)).equals(rows)
    version = slice_of(context.store, context.keys, "d")
    assert all(not each.broken for each in count_breaches(context, version, shape(Column("x", **declared))))


OUTSIDE: list[tuple[Any, dict[str, Any]]] = [
    (pl.Series([1, 2**53 + 1]), {"at_most": 2**53}),
    (pl.Series([1, 2], dtype=pl.UInt64), {"at_least": 1.5}),
    ([date(2026, 1, 1), date(1969, 1, 1)], {"at_least": "1970-01-01"}),
    (pl.Series([datetime(2026, 1, 1)] * 2, dtype=pl.Datetime("ns")), {"at_least": "9999-12-31"}),
    ([1.0, 1.5], {"one_of": (1, 2)}),
    ([True, False], {"one_of": (1,)}),
]


@pytest.mark.parametrize(("values", "declared"), OUTSIDE, ids=str)
def test_a_value_outside_is_found_in_the_type_of_the_column(
    context: StepContext, values: Any, declared: dict[str, Any]
) -> None:
    with pytest.raises(ExpectationBroken, match=r"d\.x: found"):
        take(context, pl.DataFrame({"id": [1, 2], "x": values}), Column("x", **declared))


UNCOMPARABLE: list[tuple[Any, dict[str, Any], str]] = [
    (["a"], {"at_least": 3}, r"d\.x: at_least: found 3, expected no bound, for values of the type String"),
    ([True], {"at_most": 1}, "at_most: found 1, expected no bound, for values of the type Boolean"),
    ([date(2026, 1, 1)], {"at_least": 0}, "found 0, expected a date as text, such as '2026-01-31'"),
    (
        [datetime(2026, 1, 1)],
        {"at_most": "2026-01-01T00:00:00.123456789"},
        "expected a time of at most microseconds",
    ),
    ([datetime(2026, 1, 1)], {"at_most": 5}, "found 5, expected a time as text"),
    ([1], {"at_least": "a"}, "found 'a', expected a number"),
    (["1"], {"one_of": (1, 2)}, "one_of: found 1, expected text, for the column is String: '1'"),
    ([1], {"one_of": (1.5,)}, "found 1.5, expected a whole number"),
    ([1], {"one_of": (1e300,)}, "expected a whole number of at most 128 bits"),
    ([Decimal("0.5")], {"at_most": 1e300}, "expected a finite number of at most 38 digits"),
    ([True], {"one_of": ("yes",)}, "found 'yes', expected True or False"),
    ([[1]], {"one_of": (1,)}, "expected none, for values of the type List cannot be listed"),
    (
        [1.0],
        {"at_least": NAN},
        "found nan, expected a number; how many values may be missing is said by nulls",
    ),
]


@pytest.mark.parametrize(("values", "declared", "said"), UNCOMPARABLE, ids=str)
def test_a_declared_value_of_another_kind_is_one_line(
    context: StepContext, values: Any, declared: dict[str, Any], said: str
) -> None:
    rows = pl.DataFrame({"id": [1], "x": values})
    with pytest.raises(BadProject, match=said) as raised:
        take(context, rows, Column("x", **declared))
    assert "\n" not in str(raised.value) and not list_versions(context.store, "d")
    take(context, rows)
    version = slice_of(context.store, context.keys, "d")
    with pytest.raises(BadData, match="cannot be asked of its type"):
        count_breaches(context, version, shape(Column("x", **declared)))


@pytest.mark.parametrize("change", ["replace", "append", "update"])
def test_a_column_takes_its_type_from_its_first_value(context: StepContext, change: str) -> None:
    first = pl.DataFrame({"id": [1], "x": [None]})
    assert take(context, first, Column("x", type="Int64", one_of=(7,)), change=change)["x"].dtype == pl.Null
    second = pl.DataFrame({"id": [1, 2], "x": [None, 7]})
    found = take(context, second, change=change)
    assert found.equals(second) and manifest_of(context.store, context.keys, "d").columns["x"] == "Int64"
    with pytest.raises(SchemaChanged, match=r"x is String \(was Int64\)"):
        take(context, second.cast({"x": pl.String}), change=change)


@pytest.mark.parametrize("run", [1, 1 << 20])
def test_a_later_batch_may_bring_the_first_value(context: StepContext, tmp_path: Path, run: int) -> None:
    frames = [pl.DataFrame({"id": [at], "x": [None if at < 3 else "a"]}) for at in range(5)]
    version, _ = add(
        context.store,
        context.keys,
        shape(Column("x", unique=True, breach="report")),
        frames,
        change="append",
        now=datetime.now(UTC),
        scratch=tmp_path,
        run=run,
    )
    found = scan_slice(context.store, context.keys, version).collect().sort("id")
    assert found["x"].to_list() == [None, None, None, "a", "a"]


def test_a_version_from_before_a_columns_first_value_is_read_after_its_files_were_merged(
    context: StepContext, tmp_path: Path
) -> None:
    from comporta.data import compact

    for at in range(4):
        take(context, pl.DataFrame({"id": [at], "x": [None if at < 3 else at]}), change="append")
    assert compact(context.store, context.keys, "d", now=datetime.now(UTC), scratch=tmp_path).segments == 4
    old = slice_of(context.store, context.keys, "d", number=3)
    assert scan_slice(context.store, context.keys, old).collect().sort("id").rows() == [
        (0, None),
        (1, None),
        (2, None),
    ]
    assert (
        scan_slice(context.store, context.keys, slice_of(context.store, context.keys, "d"))
        .collect()["x"]
        .to_list()
        .count(None)
        == 3
    )


REFUSED = [
    (
        {"id": [4], "x": ["a"]},
        "append",
        r"d\.x: found String, expected Int64: rows that are there keep theirs",
    ),
    ({"id": [4]}, "update", r"d\.x: found no such column, expected Int64"),
    ({"id": [4], "x": [1], "__y": [1]}, "replace", "found the column '__y'"),
    ({"no": [4], "x": [1]}, "replace", r"found no column 'id' \(as key\)"),
]


@pytest.mark.parametrize(("rows", "change", "said"), REFUSED, ids=[said for *_, said in REFUSED])
def test_columns_that_the_next_run_would_refuse_are_not_accepted(
    context: StepContext, rows: Any, change: Any, said: str
) -> None:
    take(context, pl.DataFrame({"id": [1], "x": [1]}))
    columns = {name: str(dtype) for name, dtype in pl.DataFrame(rows).schema.items()}
    with pytest.raises((BadProject, BadData), match=said):
        acceptable_columns(context.store, context.keys, shape(), change, columns)
    with pytest.raises((BadProject, BadData)) as raised:
        take(context, pl.DataFrame(rows), change=change)
    assert change == "replace" or "data accept" not in str(raised.value)


def test_accepted_columns_keep_the_type_of_one_that_is_empty_now(context: StepContext) -> None:
    take(context, pl.DataFrame({"id": [1], "x": [1]}))
    wider = pl.DataFrame({"id": [2], "x": [None], "y": [None]})
    columns = acceptable_columns(
        context.store, context.keys, shape(), "append", {n: str(t) for n, t in wider.schema.items()}
    )
    assert columns == {"id": "Int64", "x": "Int64", "y": "Null"}
    accept_columns(context.store, context.keys, "d", columns, now=datetime.now(UTC))
    assert take(context, wider, change="append").rows() == [(1, 1, None), (2, None, None)]


OBJECTS = [
    ([1, "a"], r"d\.c: found 'a' \(str\) in row 1 among values of the type int"),
    (
        [None, 10**30],
        r"d\.c: found 1000000000000000000000000000000 in row 1, expected whole numbers of 64 bits",
    ),
    ([object()], r"d\.c: found values that are no column of one type"),
]


@pytest.mark.parametrize(("values", "said"), OBJECTS, ids=[said for _, said in OBJECTS])
def test_a_pandas_column_that_is_none_of_one_type_is_named(
    context: StepContext, values: list[Any], said: str
) -> None:
    frame = pd.DataFrame({"id": range(len(values)), "c": pd.Series(values, dtype=object)})
    with pytest.raises(BadData, match=said) as raised:
        take(context, frame)
    assert "\n" not in str(raised.value)


def test_two_pandas_columns_of_one_name_are_named(context: StepContext) -> None:
    with pytest.raises(BadData, match="d: found two columns named 'id'"):
        take(context, pd.DataFrame([[1, 2]], columns=["id", "id"]))


@pytest.mark.parametrize("kind", ["", "Int64", "Float64", "Decimal(precision=38, scale=2)", "String"])
def test_a_declared_number_of_too_many_digits_is_a_fault_and_no_overflow(kind: str) -> None:
    for declared in (Column("x", one_of=(1, 10**400)), Column("x", at_least=-(10**400))):
        assert [said for _, said in value_faults(declared, kind)] == [
            "found a number of too many digits, expected a number that 64 bits of floating point hold"
        ]
