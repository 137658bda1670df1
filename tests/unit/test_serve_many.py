"""Many rows in one request say what each says alone, in JSON and in bytes; and a model that is only tried."""

import asyncio
import json
from datetime import UTC, datetime

import msgspec
import numpy as np
import polars as pl
import pytest

from comporta.checks.shared.measuring.v2_requests import as_bytes, as_json
from comporta.records import Field, Share, Signature
from comporta.serve import App, LoadedVersion, ModelScores
from comporta.testing.serving import MemorySink, MemorySource, ask

ROWS = 150
FIELDS = (
    Field(name="gap", type="Float64"),
    Field(name="sure", type="Float32", nullable=False),
    Field(name="flag", type="Boolean"),
    Field(name="count", type="Int32"),
    Field(name="word", type="String", values=("a", "b")),
)
TAKES = Signature(raw=FIELDS, features=FIELDS, output="both", task="regression", label="Float64")


def table():
    draw = np.random.default_rng(1)
    return pl.DataFrame(
        {
            "gap": pl.Series(draw.normal(size=ROWS)).set(pl.Series(draw.random(ROWS) < 0.2), None),
            "sure": pl.Series(draw.normal(size=ROWS), dtype=pl.Float32),
            "flag": draw.random(ROWS) < 0.5,
            "count": pl.Series(draw.integers(-5, 5, ROWS), dtype=pl.Int32),
            "word": draw.choice(["a", "b", "c"], ROWS),
        }
    )


def load(model, number):
    def predict(frame):
        assert frame.dtypes == [pl.Float64, pl.Float32, pl.Boolean, pl.Int32, pl.String]
        said = frame["gap"].fill_null(9.0) + frame["sure"] + frame["flag"] * 10.0 + frame["count"]
        return ModelScores((said + frame["word"].str.len_chars() / 3).to_numpy(), None)

    return LoadedVersion(model=model, number=number, signature=TAKES, predict=predict)


def said(*requests, sink=None, path="/v2/models/one/infer"):
    """What comes of each body: status, and the answer. Of bytes with the size of their JSON."""

    async def turn():
        routes = {"one": (Share(version=1, weight=1.0),)}
        async with App(MemorySource(load, routes), sink, key=b"r" * 32, say=lambda line: None) as app:
            answers = []
            for body, head in requests:
                headers = [] if head is None else [("Inference-Header-Content-Length", str(head))]
                answers.append(await ask(app, "POST", path, body, headers=headers))
            return answers

    return [(status, data) for status, _, data in asyncio.run(turn())]


def numbers(data):
    return next(each["data"] for each in json.loads(data)["outputs"] if each["name"] == "prediction")


def plain(body, head):
    """The request without the wish for an answer in bytes."""
    short = json.loads(body[:head])
    del short["parameters"]
    text = json.dumps(short).encode()
    return text + body[head:], len(text)


def test_many_rows_say_what_each_says_alone_in_json_and_in_bytes():
    rows, sinks = table(), [MemorySink() for _ in range(3)]
    alone = said(*((as_json(rows[n], FIELDS), None) for n in range(ROWS)), sink=sinks[0])
    ((_, text),) = said((as_json(rows, FIELDS), None), sink=sinks[1])
    ((_, binary),) = said(plain(*as_bytes(rows, FIELDS)), sink=sinks[2])
    each = [numbers(data)[0] for _, data in alone]
    assert numbers(text) == each
    assert numbers(binary) == each
    kept = [[seen.inputs for seen in sink.observations] for sink in sinks]
    assert len(kept[0]) == ROWS
    assert kept[1] == kept[0]
    assert kept[2] == kept[0]


@pytest.mark.parametrize(
    ("sent", "column", "value", "why"),
    [
        ("json", "sure", None, "a missing value"),
        ("bytes", "sure", None, "a missing value"),
        ("bytes", "sure", float("nan"), "a missing value"),
        ("bytes", "gap", float("inf"), "a number that is not finite or too large"),
    ],
)
def test_a_bad_value_among_many_is_found_at_its_row(sent, column, value, why):
    rows = table()
    rows = rows.with_columns(pl.when(pl.int_range(ROWS) == 77).then(value).otherwise(column).alias(column))
    ((status, data),) = said((as_json(rows, FIELDS), None) if sent == "json" else as_bytes(rows, FIELDS))
    assert status == 400
    assert f"column '{column}', row 77: found {why}" in json.loads(data)["error"]


def test_without_a_sink_it_answers_and_takes_no_feedback():
    ((status, data),) = said((as_json(table()[:3], FIELDS), None))
    assert status == 200
    told = {"id": json.loads(data)["outputs"][-1]["data"][0], "label": 1.0}
    ((status, data),) = said((json.dumps(told).encode(), None), path="/feedback")
    assert status == 503, data


def test_a_request_without_a_time_is_of_now_where_no_column_carries_it():
    seen = []

    def features(frame, at):
        seen.append(at[0])
        return frame, None

    def timed(model, number):
        return msgspec.structs.replace(load(model, number), features=features, time="booked")

    async def turn():
        routes = {"one": (Share(version=1, weight=1.0),)}
        source = MemorySource(timed, routes)
        async with App(source, None, key=b"r" * 32, say=print, nanoseconds=lambda: 5 * 10**18) as app:
            return await ask(app, "POST", "/v2/models/one/infer", as_json(table()[:1], FIELDS))

    status, _, data = asyncio.run(turn())
    assert status == 200, data
    assert seen[-1] == datetime.fromtimestamp(5 * 10**9, UTC)
