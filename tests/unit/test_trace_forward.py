"""Which predictions read a row as history."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl

from comporta.acts.trace.forward import reads_row
from comporta.data import key_text
from comporta.records import JoinedRow, encode

AT = datetime(2026, 3, 1, 6, tzinfo=UTC)


def read(dataset, **key):
    return JoinedRow(dataset=dataset, version=1, key=key)


def test_a_prediction_read_a_row_only_where_one_entry_has_both_its_dataset_and_its_key():
    logged = {
        "both in one": [read("usage", customer="C1"), read("plans", customer="C2")],
        "each in another": [read("usage", customer="C2"), read("plans", customer="C1")],
        "another dataset": [read("plans", customer="C1")],
        "a longer key": [read("usage", customer="C1", month=3)],
        "nothing": [],
    }
    asked = pl.LazyFrame({"id": list(logged), "joined": [encode(each).decode() for each in logged.values()]})
    hits = asked.filter(reads_row("usage", ("customer",), key_text(["C1"]))).collect()
    assert hits["id"].to_list() == ["both in one"]


def test_a_row_whose_key_has_a_time_a_number_and_a_quote_is_met_by_its_logged_form():
    key = {"station": 'E"W', "hour": AT, "run": 7}
    asked = pl.LazyFrame({"joined": [encode([read("weather", **key)]).decode(), "[]"]})
    wanted = reads_row("weather", tuple(key), key_text(list(key.values())))
    assert asked.select(wanted).collect().to_series().to_list() == [True, False]
