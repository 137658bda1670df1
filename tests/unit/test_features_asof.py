"""Point-in-time joins against a brute force of a few lines, and against pandas where pandas says the same."""

from __future__ import annotations

import warnings
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comporta.data.asof import as_of
from comporta.data.features_timeline import timeline
from comporta.errors import BadProject
from comporta.records import DatasetSchema, Join

START = datetime(2024, 3, 31, tzinfo=UTC)  # the night clocks change in Europe
MINUTE = timedelta(minutes=1)

Row = dict[str, Any]


def oracle(request: Row, table: list[Row], join: Join, shape: DatasetSchema) -> Row | None:
    """The row a request reads, told as plainly as it can be: every row is looked at."""
    keys = [(request[theirs], ours) for theirs, ours in join.on.items()]
    if any(value is None for value, _ in keys):
        return None
    seen = []
    for row in table:
        if any(row[ours] != value for value, ours in keys):
            continue
        event = row[shape.time] if shape.time else None
        arrived = row[shape.arrived] if shape.arrived else event + shape.delay if event else None
        if shape.time and (event is None or request["at"] is None or event > request["at"]):
            continue
        if (shape.arrived or shape.time) and (
            arrived is None or request["at"] is None or arrived > request["at"]
        ):
            continue
        newest = event or arrived
        if join.tolerance is not None and newest < request["at"] - join.tolerance:
            continue
        key = tuple(row[name] for name in shape.key)
        seen.append(((newest or 0, arrived or 0, key), event, arrived, row))
    if not seen:
        return None
    _, event, arrived, row = max(seen, key=lambda each: each[0])
    return {"row": row, "event": event, "arrived": arrived}


# Few of each, so that rows tie, arrive late and correct each other in most cases.
minutes = st.integers(0, 4)
instants = minutes.map(lambda minute: START + minute * MINUTE)
some = st.one_of(*[instants] * 7, st.none())
spans = minutes.map(lambda minute: minute * MINUTE)


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[Row], list[Row], Join, DatasetSchema, dict[str, Any]]:
    keys = draw(st.sampled_from([[0, 1], ["a", "é"], [-5, 2**40]]))
    dated = draw(st.sampled_from(["delay", "arrived", "arrived only", "static"]))
    two = draw(st.booleans())
    table = [
        {
            "k": draw(st.sampled_from([keys[0], *keys, None])),
            "j": draw(st.sampled_from(["x", "x", "x", "y"])),
            "time": draw(some),
            "arrived": draw(some),
            "z": number,
            "v": draw(st.none() | st.integers(0, 3)),
        }
        for number in draw(st.permutations(range(draw(st.integers(0, 14)))))
    ]
    requests = [
        {
            "key": draw(st.sampled_from([keys[0], *keys, None])),
            "j": draw(st.sampled_from(["x", "x", "x", "y"])),
            "at": draw(some),
        }
        for _ in range(draw(st.integers(0, 8)))
    ]
    requests += draw(st.lists(st.sampled_from(requests), max_size=3)) if requests else []
    join = Join(
        dataset="t",
        on={"key": "k", "j": "j"} if two else {"key": "k"},
        columns={"v": "value"},
        tolerance=draw(st.none() | spans) if dated != "static" else None,
    )
    shape = DatasetSchema(
        name="t",
        key=("z",),
        time="time" if dated in ("delay", "arrived") else None,
        arrived="arrived" if dated in ("arrived", "arrived only") else None,
        delay=draw(spans | st.just(-MINUTE)) if dated == "delay" else None,
    )
    key = pl.String if isinstance(keys[0], str) else pl.Int64
    zones = st.sampled_from([None, "UTC", "Europe/Lisbon", "America/New_York"])
    units = st.sampled_from(["ms", "us", "ns"])
    kinds = {name: (draw(zones), draw(units)) for name in ("at", "time", "arrived")} | {
        "k": draw(st.sampled_from([key, pl.Categorical if key == pl.String else pl.Int64])),
        "key": key,
    }
    return requests, table, join, shape, kinds


def frame(rows: list[Row], schema: dict[str, Any], kinds: dict[str, Any]) -> pl.DataFrame:
    """The rows, their times in the drawn zones and units."""
    made = pl.DataFrame(rows, schema=schema)
    for name in schema:
        if schema[name] == pl.Datetime("us", "UTC"):
            zone, unit = kinds[name]
            column = pl.col(name).dt.cast_time_unit(unit)
            column = column.dt.convert_time_zone(zone) if zone else column.dt.replace_time_zone(None)
            made = made.with_columns(column)
        elif name in kinds:
            made = made.with_columns(pl.col(name).cast(kinds[name]))
    return made


