"""Rows from wherever they come, and what stops them at the door."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import polars as pl
import pytest

from comporta.data import accept_columns, list_versions, scan_slice, slice_of
from comporta.data.sources import from_function
from comporta.data.steps import snapshot
from comporta.errors import BadData, BadProject, ExpectationBroken, SchemaChanged
from comporta.records import Column, DatasetSchema
from comporta.store import MemoryStore, StepContext, derive

ROWS = pl.DataFrame({"id": [1, 2, 3], "name": ["a", "b", None], "x": [0.5, 1.5, 2.5]})
NOW = "2026-01-02T00:00:00+00:00"


@pytest.fixture
def context(tmp_path: Path) -> StepContext:
    return StepContext(store=MemoryStore(), keys=derive(b"k" * 32), scratch=tmp_path)


def take(
    context: StepContext, source: Any = None, shape: DatasetSchema | None = None, **more: Any
) -> pl.DataFrame:
    shape = shape or DatasetSchema(name="d", key=("id",))
    given = (lambda: source) if source is not None and not callable(source) else source
    made = snapshot(context, shape=msgspec.to_builtins(shape), source=given, now=NOW, **more)
    return scan_slice(context.store, context.keys, made["version"]).collect()


def test_a_function_may_return_any_kind_of_frame(context: StepContext) -> None:
    def stream() -> Iterator[Any]:
        yield ROWS[:1]
        yield ROWS[1:].lazy()

    made: list[Any] = [
        ROWS,
        ROWS.lazy(),
        ROWS.to_arrow(),
        ROWS.to_pandas(),
        [ROWS[:2], ROWS[2:].to_arrow()],
        stream,
    ]
    for each in made:
        assert take(context, each).sort("id").equals(ROWS)
    assert len(list_versions(context.store, "d")) == 1


def test_pandas_missing_values_become_missing(context: StepContext) -> None:
    frame = pd.DataFrame({"id": [1, 2], "x": [1.0, float("nan")], "name": ["a", None]})
    assert take(context, frame).sort("id").row(1) == (2, None, None)


@pytest.mark.parametrize("made", [None, 7, "rows", {"id": [1]}, [1, 2]], ids=repr)
def test_what_is_no_frame_is_named(context: StepContext, made: Any) -> None:
    with pytest.raises(BadData, match=r"d: its source (returned|yielded) [a-z() N]+, expected"):
        take(context, lambda: made)


def test_files_are_read_by_glob_in_the_order_of_their_paths(context: StepContext, tmp_path: Path) -> None:
    for at in range(3):
        ROWS[at : at + 1].write_csv(tmp_path / f"part{at}.csv")
        ROWS[at : at + 1].write_parquet(tmp_path / f"part{at}.parquet")
    assert take(context, glob="part*.csv", root=str(tmp_path)).sort("id").equals(ROWS)
    assert take(context, glob="*.parquet", root=str(tmp_path)).sort("id").equals(ROWS)
    with pytest.raises(BadProject, match=r"found no file for '\*.json'"):
        take(context, glob="*.json", root=str(tmp_path))
    with pytest.raises(BadProject, match="one kind"):
        take(context, glob="part0.*", root=str(tmp_path))
    (tmp_path / "bad.parquet").write_bytes(b"not parquet at all")
    with pytest.raises(BadData, match=r"d: bad.parquet cannot be read"):
        take(context, glob="bad.parquet", root=str(tmp_path))


def test_another_schema_is_told_column_by_column_and_can_be_accepted(context: StepContext) -> None:
    take(context, ROWS)
    other = ROWS.rename({"name": "label"}).with_columns(pl.col("x").cast(pl.Int64), pl.lit(1).alias("n"))
    with pytest.raises(SchemaChanged) as raised:
        take(context, other)
    for told in (
        "label is new (String)",
        "name is gone (was String)",
        "x is Int64 (was Float64)",
        "data accept d",
    ):
        assert told in str(raised.value)
    columns = {name: str(dtype) for name, dtype in other.schema.items()}
    accept_columns(context.store, context.keys, "d", columns, now=datetime.now(UTC))
    assert take(context, other).columns == other.columns
    assert (
        scan_slice(context.store, context.keys, slice_of(context.store, context.keys, "d", number=1))
        .collect()
        .sort("id")
        .equals(ROWS)
    )


def test_an_append_may_bring_a_column_that_older_rows_lack(context: StepContext) -> None:
    take(context, ROWS)
    wider = ROWS.with_columns(pl.col("id") + 3, z=pl.lit(True))
    accept_columns(
        context.store, context.keys, "d", {n: str(t) for n, t in wider.schema.items()}, now=datetime.now(UTC)
    )
    found = take(context, wider, change="append").sort("id")
    assert found["z"].to_list() == [None, None, None, True, True, True]


def test_the_order_of_columns_and_rows_is_no_change(context: StepContext) -> None:
    take(context, ROWS)
    take(context, ROWS.select("x", "id", "name").reverse())
    assert len(list_versions(context.store, "d")) == 1


def test_a_column_without_any_value_keeps_its_type(context: StepContext) -> None:
    take(context, ROWS)
    found = take(context, [ROWS[:2], ROWS[2:].with_columns(name=pl.lit(None), x=None)])
    assert found.schema == ROWS.schema and found.filter(pl.col("id") == 3).row(0) == (3, None, None)


BROKEN: list[tuple[Column, str]] = [
    (Column("x", at_least=1), r"d\.x: found 0\.5 \(1 of 3 rows below\), expected at least 1\."),
    (Column("x", at_most=2), r"found 2\.5 \(1 of 3 rows above\), expected at most 2\."),
    (
        Column("name", nulls=0.1),
        r"found nothing \(1 of 3 rows without a value \(33\.33%\)\), expected at most 10\.00%",
    ),
    (Column("name", one_of=("a", "c")), r"found 'b' \(1 of 3 rows others\), expected a or c"),
    (Column("id", one_of=(1, 2)), r"found 3 \(1 of 3 rows others\), expected 1 or 2"),
    (Column("x", type="Int64"), r"d\.x: found the type Float64, expected Int64"),
]


@pytest.mark.parametrize(("column", "told"), BROKEN, ids=[told for _, told in BROKEN])
@pytest.mark.parametrize("streamed", [False, True])
def test_a_broken_expectation_stops_the_version_and_shows_rows(
    context: StepContext, column: Column, told: str, streamed: bool
) -> None:
    shape = DatasetSchema(name="d", key=("id",), columns=(column,))
    with pytest.raises(ExpectationBroken, match=told) as raised:
        take(context, [ROWS[:2], ROWS[2:]] if streamed else ROWS, shape)
    assert list_versions(context.store, "d") == []
    assert raised.value.reason and "'b'" not in raised.value.reason and "┌" not in raised.value.reason


def test_expectations_that_hold_let_everything_through(context: StepContext) -> None:
    columns = (
        Column("x", type="Float64", at_least=0.5, at_most=2.5, unique=True),
        Column("name", nulls=0.34, one_of=("a", "b")),
    )
    assert take(context, ROWS, DatasetSchema(name="d", key=("id",), columns=columns)).height == 3


def test_a_column_with_a_colon_in_its_name_is_told_apart_from_what_is_expected_of_it(
    context: StepContext,
) -> None:
    frame = ROWS.rename({"x": "a: b"})
    shape = DatasetSchema(name="d", key=("id",), columns=(Column("a: b", at_most=0.0),))
    with pytest.raises(
        ExpectationBroken, match=r"d\.a: b: found .* \(\d of 3 rows above\), expected at most 0"
    ):
        take(context, frame, shape)


@pytest.mark.parametrize("streamed", [False, True])
def test_a_unique_column_holds_each_value_once(context: StepContext, streamed: bool) -> None:
    twice = ROWS.with_columns(name=pl.Series(["a", "b", "a"]))
    shape = DatasetSchema(name="d", key=("id",), columns=(Column("name", unique=True),))
    with pytest.raises(ExpectationBroken, match=r"d\.name: found values more than once"):
        take(context, [twice[:2], twice[2:]] if streamed else twice, shape)


def test_stale_data_is_refused(context: StepContext) -> None:
    frame = ROWS.with_columns(at=pl.Series([datetime(2026, 1, day, tzinfo=UTC) for day in (1, 1, 1)]))
    shape = DatasetSchema(name="d", key=("id",), time="at", fresh=timedelta(hours=24))
    assert take(context, frame, shape).height == 3
    with pytest.raises(
        ExpectationBroken, match=r"d\.at: found the newest row 1 day, 1:00:00 old, expected at most 1 day"
    ):
        take(context, frame.with_columns(pl.col("at") - timedelta(hours=1)), shape)


FAULTS: list[tuple[Any, dict[str, Any], type[Exception], str]] = [
    (ROWS.with_columns(id=pl.Series([1, 1, 2])), {}, BadData, "2 rows whose key|1 rows whose key"),
    (ROWS.with_columns(id=pl.Series([1, None, 2])), {}, BadData, "1 rows without a value"),
    (ROWS.with_columns(id=pl.Series([1, 1, 2])), {"subject": "name"}, BadData, "rows whose key"),
    (ROWS, {"key": ("no",)}, BadProject, r"found no column 'no' \(as key\), expected one of: id, name, x"),
    (ROWS, {"subject": "no"}, BadProject, r"'no' \(as subject\)"),
    (ROWS, {"time": "x"}, BadProject, "d.x: found Float64, expected Datetime or Date"),
    (ROWS, {"key": ("x",)}, BadProject, "x: found Float64 in a key"),
    (ROWS.rename({"x": "__x"}), {}, BadProject, "do not begin with '__'"),
    (ROWS, {"name": "../d"}, BadProject, r"found the name '\.\./d'"),
]


@pytest.mark.parametrize(("frame", "shape", "error", "told"), FAULTS, ids=[told for *_, told in FAULTS])
def test_rows_that_break_the_declaration_are_refused(
    context: StepContext, frame: Any, shape: Any, error: type[Exception], told: str
) -> None:
    with pytest.raises(error, match=told):
        take(context, frame, DatasetSchema(**{"name": "d", "key": ("id",), **shape}))
    assert not list(context.store.list("data/d/log/"))


def test_the_same_key_in_two_batches_is_found(tmp_path: Path) -> None:
    from comporta.data import add

    frames = [pl.DataFrame({"id": [n, n + 1], "who": [f"w{n}", None]}) for n in range(0, 40, 2)]
    shape = DatasetSchema(name="d", key=("id",), subject="who")
    options: Any = {
        "change": "replace",
        "now": datetime.now(UTC),
        "scratch": tmp_path,
        "fragment": 64,
        "run": 64,
    }
    assert add(MemoryStore(), derive(b"k" * 32), shape, frames, **options)[0].rows == 40
    with pytest.raises(BadData, match="rows whose key"):
        add(
            MemoryStore(),
            derive(b"k" * 32),
            shape,
            [*frames, pl.DataFrame({"id": [7], "who": ["z"]})],
            **options,
        )


def test_an_empty_source_makes_an_empty_version(context: StepContext) -> None:
    assert take(context, ROWS.clear()).schema == ROWS.schema
    assert take(context, ROWS.lazy().filter(pl.lit(False))).height == 0
    assert take(context, ROWS).height == 3
    assert take(context, ROWS.clear()).height == 0 and len(list_versions(context.store, "d")) == 3


KINDS = pl.DataFrame(
    {
        "id": ["é", 'q"\\', ""],
        "day": pl.Series([datetime(2026, 1, 1)] * 3).cast(pl.Date),
        "naive": [datetime(2026, 1, 1, 0, 0, 0, 5)] * 3,
        "zone": pl.Series([datetime(2026, 1, 1, tzinfo=UTC)] * 3).dt.convert_time_zone("Europe/Lisbon"),
        "nano": pl.Series([1, 2, None], dtype=pl.Datetime("ns")),
        "span": [timedelta(hours=1)] * 3,
        "cat": pl.Series(["u", "v", None], dtype=pl.Categorical),
        "list": [[1, 2], [], None],
        "deep": [{"a": 1, "b": ["x"]}] * 3,
        "bytes": [b"\x00", b"", None],
        "big": pl.Series([2**64 - 1, 0, 1], dtype=pl.UInt64),
        "enum": pl.Series(["u", "v", None], dtype=pl.Enum(["u", "v"])),
        "dec": pl.Series(["1.50", "2.25", None]).cast(pl.Decimal(10, 2)),
        "arr": pl.Series([[1, 2], [3, 4], None], dtype=pl.Array(pl.Int64, 2)),
    }
)


@pytest.mark.parametrize(
    "key", [("id",), ("id", "day", "naive", "zone"), ("id", "nano_", "big", "cat_", "enum_")]
)
def test_every_type_comes_back_as_it_went(context: StepContext, key: tuple[str, ...]) -> None:
    frame = KINDS.with_columns(
        pl.col("nano").fill_null(pl.lit(0).cast(pl.Datetime("ns"))).alias("nano_"),
        pl.col("cat").fill_null("v").alias("cat_"),
        pl.col("enum").fill_null("u").alias("enum_"),
    )
    shape = DatasetSchema(name="d", key=key, time="zone")
    assert take(context, frame, shape).sort("id").equals(frame.sort("id"))
    take(context, frame.reverse(), shape)
    assert len(list_versions(context.store, "d")) == 1
    changed = frame.with_columns(
        pl.when(pl.col("id") == "").then(pl.lit([9])).otherwise("list").alias("list")
    )
    assert take(context, changed, shape).sort("id").equals(changed.sort("id"))


def test_an_array_that_polars_cannot_store_is_one_line_that_names_its_column() -> None:
    fine = np.array([(1, 2.5)], dtype=[("id", "i8"), ("x", "f8")])
    odd = np.array(
        [(1, np.datetime64("2026-01-01T00:00:00.1", "ps"))], dtype=[("id", "i8"), ("at", "M8[ps]")]
    )
    assert from_function(lambda: fine, "d").to_dict(as_series=False) == {"id": [1], "x": [2.5]}
    with pytest.raises(
        BadData, match=r"^d\.at: found values of the type datetime64\[ps\], expected one"
    ) as raised:
        from_function(lambda: odd, "d")
    assert "\n" not in str(raised.value)
