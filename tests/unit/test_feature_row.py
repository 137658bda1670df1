"""`GET /features/MODEL`: the features of one key, as the request path joins and computes them."""

from __future__ import annotations

import asyncio
import json
import secrets
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlencode

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from comporta.data.feature_row import feature_row, key_columns
from comporta.data.features import FeaturePlan, feature_plan
from comporta.data.online import LatestTables, feature_function, online_tables
from comporta.http.bearer import new_token
from comporta.records import Column, DatasetSchema, Field, Join, JoinWindow, Share, Signature
from comporta.records.token import USUAL_ACTIONS, Quota, Token
from comporta.serve import App, LoadedVersion, ModelScores
from comporta.serve.version_source import FeatureView
from comporta.testing.serving import MemorySink, MemorySource, ask

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
AT = round(NOW.timestamp() * 1e9)
DAY = timedelta(days=1)
RAW = {"plane": pl.String, "asks": pl.String, "airport": pl.Int64, "distance": pl.Float64}
PLANES = pl.DataFrame({
    "tail": ["N1", "N1", "N2"], "made": [NOW - 9 * DAY, NOW - 2 * DAY, NOW - 3 * DAY],
    "known": [NOW - 8 * DAY, NOW + DAY, NOW - DAY], "seats": [100, 120, 50], "owner": ["Ana", "Ana", "Rui"],
})  # fmt: skip
VISITS = pl.DataFrame({
    "airport": [7, 7, 8], "id": [1, 2, 3], "at": [NOW - DAY, NOW - 2 * DAY, NOW - 40 * DAY],
    "delay": [10.0, 30.0, 5.0],
})  # fmt: skip
SHAPES = {
    "flights": DatasetSchema(name="flights", key=("id",)),
    "planes": DatasetSchema(name="planes", key=("tail", "made"), time="made", arrived="known"),
    "visits": DatasetSchema(name="visits", key=("id",), time="at", delay=timedelta()),
}
AS_OF = Join(dataset="planes", on={"plane": "tail"}, columns={"seats": "seats", "owner": "owner"})
OVER = Join(dataset="visits", on={"airport": "airport"}, columns={},
            window=JoinWindow(over=7 * DAY, of={"late": ("mean", "delay")}))  # fmt: skip


def per_seat(seen: pl.DataFrame) -> pl.DataFrame:
    return seen.select((pl.col("distance") / pl.col("seats")).alias("per_seat"))


def plan_of(*joins: Join, shapes: dict[str, Any] | None = None, compute: Any = (per_seat,)) -> FeaturePlan:
    known = [name for name in RAW if name == "distance" or any(name in join.on for join in joins)]
    return feature_plan(of="flights", known=known, shapes=shapes or SHAPES, joins=joins, compute=compute)


def served(
    plan: FeaturePlan, *, hidden: tuple[str, ...] = (), declared: dict[str, DatasetSchema] | None = None
) -> LoadedVersion:
    raw = {name: RAW[name] for name in plan.known}
    frames = {"planes": PLANES.lazy(), "visits": VISITS.lazy()}
    latest = LatestTables(online_tables(frames, plan.joins, plan.shapes, pl.Schema(raw),
                                        versions={"planes": 3, "visits": 2}))  # fmt: skip
    answer = feature_function(plan, latest)
    one = pl.DataFrame({name: ["N1"] if dtype == pl.String else [1] for name, dtype in raw.items()}, raw)
    names = answer(one, pl.Series("at", [NOW]))[0].columns
    view = FeatureView(
        columns=key_columns(plan),
        read=partial(feature_row, plan, latest, names, hidden, declared=declared or {}),
    ) if plan.joins else None  # fmt: skip
    fields = tuple(Field(name=name, type=str(dtype()), nullable=True) for name, dtype in raw.items())
    return LoadedVersion(
        model="late", number=1, features=answer, view=view, log_without=hidden,
        predict=lambda frame: ModelScores(np.zeros(frame.height), None),
        signature=Signature(
            raw=fields, output="label", task="regression", label="Float64",
            features=tuple(Field(name=name, type="Float64", nullable=True) for name in names),
        ),
    )  # fmt: skip


def asked(version: LoadedVersion, *queries: str, tokens: tuple[Token, ...] | None = None,
          header: bytes | None = None) -> list[tuple[int, Any, dict[str, str]]]:  # fmt: skip
    async def turn() -> list[tuple[int, Any, dict[str, str]]]:
        source = MemorySource(lambda model, number: version, {"late": (Share(version=1, weight=1.0),)})
        app = App(source, MemorySink(), key=b"r" * 32, flush=0.01, nanoseconds=lambda: AT,
                  say=lambda line: None, tokens=None if tokens is None else lambda: tokens)  # fmt: skip
        shown = () if header is None else (("authorization", header.decode()),)
        async with app:
            found = [await ask(app, "GET", query, headers=shown) for query in queries]
        return [(status, json.loads(body), headers) for status, headers, body in found]

    return asyncio.run(turn())


