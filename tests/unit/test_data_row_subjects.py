"""Whom a prediction is about where its request said so in a column alone: in every state of the log."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import polars as pl
import pytest

from comporta.data import (
    find_prediction,
    log_rows,
    rows_of,
    scan_feedback,
    scan_predictions,
    seal_predictions,
    slice_of,
)
from comporta.data.change import add
from comporta.data.dataset_log import RedactEntry, append_entry, read_log
from comporta.data.forgotten import gone_ids
from comporta.data.json_predictions import (
    find_json_prediction,
    gone_json_predictions,
    scan_json_predictions,
)
from comporta.data.keys import key_hash, subject_hash
from comporta.data.names import log_of
from comporta.data.open_rows import OpenRow, open_rows
from comporta.data.prediction_log import gone_predictions
from comporta.data.row_subjects import SubjectColumn, rows_with_subjects, subject_column
from comporta.records import PREDICTIONS, DatasetSchema, Feedback, Field, Form, Observation, Signature, encode
from comporta.store import MemoryStore, Store, derive

KEYS = derive(b"k" * 32)
NOW = datetime(2026, 1, 1, 10, tzinfo=UTC)
LOG = log_of("late")


def takes(type: str) -> Signature:
    raw = (Field(name="who", type=type), Field(name="x", type="Int64"))
    return Signature(raw=raw, features=raw[1:], output="label", task="regression", label="Float64")


SIGNATURES = {1: takes("String"), 2: takes("Int64")}
"""One version takes the subject as text, the next as a number."""


def whose(form: Form = "folded") -> Any:
    return {number: subject_column(each, "who", form) for number, each in SIGNATURES.items()}.get


def seen(id: str, who: Any, subject: str | None = None, version: int = 1) -> Observation:
    return Observation(
        id=id, model="late", version=version, at=NOW, inputs={"who": who, "x": 1}, output={"prediction": 1.5},
        subject=subject,
    )  # fmt: skip


ROWS = (
    seen("text", " Ana@Example.org "),
    seen("number", 123, version=2),
    seen("both", "ana@example.org", subject="bob"),
    seen("none", None),
    seen("empty", "  "),
)
SUBJECTS = {"text": "ana@example.org", "number": "123", "both": "bob", "none": None, "empty": None}


class Log(NamedTuple):
    store: Store
    scratch: Path

    def write(self, *rows: Observation) -> None:
        log_rows(self.store, LOG, "one", len(list(self.store.list(f"data/{LOG}/"))), rows)

    def seal(self, known: Any) -> None:
        done = seal_predictions(
            self.store, KEYS, LOG, SIGNATURES.get, whose=known, now=NOW, scratch=self.scratch
        )
        assert done is not None and not done.rejected

    def shown(self) -> dict[str, str | None]:
        frame = scan_predictions(self.store, KEYS, LOG, SIGNATURES.get, whose=whose())
        return dict(frame.select("id", "subject").collect().iter_rows())

    def found(self, id: str) -> Observation | None:
        return find_prediction(self.store, KEYS, LOG, "late", id, whose())

    def forget(self, subject: str, dataset: str = LOG) -> None:
        history = read_log(self.store, KEYS, dataset)
        gone = (f"{subject_hash(subject, KEYS):016x}",)
        assert append_entry(self.store, KEYS, dataset, history, NOW, RedactEntry, moved={}, subjects=gone)


STATES = ("open", "sealed", "sealed before")
"""Sealed before: by an earlier Comporta, which took the request's word alone."""


@pytest.fixture(params=STATES)
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Log:
    made = Log(MemoryStore(), tmp_path)
    made.write(*ROWS)
    if request.param != "open":
        made.seal(whose() if request.param == "sealed" else {}.get)
    return made


def test_the_subject_is_that_of_the_inputs_where_the_request_named_none(log: Log) -> None:
    assert log.shown() == SUBJECTS
    for id, subject in SUBJECTS.items():
        found = log.found(id)
        assert found is not None and found.subject == subject


def test_a_frame_without_the_subject_does_not_look_for_it(log: Log) -> None:
    frame = scan_predictions(log.store, KEYS, LOG, SIGNATURES.get, whose=whose()).select("id", "in.x")
    assert frame.collect().height == len(ROWS)


# A row that is sealed with its subject is placed by it: a redaction finds it and takes it away.
UNPLACED = pytest.mark.parametrize("log", ["open", "sealed before"], indirect=True)


@UNPLACED
@pytest.mark.parametrize(("who", "ids"), [("ana@example.org", {"text"}), ("123", {"number"})])
def test_a_forgotten_person_does_not_come_back_through_an_input(log: Log, who: str, ids: set[str]) -> None:
    before = {id: log.found(id) for id in SUBJECTS}
    log.forget(who)
    assert log.shown() == {id: each for id, each in SUBJECTS.items() if id not in ids}
    assert {id: log.found(id) for id in SUBJECTS} == {
        id: None if id in ids else each for id, each in before.items()
    }
    assert gone_predictions(log.store, KEYS, LOG, whose()) == {key_hash(id, KEYS) for id in ids}


