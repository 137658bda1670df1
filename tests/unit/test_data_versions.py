"""Versions against a plain dict: whatever is done, each version shows what it should, for ever."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comporta.data import add, list_versions, rows_of, scan_slice, slice_of
from comporta.errors import BadData
from comporta.records import DatasetSchema
from comporta.store import MemoryStore, derive

KEYS = derive(b"k" * 32)
START = datetime(2026, 1, 1, tzinfo=UTC)
SHAPES = {
    "by key": DatasetSchema(name="d", key=("id",)),
    "by subject": DatasetSchema(name="d", key=("id",), subject="who", time="at"),
    "two keys": DatasetSchema(name="d", key=("id", "part"), subject="who", time="at"),
}
COLUMNS = {
    "id": pl.Int64(),
    "part": pl.String(),
    "who": pl.String(),
    "at": pl.Datetime("us", "UTC"),
    "x": pl.Float64(),
}

Row = dict[str, Any]


def row(id: int, who: str | None, hour: int, x: float | None) -> Row:
    return {"id": id, "part": "ab"[id % 2], "who": who, "at": START + timedelta(hours=hour), "x": x}


rows = st.lists(
    st.builds(
        row,
        st.integers(0, 30),
        st.sampled_from(["ann", "bob", "cee", None]),
        st.integers(0, 100),
        st.sampled_from([None, 0.0, 1.5, float("nan")]),
    ),
    unique_by=lambda each: each["id"],
    max_size=25,
)
steps = st.lists(st.tuples(st.sampled_from(["append", "update", "replace"]), rows), min_size=1, max_size=6)


def frame(rows: list[Row]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=COLUMNS)


def shown(frame: pl.DataFrame) -> list[str]:
    return sorted(repr(sorted(each.items())) for each in frame.to_dicts())


def expected(table: dict[int, Row]) -> list[str]:
    return shown(frame(list(table.values())))


@pytest.mark.parametrize("name", SHAPES)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps, fragment=st.sampled_from([200, 1 << 27]), spilled=st.booleans())
def test_every_version_shows_what_a_dict_would(
    name: str, tmp_path: Path, steps: list[tuple[Any, list[Row]]], fragment: int, spilled: bool
) -> None:
    store, shape = MemoryStore(), SHAPES[name]
    table: dict[int, Row] = {}
    past: list[dict[int, Row]] = []
    for change, given_rows in steps:
        new = {each["id"]: each for each in given_rows}
        if change == "replace":
            after = new
        else:
            clash = any(id in table and repr(table[id]) != repr(each) for id, each in new.items())
            after = {**table, **new}
        frames: Any = [frame(given_rows[:7]), frame(given_rows[7:])] if spilled else frame(given_rows)
        options: Any = {"change": change, "now": START, "scratch": tmp_path, "fragment": fragment, "run": 300}
        if change == "append" and clash:
            with pytest.raises(BadData, match="key is there with other values"):
                add(store, KEYS, shape, frames, **options)
            continue
        slice, made = add(store, KEYS, shape, frames, **options)
        assert made == (not past or expected(after) != expected(table))
        table = after
        if made:
            past.append(after)
        assert slice.number == len(past) and slice.rows == len(table)
    for number, then in enumerate(past, start=1):
        slice = slice_of(store, KEYS, "d", number=number)
        assert shown(scan_slice(store, KEYS, slice).collect()) == expected(then)
        assert slice.rows == len(then)
        for id, each in then.items():
            key = {column: each[column] for column in shape.key}
            assert shown(rows_of(store, KEYS, slice, key=key)) == expected({id: each})
        if shape.subject:
            anns = {id: each for id, each in then.items() if each["who"] == "ann"}
            assert shown(rows_of(store, KEYS, slice, subject="ann")) == expected(anns)
        if shape.time:
            bounds = (START + timedelta(hours=20), START + timedelta(hours=60))
            part = slice_of(store, KEYS, "d", number=number, since=bounds[0], until=bounds[1])
            inside = {id: each for id, each in then.items() if bounds[0] <= each["at"] < bounds[1]}
            assert shown(scan_slice(store, KEYS, part).collect()) == expected(inside)
            assert part.rows == len(inside)
    for manifest, (before, after) in zip(list_versions(store, "d"), pairwise([{}, *past]), strict=True):
        was, now = set(expected(before)), set(expected(after))
        assert (manifest.added, manifest.removed) == (len(now - was), len(was - now))
