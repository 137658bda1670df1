"""The prediction log: each row once, in typed columns, whether open, sealed, or half-way between."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest

from comporta.data import (
    compact,
    find_prediction,
    list_versions,
    log_rows,
    rows_of,
    scan_feedback,
    scan_predictions,
    scan_slice,
    seal_feedback,
    seal_predictions,
    slice_of,
)
from comporta.data.dataset_log import RedactEntry, append_entry, read_log
from comporta.data.feedback_log import with_subjects
from comporta.data.forgotten import gone_ids
from comporta.data.json_predictions import find_json_prediction, move_open, scan_json_predictions
from comporta.data.keys import subject_hash
from comporta.data.names import log_of, rejected_prefix
from comporta.data.open_rows import open_rows
from comporta.data.prediction_log import find_versions
from comporta.data.rejected import read_rejected, reopen_rejected
from comporta.errors import Refused
from comporta.records import Feedback, Field, JoinedRow, Observation, Signature, encode
from comporta.store import MemoryStore, Store, derive

KEYS = derive(b"k" * 32)
START = datetime(2026, 1, 1, 8, tzinfo=UTC)
NOW = START + timedelta(hours=2)
LOG = log_of("late")


def fields(**types: str) -> tuple[Field, ...]:
    return tuple(Field(name=name, type=each) for name, each in types.items())


def binary(raw: tuple[Field, ...]) -> Signature:
    return Signature(raw=raw, features=raw, output="both", task="binary", classes=("0", "1"), label="Int64")


RAW = fields(carrier="Categorical", distance="Float32", wind="Int16")
SIGNATURES: dict[int, Signature] = {3: binary(RAW)}


def seen(n: int, subject: str | None = None, **others: Any) -> Observation:
    told: dict[str, Any] = {
        "id": f"p{n}",
        "model": "late",
        "version": 3,
        "at": START + timedelta(minutes=n),
        "inputs": {"carrier": "UA", "distance": 7.5, "wind": None},
        "output": {"label": 1, "probability": 0.25},
        "joined": (JoinedRow(dataset="weather", version=2, key={"origin": "EWR", "hour": 5}, event=START),),
        "key": '["EWR",7]',
        "subject": subject,
        "unit": "u1",
        "release": 4,
        "arm": "champion",
        "worker": "one",
        "latency_us": 180,
    }
    return Observation(**told | others)


def seal(
    store: Store, scratch: Path, now: datetime = NOW, known: Mapping[int, Signature] = SIGNATURES
) -> Any:
    return seal_predictions(store, KEYS, LOG, known.get, now=now, scratch=scratch)


def shown(store: Store, known: Mapping[int, Signature] = SIGNATURES, **bounds: datetime) -> pl.DataFrame:
    return scan_predictions(store, KEYS, LOG, known.get, **bounds).collect().sort("id")


def ids(store: Store, **bounds: datetime) -> list[str]:
    return shown(store, **bounds)["id"].to_list()


def found(store: Store, id: str) -> Observation | None:
    return find_prediction(store, KEYS, LOG, "late", id)


def test_open_rows_are_read_and_found_before_they_are_sealed() -> None:
    store = MemoryStore()
    assert ids(store) == [] and found(store, "p1") is None
    log_rows(store, LOG, "one", 0, [seen(1), seen(2, "ann")])
    log_rows(store, LOG, "two", 0, [seen(3)])
    assert ids(store) == ["p1", "p2", "p3"]
    assert found(store, "p2") == seen(2, "ann")
    assert ids(store, since=START + timedelta(minutes=2), until=START + timedelta(minutes=3)) == ["p2"]


def test_sealing_makes_a_version_of_all_open_rows_and_leaves_none_open(tmp_path: Path) -> None:
    store = MemoryStore()
    assert seal(store, tmp_path) is None
    log_rows(store, LOG, "one", 0, [seen(1), seen(2, "ann")])
    assert seal(store, tmp_path).rows == 2
    assert not list(store.list(f"data/{LOG}/open/"))
    log_rows(store, LOG, "one", 1, [seen(3)])
    assert ids(store) == ["p1", "p2", "p3"]
    assert found(store, "p2") == seen(2, "ann")
    assert seal(store, tmp_path).rows == 3
    newest = slice_of(store, KEYS, LOG)
    assert newest.number == 2
    assert rows_of(store, KEYS, newest, subject="ann")["id"].to_list() == ["p2"]
    assert list_versions(store, LOG)[1].added == 1


def test_what_was_sent_and_answered_are_typed_columns_and_no_text(tmp_path: Path) -> None:
    store = MemoryStore()
    log_rows(store, LOG, "one", 0, [seen(1)])
    seal(store, tmp_path)
    schema = list_versions(store, LOG)[0].columns
    assert {name: kind for name, kind in schema.items() if name.startswith(("in.", "out."))} == {
        "in.carrier": "String",
        "in.distance": "Float64",
        "in.wind": "Int64",
        "out.label": "Int64",
        "out.probability": "Float64",
    }
    row = shown(store).row(0, named=True)
    assert (row["in.carrier"], row["in.distance"], row["in.wind"]) == ("UA", 7.5, None)
    assert (row["out.label"], row["out.probability"]) == (1, 0.25)
    assert (row["release"], row["arm"], row["worker"], row["latency_us"]) == (4, "champion", "one", 180)
    assert row["token"] is None


MANY = Signature(
    raw=fields(
        day="Date",
        local="Datetime(time_unit='ms', time_zone=None)",
        moment="Datetime(time_unit='us', time_zone='Europe/Lisbon')",
        big="UInt64",
        small="Int8",
        sure="Boolean",
        word="Enum",
        **{'a "quoted" name': "String", "a:b%": "Int64"},
    ),
    features=(),
    output="both",
    task="multiclass",
    classes=("a", "b", "c"),
    label="String",
)


def test_every_type_of_column_comes_back_as_it_was_sent(tmp_path: Path) -> None:
    store = MemoryStore()
    sent = {
        "day": date.min.isoformat(),
        "local": "2026-02-03T04:05:06.007000",
        "moment": "9999-12-31T23:59:59.999999+00:00",
        "big": 2**64 - 1,
        "small": -128,
        "sure": True,
        "word": 'é "\\ \n\x00',
        'a "quoted" name': "x",
        "a:b%": 2**63 - 1,
    }
    nothing = dict.fromkeys(sent)
    answers = [{"label": "b", "probability": [0.1, 0.7, 0.2]}, {"label": None, "probability": None}]
    rows = [
        seen(n, inputs=inputs, output=output, version=1)
        for n, (inputs, output) in enumerate(zip((sent, nothing), answers, strict=True))
    ]
    log_rows(store, LOG, "one", 0, rows)
    open_then = shown(store, {1: MANY})
    assert seal(store, tmp_path, known={1: MANY}).rejected == {}
    assert shown(store, {1: MANY}).equals(open_then)
    for row in rows:
        assert found(store, row.id) == row


def test_a_version_with_other_inputs_adds_columns_and_sealed_files_stay_as_they_are(tmp_path: Path) -> None:
    store = MemoryStore()
    wider = binary(fields(carrier="String", distance="Int64", gate="String"))
    known = {**SIGNATURES, 4: wider}
    log_rows(store, LOG, "one", 0, [seen(1)])
    seal(store, tmp_path)
    before = {entry.name for entry in store.list(f"data/{LOG}/objects/")}
    newer = seen(2, version=4, inputs={"carrier": "DL", "distance": 7, "gate": "B2"})
    log_rows(store, LOG, "one", 1, [newer, seen(3)])
    mixed = shown(store, known)
    seal(store, tmp_path, known=known)
    assert shown(store, known).select(mixed.columns).equals(mixed)
    assert before < {entry.name for entry in store.list(f"data/{LOG}/objects/")}
    rows = {row["id"]: row for row in shown(store, known).iter_rows(named=True)}
    assert rows["p1"]["in.gate"] is None and rows["p2"]["in.gate"] == "B2"
    # Another kind of number has a column of its own: no value becomes another one.
    assert rows["p1"]["in.distance"] == 7.5 and rows["p1"]["in.distance:Int64"] is None
    assert rows["p2"]["in.distance"] is None and rows["p2"]["in.distance:Int64"] == 7
    assert found(store, "p2") == newer and found(store, "p1") == seen(1)
    assert [each.model_version for each in read_log(store, KEYS, LOG).schema] == [3, 4]


def test_a_flush_that_is_written_twice_counts_once(tmp_path: Path) -> None:
    store = MemoryStore()
    for n in range(2):
        log_rows(store, LOG, "one", n, [seen(1), seen(1), seen(2)])
    assert ids(store) == ["p1", "p2"]
    assert seal(store, tmp_path).rows == 2 and ids(store) == ["p1", "p2"]


def test_a_log_that_is_sealed_often_stays_a_few_segments(tmp_path: Path) -> None:
    store = MemoryStore()
    for n in range(100):
        log_rows(store, LOG, "one", n, [seen(3 * n + at, f"w{at}") for at in range(3)])
        assert seal(store, tmp_path) is not None
    past = list_versions(store, LOG)
    assert len(past) == 100 and max(len(each.segments) for each in past) <= 20
    assert [each.rows for each in past] == [3 * n for n in range(1, 101)]
    assert ids(store) == sorted(f"p{n}" for n in range(300))
    assert rows_of(store, KEYS, slice_of(store, KEYS, LOG, number=50), subject="w1").height == 50


def test_the_slice_of_a_day_that_is_over_stays_what_it_was(tmp_path: Path) -> None:
    store = MemoryStore()
    day = timedelta(days=1)
    first = datetime(2026, 1, 1, tzinfo=UTC)
    count = 0

    def serve(until: datetime, at: datetime) -> datetime:
        nonlocal count
        while at < until:
            at += timedelta(minutes=20)
            rows = [seen(count + n, f"w{n}", at=at - timedelta(minutes=n)) for n in range(2)]
            log_rows(store, LOG, "one", count, rows)
            count += 2
            seal(store, tmp_path, now=at)
        return at

    def window(since: datetime, until: datetime) -> tuple[str, int, list[str]]:
        part = slice_of(store, KEYS, LOG, since=since, until=until)
        return part.digest, part.rows, sorted(scan_slice(store, KEYS, part).select("id").collect()["id"])

    at = serve(first + day + timedelta(hours=1, minutes=20), first)
    closed = [window(first, first + day), window(first + day / 2, first + day / 2 + timedelta(hours=1))]
    assert closed[0][1] == 143 and closed[1][1] == 6
    after = serve(first + 3 * day, at)
    assert [
        window(first, first + day),
        window(first + day / 2, first + day / 2 + timedelta(hours=1)),
    ] == closed
    # A row that comes late for the second day changes that one alone.
    second = window(first + day, first + 2 * day)
    log_rows(store, LOG, "late", 0, [seen(-1, at=first + day + timedelta(hours=5))])
    seal(store, tmp_path, now=after)
    assert window(first, first + day) == closed[0]
    assert window(first + day, first + 2 * day)[1] == second[1] + 1
    done = compact(store, KEYS, LOG, now=after, scratch=tmp_path)
    assert done.segments > 1
    assert window(first, first + day) == closed[0]
    assert window(first + day / 2, first + day / 2 + timedelta(hours=1)) == closed[1]
    # A day leaves one segment.
    segments = list_versions(store, LOG)[-1].segments
    assert len([each for each in segments if each.period == "2026-01-01"]) == 1
    assert [each.period for each in segments if each.period in ("2026-01-02", "late")] == [
        "2026-01-02",
        "late",
    ]


class Dying(MemoryStore):
    """Raises instead of the nth durable write, put or delete."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self.left = at

    def _write(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt

    def put(self, name: str, data: bytes | Path) -> bool:
        if "/open/" not in name:
            self._write()
        return super().put(name, data)

    def delete(self, name: str) -> None:
        self._write()
        super().delete(name)


@pytest.mark.parametrize("at", range(1, 9))
def test_a_seal_that_dies_at_any_write_loses_and_doubles_nothing(at: int, tmp_path: Path) -> None:
    store = Dying(at)
    for n in range(3):
        log_rows(store, LOG, "one", n, [seen(n), seen(10 + n)])
    log_rows(store, LOG, "one", 3, [seen(99, inputs={"carrier": 5})])
    expected = sorted(f"p{n}" for n in (0, 1, 2, 10, 11, 12))
    with pytest.raises(KeyboardInterrupt):
        seal(store, tmp_path)
    assert ids(store) == expected
    store.left = -1
    seal(store, tmp_path)
    assert ids(store) == expected
    assert slice_of(store, KEYS, LOG).rows == 6 and not list(store.list(f"data/{LOG}/open/"))
    assert [each.causes for each in read_rejected(store, LOG)] == [{"inputs_mistyped": 1}]


POISON: dict[str, tuple[bytes, str]] = {
    "not JSON": (b'{"id": "bad', "line_unreadable"),
    "not UTF-8": (b'{"id":"\xff"}', "line_unreadable"),
    "half a surrogate": (b'{"id":"\\ud800"}', "line_unreadable"),
    "another thing": (b"[1, 2]", "line_unreadable"),
    "no time": (encode({"id": "bad", "version": 3}), "time_missing"),
    "a version nobody knows": (encode(seen(9, version=77)), "version_unknown"),
    "a column too many": (encode(seen(9, inputs={**seen(9).inputs, "more": 1})), "inputs_mistyped"),
    "a column too few": (encode(seen(9, inputs={"carrier": "UA"})), "inputs_mistyped"),
    "text for a number": (
        encode(seen(9, inputs={**seen(9).inputs, "wind": "strong"})), "inputs_mistyped",
    ),
    "a fraction for a whole number": (
        encode(seen(9, inputs={**seen(9).inputs, "wind": 1.5})), "inputs_mistyped",
    ),
    "a number beyond 64 bits": (
        encode(seen(9, inputs={**seen(9).inputs, "wind": 2**63})), "inputs_mistyped",
    ),
    "a list for a text": (
        encode(seen(9, inputs={**seen(9).inputs, "carrier": ["UA"]})), "inputs_mistyped",
    ),
    "a number that is too large": (
        encode(seen(9)).replace(b"7.5", b"1e999"), "inputs_mistyped",
    ),
    "an answer of another task": (
        encode(seen(9, output={"prediction": 1.0})), "output_mistyped",
    ),
    "history that is none": (
        encode(seen(9)).replace(b'"dataset":"weather"', b'"dataset":5'), "history_mistyped",
    ),
    "a release beyond 64 bits": (encode(seen(9, release=2**70)), "value_unkept"),
}  # fmt: skip


@pytest.mark.parametrize("name", POISON)
def test_a_row_that_cannot_be_sealed_is_set_aside_and_holds_up_no_other(name: str, tmp_path: Path) -> None:
    store = MemoryStore()
    line, cause = POISON[name]
    log_rows(store, LOG, "one", 0, [seen(1), msgspec.Raw(line), seen(2)])
    assert ids(store) == ["p1", "p2"]
    done = seal(store, tmp_path)
    assert done.rows == 2 and done.rejected == {cause: 1}
    assert ids(store) == ["p1", "p2"] and not list(store.list(f"data/{LOG}/open/"))
    (aside,) = read_rejected(store, LOG)
    assert aside.causes == {cause: 1} and aside.worker == "one"
    (entry,) = store.list(rejected_prefix(LOG))
    assert store.get(entry.name).endswith(b"\n" + line)


@pytest.mark.parametrize("at", [datetime.min, datetime.max, datetime(9999, 12, 31, 23, 59, 59)])
def test_a_row_of_any_time_is_sealed(at: datetime, tmp_path: Path) -> None:
    store = MemoryStore()
    odd = seen(5, at=at.replace(tzinfo=UTC))
    log_rows(store, LOG, "one", 0, [seen(1), odd])
    assert seal(store, tmp_path).rejected == {}
    log_rows(store, LOG, "one", 1, [seen(2)])
    assert seal(store, tmp_path).rows == 3
    assert found(store, "p5") == odd


def test_rows_set_aside_are_sealed_once_their_cause_is_gone(tmp_path: Path) -> None:
    store = MemoryStore()
    log_rows(store, LOG, "one", 0, [seen(1), seen(2, version=4)])
    assert seal(store, tmp_path).rejected == {"version_unknown": 1}
    assert reopen_rejected(store, LOG) == 1 and read_rejected(store, LOG) == []
    assert seal(store, tmp_path).rejected == {"version_unknown": 1}
    assert reopen_rejected(store, LOG) == 1
    both = {**SIGNATURES, 4: SIGNATURES[3]}
    assert seal(store, tmp_path, known=both).rejected == {}
    assert ids(store) == ["p1", "p2"]


@pytest.mark.parametrize("sealed", [False, True])
@pytest.mark.parametrize("count", [1, 30])
def test_the_version_of_a_prediction_is_found_by_its_id(sealed: bool, count: int, tmp_path: Path) -> None:
    def made(n: int) -> str:
        return f"{int((START + timedelta(minutes=n)).timestamp() * 1000):012x}{n:020x}"

    store = MemoryStore()
    rows = [seen(n, id=made(n), version=3 + n % 2) for n in range(count)]
    log_rows(store, LOG, "one", 0, rows)
    if sealed:
        seal(store, tmp_path, known={3: binary(RAW), 4: binary(RAW)})
    strange = ["f" * 32, "0" * 32, made(count)]
    asked = [*strange, *(each.id for each in rows)]
    assert find_versions(store, KEYS, LOG, asked) == {each.id: each.version for each in rows}
    assert find_versions(store, KEYS, LOG, strange) == {}


def test_rows_that_a_later_release_wrote_are_left_to_it(tmp_path: Path) -> None:
    store = MemoryStore()
    store.put(f"data/{LOG}/open/x/000000000000.jsonl", b'{"format":4}\n{"rows":"otherwise"}')
    with pytest.raises(Refused, match="format 4"):
        seal(store, tmp_path)
    assert len(list(store.list(f"data/{LOG}/open/"))) == 1


# What came true.


def given(id: str, hours: int = 0) -> Feedback:
    return Feedback(id=id, label={"late": True}, arrived=NOW + timedelta(hours=hours))


def subjects(store: Store) -> dict[str, str | None]:
    gone = gone_ids(open_rows(store, LOG), read_log(store, KEYS, LOG), KEYS)
    asked = scan_predictions(store, KEYS, LOG, SIGNATURES.get)
    labels = with_subjects(scan_feedback(store, KEYS, "f", gone=gone), [asked])
    return dict(labels.select("id", "subject").collect().iter_rows())


def test_a_label_has_its_subject_whenever_it_came(tmp_path: Path) -> None:
    store = MemoryStore()
    # Before its prediction is written, and sealed before that.
    log_rows(store, "f", "one", 0, [given("p1"), given("lost")])
    assert subjects(store) == {"p1": None, "lost": None}
    seal_feedback(store, KEYS, "f", now=NOW, scratch=tmp_path)
    log_rows(store, LOG, "one", 0, [seen(1, "ann"), seen(2, "bob"), seen(3)])
    assert subjects(store) == {"p1": "ann", "lost": None}
    # While its prediction is open, and after it is sealed.
    log_rows(store, "f", "one", 1, [given("p2")])
    assert subjects(store)["p2"] == "bob"
    seal(store, tmp_path)
    log_rows(store, "f", "one", 2, [given("p3")])
    seal_feedback(store, KEYS, "f", now=NOW, scratch=tmp_path)
    assert subjects(store) == {"p1": "ann", "p2": "bob", "p3": None, "lost": None}
    assert rows_of(store, KEYS, slice_of(store, KEYS, "f"), subject="ann").is_empty()


def forget(store: Store, subject: str, *ids: int) -> None:
    history = read_log(store, KEYS, LOG)
    gone = (f"{subject_hash(subject, KEYS):016x}",)
    assert append_entry(store, KEYS, LOG, history, NOW, RedactEntry, moved={}, subjects=gone)


def test_labels_of_a_forgotten_subject_are_not_shown_then_or_later(tmp_path: Path) -> None:
    store = MemoryStore()
    log_rows(store, LOG, "one", 0, [seen(1, "ann"), seen(2, "bob")])
    log_rows(store, "f", "one", 0, [given("p1"), given("p2")])
    forget(store, "ann")
    assert ids(store) == ["p2"] and found(store, "p1") is None
    assert subjects(store) == {"p2": "bob"}
    # Once sealed, the prediction is nowhere: its label must not pass for one that nobody knows.
    seal(store, tmp_path)
    assert ids(store) == ["p2"] and subjects(store) == {"p2": "bob"}
    seal_feedback(store, KEYS, "f", now=NOW, scratch=tmp_path)
    log_rows(store, "f", "one", 1, [given("p1", 1)])
    assert subjects(store) == {"p2": "bob"}


def test_a_label_may_come_twice_and_lines_that_are_none_are_set_aside(tmp_path: Path) -> None:
    store = MemoryStore()
    log_rows(store, "f", "one", 0, [given("p1"), msgspec.Raw(b"{"), given("p1", 1)])
    assert scan_feedback(store, KEYS, "f").collect().height == 2
    done = seal_feedback(store, KEYS, "f", now=NOW + timedelta(hours=1), scratch=tmp_path)
    assert done is not None and done.rows == 2 and done.rejected == {"line_unreadable": 1}
    log_rows(store, "f", "one", 1, [given("p1")])
    assert scan_feedback(store, KEYS, "f").collect().height == 2
    assert scan_feedback(store, KEYS, "f").collect()["label"].to_list() == ['{"late":true}'] * 2


# What earlier releases left open: no first line, all models in one place.


def test_open_rows_of_earlier_releases_are_read_found_and_moved(tmp_path: Path) -> None:
    store = MemoryStore()
    other = seen(2, model="worth")
    lines = b"\n".join(map(encode, (seen(1, worker=None), other)))
    store.put("data/predictions/open/old/000000000000.jsonl", lines)

    def of(model: str) -> list[str]:
        frames = scan_json_predictions(store, KEYS, model, SIGNATURES.get)
        return [id for frame in frames for id in frame.collect()["id"]]

    assert of("late") == ["p1"] and of("worth") == ["p2"]
    assert find_json_prediction(store, KEYS, "p1") == seen(1, worker=None)
    move_open(store, KEYS)
    assert of("late") == of("worth") == []
    assert ids(store) == ["p1"]
    assert seal(store, tmp_path).rows == 1
    assert found(store, "p1") == seen(1, worker="old")
