"""As what test rows are sent: raw where they can be had so, each as itself, else their features and why."""

from __future__ import annotations

import json

import numpy as np
import polars as pl

from comporta.checks import judge, stress
from comporta.checks.stress import codes
from comporta.checks.stress.codes import ASKED_BECAUSE, FROM_MADE_FEATURES, NO_ROW_WITH_KEY_AND_TIME
from comporta.checks.stress.load import Round
from comporta.checks.stress.malformed import far, malformed_requests
from comporta.checks.stress.measure import findings
from comporta.checks.stress.single_requests import MADE, PLAIN, RAW, carry_rows
from comporta.opened.sentences import sentence
from comporta.records import Evidence, Field, Join, Signature
from comporta.records.features import Bundle
from comporta.store import MemoryStore, StepContext, derive

AREA, RATE = Field(name="area", type="String"), Field(name="rate", type="Float64")
TAKES = Signature(
    raw=(AREA,), features=(AREA, RATE), output="both", task="binary", classes=("no", "yes"), label="String"
)
ROWS = pl.DataFrame({"area": ["a", "b", "c"], "rate": [1.0, 2.0, 3.0], "__key": ["[1]", "[2]", "[2]"]})
BUNDLE = Bundle(
    of="rows",
    known=("area",),
    use=None,
    target="y",
    compute=(),
    joins=(Join(dataset="rates", on={"area": "area"}, columns={"rate": "rate"}),),
    shapes={},
)
DESK = StepContext(store=MemoryStore(), keys=derive(b"k" * 32))


def sent(raw, takes=TAKES, bundle=BUNDLE, tables=("rows",)):
    return carry_rows(DESK, takes, ROWS, bundle, dict.fromkeys(tables), raw)


def inputs(body):
    return {each["name"]: each["data"] for each in json.loads(body)["inputs"]}


def requests(context, bundle, tables, keys):
    assert keys == ["[1]", "[2]", "[2]"]
    return pl.DataFrame({"area": ["b", "a"], "__row": ["[2]", "[1]"], "__subject": ["q", "p"]})


def gone(context, bundle, tables, keys):
    return requests(context, bundle, tables, keys).clear()


def test_a_row_with_a_key_of_its_own_is_sent_raw_with_what_else_is_said_of_it():
    found = sent(requests)
    assert (found.where, found.why) == (RAW, None)
    assert [inputs(body) for body in found.bodies] == [{"area": ["a"], "__subject": ["p"]}]


def test_where_no_row_can_be_had_raw_its_features_are_sent_and_why_is_said():
    for found in (sent(gone), sent(None), sent(requests, tables=())):
        assert found.where == MADE
        assert found.why
        assert [inputs(body) for body in found.bodies] == [
            {"area": [area], "rate": [rate]} for area, rate in zip("abc", (1.0, 2.0, 3.0), strict=True)
        ]


def test_features_that_a_request_carries_are_sent_as_they_are():
    plain = Signature(
        raw=(AREA, RATE), features=(AREA, RATE), output="both", task="binary", classes=("no", "yes"), label=""
    )
    found = sent(requests, takes=plain, bundle=None)
    assert (found.where, found.why, len(found.bodies)) == (PLAIN, None, 3)


def test_what_is_said_of_a_row_beside_its_columns_stays_where_they_are_wrong():
    found = sent(requests)
    (good,) = found.bodies
    few = next(bad for bad in malformed_requests(good, found.fields, 10) if bad.what is codes.COLUMN_TOO_FEW)
    assert list(inputs(few.body)) == ["__subject"]
    unknown = next(bad for bad in far(good, found.fields) if bad.what is codes.NOTHING_KNOWN)
    assert inputs(unknown.body) == {"area": [None], "__subject": ["p"]}


def test_the_verdict_and_the_note_say_that_features_were_sent_and_why():
    said = sent(gone)
    rounds = [Round(np.array([low, 0.02]), 0, 100.0) for low in (0.01, 0.012)]
    found = findings(rounds, [0, 0, 0], [], True, 3, 3, 2, where=said.where, why_not=said.why)
    check = stress()
    (wanted,) = check.needs()
    (verdict,) = judge((check,), {wanted: Evidence(need=wanted, figures=found.figures)})
    assert verdict.outcome == "pass"
    assert sentence(verdict.reason).endswith("without the joins and computed features before them.")
    assert ASKED_BECAUSE(where=FROM_MADE_FEATURES(), why=NO_ROW_WITH_KEY_AND_TIME()) in found.notes
    p50 = next(each for each in found.figures if each.metric == "p50_ms")
    assert np.allclose([p50.low, p50.high], [15.0, 16.0])