def both(
    case: tuple[list[Row], list[Row], Join, DatasetSchema, dict[str, Any]],
) -> tuple[pl.DataFrame, pl.DataFrame]:
    requests, table, _, _, kinds = case
    utc = pl.Datetime("us", "UTC")
    key = kinds["key"]
    return (
        frame(requests, {"key": key, "j": pl.String, "at": utc}, kinds),
        frame(
            table,
            {"k": key, "j": pl.String, "time": utc, "arrived": utc, "z": pl.Int64, "v": pl.Int64},
            kinds,
        ),
    )


@settings(max_examples=400, deadline=None)
@given(cases())
def test_what_was_known_equals_looking_at_every_row(case: Any) -> None:
    requests, table, join, shape, _ = case
    asking, asked = both(case)
    got = as_of(asking.lazy(), asked.lazy(), at="at", join=join, shape=shape).collect()
    assert got.select(asking.columns).equals(asking)
    for request, row in zip(requests, got.iter_rows(named=True), strict=True):
        want = oracle(request, table, join, shape)
        assert row["value"] == (want and want["row"]["v"])
        assert row["__t_key"] == (want and f"[{want['row']['z']}]")
        assert row["__t_event"] == (want and want["event"])
        assert row["__t_arrived"] == (want and want["arrived"])


@settings(max_examples=200, deadline=None)
@given(cases(), st.integers(0, 2), st.sampled_from([1, 2, None]))
def test_both_orders_and_colliding_hashes_give_the_same_rows(
    case: Any, steps: int, hash_bits: int | None
) -> None:
    _, _, join, shape, _ = case
    asking, asked = both(case)
    plain = timeline(asked, join, shape, asking.schema, exact=True)
    other = timeline(asked, join, shape, asking.schema, hash_bits=hash_bits)
    at = asking["at"]
    assert other.match(asking, at, steps=steps).tolist() == plain.match(asking, at, steps=99).tolist()


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1), st.booleans())
def test_many_rows_equal_pandas_merge_asof_where_nothing_ties_or_is_late(seed: int, text: bool) -> None:
    rng = np.random.default_rng(seed)
    table = pl.DataFrame(
        {"k": rng.integers(0, 9, 400), "t": rng.permutation(4000)[:400], "v": rng.random(400)}
    )
    asking = pl.DataFrame({"k": rng.integers(0, 11, 100), "at": rng.integers(0, 4200, 100)})
    times = [
        table.with_columns(pl.col("t").cast(pl.Datetime("us"))),
        asking.with_columns(pl.col("at").cast(pl.Datetime("us"))),
    ]
    if text:
        times = [each.with_columns(pl.col("k").cast(pl.String)) for each in times]
    table, asking = times
    tolerance = timedelta(microseconds=300)
    got = as_of(
        asking.lazy(),
        table.lazy(),
        at="at",
        join=Join(dataset="t", on={"k": "k"}, columns={"v": "v"}, tolerance=tolerance),
        shape=DatasetSchema(name="t", key=("k", "t"), time="t", delay=timedelta()),
    ).collect()
    order = pd.DataFrame(asking.to_dict(as_series=False)).reset_index().sort_values("at", kind="stable")
    other = pd.merge_asof(
        order,
        pd.DataFrame(table.to_dict(as_series=False)).sort_values("t"),
        left_on="at", right_on="t", by="k", tolerance=pd.Timedelta(tolerance),
    ).sort_values("index")  # fmt: skip
    assert [None if pd.isna(v) else v for v in other["v"]] == got["v"].to_list()


def known(
    rows: list[tuple[Any, ...]],
    at: datetime,
    *,
    tolerance: timedelta | None = None,
    delay: timedelta | None = None,
) -> Row:
    """What one request for key 1 reads of rows (event, arrived, v)."""
    table = pl.DataFrame(
        [(1, number, *row) for number, row in enumerate(rows)],
        schema={"k": pl.Int64, "id": pl.Int64, "time": pl.Datetime("us", "UTC"),
                "arrived": pl.Datetime("us", "UTC"), "v": pl.Int64},
        orient="row",
    )  # fmt: skip
    shape = DatasetSchema(
        name="t", key=("id",), time="time", arrived=None if delay is not None else "arrived", delay=delay
    )
    join = Join(dataset="t", on={"k": "k"}, columns={"v": "v"}, tolerance=tolerance)
    asking = pl.DataFrame({"k": [1], "at": [at]})
    return as_of(asking.lazy(), table.lazy(), at="at", join=join, shape=shape).collect().row(0, named=True)


