"""Columns of any name and times at the end of the calendar, through the whole of the data room."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest

from comporta.data import add, compact, describe, diff_versions, find_subjects, rows_of, scan_slice, slice_of
from comporta.data.expect_counts import count_breaches
from comporta.data.features import feature_plan
from comporta.data.features_history import load_tables
from comporta.errors import BadData, BadProject
from comporta.records import Column, DatasetSchema
from comporta.records.named_column import frame_of
from comporta.store import MemoryStore, StepContext, derive

LAST = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
KEYS = derive(b"k" * 32)


@pytest.mark.parametrize("subject", [None, "^s$"])
@pytest.mark.parametrize("key", [("*",), ("^k.*$", "*")])
def test_names_that_polars_takes_for_patterns_are_names(
    tmp_path: Path, key: tuple[str, ...], subject: str | None
) -> None:
    store = MemoryStore()
    shape = DatasetSchema(
        name="d",
        key=key,
        subject=subject,
        time="^t.*$",
        columns=(
            Column("^x.*$", nulls=0, at_least=0, one_of=(0.5, 1.5), unique=True),
            Column("*", at_most=9),
        ),
    )
    rows = pl.DataFrame(
        {
            "star": [1, 2],
            "keys": [1, 1],
            "k": [7, 7],
            "xs": [0.5, 1.5],
            "x": [None, 2.5],
            "s": ["a", "b"],
            "times": [LAST, LAST - timedelta(days=1)],
        },
        schema_overrides={"x": pl.Float64},
    )
    rows = rows.rename({"star": "*", "keys": "^k.*$", "xs": "^x.*$", "s": "^s$", "times": "^t.*$"})
    options: Any = {"now": datetime.now(UTC), "scratch": tmp_path}
    add(store, KEYS, shape, rows[:1], change="append", **options)
    add(store, KEYS, shape, rows, change="append", **options)
    changed = rows[1:].with_columns(x=pl.lit(3.5))
    newest, _ = add(store, KEYS, shape, changed, change="update", **options)
    compact(store, KEYS, "d", **options)
    found = scan_slice(store, KEYS, newest).collect()
    assert sorted(found.rows()) == sorted([rows.row(0), changed.row(0)]) and found.columns == rows.columns
    asked = {"*": 2, "^k.*$": 1}
    assert rows_of(store, KEYS, newest, key={name: asked[name] for name in key}).rows() == changed.rows()
    if subject is not None:
        assert rows_of(store, KEYS, newest, subject="a").rows() == rows[:1].rows()
        assert find_subjects(store, KEYS, newest).count == 2
    assert [each.most for each in describe(store, KEYS, newest).columns[:4]] == ["2", "1", "7", "1.5"]
    differs = diff_versions(store, KEYS, "d", 2, 3)
    assert differs.changed_rows[0].new == {"x": 3.5} and differs.added == differs.removed == 0
    context = StepContext(store=store, keys=KEYS, scratch=tmp_path)
    assert not any(each.broken for each in count_breaches(context, newest, shape))
    late = slice_of(store, KEYS, "d", since=LAST, columns=["*"])
    assert scan_slice(store, KEYS, late).collect().to_dict(as_series=False) == {"*": [1]}
    bare = msgspec.structs.replace(shape, columns=())
    with pytest.raises(BadData, match="rows whose key"):
        add(store, KEYS, bare, pl.concat([rows, rows]), change="replace", **options)


def test_a_star_is_a_feature_and_what_is_computed_is_null_where_it_is_nan() -> None:
    shapes = {"d": {"name": "d", "key": ["id"]}}

    def compute(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.select(root=pl.selectors.by_name("*").as_expr().sqrt())

    plan = feature_plan(of="d", known=("*", "x"), shapes=shapes, compute=(compute,))
    frame = pl.DataFrame({"id": [1, 2], "*": [4.0, -4.0], "x": [1, 2]})
    features, _ = plan.apply(frame, load_tables({}, (), plan.shapes, frame.schema))
    assert features.to_dict(as_series=False) == {"*": [4.0, -4.0], "x": [1, 2], "root": [2.0, None]}


@pytest.mark.parametrize("name", ["*", "^x.*$", "^x$", ""])
def test_a_series_of_any_name_has_its_methods(name: str) -> None:
    values = pl.Series(name, [2.5, None, 1.5, 1.5])
    assert values.drop_nulls().unique().sort().to_list() == [1.5, 2.5]
    assert (values.fill_null(0) * 2).floor().to_list() == [5, 0, 3, 3]
    assert values.is_in([1.5]).to_list() == [False, None, True, True]
    assert values.cast(pl.String).str.len_chars().name == name
    assert frame_of([values, values.alias("x")]).columns == [name, "x"]


def test_a_column_without_any_time_is_named(tmp_path: Path) -> None:
    shape = DatasetSchema(name="d", key=("id",), time="at")
    rows = pl.DataFrame({"id": [1], "at": [None]})
    with pytest.raises(BadProject, match=r"d\.at: found no value, expected Datetime or Date"):
        add(
            MemoryStore(),
            KEYS,
            shape,
            rows,
            change="replace",
            now=datetime.now(UTC),
            scratch=tmp_path,
        )


def test_whole_numbers_of_128_bits_are_no_feature() -> None:
    from comporta.data.features_fields import ColumnCollector

    with pytest.raises(BadProject, match="column big: found whole numbers of 128 bits, expected at most 64"):
        ColumnCollector().see(pl.DataFrame({"big": [10**30]}))
