"""Windows against looking at every row, as a table's join and on the request path, bit by bit the same."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comporta.data import window_columns
from comporta.data.features import feature_plan
from comporta.data.features_history import load_tables
from comporta.data.keys import key_text
from comporta.data.online import FEW, LatestTables, OnlineTables, feature_function, online_tables
from comporta.errors import BadProject
from comporta.records import DatasetSchema, Join, JoinedRow, JoinWindow

START = datetime(2024, 3, 31, tzinfo=UTC)  # the night clocks change in Europe
MINUTE = timedelta(minutes=1)
OF: dict[str, Any] = {
    **{f"v_{what}": (what, "v") for what in ("count", "sum", "mean", "min", "max", "last", "distinct")},
    **{f"x_{what}": (what, "x") for what in ("count", "sum", "mean", "min", "max", "last", "distinct")},
    **{f"s_{what}": (what, "s") for what in ("count", "min", "max", "last", "distinct")},
    "orders": ("count", "id"),
}
Row = dict[str, Any]


def oracle(request: Row, table: list[Row], join: Join, shape: DatasetSchema) -> Row:
    """The features of a request and what they are of, told plainly: every row is looked at."""
    over, at = join.window.over, request["at"]
    names = list(join.window.of)
    keys = [(request[theirs], ours) for theirs, ours in join.on.items()]
    nothing = dict.fromkeys(("key", "event", "arrived"))
    if at is None or any(value is None for value, _ in keys):
        return {**dict.fromkeys(names), **nothing}
    seen = []
    for row in table:
        event = row[shape.time or shape.arrived]
        arrived = row[shape.arrived] if shape.arrived else event + shape.delay if event else None
        if any(row[ours] != value for value, ours in keys) or event is None or arrived is None:
            continue
        if at - over < event <= at and arrived <= at:
            seen.append(((event, arrived, row["id"]), row))
    seen.sort(key=lambda each: each[0])
    made = {
        name: aggregate(what, [row[column] for _, row in seen])
        for name, (what, column) in join.window.of.items()
    }
    if not seen:
        return {**made, **nothing}
    event = seen[-1][0][0] if shape.time else None
    text = key_text([value for value, _ in keys])
    return {**made, "key": text, "event": event, "arrived": max(order[1] for order, _ in seen)}


def aggregate(what: str, values: list[Any]) -> Any:
    if what == "last":
        return values[-1] if values else None
    there = [each for each in values if each is not None and each == each]
    if what == "count":
        return len(there)
    if what == "distinct":
        return len(set(there))
    if what == "sum":
        return sum(there)
    if not there:
        return None
    return {"mean": lambda: sum(there) / len(there), "min": lambda: min(there), "max": lambda: max(there)}[
        what
    ]()


minutes = st.integers(0, 6)
some = st.one_of(*[minutes.map(lambda minute: START + minute * MINUTE)] * 9, st.none())


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[Row], list[Row], Join, DatasetSchema, dict[str, Any]]:
    text = draw(st.booleans())
    keys = ["a", "é"] if text else [0, 2**40]
    dated = draw(st.sampled_from(["delay", "arrived", "arrived only"]))
    key, other = st.sampled_from([keys[0], *keys, None]), st.sampled_from(["x", "x", "x", "y"])
    table = [
        {
            "k": draw(key),
            "j": draw(other),
            "time": draw(some),
            "arrived": draw(some),
            "id": number,
            "v": draw(st.none() | st.integers(-3, 3)),
            # Sums of eighths are exact, whatever their order: the oracle adds up in its own.
            "x": draw(st.sampled_from([None, math.nan, 0.0, -0.0, 0.125, 2.5, -7.0])),
            "s": draw(st.sampled_from([None, "b", "a", "ä"])),
        }
        for number in draw(st.permutations(range(draw(st.integers(0, 14)))))
    ]
    requests = [
        {"key": draw(key), "j": draw(other), "at": draw(some)} for _ in range(draw(st.integers(0, FEW)))
    ]
    join = Join(
        dataset="t",
        on={"key": "k", "j": "j"} if draw(st.booleans()) else {"key": "k"},
        columns={},
        window=JoinWindow(over=draw(st.integers(3, 5)) * MINUTE, of=OF),
    )
    shape = DatasetSchema(
        name="t",
        key=("id",),
        time=None if dated == "arrived only" else "time",
        arrived=None if dated == "delay" else "arrived",
        delay=draw(st.integers(-1, 2)) * MINUTE if dated == "delay" else None,
    )
    zones, units = st.sampled_from([None, "UTC", "Europe/Lisbon"]), st.sampled_from(["ms", "us", "ns"])
    kinds = {name: (draw(zones), draw(units)) for name in ("at", "time", "arrived")}
    return requests, table, join, shape, {**kinds, "k": pl.String if text else pl.Int64}


def frame(rows: list[Row], schema: dict[str, Any], kinds: dict[str, Any]) -> pl.DataFrame:
    """The rows, their times in the drawn zones and units."""
    made = pl.DataFrame(rows, schema=schema)
    for name in schema.keys() & {"at", "time", "arrived"}:
        zone, unit = kinds[name]
        column = pl.col(name).dt.cast_time_unit(unit)
        made = made.with_columns(
            column.dt.convert_time_zone(zone) if zone else column.dt.replace_time_zone(None)
        )
    return made


def both(requests: list[Row], table: list[Row], kinds: dict[str, Any]) -> tuple[pl.DataFrame, pl.DataFrame]:
    utc = pl.Datetime("us", "UTC")
    return frame(requests, {"key": kinds["k"], "j": pl.String, "at": utc}, kinds), frame(
        table,
        {
            "k": kinds["k"], "j": pl.String, "time": utc, "arrived": utc, "id": pl.Int64, "v": pl.Int64,
            "x": pl.Float64, "s": pl.String,
        },
        kinds,
    )  # fmt: skip


def ready(table: pl.DataFrame, join: Join, shape: DatasetSchema, asking: pl.DataFrame) -> OnlineTables:
    return online_tables(
        {"t": table.lazy()}, (join,), {"t": shape}, asking.schema, versions={"t": 4}, whole=False
    )


def plain(row: Row) -> Row:
    """NaN as what it is on the way to a model: nothing."""
    return {name: None if value != value else value for name, value in row.items()}


@settings(max_examples=60, deadline=None)
@given(cases())
def test_a_window_equals_looking_at_every_row_for_training_and_for_requests(case: Any) -> None:
    require_equal_to_every_row(case)


@pytest.mark.soak
@settings(max_examples=3000, deadline=None)
@given(cases())
def test_windows_equal_looking_at_every_row_in_thousands_of_cases(case: Any) -> None:
    require_equal_to_every_row(case)


def require_equal_to_every_row(case: Any) -> None:
    requests, rows, join, shape, kinds = case
    asking, table = both(requests, rows, kinds)
    tables = ready(table, join, shape, asking)
    got = tables.read(asking, asking["at"])
    few, sources = tables.few(asking, asking["at"])
    assert few.equals(got.select(few.columns))
    assert few.columns == list(OF)
    assert sources == tables.sources_of(got, asking["at"])
    for request, row, source in zip(requests, got.iter_rows(named=True), sources, strict=True):
        want = oracle(request, rows, join, shape)
        assert plain({name: row[name] for name in OF}) == plain({name: want[name] for name in OF})
        assert [row[f"__t_{part}"] for part in ("key", "event", "arrived")] == [
            want[part] for part in ("key", "event", "arrived")
        ]
        found = tables.lookup(join, {"key": request["key"], "j": request["j"]}, request["at"])
        assert plain(found.values) == plain({name: row[name] for name in OF})
        assert source == (() if found.joined is None else (found.joined,))
        if want["key"] is not None:
            assert found.joined == JoinedRow(
                dataset="t",
                version=4,
                key={ours: request[theirs] for theirs, ours in join.on.items()},
                event=want["event"],
                arrived=want["arrived"],
                since=request["at"] - join.window.over,
            )


@settings(max_examples=25, deadline=None)
@given(cases(), st.integers(1, 3), st.sampled_from(["a", "é", 0, 2**40]))
def test_windows_over_what_was_appended_or_erased_are_those_of_the_rows_that_are_there(
    case: Any, cut: int, subject: Any
) -> None:
    requests, rows, join, shape, kinds = case
    for there in (rows[::cut], [row for row in rows if row["k"] != subject]):
        asking, table = both(requests, there, kinds)
        few, _ = ready(table, join, shape, asking).few(asking, asking["at"])
        for request, row in zip(requests, few.iter_rows(named=True), strict=True):
            want = oracle(request, there, join, shape)
            assert plain(row) == plain({name: want[name] for name in OF})


def big(rows: int, seed: int, *, late: bool) -> tuple[pl.DataFrame, DatasetSchema]:
    """Rows of 20 keys, of values whose sum depends on how it is added up."""
    rng = np.random.default_rng(seed)
    times = rng.integers(0, 10_000, rows) * 10**6
    table = pl.DataFrame(
        {
            "k": rng.integers(0, 20, rows),
            "time": times,
            "arrived": times + rng.integers(0, 3_000, rows) * 10**6,
            "id": np.arange(rows),
            "x": rng.normal(size=rows) * 10.0 ** rng.integers(-9, 9, rows),
            "gone": rng.random(rows) < 0.2,
        }
    ).with_columns(pl.col("time", "arrived").cast(pl.Datetime("us", "UTC")))
    table = table.with_columns(pl.when(~pl.col("gone")).then("x").alias("x")).drop("gone")
    shape = DatasetSchema(
        name="t", key=("id",), time="time", arrived="arrived" if late else None,
        delay=None if late else timedelta(seconds=30),
    )  # fmt: skip
    return table, shape


@pytest.mark.parametrize("late", [False, True])
def test_sums_of_long_windows_are_bit_by_bit_the_same_for_one_request_and_for_many(
    late: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(window_columns, "CELLS", 5_000)  # several pieces
    table, shape = big(20_000, 1, late=late)
    rng = np.random.default_rng(2)
    asking = pl.DataFrame({"k": rng.integers(0, 21, 300), "at": rng.integers(0, 12_000, 300) * 10**6})
    asking = asking.with_columns(pl.col("at").cast(pl.Datetime("us", "UTC")))
    of = {what: (what, "x") for what in ("count", "sum", "mean", "min", "max", "last", "distinct")}
    join = Join(
        dataset="t", on={"k": "k"}, columns={}, window=JoinWindow(over=timedelta(seconds=4000), of=of)
    )
    tables = ready(table, join, shape, asking)
    many = tables.read(asking, asking["at"])
    one = pl.concat(tables.few(part, part["at"])[0] for part in asking.iter_slices(1))
    assert one.equals(many.select(one.columns))
    assert many["count"].max() > 200, "the windows are long"
    # polars' own, over the rows that one key had in the open: another way to the same numbers.
    known = table if late else table.with_columns(arrived=pl.col("time").dt.offset_by("30s"))
    for row, found in zip(asking.iter_rows(named=True), many.iter_rows(named=True), strict=True):
        mine = known.filter(
            pl.col("k") == row["k"],
            pl.col("time").is_between(row["at"] - timedelta(seconds=4000), row["at"], closed="right"),
            pl.col("arrived") <= row["at"],
        )["x"].drop_nulls()
        assert (found["count"], found["min"], found["distinct"]) == (len(mine), mine.min(), mine.n_unique())
        assert found["sum"] == pytest.approx(mine.sum(), rel=1e-9, abs=1e-3)


def window(table: pl.DataFrame, of: dict[str, Any], over: timedelta = timedelta(days=1)) -> Row:
    """What one request for key 1, a minute after noon, reads of a table of (k, time, …)."""
    asking = pl.DataFrame({"k": [1], "at": [START + timedelta(hours=12, minutes=1)]})
    shape = DatasetSchema(name="t", key=("time",), time="time", delay=timedelta())
    join = Join(dataset="t", on={"k": "k"}, columns={}, window=JoinWindow(over=over, of=of))
    return ready(table, join, shape, asking).few(asking, asking["at"])[0].row(0, named=True)


def test_a_day_of_hourly_rows_has_twenty_four() -> None:
    hours = [START + timedelta(hours=12, minutes=1) - timedelta(hours=back) for back in range(40)]
    table = pl.DataFrame({"k": 1, "time": hours, "v": range(40)})
    assert window(table, {"n": ("count", "v"), "first": ("max", "v")}) == {"n": 24, "first": 23}


def test_nothing_in_a_window_counts_and_sums_to_zero_and_has_no_mean() -> None:
    table = pl.DataFrame({"k": [2], "time": [START], "v": [1.0]})
    of = {what: (what, "v") for what in ("count", "sum", "distinct", "mean", "min", "max", "last")}
    assert window(table, of) == {
        "count": 0, "sum": 0.0, "distinct": 0, "mean": None, "min": None, "max": None, "last": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("values", "low", "high", "total"),
    [
        ([True, False, True], False, True, 2),
        ([3, 250, 7], 3, 250, 260),
        (["b", "a", "ä"], "a", "ä", None),
        ([START, START + MINUTE, START], START, START + MINUTE, None),
        ([START.date(), None, START.date()], START.date(), START.date(), None),
        ([MINUTE, 2 * MINUTE, None], MINUTE, 2 * MINUTE, None),
    ],
)
def test_values_of_every_kind_are_ordered_counted_and_summed_where_they_can_be(
    values: list[Any], low: Any, high: Any, total: Any
) -> None:
    table = pl.DataFrame({"k": 1, "time": [START + n * MINUTE for n in range(3)], "v": values})
    of = {what: (what, "v") for what in ("min", "max", "last", "distinct", "count")}
    there = [value for value in values if value is not None]
    assert window(table, of) == {
        "min": low, "max": high, "last": values[-1], "distinct": len(set(there)), "count": len(there),
    }  # fmt: skip
    if total is None:
        with pytest.raises(BadProject, match=r"t\.v: found \w+.*, expected numbers for its sum"):
            window(table, {"sum": ("sum", "v")})
    else:
        assert window(table, {"sum": ("sum", "v")}) == {"sum": total}


def test_whole_numbers_stay_whole_where_they_are_few_bytes_wide() -> None:
    table = pl.DataFrame(
        {"k": 1, "time": [START, START + MINUTE], "v": [200, 100]}, schema_overrides={"v": pl.UInt8}
    )
    assert window(table, {"sum": ("sum", "v")}) == {"sum": 300}


def test_requests_read_what_a_table_gained_from_the_swap_on_few_or_many_at_once() -> None:
    table = pl.DataFrame({"k": [1, 1], "time": [START, START + timedelta(days=2)], "v": [1, 2]})
    shape = DatasetSchema(name="t", key=("time",), time="time", delay=timedelta())
    join = Join(
        dataset="t",
        on={"k": "k"},
        columns={},
        window=JoinWindow(over=timedelta(days=1), of={"n": ("sum", "v")}),
    )
    shapes = {"t": shape, "asked": DatasetSchema(name="asked", key=("id",), time="at")}
    plan = feature_plan(of="asked", known=("k",), use=("n",), joins=(join,), shapes=shapes)

    def tables(rows: pl.DataFrame, version: int) -> OnlineTables:
        return online_tables(
            {"t": rows.lazy()}, (join,), shapes, pl.Schema({"k": pl.Int64()}), versions={"t": version}
        )

    latest = LatestTables(tables(table, 1))
    answer = feature_function(plan, latest)
    gained = table.vstack(table.tail(1).with_columns(pl.col("time") + MINUTE, v=pl.lit(5, pl.Int64)))
    for rows in (1, FEW + 1):
        raw, at = pl.DataFrame({"k": [1] * rows}), pl.Series([START + timedelta(days=2, hours=1)] * rows)
        latest.swap(tables(table, 1))
        before, (was, *_) = answer(raw, at)
        latest.swap(tables(gained, 2))
        after, (now, *_) = answer(raw, at)
        assert (before["n"].to_list(), after["n"].to_list()) == ([2] * rows, [7] * rows)
        assert (was[0].version, was[0].event) == (1, START + timedelta(days=2))
        assert (now[0].version, now[0].event) == (2, START + timedelta(days=2, minutes=1))
        assert was[0].since == now[0].since == START + timedelta(days=1, hours=1)


def test_names_that_polars_takes_for_patterns_are_names() -> None:
    table = pl.DataFrame(
        {
            "^k$": ["a", "a", "b"],
            "*": [START + n * MINUTE for n in range(3)],
            "^v.*$": [1.5, None, 9.0],
            "vv": 1,
        }
    )
    asking = pl.DataFrame({"^k$": ["a"], "at": [START + 2 * MINUTE]})
    shape = DatasetSchema(name="t", key=("^k$", "*"), time="*", delay=timedelta())
    of = {f"^{what}$": (what, "^v.*$") for what in ("count", "sum", "mean", "min", "last", "distinct")}
    join = Join(
        dataset="t",
        on={"^k$": "^k$"},
        columns={},
        window=JoinWindow(over=2 * MINUTE, of={**of, "*": ("max", "*")}),
    )
    want = {"^count$": 0, "^sum$": 0.0, "^mean$": None, "^min$": None, "^last$": None, "^distinct$": 0}
    tables = ready(table, join, shape, asking)
    few, (source,) = tables.few(asking, asking["at"])
    assert few.row(0, named=True) == {**want, "*": START + MINUTE}
    assert tables.read(asking, asking["at"])[few.columns].equals(few)
    assert source[0].key == {"^k$": "a"}


def test_a_window_longer_than_the_history_is_told_once() -> None:
    table = pl.DataFrame({"k": [1, 1], "time": [START, START + timedelta(days=3)], "v": [1, 2]})
    shape = DatasetSchema(name="t", key=("time",), time="time", delay=timedelta())
    asking = pl.Schema({"k": pl.Int64()})

    def load(over: timedelta, rows: pl.DataFrame) -> object:
        join = Join(
            dataset="t", on={"k": "k"}, columns={}, window=JoinWindow(over=over, of={"n": ("count", "v")})
        )
        return load_tables({"t": rows.lazy()}, (join,), {"t": shape}, asking)

    load(timedelta(days=3), table)
    with pytest.raises(BadProject) as told:
        load(timedelta(days=7), table)
    assert str(told.value) == (
        "window of t: found over=7d, but its history has rows from 2024-03-31 00:00 to 2024-04-03 00:00 "
        "alone. Shorten `over`, or add older rows."
    )
    with pytest.raises(BadProject, match="but its history has no row"):
        load(timedelta(days=7), table.clear())


@pytest.mark.parametrize(
    ("shape", "over", "message"),
    [
        (DatasetSchema(name="t", key=("k",)), MINUTE, "found no `time`"),
        (DatasetSchema(name="t", key=("k",), time="time", delay=MINUTE), MINUTE, "none is ever in it"),
        (DatasetSchema(name="t", key=("k",), time="time", delay=MINUTE), timedelta(), "a span above zero"),
        (DatasetSchema(name="t", key=("k",), time="time"), MINUTE, "`delay`"),
    ],
)
def test_a_window_that_can_hold_nothing_is_refused(
    shape: DatasetSchema, over: timedelta, message: str
) -> None:
    table = pl.DataFrame({"k": [1], "time": [START], "v": [1]})
    join = Join(
        dataset="t", on={"k": "k"}, columns={}, window=JoinWindow(over=over, of={"n": ("count", "v")})
    )
    with pytest.raises(BadProject, match=message):
        ready(table, join, shape, pl.DataFrame({"k": [1]}))