def after(minutes: int) -> datetime:
    return START + minutes * MINUTE


def test_a_late_row_is_not_seen_before_it_arrived() -> None:
    rows = [(after(1), after(2), 10), (after(5), after(30), 20)]
    assert known(rows, after(10))["v"] == 10
    assert known(rows, after(30))["v"] == 20


def test_an_old_event_that_arrives_last_does_not_win() -> None:
    assert known([(after(5), after(6), 20), (after(1), after(8), 10)], after(9))["v"] == 20


def test_a_correction_wins_once_it_has_arrived() -> None:
    rows = [(after(1), after(2), 10), (after(1), after(7), 11)]
    assert known(rows, after(6))["v"] == 10
    assert known(rows, after(7))["v"] == 11


def test_the_newest_null_is_the_value() -> None:
    got = known([(after(1), after(1), 10), (after(2), after(2), None)], after(3))
    assert got["v"] is None
    assert got["__t_key"] == "[1]"


def test_the_tolerance_is_inclusive_to_the_nanosecond() -> None:
    rows = [(after(0), after(0), 10)]
    assert known(rows, after(5), tolerance=5 * MINUTE)["v"] == 10
    assert known(rows, after(5) + timedelta(microseconds=1), tolerance=5 * MINUTE)["v"] is None
    at = pl.Series("at", [1_000, 1_001]).cast(pl.Datetime("ns"))
    table = pl.DataFrame({"k": [1], "time": pl.Series([0]).cast(pl.Datetime("us")), "v": [7]})
    got = as_of(
        pl.DataFrame({"k": [1, 1], "at": at}).lazy(),
        table.lazy(),
        at="at",
        join=Join(dataset="t", on={"k": "k"}, columns={"v": "v"}, tolerance=timedelta(microseconds=1)),
        shape=DatasetSchema(name="t", key=("k", "time"), time="time", delay=timedelta()),
    ).collect()
    assert got["v"].to_list() == [7, None]


def test_a_row_is_seen_exactly_from_its_delay_on() -> None:
    rows = [(after(0), None, 10)]
    assert known(rows, after(20), delay=20 * MINUTE)["v"] == 10
    assert known(rows, after(20) - timedelta(microseconds=1), delay=20 * MINUTE)["v"] is None
    assert known(rows, after(20), delay=20 * MINUTE)["__t_arrived"] == after(20)


def test_times_no_integer_of_nanoseconds_holds_are_the_far_past_and_future() -> None:
    far = pl.DataFrame(
        {
            "k": [1, 1],
            "time": [datetime(1, 1, 1), datetime(9999, 12, 31)],
            "v": [1, 2],
        }
    )
    at = pl.DataFrame({"k": [1], "at": pl.Series([datetime(2024, 1, 1)]).dt.cast_time_unit("ns")})
    join = Join(dataset="t", on={"k": "k"}, columns={"v": "v"})
    shape = DatasetSchema(name="t", key=("time",), time="time", delay=timedelta(days=999_999_999))
    assert as_of(at.lazy(), far.lazy(), at="at", join=join, shape=shape).collect()["v"].to_list() == [None]
    shape = DatasetSchema(name="t", key=("time",), time="time", delay=timedelta())
    assert as_of(at.lazy(), far.lazy(), at="at", join=join, shape=shape).collect()["v"].to_list() == [1]


def test_dates_are_midnight_utc_and_other_zones_are_other_instants() -> None:
    table = pl.DataFrame({"k": ["a"], "day": [date(2024, 3, 31)], "v": [1]})
    lisbon = datetime(2024, 3, 31, 0, 30, tzinfo=timezone(timedelta(hours=1)))
    asking = pl.DataFrame({"k": ["a", "a"], "at": [lisbon, lisbon + timedelta(minutes=30)]})
    join = Join(dataset="t", on={"k": "k"}, columns={"v": "v"})
    shape = DatasetSchema(name="t", key=("k",), time="day", delay=timedelta())
    got = as_of(asking.lazy(), table.lazy(), at="at", join=join, shape=shape).collect()
    assert got["v"].to_list() == [None, 1]


def test_the_order_in_which_a_table_is_stored_never_shows() -> None:
    rng = np.random.default_rng(1)
    table = pl.DataFrame(
        {"k": rng.integers(0, 3, 300), "t": rng.integers(0, 9, 300), "v": rng.integers(0, 99, 300)}
    )
    table = table.with_columns(pl.col("t").cast(pl.Datetime("us")), id=pl.lit(1))
    asking = pl.DataFrame({"k": [0, 1, 2], "at": [datetime(2024, 1, 1)] * 3})
    join = Join(dataset="t", on={"k": "k"}, columns={"v": "v"})
    shape = DatasetSchema(name="t", key=("id",), time="t", delay=timedelta())
    seen = {
        str(
            as_of(asking.lazy(), each.lazy(), at="at", join=join, shape=shape)
            .collect()
            .to_dict(as_series=False)
        )
        for each in (table.sample(fraction=1, shuffle=True, seed=seed) for seed in range(5))
    }
    assert len(seen) == 1


