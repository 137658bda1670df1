"""Joined tables in mapped files, in one part or several, answer what they answer in memory, bit by bit."""

from __future__ import annotations

import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.test_features_online import cases as newest_cases
from tests.unit.test_features_window import both, oracle, plain
from tests.unit.test_features_window import cases as window_cases

from comporta.data.asof import as_of
from comporta.data.online import OnlineTables, tables_of
from comporta.data.online_file import map_part, write_part
from comporta.data.online_keys import key_digests, key_index
from comporta.data.online_table import JoinedTable, table_index
from comporta.records import DatasetSchema, Join, JoinWindow

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def mapped(
    table: pl.DataFrame, join: Join, shape: DatasetSchema, asking: pl.Schema, gained: Any = None
) -> OnlineTables:
    """The table from files. gained: which rows came later; of their keys a second part has every row."""
    frames = [table]
    if gained is not None:
        names = list(join.on.values())
        keys = table.filter(gained).select(names).unique()
        frames = [table.join(keys, on=names, how="semi", nulls_equal=True), table.filter(~gained)]
    parts = []
    for frame in frames:
        with tempfile.TemporaryDirectory() as folder:
            write_part(table_index(frame, join, shape, asking, version=4), Path(folder))
            parts.append(map_part(Path(folder), join, shape, 4))
    return tables_of((JoinedTable(parts=tuple(parts)),), {"t": 4})


@settings(max_examples=10, deadline=None)
@given(newest_cases(), st.data())
def test_a_mapped_table_brings_the_newest_row_that_was_known(case: Any, data: st.DataObject) -> None:
    require_newest_rows(case, data)


@pytest.mark.soak
@settings(max_examples=1000, deadline=None)
@given(newest_cases(), st.data())
def test_mapped_tables_bring_the_newest_rows_in_a_thousand_cases(case: Any, data: st.DataObject) -> None:
    require_newest_rows(case, data)


def require_newest_rows(case: Any, data: st.DataObject) -> None:
    asking, table, join, shape = case
    gained = data.draw(st.lists(st.booleans(), min_size=table.height, max_size=table.height))
    want = as_of(asking.lazy(), table.lazy(), at="at", join=join, shape=shape).collect()
    want = want.drop(asking.columns)
    for later in (None, pl.Series(gained, dtype=pl.Boolean)):
        tables = mapped(table, join, shape, asking.schema, later)
        got = tables.read(asking, asking["at"])
        assert got.equals(want)
        few, sources = tables.few(asking, asking["at"])
        assert few.equals(want.select("value", "source"))
        assert sources == tables.sources_of(want, asking["at"])


@settings(max_examples=6, deadline=None)
@given(window_cases(), st.data())
def test_a_mapped_window_equals_looking_at_every_row(case: Any, data: st.DataObject) -> None:
    require_windows(case, data)


@pytest.mark.soak
@settings(max_examples=1000, deadline=None)
@given(window_cases(), st.data())
def test_mapped_windows_equal_looking_at_every_row_in_a_thousand_cases(
    case: Any, data: st.DataObject
) -> None:
    require_windows(case, data)


def require_windows(case: Any, data: st.DataObject) -> None:
    requests, rows, join, shape, kinds = case
    asking, table = both(requests, rows, kinds)
    gained = data.draw(st.lists(st.booleans(), min_size=table.height, max_size=table.height))
    for later in (None, pl.Series(gained, dtype=pl.Boolean)):
        tables = mapped(table, join, shape, asking.schema, later)
        got = tables.read(asking, asking["at"])
        few, sources = tables.few(asking, asking["at"])
        assert few.equals(got.select(few.columns))
        assert sources == tables.sources_of(got, asking["at"])
        for request, row in zip(requests, few.iter_rows(named=True), strict=True):
            want = oracle(request, rows, join, shape)
            assert plain(row) == plain({name: want[name] for name in join.window.of})