def test_a_key_is_answered_with_its_features_the_rows_that_gave_them_and_the_times_of_knowledge() -> None:
    ((status, said, headers),) = asked(served(plan_of(AS_OF)), "/features/late?key=N1&distance=50")
    assert status == 200
    assert said == {
        "model": "late", "version": 1, "at": "2026-11-30T12:00:00Z", "key": {"plane": "N1", "distance": 50},
        "features": {"plane": "N1", "distance": 50.0, "seats": 100, "owner": "Ana", "per_seat": 0.5},
        "sources": [{
            "dataset": "planes", "version": 3, "key": {"tail": "N1", "made": "2026-11-21T12:00:00Z"},
            "event": "2026-11-21T12:00:00Z", "arrived": "2026-11-22T12:00:00Z",
        }],
        "withheld": [], "needs": [],
    }, "the row that arrives tomorrow is not known yet"  # fmt: skip
    assert headers["cache-control"] == "no-store"


def test_it_is_the_row_that_the_request_path_makes() -> None:
    version = served(plan_of(AS_OF, OVER))
    for plane, airport in (("N1", 7), ("N2", 8), ("N2", 7)):
        row = pl.DataFrame({"plane": [plane], "airport": [airport], "distance": [90.0]})
        features, (sources,) = version.features(row, pl.Series("at", [NOW]))
        query = f"/features/late?plane={plane}&airport={airport}&distance=90"
        ((status, said, _),) = asked(version, query)
        assert status == 200
        assert said["features"] == features.row(0, named=True)
        assert [each["dataset"] for each in said["sources"]] == [each.dataset for each in sources]


def test_what_needs_columns_that_were_not_sent_is_left_out_and_they_are_named() -> None:
    ((_, said, _),) = asked(served(plan_of(AS_OF)), "/features/late?plane=N2")
    assert said["features"] == {"plane": "N2", "seats": 50, "owner": "Rui"}
    assert said["needs"] == ["distance"]


def personal(dataset: str, column: str) -> dict[str, DatasetSchema]:
    return {**SHAPES, dataset: replace(SHAPES[dataset], columns=(Column(column, personal=True),))}


def test_personal_columns_and_what_may_be_made_of_them_are_not_told() -> None:
    plan = plan_of(AS_OF, shapes=personal("planes", "owner"))
    ((_, said, _),) = asked(served(plan), "/features/late?key=N1&distance=50")
    assert said["features"] == {"plane": "N1", "distance": 50.0, "seats": 100}
    assert said["withheld"] == ["owner", "per_seat"]
    plan = plan_of(OVER, shapes=personal("visits", "delay"), compute=())
    ((_, said, _),) = asked(served(plan), "/features/late?key=7")
    assert (said["features"], said["withheld"]) == ({"airport": 7}, ["late"])


def test_what_became_personal_since_the_version_was_made_is_not_told() -> None:
    now = personal("planes", "owner")
    ((_, said, _),) = asked(served(plan_of(AS_OF), declared=now), "/features/late?key=N1&distance=50")
    assert said["features"] == {"plane": "N1", "distance": 50.0, "seats": 100}
    assert said["withheld"] == ["owner", "per_seat"]


def test_a_personal_part_of_a_source_s_key_is_told_to_whom_sent_it_alone() -> None:
    ((_, said, _),) = asked(
        served(plan_of(AS_OF, shapes=personal("planes", "made"), compute=())), "/features/late?key=N1"
    )
    (source,) = said["sources"]
    assert source["key"] == {"tail": "N1"}
    assert source["event"] is None, "it is the value of that column"
    assert source["arrived"] == "2026-11-22T12:00:00Z"


def test_a_personal_part_of_a_key_by_which_another_join_asks_is_not_told() -> None:
    shapes = personal("planes", "owner")
    shapes["planes"] = replace(shapes["planes"], key=("tail", "made", "owner"))
    other = Join(dataset="planes", on={"asks": "owner"}, columns={"seats": "most"})
    plan = plan_of(AS_OF, other, shapes=shapes, compute=())
    ((_, said, _),) = asked(served(plan), "/features/late?plane=N1&asks=Rui")
    assert [each["key"] for each in said["sources"]] == [
        {"tail": "N1", "made": "2026-11-21T12:00:00Z"}, {"tail": "N2", "made": "2026-11-27T12:00:00Z"},
    ]  # fmt: skip
    assert "Ana" not in json.dumps(said)


def test_what_is_not_logged_is_not_told() -> None:
    ((_, said, _),) = asked(served(plan_of(AS_OF), hidden=("distance",)), "/features/late?key=N1&distance=50")
    assert "distance" not in said["features"]
    assert said["withheld"] == ["distance"]


