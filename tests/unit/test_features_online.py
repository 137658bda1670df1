"""The request path reads what a table's join reads: same rows, same sources."""

from __future__ import annotations

import timeit
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comporta.data.asof import as_of
from comporta.data.features import feature_plan
from comporta.data.online import FEW, LatestTables, OnlineTables, feature_function, online_tables
from comporta.errors import BadProject, BadRequest, NotFound
from comporta.records import DatasetSchema, Join, JoinedRow

START = datetime(2024, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
instants = st.integers(0, 4).map(lambda minute: START + minute * MINUTE)
times = st.one_of(*[instants] * 7, st.none())
PROJECTIONS = {"k": pl.String, "j": pl.Int32, "id": pl.Int64, "time": pl.Datetime("us", "UTC"),
            "arrived": pl.Datetime("ms", "Europe/Lisbon"), "v": pl.Float64}  # fmt: skip
ASKING = {"key": pl.Categorical, "j": pl.Int64, "at": pl.Datetime("ns", "UTC")}


@st.composite
def cases(draw: st.DrawFn) -> tuple[pl.DataFrame, pl.DataFrame, Join, DatasetSchema]:
    keys, numbers = st.sampled_from(["a", "a", "a", "b", None]), st.sampled_from([1, 1, 1, 2])
    table = [
        (draw(keys), draw(numbers), number, draw(times), draw(times), draw(st.none() | st.floats(0, 1)))
        for number in draw(st.permutations(range(draw(st.integers(0, 12)))))
    ]
    asking = [(draw(keys), draw(numbers), draw(times)) for _ in range(draw(st.integers(1, FEW)))]
    dated = draw(st.sampled_from(["delay", "arrived", "arrived only", "static"]))
    join = Join(
        dataset="t",
        on={"key": "k", "j": "j"} if draw(st.booleans()) else {"key": "k"},
        columns={"v": "value", "id": "source"},
        tolerance=draw(st.none() | st.just(3 * MINUTE)) if dated != "static" else None,
    )
    shape = DatasetSchema(
        name="t",
        key=("id",),
        time="time" if dated in ("delay", "arrived") else None,
        arrived="arrived" if dated in ("arrived", "arrived only") else None,
        delay=2 * MINUTE if dated == "delay" else None,
    )
    return (
        pl.DataFrame(asking, schema=ASKING, orient="row"),
        pl.DataFrame(table, schema=PROJECTIONS, orient="row"),
        join,
        shape,
    )


@settings(max_examples=300, deadline=None)
@given(cases())
def test_a_request_reads_what_the_table_join_reads(case: Any) -> None:
    asking, table, join, shape = case
    want = as_of(asking.lazy(), table.lazy(), at="at", join=join, shape=shape).collect()
    history = online_tables({"t": table.lazy()}, (join,), {"t": shape}, asking.schema, versions={"t": 4})
    assert history.read(asking, asking["at"]).equals(want.drop(asking.columns))
    assert history.read(asking, asking["at"]).equals(want.drop(asking.columns))
    sources = history.sources_of(want.drop(asking.columns), asking["at"])
    few, beside = history.few(asking, asking["at"])
    assert few.equals(want.select("value", "source"))
    assert beside == sources
    for row, joined in zip(want.iter_rows(named=True), sources, strict=True):
        found = history.lookup(join, {"key": row["key"], "j": row["j"]}, row["at"])
        assert found.values == {"value": row["value"], "source": row["source"]}
        assert joined == (() if found.joined is None else (found.joined,))
        if row["__t_key"] is not None:
            assert found.joined == JoinedRow(
                dataset="t",
                version=4,
                key={"id": row["source"]},
                event=row["__t_event"],
                arrived=row["__t_arrived"],
            )


JOIN = Join(dataset="t", on={"k": "k"}, columns={"v": "v"})
SHAPE = DatasetSchema(name="t", key=("k", "time"), time="time", delay=timedelta())


def history(rows: int = 3, version: int = 1) -> OnlineTables:
    table = pl.DataFrame(
        {
            "k": [number % 1000 for number in range(rows)],
            "time": [START + number * MINUTE for number in range(rows)],
            "v": range(rows),
        }
    )
    requests = pl.Schema({"k": pl.Int64, "at": pl.Datetime("us", "UTC")})
    return online_tables({"t": table.lazy()}, (JOIN,), {"t": SHAPE}, requests, versions={"t": version})


def test_one_look_up_takes_microseconds() -> None:
    ready = history(200_000)
    at = START + timedelta(days=100)
    took = min(timeit.repeat(lambda: ready.lookup(JOIN, {"k": 7}, at), number=200, repeat=5)) / 200
    assert ready.lookup(JOIN, {"k": 7}, at).values == {"v": 143_007}
    assert took < 200e-6


def test_many_look_ups_are_each_answered() -> None:
    found = [history().lookup(JOIN, {"k": key}, START + MINUTE) for key in (1, 9, None)]
    assert [each.values["v"] for each in found] == [1, None, None]


def test_a_look_up_tells_a_wrong_value_and_an_unknown_join() -> None:
    with pytest.raises(BadRequest, match="t joined on k: found str, expected Int64"):
        history().lookup(JOIN, {"k": "1"}, START)
    with pytest.raises(NotFound, match="no join of u"):
        history().lookup(Join(dataset="u", on={"k": "k"}, columns={}), {"k": 1}, START)


def test_newer_history_replaces_the_older_between_two_requests() -> None:
    plan = feature_plan(
        of="asked",
        known=("k",),
        use=("v",),
        joins=(JOIN,),
        shapes={"t": SHAPE, "asked": DatasetSchema(name="asked", key=("id",), time="at")},
    )
    latest = LatestTables(history(3, version=1))
    answer = feature_function(plan, latest)
    raw, at = pl.DataFrame({"k": [2, 5]}), pl.Series([START + timedelta(hours=1)] * 2)
    features, joined = answer(raw, at)
    assert features.to_dict(as_series=False) == {"v": [2, None]}
    assert [len(each) for each in joined] == [1, 0]
    latest.swap(history(9, version=2))
    features, joined = answer(raw, at)
    assert features.to_dict(as_series=False) == {"v": [2, 5]}
    assert [each[0].version for each in joined] == [2, 2]


def test_a_plan_without_joins_answers_with_no_sources() -> None:
    plan = feature_plan(of="asked", known=("k",), shapes={"asked": DatasetSchema(name="asked", key=("id",))})
    answer = feature_function(plan, LatestTables(online_tables({}, (), {}, pl.Schema({"k": pl.Int64}))))
    features, joined = answer(pl.DataFrame({"k": [1, 2]}), pl.Series([START, START]))
    assert features.to_dict(as_series=False) == {"k": [1, 2]}
    assert joined == [(), ()]


def test_a_missing_table_is_told() -> None:
    with pytest.raises(BadProject, match="join of t: found no such table"):
        online_tables({}, (JOIN,), {"t": SHAPE}, pl.Schema({"k": pl.Int64}))
