"""Which predictions read a row as history."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import polars as pl

from comporta.acts.trace.forward import reads_row
from comporta.acts.trace.rows import learned_rows
from comporta.acts.trace.windows import windowed_rows
from comporta.data import key_text
from comporta.ledger import MemoryLedger
from comporta.opened.lineage import EDGES, GraphPlace, after, asset_place, before, step_place
from comporta.records import (
    Artifact,
    Cost,
    DatasetSchema,
    Join,
    JoinedRow,
    JoinWindow,
    Recipe,
    Slice,
    encode,
)
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


ORDERS = DatasetSchema(name="orders", key=("order",), time="paid", arrived="known")
WEEK = Join(
    dataset="orders",
    on={"who": "customer"},
    columns={},
    window=JoinWindow(over=timedelta(days=7), of={"n": ("count", "order")}),
)
HOUR = timedelta(hours=1)


def a_window_of(customer: str, *, since: datetime, event: datetime, arrived: datetime) -> JoinedRow:
    return JoinedRow(
        dataset="orders", version=1, key={"customer": customer}, since=since, event=event, arrived=arrived
    )


def test_a_prediction_read_a_row_where_its_window_held_it():
    row = pl.DataFrame({"order": [7], "customer": ["C1"], "paid": [AT], "known": [AT + HOUR]})
    seen = windowed_rows([(WEEK, *join_columns(["orders"]))], ORDERS, row)
    logged = {
        "held": a_window_of("C1", since=AT - HOUR, event=AT, arrived=AT + HOUR),
        "of another": a_window_of("C2", since=AT - HOUR, event=AT, arrived=AT + HOUR),
        "ended before it": a_window_of("C1", since=AT - 9 * HOUR, event=AT - HOUR, arrived=AT + HOUR),
        "began with it": a_window_of("C1", since=AT, event=AT + HOUR, arrived=AT + HOUR),
        "before it arrived": a_window_of("C1", since=AT - HOUR, event=AT + HOUR, arrived=AT),
        "a row of that key": JoinedRow(dataset="orders", version=1, key={"customer": "C1"}, event=AT),
    }
    asked = pl.LazyFrame(
        {"id": list(logged), "joined": [encode([each]).decode() for each in logged.values()]}
    )
    hits = asked.filter(reads_row("orders", ORDERS.key, key_text([7]), seen)).collect()
    assert hits["id"].to_list() == ["held"]


def test_training_rows_learned_from_a_row_where_their_window_held_it():
    row = pl.DataFrame({"order": [7], "customer": ["C1"], "paid": [AT], "known": [AT + HOUR]})
    seen = windowed_rows([(WEEK, *join_columns(["orders"]))], ORDERS, row)
    frame = pl.DataFrame(
        {
            "__at": [AT + HOUR, AT + HOUR, AT + 6 * 24 * HOUR, AT + 7 * 24 * HOUR, AT],
            "__orders_key": ['["C1"]', '["C2"]', '["C1"]', '["C1"]', None],
            "__orders_event": [AT, AT, AT + HOUR, AT + HOUR, None],
            "__orders_arrived": [AT + HOUR, AT + HOUR, AT + HOUR, AT + HOUR, None],
        }
    )
    context = StepContext(store=MemoryStore(), keys=derive(b"k" * 32))
    version = SimpleNamespace(parts={"train": write(context, frame)})
    opened = SimpleNamespace(context=context)
    assert learned_rows(opened, version, [], "[7]", windows=seen) == {"train": 2}


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