def test_rows_that_are_not_a_number_or_missing_match_nothing() -> None:
    table = pl.DataFrame({"k": [float("nan"), None, 0.0], "v": [1, 2, 3]})
    asking = pl.DataFrame({"k": [float("nan"), None, -0.0, 0.5]})
    join = Join(dataset="t", on={"k": "k"}, columns={"v": "v"})
    shape = DatasetSchema(name="t", key=("v",))
    got = as_of(asking.lazy(), table.lazy(), at=None, join=join, shape=shape).collect()
    assert got["v"].to_list() == [None, None, 3, None]


def test_an_as_of_join_is_lazy_and_keeps_other_operations_right() -> None:
    read = []

    def watched(frame: pl.DataFrame) -> pl.DataFrame:
        read.append(frame.columns)
        return frame

    table = pl.DataFrame({"k": [1, 2], "v": [5, 6], "unused": ["x", "y"]}).lazy()
    table = table.map_batches(watched, schema=table.collect_schema())
    asking = pl.DataFrame({"k": [1, 2, 1]}).lazy()
    join = Join(dataset="t", on={"k": "k"}, columns={"v": "v"})
    got = as_of(asking, table, at=None, join=join, shape=DatasetSchema(name="t", key=("k",)))
    assert not read
    assert got.filter(pl.col("v") == 5).select("v").collect()["v"].to_list() == [5, 5]
    assert got.head(1).collect().height == 1


V = Join(dataset="t", on={"k": "k"}, columns={"v": "v"})
K = DatasetSchema(name="t", key=("k",))


@pytest.mark.parametrize(
    ("join", "shape", "message"),
    [
        (V, DatasetSchema(name="t", key=("k",), time="t"), "delay"),
        (V, DatasetSchema(name="t", key=("k",), time="v", delay=MINUTE), "expected Datetime or Date"),
        (Join(dataset="t", on={"k": "w"}, columns={"v": "v"}), K, "no column w"),
        (Join(dataset="t", on={"w": "k"}, columns={"v": "v"}), K, "Add it to `known`"),
        (Join(dataset="t", on={"k": "v"}, columns={"v": "v"}), K, "expected one type"),
        (Join(dataset="t", on={"k": "k"}, columns={"v": "at"}), K, "both sides"),
        (Join(dataset="t", on={}, columns={"v": "v"}), K, "at least one"),
        (Join(dataset="t", on={"k": "k"}, columns={"v": "x", "t": "x"}), K, "one name"),
        (
            Join(dataset="t", on={"k": "k"}, columns={"v": "v"}, tolerance=MINUTE),
            K,
            "no time to measure",
        ),
        (
            Join(dataset="t", on={"k": "k"}, columns={"v": "v"}, tolerance=-MINUTE),
            DatasetSchema(name="t", key=("k",), time="t", delay=MINUTE),
            "from zero up",
        ),
    ],
)  # fmt: skip
def test_declarations_that_do_not_fit_are_told(join: Join, shape: DatasetSchema, message: str) -> None:
    table = pl.DataFrame({"k": [1], "v": ["x"], "t": [START]})
    asking = pl.DataFrame({"k": [1], "at": [START]})
    with pytest.raises(BadProject, match=message):
        as_of(asking.lazy(), table.lazy(), at="at", join=join, shape=shape).collect()


def test_polars_own_join_would_have_seen_the_future() -> None:
    """Why this exists: the nearest engine answers with a row that nobody had yet."""
    table = pl.DataFrame(
        {"k": [1, 1], "t": [after(0), after(5)], "arrived": [after(1), after(60)], "v": [1, 2]}
    )
    asking = pl.DataFrame({"k": [1], "at": [after(10)]})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        naive = asking.join_asof(table, left_on="at", right_on="t", by="k")
    assert naive["v"].to_list() == [2]
    join = Join(dataset="t", on={"k": "k"}, columns={"v": "v"})
    shape = DatasetSchema(name="t", key=("k", "t"), time="t", arrived="arrived")
    assert as_of(asking.lazy(), table.lazy(), at="at", join=join, shape=shape).collect()["v"].to_list() == [1]
