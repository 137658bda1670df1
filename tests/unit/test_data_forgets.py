"""Redaction as readers see it: one entry changes every version at once, and the rest stays readable."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from comporta.data import add, log_rows, rows_of, scan_predictions, scan_slice, slice_of
from comporta.data.dataset_log import RedactEntry, append_entry, read_log
from comporta.data.fragments import ROW, write_fragment
from comporta.data.keys import subject_hash
from comporta.data.manifests import list_versions, manifest_of
from comporta.data.names import object_name
from comporta.data.staleness import staleness
from comporta.records import DatasetSchema, Fragment, Observation, Signature
from comporta.records.staleness import DIFFERS
from comporta.store import MemoryStore, Store, derive

KEYS = derive(b"k" * 32)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
SHAPE = DatasetSchema(name="d", key=("id",), subject="who", time="at")
SIGNATURE = Signature(raw=(), features=(), output="label", task="regression")
PEOPLE = ["ann", "bob", "cee", "dan"]


def frame(ids: range, x: float = 0.0) -> pl.DataFrame:
    rows = [{"id": id, "who": PEOPLE[id % 4], "at": NOW + timedelta(hours=id), "x": x} for id in ids]
    return pl.DataFrame(rows, schema_overrides={"at": pl.Datetime("us", "UTC")})


def put(store: Store, scratch: Path, rows: pl.DataFrame, change: Any) -> int:
    return add(store, KEYS, SHAPE, rows, change=change, now=NOW, scratch=scratch, fragment=600)[0].number


def redact(store: Store, scratch: Path, who: str) -> None:
    """What the eraser will do, by hand: fragments without the subject, one entry, the old objects gone."""
    history = read_log(store, KEYS, "d")
    moved: dict[str, Fragment | None] = {}
    for manifest in list_versions(store, "d"):
        for segment in manifest.segments:
            for named in segment.fragments:
                now = history.resolve(named)
                if now is None or now.id in moved:
                    continue
                held = pl.read_parquet(store.get(object_name("d", now.id)))
                if ROW not in held.columns:
                    held = held.with_row_index(ROW)
                kept = held.filter(pl.col("who").ne_missing(who))
                if len(kept) == len(held):
                    continue
                if kept.is_empty():
                    moved[now.id] = None
                    continue
                bins = (now.low >> 48, (now.high >> 48) + 1)
                made = write_fragment(store, KEYS, SHAPE, kept, bins, scratch)
                moved[now.id] = msgspec.structs.replace(made, numbered=True)
    gone = (f"{subject_hash(who, KEYS):016x}",)
    assert append_entry(store, KEYS, "d", history, NOW, RedactEntry, moved=moved, subjects=gone)
    for id in moved:
        store.delete(object_name("d", id))


def ids(store: Store, number: int) -> list[int]:
    return scan_slice(store, KEYS, slice_of(store, KEYS, "d", number=number)).collect()["id"].sort().to_list()


def test_every_version_loses_the_subject_and_keeps_the_rest(tmp_path: Path) -> None:
    store = MemoryStore()
    put(store, tmp_path, frame(range(40)), "append")
    put(store, tmp_path, frame(range(40, 60)), "append")
    put(store, tmp_path, frame(range(0, 30, 3), x=1.0), "update")
    put(store, tmp_path, frame(range(10, 60), x=2.0), "replace")
    whole = [ids(store, number) for number in range(1, 5)]
    for at, who in enumerate(["ann", "cee", "ann"]):
        redact(store, tmp_path, who)
        left = PEOPLE[1:] if at == 0 else ["bob", "dan"]
        for number, before in enumerate(whole, start=1):
            expected = [id for id in before if PEOPLE[id % 4] in left]
            slice = slice_of(store, KEYS, "d", number=number)
            assert ids(store, number) == expected and slice.rows == len(expected)
            assert rows_of(store, KEYS, slice, subject=who).is_empty()
            assert rows_of(store, KEYS, slice, subject="bob").height == sum(id % 4 == 1 for id in before)
    assert (
        scan_slice(store, KEYS, slice_of(store, KEYS, "d", number=3))
        .filter(pl.col("x") == 1)
        .collect()
        .height
        == 5
    )


def test_versions_made_after_a_redaction_hide_the_right_rows(tmp_path: Path) -> None:
    store = MemoryStore()
    put(store, tmp_path, frame(range(40)), "append")
    put(store, tmp_path, frame(range(20), x=1.0), "update")
    redact(store, tmp_path, "ann")
    number = put(store, tmp_path, frame(range(10, 30), x=2.0), "update")
    found = scan_slice(store, KEYS, slice_of(store, KEYS, "d", number=number)).collect()
    expected = {id: 2.0 if 10 <= id < 30 else 1.0 if id < 20 else 0.0 for id in range(40) if id % 4}
    assert dict(found.select("id", "x").iter_rows()) == expected
    assert manifest_of(store, KEYS, "d", number).rows == len(expected)


def test_rows_of_a_forgotten_subject_are_never_taken_in_again(tmp_path: Path) -> None:
    store = MemoryStore()
    put(store, tmp_path, frame(range(20)), "replace")
    redact(store, tmp_path, "ann")
    slice, made = add(store, KEYS, SHAPE, frame(range(20)), change="replace", now=NOW, scratch=tmp_path)
    assert not made and slice.rows == 15
    assert put(store, tmp_path, frame(range(20, 28)), "append") == 2
    assert all(id % 4 for id in ids(store, 2)) and len(ids(store, 2)) == 21


class Interleaved(MemoryStore):
    """Lets someone else write just before the next log entry is put."""

    def __init__(self) -> None:
        super().__init__()
        self.first: Any = None

    def put(self, name: str, data: bytes | Path) -> bool:
        if "/log/" in name and self.first is not None:
            first, self.first = self.first, None
            first()
        return super().put(name, data)


def test_a_writer_that_started_before_a_redaction_filters_its_rows_again(tmp_path: Path) -> None:
    store = Interleaved()
    put(store, tmp_path, frame(range(20)), "append")
    store.first = lambda: redact(store, tmp_path, "ann")
    number = put(store, tmp_path, frame(range(20, 40)), "append")
    assert number == 2 and all(id % 4 for id in ids(store, 2)) and len(ids(store, 2)) == 30
    held = [pl.read_parquet(store.get(object_name("d", f.id))) for s in manifest_of(store, KEYS, "d").segments
            for f in s.fragments if f.id not in read_log(store, KEYS, "d").moved]  # fmt: skip
    assert not any((each["who"] == "ann").any() for each in held)


def test_of_two_writers_the_loser_builds_on_the_winner(tmp_path: Path) -> None:
    store = Interleaved()
    put(store, tmp_path, frame(range(20)), "append")
    store.first = lambda: put(store, tmp_path, frame(range(10), x=5.0), "update")
    assert put(store, tmp_path, frame(range(5, 15), x=6.0), "update") == 3
    found = dict(scan_slice(store, KEYS, slice_of(store, KEYS, "d")).select("id", "x").collect().iter_rows())
    assert found == {id: 5.0 if id < 5 else 6.0 if id < 15 else 0.0 for id in range(20)}


def test_a_redaction_elsewhere_leaves_a_slice_as_it_was(tmp_path: Path) -> None:
    store = MemoryStore()
    put(store, tmp_path, frame(range(20)).filter(pl.col("who") != "ann"), "append")
    then = NOW + timedelta(hours=20)
    put(store, tmp_path, frame(range(20, 40)), "append")
    before = slice_of(store, KEYS, "d", until=then)
    after = slice_of(store, KEYS, "d", since=then)
    redact(store, tmp_path, "ann")
    assert slice_of(store, KEYS, "d", until=then).digest == before.digest
    assert slice_of(store, KEYS, "d", since=then).digest != after.digest


def test_a_redaction_outside_the_bounds_of_a_slice_does_not_explain_that_it_differs(tmp_path: Path) -> None:
    store = MemoryStore()
    put(store, tmp_path, frame(range(20)).filter(pl.col("who") != "ann"), "append")
    then = NOW + timedelta(hours=20)
    put(store, tmp_path, frame(range(20, 40)), "append")
    before, after = slice_of(store, KEYS, "d", until=then), slice_of(store, KEYS, "d", since=then)
    redact(store, tmp_path, "ann")
    assert staleness(store, KEYS, before).answer == "fresh"
    assert staleness(store, KEYS, after).answer == "erased"
    other = staleness(store, KEYS, msgspec.structs.replace(before, digest="ab" * 32))
    assert (other.answer, other.cause) == ("unknown", DIFFERS())


def test_open_rows_of_a_forgotten_subject_are_not_shown(tmp_path: Path) -> None:
    store = MemoryStore()
    rows = [
        Observation(id=who, model="m", version=1, at=NOW, inputs={}, output={"prediction": 1.0}, subject=who)
        for who in PEOPLE
    ]
    log_rows(store, "d", "one", 0, rows)
    gone = (f"{subject_hash('ann', KEYS):016x}",)
    assert append_entry(
        store, KEYS, "d", read_log(store, KEYS, "d"), NOW, RedactEntry, moved={}, subjects=gone
    )
    assert (
        scan_predictions(store, KEYS, "d", {1: SIGNATURE}.get).collect()["id"].sort().to_list() == PEOPLE[1:]
    )