@pytest.mark.parametrize(("query", "wanted", "words"), [
    ("/features/late?key=N9", 404, "history has nothing for this 'plane' now"),
    ("/features/other?key=N1", 404, "found no model 'other'"),
    ("/features/late/versions/7?key=N1", 404, "this version is not served"),
    ("/features/late", 400, "found no 'plane', expected ?key= or ?plane="),
    ("/features/late?key=", 400, "found no 'plane'"),
    ("/features/late?key=N1&plane=N1", 400, "found 'plane' twice"),
    ("/features/late?key=N1&wings=2", 400, "found 'wings', which is no column of a request to late/1"),
    ("/features/late?key=N1&distance=far", 400, "column 'distance', row 0: found text, expected numbers"),
    ("/features/late?key=%ff", 400, "percent-encoded UTF-8"),
])  # fmt: skip
def test_rubbish_is_one_clear_sentence(query: str, wanted: int, words: str) -> None:
    ((status, said, _),) = asked(served(plan_of(AS_OF)), query)
    assert status == wanted, said
    assert words in said["error"]


BOTH = served(plan_of(AS_OF, OVER))
VALUES = st.sampled_from(["N1", "7", "1e999", "-0", "9" * 30, "9e18", "NaN", "", "a,b", "null", "٣"])
QUERIES = st.binary(max_size=30).map(lambda raw: raw.decode("latin-1")) | st.lists(
    st.tuples(st.sampled_from(["key", "plane", "airport", "distance", "x"]), VALUES | st.text(max_size=9))
).map(urlencode)


@settings(max_examples=15, deadline=None)
@given(st.lists(QUERIES, min_size=1, max_size=10))
def test_whatever_a_query_holds_is_answered_or_refused(queries: list[str]) -> None:
    answers = asked(BOTH, *(f"/features/late?{query}" for query in queries))
    assert {status for status, _, _ in answers} <= {200, 400, 404}


def test_a_view_of_several_key_columns_asks_for_each_by_name() -> None:
    version = served(plan_of(AS_OF, OVER))
    bad, good = asked(version, "/features/late?key=N1", "/features/late?plane=N1&airport=7")
    assert bad[0] == 400
    assert "?plane=&airport=" in bad[1]["error"]
    assert good[1]["features"]["late"] == 20.0
    since = good[1]["sources"][1]
    assert (since["since"], since["key"]) == ("2026-11-23T12:00:00Z", {"airport": 7})


def test_a_model_without_history_has_no_feature_row() -> None:
    ((status, said, _),) = asked(served(plan_of(compute=())), "/features/late?key=N1")
    assert (status, said["error"]) == (404, "late/1 joins no history: there is no feature row of a key.")


def token(**fields: Any) -> tuple[Token, bytes]:
    new = new_token(secrets.token_bytes)
    made = Token(id=new.id, name="billing", digest=new.digest, at=NOW, ends=NOW + DAY, **fields)
    return made, f"Bearer {new.text}".encode()


def test_a_usual_token_reads_no_features_and_one_for_them_is_held_to_its_quota_also_by_guesses() -> None:
    version = served(plan_of(AS_OF))
    assert "features" not in USUAL_ACTIONS
    usual, header = token()
    assert [each[0] for each in asked(version, "/features/late?key=N1", tokens=(usual,), header=header)] == [
        403
    ]
    reader, header = token(actions=("features",), quota=Quota(requests_a_minute=2))
    queries = ["/features/late?key=N1", "/features/late?key=N8", "/features/late?key=N1"]
    answers = asked(version, *queries, tokens=(reader,), header=header)
    assert [each[0] for each in answers] == [200, 404, 429]
    assert int(answers[2][2]["retry-after"]) > 0
    other, header = token(actions=("features",), models=("x",))
    assert [each[0] for each in asked(version, queries[0], tokens=(other,), header=header)] == [403]


def test_what_fails_does_not_count_in_a_quota() -> None:
    failing = iter([True])

    def fails_once(seen: pl.DataFrame) -> pl.DataFrame:
        if seen["distance"][0] == 13 and next(failing, False):
            raise ValueError
        return per_seat(seen)

    reader, header = token(actions=("features",), quota=Quota(requests_a_minute=1))
    query = "/features/late?key=N1&distance=13"
    version = served(plan_of(AS_OF, compute=(fails_once,)))
    answers = asked(version, query, query, query, tokens=(reader,), header=header)
    assert [each[0] for each in answers] == [500, 200, 429]


def test_openapi_names_the_columns_to_ask_by() -> None:
    ((_, said, _),) = asked(served(plan_of(AS_OF, OVER)), "/openapi.json")
    asks = said["paths"]["/features/late"]["get"]["parameters"]
    assert [each["name"] for each in asks] == ["plane", "airport"]
    ((_, said, _),) = asked(served(plan_of(compute=())), "/openapi.json")
    assert "/features/late" not in said["paths"]
