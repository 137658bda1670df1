"""Two versions compared: the same as comparing two dicts."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comporta.data import accept_columns, add, diff_versions
from comporta.errors import NotFound
from comporta.records import DatasetSchema
from comporta.store import MemoryStore, derive

KEYS = derive(b"k" * 32)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
SHAPES = [DatasetSchema(name="d", key=("id",)), DatasetSchema(name="d", key=("id",), subject="who")]

tables = st.dictionaries(
    st.integers(0, 20),
    st.tuples(st.sampled_from(["ann", "bob", None]), st.sampled_from([1, 2, None])),
    max_size=15,
)


def frame(table: dict[int, tuple[str | None, int | None]]) -> pl.DataFrame:
    rows = [{"id": id, "who": who, "x": x} for id, (who, x) in table.items()]
    return pl.DataFrame(rows, schema={"id": pl.Int64, "who": pl.String, "x": pl.Int64})


@pytest.mark.parametrize("shape", SHAPES, ids=["by key", "by subject"])
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(past=st.lists(tables, min_size=2, max_size=4), change=st.sampled_from(["replace", "update"]))
def test_a_diff_counts_what_two_dicts_differ_by(
    shape: DatasetSchema, tmp_path: Path, past: list[Any], change: Any
) -> None:
    store, states = MemoryStore(), []
    for table in past:
        _, made = add(store, KEYS, shape, frame(table), change=change, now=NOW, scratch=tmp_path)
        if made:
            states.append(table if change == "replace" or not states else {**states[-1], **table})
    for old, before in enumerate(states, start=1):
        for new, after in enumerate(states, start=1):
            found = diff_versions(store, KEYS, "d", old, new, samples=100)
            assert {row.key["id"] for row in found.added_rows} == after.keys() - before.keys()
            assert {row.key["id"] for row in found.removed_rows} == before.keys() - after.keys()
            both = {id for id in after.keys() & before.keys() if after[id] != before[id]}
            assert {row.key["id"] for row in found.changed_rows} == both
            assert (found.added, found.changed, found.removed) == (
                len(found.added_rows), len(found.changed_rows), len(found.removed_rows)
            )  # fmt: skip
            for row in found.changed_rows:
                was, now = (
                    {"who": each[0], "x": each[1]} for each in (before[row.key["id"]], after[row.key["id"]])
                )
                assert row.old == {name: was[name] for name in was if was[name] != now[name]}
                assert row.new == {name: now[name] for name in was if was[name] != now[name]}


def test_a_diff_tells_which_columns_came_went_and_changed_type(tmp_path: Path) -> None:
    store, shape = MemoryStore(), SHAPES[0]
    options: Any = {"change": "replace", "now": NOW, "scratch": tmp_path}
    add(store, KEYS, shape, pl.DataFrame({"id": [1, 2], "a": [1, 2], "b": ["x", "y"]}), **options)
    other = pl.DataFrame({"id": [1, 3], "b": [1.5, 2.5], "c": [True, False]})
    accept_columns(store, KEYS, "d", {"id": "Int64", "b": "Float64", "c": "Boolean"}, now=NOW)
    add(store, KEYS, shape, other, **options)
    found = diff_versions(store, KEYS, "d", 1, 2)
    assert found.columns_added == {"c": "Boolean"} and found.columns_removed == {"a": "Int64"}
    assert found.columns_changed == {"b": ("String", "Float64")}
    assert (found.added, found.changed, found.removed) == (1, 0, 1)


def test_a_version_that_is_not_there_is_named(tmp_path: Path) -> None:
    store = MemoryStore()
    add(store, KEYS, SHAPES[0], frame({1: ("ann", 1)}), change="replace", now=NOW, scratch=tmp_path)
    with pytest.raises(NotFound, match="d: found no version 2, expected 1 to 1"):
        diff_versions(store, KEYS, "d", 1, 2)