@UNPLACED
def test_a_label_of_a_forgotten_person_s_prediction_is_not_shown(log: Log) -> None:
    log.forget("123")
    log_rows(log.store, "f", "one", 0, [Feedback(id=each, label=True, arrived=NOW) for each in SUBJECTS])
    gone = gone_predictions(log.store, KEYS, LOG, whose())
    shown = scan_feedback(log.store, KEYS, "f", gone=gone).collect()["id"].to_list()
    assert sorted(shown) == sorted(SUBJECTS.keys() - {"number"})


def test_a_row_is_sealed_where_its_subject_is_placed(tmp_path: Path) -> None:
    log = Log(MemoryStore(), tmp_path)
    log.write(*ROWS)
    log.seal(whose())
    newest = slice_of(log.store, KEYS, LOG)
    assert rows_of(log.store, KEYS, newest, subject="ana@example.org")["id"].to_list() == ["text"]
    assert rows_of(log.store, KEYS, newest, subject="123")["id"].to_list() == ["number"]


def test_a_forgotten_person_s_open_row_is_not_sealed_and_its_id_is_known_as_gone(tmp_path: Path) -> None:
    log = Log(MemoryStore(), tmp_path)
    log.write(*ROWS)
    log.forget("123")
    log.seal(whose())
    assert slice_of(log.store, KEYS, LOG).rows == len(ROWS) - 1
    assert read_log(log.store, KEYS, LOG).gone_ids == {key_hash("number", KEYS)}
    assert log.shown().keys() == SUBJECTS.keys() - {"number"}


def test_a_row_whose_inputs_are_not_what_the_version_takes_hides_no_other(tmp_path: Path) -> None:
    log = Log(MemoryStore(), tmp_path)
    log.write(seen("good", 7, version=2), seen("bad", {"a": [1]}, version=2), seen("other", 8, version=2))
    rows = {row.id: row.subject for row in rows_with_subjects(open_rows(log.store, LOG), whose())}
    assert (rows["good"], rows["other"]) == ("7", "8")


def test_a_column_of_times_is_a_subject_by_the_text_that_places_it() -> None:
    known = subject_column(takes('Datetime("us", "UTC")'), "who", "exact")
    assert known is not None
    row = OpenRow(id="t", version=1)
    row.inputs = msgspec.Raw(b'{"who":"2026-01-31T13:00:00+01:00","x":1}')
    (found,) = rows_with_subjects([row], {1: known}.get)
    assert found.subject == "2026-01-31T12:00:00Z"


@pytest.mark.parametrize("type", ["Float64", "Boolean"])
def test_a_column_that_can_be_no_subject_is_none(type: str) -> None:
    assert subject_column(takes(type), "who", "exact") is None
    assert subject_column(takes("String"), "other", "exact") is None
    assert subject_column(takes("String"), None, "exact") is None
    assert subject_column(takes("String"), "who", "exact") == SubjectColumn(
        column="who", type="String", form="exact"
    )


# What earlier releases kept: the predictions of all models in one dataset, inputs as JSON.

THEN = DatasetSchema(name=PREDICTIONS, key=("id",), subject="subject", time="at")


def then(log: Log, sealed: bool) -> None:
    if not sealed:
        log.store.put("data/predictions/open/old/000000000000.jsonl", b"\n".join(map(encode, ROWS)))
        return
    rows = pl.DataFrame(
        {
            **{name: [getattr(row, name) for row in ROWS] for name in ("id", "model", "version", "at")},
            **{name: [encode(getattr(row, name)).decode() for row in ROWS] for name in ("inputs", "output")},
            "joined": ["[]"] * len(ROWS),
            **{name: [getattr(row, name) for row in ROWS] for name in ("key", "subject", "unit")},
        },
        schema_overrides={"key": pl.String, "unit": pl.String, "at": pl.Datetime("us", "UTC")},
    )
    add(log.store, KEYS, THEN, rows, change="append", now=NOW, scratch=log.scratch)


@pytest.mark.parametrize("sealed", [False, True])
def test_what_earlier_releases_kept_goes_by_the_same_rule(tmp_path: Path, sealed: bool) -> None:
    log = Log(MemoryStore(), tmp_path)
    then(log, sealed)

    def shown() -> dict[str, str | None]:
        frames = scan_json_predictions(log.store, KEYS, "late", SIGNATURES.get, whose=whose())
        return {id: who for each in frames for id, who in each.select("id", "subject").collect().iter_rows()}

    def found(id: str) -> Observation | None:
        return find_json_prediction(log.store, KEYS, id, lambda model: whose())

    assert shown() == SUBJECTS
    number = found("number")
    assert number is not None and number.subject == "123"
    log.forget("123", PREDICTIONS)
    assert shown().keys() == SUBJECTS.keys() - {"number"}
    assert found("number") is None and found("text") is not None
    gone = gone_json_predictions(log.store, KEYS, "late", SIGNATURES.get, whose())
    assert gone == {key_hash("number", KEYS)}
    rows = rows_with_subjects(open_rows(log.store, PREDICTIONS), whose())
    if not sealed:
        assert gone_ids(rows, read_log(log.store, KEYS, PREDICTIONS), KEYS) == gone