@pytest.mark.parametrize(
    "values",
    [
        [1, None, 3],
        [1.5, float("nan"), None],
        [True, None, False],
        ["a", "", None, "ä"],
        [b"a", b"", None],
        [date(2026, 1, 1), None],
        [NOON, None, datetime(1969, 7, 20, 20, 17, 40, 5, tzinfo=UTC)],
        [timedelta(seconds=3), None],
        [NOON.time(), None],
        [[1, 2], [], None],
        [{"a": 1}, None],
    ],
    ids=lambda values: type(values[0]).__name__,
)
def test_values_of_every_type_are_what_they_were(values: list[Any]) -> None:
    table = pl.DataFrame({"k": range(len(values)), "v": values}, strict=False)
    shape = DatasetSchema(name="t", key=("k",))
    join = Join(dataset="t", on={"k": "k"}, columns={"v": "v"})
    asking = pl.DataFrame({"k": [*range(len(values)), 99]})
    tables = mapped(table, join, shape, asking.schema)
    want = pl.concat([table.select("v"), table.select("v").clear(1)])
    assert tables.few(asking, None)[0].equals(want)
    shown = [tables.lookup(join, {"k": number}, None).values["v"] for number in range(len(values))]
    assert list(map(str, shown)) == list(map(str, table["v"]))
    assert tables.read(asking, None).select("v").equals(want)


@pytest.mark.parametrize("kind", [pl.Categorical, pl.Enum(["b", "a"]), pl.Int128, pl.UInt8, pl.Float32])
def test_types_that_python_has_not_are_what_they_were(kind: Any) -> None:
    texts = isinstance(kind, pl.Enum) or kind == pl.Categorical
    column = pl.Series("v", ["a", None, "b"] if texts else [1, None, 3]).cast(kind)
    table = pl.DataFrame([pl.Series("k", [1, 2, 3]), column])
    join = Join(dataset="t", on={"k": "k"}, columns={"v": "v"})
    tables = mapped(table, join, DatasetSchema(name="t", key=("k",)), table.schema)
    assert tables.few(table.select("k"), None)[0]["v"].cast(pl.String).equals(column.cast(pl.String))
    assert tables.read(table.select("k"), None)["v"].dtype == column.dtype


def test_an_empty_table_answers_with_nothing() -> None:
    table = pl.DataFrame(schema={"k": pl.String, "time": pl.Datetime("us", "UTC"), "v": pl.Float64})
    shape = DatasetSchema(name="t", key=("k", "time"), time="time", delay=timedelta())
    asking = pl.DataFrame({"k": ["a", None]})
    at = pl.Series([NOON, NOON])
    for join in (
        Join(dataset="t", on={"k": "k"}, columns={"v": "v"}),
        Join(
            dataset="t",
            on={"k": "k"},
            columns={},
            window=JoinWindow(over=timedelta(days=1), of={"v": ("sum", "v"), "w": ("last", "v")}),
        ),
    ):
        tables = mapped(table, join, shape, asking.schema)
        assert tables.few(asking, at)[1] == [None, None] or tables.few(asking, at)[1] == [(), ()]
        assert tables.read(asking, at)["v"].to_list() in ([None, None], [0.0, None])


@pytest.mark.parametrize(("stood", "asked"), [(0.0, -0.0), (-0.0, 0.0)])
def test_zero_and_minus_zero_are_one_key(stood: float, asked: float) -> None:
    table = pl.DataFrame({"id": [1], "place": [stood], "value": [5.0]})
    join = Join(dataset="t", on={"place": "place"}, columns={"value": "value"})
    asking = pl.DataFrame({"place": [asked, None, float("nan")]})
    tables = mapped(table, join, DatasetSchema(name="t", key=("id",)), asking.schema)
    assert tables.few(asking, None)[0]["value"].to_list() == [5.0, None, None]
    assert tables.read(asking, None)["value"].to_list() == [5.0, None, None]
    assert tables.lookup(join, {"place": asked}, None).values == {"value": 5.0}


def test_digests_that_agree_in_their_first_half_are_told_apart() -> None:
    digests = key_digests([("a",), ("b",), ("c",)])
    high = np.full(3, digests[0, 0], dtype=np.uint64)
    low = np.sort(digests[:, 1])
    index = key_index(high, low, np.arange(4), np.zeros(3, dtype=np.int64))
    asked = np.stack([np.append(high, high[0]), np.append(low, np.uint64(5))], axis=1)
    assert index.codes_of(asked).tolist() == [0, 1, 2, -1]
    place = low.tolist().index(int(digests[0, 1]))
    assert index.find(("a",)) == (place, place + 1)
    assert index.find(("z",)) == (0, 0)
