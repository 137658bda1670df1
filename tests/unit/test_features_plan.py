"""From rows that ask to features: what is joined, computed and chosen, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from comporta.data.features import FeaturePlan, feature_plan
from comporta.data.features_history import load_tables
from comporta.errors import BadProject
from comporta.records import DatasetSchema, Join
from comporta.records.columns import join_columns

DAY = datetime(2024, 1, 1, tzinfo=UTC)
FLIGHTS = DatasetSchema(name="flights", key=("id",), subject="plane", time="at")
WEATHER = DatasetSchema(name="weather", key=("place", "hour"), time="hour", delay=timedelta())
flights = pl.DataFrame(
    {"id": [1, 2], "plane": ["x", "y"], "at": [DAY, DAY], "from": ["A", "B"], "to": ["B", "A"]}
)
weather = pl.DataFrame({"place": ["A", "B"], "hour": [DAY, DAY], "temp": [10.0, 20.0]})


def double(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(double=pl.col("temp") * 2)


def plan(**changes: Any) -> FeaturePlan:
    declared: dict[str, Any] = {
        "of": "flights",
        "known": ("id", "plane", "at", "from", "to"),
        "joins": (Join(dataset="weather", on={"from": "place"}, columns={"temp": "temp"}),),
        "shapes": {"flights": FLIGHTS, "weather": WEATHER},
        "compute": (double,),
    }
    return feature_plan(**{**declared, **changes})


def applied(this: FeaturePlan, frame: pl.DataFrame = flights) -> tuple[pl.DataFrame, pl.DataFrame]:
    return this.apply(frame, load_tables({"weather": weather.lazy()}, this.joins, this.shapes, frame.schema))


def test_features_are_known_joined_and_computed_columns_less_key_subject_and_time() -> None:
    features, hidden = applied(plan())
    assert features.columns == ["from", "to", "temp", "double"]
    assert features["double"].to_list() == [20.0, 40.0]
    assert hidden.columns == ["__weather_key", "__weather_event", "__weather_arrived"]


def test_use_chooses_among_what_is_known_and_joined_and_orders() -> None:
    assert applied(plan(use=("double", "from")))[0].columns == ["double", "from"]
    assert applied(plan(use=("temp", "plane")))[0].columns == ["temp", "plane", "double"]


def test_one_table_joined_twice_keeps_two_lineages() -> None:
    twice = (
        Join(dataset="weather", on={"from": "place"}, columns={"temp": "temp"}),
        Join(dataset="weather", on={"to": "place"}, columns={"temp": "temp there"}),
    )
    features, hidden = applied(plan(joins=twice))
    assert features["temp there"].to_list() == [20.0, 10.0]
    assert [each.key for each in join_columns(join.dataset for join in twice)] == [
        "__weather_key",
        "__weather.2_key",
    ]
    assert hidden["__weather.2_key"].to_list() == [
        '["B","2024-01-01T00:00:00Z"]',
        '["A","2024-01-01T00:00:00Z"]',
    ]


def test_functions_see_only_what_a_request_carries_and_what_is_joined() -> None:
    seen = []

    def watch(frame: pl.DataFrame) -> pl.DataFrame:
        seen.extend(frame.columns)
        return frame.select(one=pl.col("temp"))

    applied(plan(known=("from", "at"), compute=(watch,)), flights.with_columns(secret=pl.lit(1)))
    assert seen == ["from", "at", "temp"]


def test_the_time_of_a_request_need_not_be_among_its_columns() -> None:
    this = plan(known=("from",))
    history = load_tables({"weather": weather.lazy()}, this.joins, this.shapes, flights.schema)
    at = pl.Series([DAY, DAY - timedelta(hours=1)])
    assert this.apply(flights.select("from"), history, at)[0]["temp"].to_list() == [10.0, None]


def fails(frame: pl.DataFrame) -> pl.DataFrame:
    raise ValueError("nothing to see")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"known": ("from", "colour")}, "found no column colour"),
        ({"use": ("colour",)}, "found colour in `use`"),
        ({"target": "to"}, "found the target to among them"),
        ({"compute": (fails,)}, r"function fails: ValueError at .*features_plan.py:\d+: nothing"),
        ({"compute": (lambda frame: frame.select("from"),)}, "column from, but it is known or joined"),
        ({"compute": (double, double)}, "found the column double, but double makes one too"),
        ({"compute": (lambda frame: frame.select(__x="from"),)}, "a name that does not begin with __"),
        ({"compute": (lambda frame: frame.head(1).select(x="from"),)}, "found 1 rows for 2"),
        ({"compute": (lambda frame: frame.to_dict(),)}, "found a dict, expected a polars DataFrame"),
        (
            {"joins": (Join(dataset="weather", on={"from": "place"}, columns={"temp": "to"}),)},
            "both known and joined",
        ),
        ({"known": ("at",), "joins": (), "compute": ()}, "found none"),
        (
            {
                "joins": (
                    Join(dataset="weather", on={"from": "place"}, columns={"temp": "temp"}),
                    Join(dataset="weather", on={"to": "place"}, columns={"temp": "temp"}),
                )
            },
            "found temp joined from two tables",
        ),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told_with_function_and_column(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(BadProject, match=message):
        applied(plan(**changes))


def test_what_a_function_said_of_the_data_is_not_in_the_reason_that_is_kept() -> None:
    with pytest.raises(BadProject) as fault:
        applied(plan(compute=(fails,)))
    assert "nothing to see" not in fault.value.reason
    assert "ValueError" in fault.value.reason


def test_rows_without_a_time_cannot_be_joined_by_time() -> None:
    this = plan(shapes={"flights": DatasetSchema(name="flights", key=("id",)), "weather": WEATHER})
    with pytest.raises(BadProject, match="the rows that ask have none"):
        applied(this)
