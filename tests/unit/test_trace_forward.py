"""Which predictions read a row as history."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import polars as pl

from comporta.acts.trace.forward import reads_row
from comporta.acts.trace.rows import learned_rows
from comporta.data import key_text
from comporta.ledger import MemoryLedger
from comporta.opened.lineage import EDGES, GraphPlace, after, asset_place, before, step_place
from comporta.records import Artifact, Cost, JoinedRow, Recipe, Slice, encode
from comporta.records.columns import join_columns
from comporta.records.facts import StepAnswered
from comporta.store import MemoryStore, StepContext, derive
from comporta.store.frames import write

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


def test_edges_lead_to_places_of_their_kind_whatever_they_are_called():
    ledger = MemoryLedger([EDGES], key=b"k" * 32, clock=lambda: AT)
    read_from = Slice(dataset="version:a", version="v" * 64, number=2, digest="d" * 64, rows=1)
    made = Artifact(digest="step:1", size=1, kind="frame")
    question = Recipe(
        run="data.features", uses={}, code="c", environment="e", inputs={"of": read_from}, params={}, seed=0
    )
    fact = StepAnswered(
        run="r", node="features", recipe="q1", question=question, outputs={"table": made}, cost=Cost()
    )
    ledger.transact(lambda tx: tx.append(fact))
    step = step_place("q1")
    assert after(ledger, asset_place(read_from)) == [(step, "of")]
    assert after(ledger, step) == [(GraphPlace("artifact", "step:1"), "table")]
    assert before(ledger, step) == [(GraphPlace("data", "version:a@00000002"), "of")]
    assert before(ledger, asset_place(made)) == [(step, "table")]


def test_a_row_is_learned_where_any_of_its_joins_read_it():
    frame = pl.DataFrame(
        {"__usage_key": ["[1]", "[2]", None, "[1]"], "__usage.2_key": ["[1]", "[1]", "[3]", None]}
    )
    context = StepContext(store=MemoryStore(), keys=derive(b"k" * 32))
    version = SimpleNamespace(parts={"train": write(context, frame)})
    columns = [each.key for each in join_columns(["usage", "usage"])]
    opened = SimpleNamespace(context=context)
    assert learned_rows(opened, version, columns, "[1]") == {"train": 3}
    assert learned_rows(opened, version, ["__other_key"], "[1]") == {"train": 0}
