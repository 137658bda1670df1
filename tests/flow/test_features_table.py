"""The step that makes a feature table, on real datasets in a real store."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest

from comporta.data.change import add
from comporta.data.keys import subject_hash
from comporta.data.steps_features import features
from comporta.errors import BadProject
from comporta.records import Artifact, DatasetSchema, Field, Join, Record, Slice
from comporta.store import MemoryStore, StepContext, derive

DAY = datetime(2024, 1, 1, tzinfo=UTC)
FLIGHTS = DatasetSchema(name="flights", key=("id",), subject="plane", time="at")
WEATHER = DatasetSchema(name="weather", key=("place", "hour"), time="hour", delay=timedelta(minutes=20))
JOIN = Join(dataset="weather", on={"from": "place"}, columns={"temp": "temp"}, tolerance=timedelta(hours=6))


class Declared(Record, frozen=True, kw_only=True):
    raw: tuple[Field, ...]
    features: tuple[Field, ...]


def flights(rows: int) -> pl.DataFrame:
    count = range(rows)
    return pl.DataFrame(
        {
            "id": [number * 7919 % 100_003 for number in count],
            "plane": [None if number % 5 == 0 else f"N{number % 90}" for number in count],
            "at": [DAY + timedelta(minutes=13 * (number % 97)) for number in count],
            "from": ["AB"[number % 2] for number in count],
            "carrier": ["UA", "DL", "AA"] * (rows // 3) + ["UA"] * (rows % 3),
            "seats": [number % 200 for number in count],
            "late": [number % 3 == 0 for number in count],
            "secret": [1.0] * rows,
        }
    )


def weather() -> pl.DataFrame:
    hours = [DAY + timedelta(hours=number) for number in range(24)]
    return pl.DataFrame({"place": ["A"] * 24, "hour": hours, "temp": [float(number) for number in range(24)]})


def warmth(frame: pl.DataFrame) -> pl.DataFrame:
    assert "secret" not in frame.columns
    return frame.select(warm=pl.col("temp") > 10, hour=pl.col("at").dt.hour())


@pytest.fixture
def context(tmp_path: Path) -> StepContext:
    return StepContext(store=MemoryStore(), keys=derive(b"k" * 32), scratch=tmp_path)


def put(context: StepContext, shape: DatasetSchema, frame: pl.DataFrame) -> Slice:
    made, _ = add(
        context.store, context.keys, shape, frame, change="append", now=DAY, scratch=context.scratch
    )
    return made


def asked(context: StepContext, spine: Slice, rain: Slice, **changes: Any) -> dict[str, Artifact]:
    arguments: dict[str, Any] = {
        "of": spine,
        "known": ["at", "from", "seats"],
        "target": "late",
        "keep": ["carrier", "from", "warm"],
        "compute": [warmth],
        "joins": [msgspec.to_builtins(JOIN)],
        "shapes": msgspec.to_builtins({"flights": FLIGHTS, "weather": WEATHER}),
        "table weather": rain,
    }
    return features(context, **{**arguments, **changes})


def table(context: StepContext, made: dict[str, Artifact]) -> pl.DataFrame:
    return pl.read_parquet(io.BytesIO(context.get(made["table"])))


def test_a_feature_table_holds_features_then_hidden_columns(context: StepContext) -> None:
    spine, rain = put(context, FLIGHTS, flights(300)), put(context, WEATHER, weather())
    made = asked(context, spine, rain)
    got = table(context, made)
    assert got.columns == [
        "from", "seats", "temp", "warm", "hour", "__key", "__subject", "__at", "__target", "__keep_carrier",
        "__weather_key", "__weather_event", "__weather_arrived",
    ]  # fmt: skip
    assert got.equals(got.sort("__at", "__key"))
    source = {f"[{row['id']}]": row for row in flights(300).iter_rows(named=True)}
    assert len(source) == got.height == 300
    for row in got.iter_rows(named=True):
        asking = source[row["__key"]]
        assert (row["from"], row["seats"], row["__target"]) == (
            asking["from"],
            asking["seats"],
            asking["late"],
        )
        assert row["__at"] == asking["at"]
        assert row["__keep_carrier"] == asking["carrier"]
        assert row["__subject"] == (asking["plane"] and subject_hash(asking["plane"], context.keys))
        hour = (asking["at"] - DAY - timedelta(minutes=20)) // timedelta(hours=1)
        known = asking["from"] == "A" and hour >= 0
        assert row["temp"] == (float(hour) if known else None)
        assert row["__weather_event"] == (DAY + timedelta(hours=hour) if known else None)
        assert row["__weather_arrived"] == (DAY + timedelta(hours=hour, minutes=20) if known else None)


def test_the_schema_says_what_requests_carry_and_what_features_there_are(context: StepContext) -> None:
    spine, rain = put(context, FLIGHTS, flights(300)), put(context, WEATHER, weather())
    made = asked(context, spine, rain, known=["at", "from", "seats", "plane"])
    declared = context.get_json(made["schema"], Declared)
    assert [(field.name, field.type, field.nullable, field.values) for field in declared.raw] == [
        ("at", "Datetime(time_unit='us', time_zone='UTC')", False, ()),
        ("from", "String", False, ("A", "B")),
        ("seats", "Int64", False, ()),
        ("plane", "String", True, ()),
    ]
    assert [field.name for field in declared.features] == ["from", "seats", "temp", "warm", "hour"]
    assert declared.features[2].nullable


def test_the_table_is_the_same_bytes_however_its_rows_lie_and_come(context: StepContext) -> None:
    rain = put(context, WEATHER, weather())
    rows = flights(5_000)
    whole = put(context, FLIGHTS, rows)
    made = asked(context, whole, rain)
    assert asked(context, whole, rain, batch=300)["table"] == made["table"]
    other = StepContext(store=MemoryStore(), keys=context.keys, scratch=context.scratch)
    rain = put(other, WEATHER, weather().reverse())
    for part in rows.sample(fraction=1, shuffle=True, seed=3).iter_slices(1_700):
        parts = put(other, FLIGHTS, part)
    assert asked(other, parts, rain)["table"] == made["table"]
    assert [path for path in context.scratch.iterdir() if path.suffix == ".parquet"] == []


def test_a_slice_without_rows_makes_an_empty_table(context: StepContext) -> None:
    spine, rain = put(context, FLIGHTS, flights(9)), put(context, WEATHER, weather())
    none = msgspec.structs.replace(spine, until=DAY - timedelta(days=1), rows=0)
    assert table(context, asked(context, none, rain)).height == 0
    assert table(context, asked(context, msgspec.structs.replace(none, rows=9), rain, batch=2)).height == 0


def test_a_dataset_without_times_and_subjects_needs_no_history(context: StepContext) -> None:
    shape = DatasetSchema(name="flights", key=("id", "carrier"))
    spine = put(context, shape, flights(20))
    made = features(
        context, of=spine, known=["seats"], target="late", shapes=msgspec.to_builtins({"flights": shape})
    )
    assert table(context, made).columns == ["seats", "__key", "__target"]


def uneven(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(x=pl.Series([None] * frame.height) if frame["seats"].sum() % 2 else pl.col("seats"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"known": ["at", "gate"]}, "found no column gate; it has id"),
        ({"target": "later"}, "found no column later"),
        ({"keep": ["gate"]}, "found no column gate to slice or group by"),
        ({"known": ["at", "from", "late"]}, "found the target late among them"),
        ({"known": ["at", "seats"]}, "no column from to match on. Add it to `known`"),
        ({"compute": [uneven], "batch": 3, "keep": []}, "column x: found"),
    ],
)
def test_what_does_not_fit_is_told(context: StepContext, changes: dict[str, Any], message: str) -> None:
    spine, rain = put(context, FLIGHTS, flights(60)), put(context, WEATHER, weather())
    with pytest.raises(BadProject, match=message):
        asked(context, spine, rain, **changes)
