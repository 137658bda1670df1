"""Windows of a log over merges: the same digest before and after, another one where a row changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import polars as pl
import pytest

from comporta.data import list_versions, log_rows, scan_slice, seal_predictions, slice_of
from comporta.data.dataset_log import RedactEntry, append_entry, read_log
from comporta.data.fragments import write_fragment
from comporta.data.manifests import find_version, reads_as, resolve_fragments
from comporta.data.names import log_of, object_name
from comporta.data.origins import ORIGIN
from comporta.data.prediction_log import log_shape
from comporta.engine.question import recipe_digest
from comporta.records import Field, Fragment, Observation, Recipe, Signature, Slice
from comporta.store import MemoryStore, Store, derive

KEYS = derive(b"k" * 32)
DAY = datetime(2026, 1, 1, tzinfo=UTC)
NEXT = DAY + timedelta(days=1)
LOG = log_of("late")
RAW = (Field(name="x", type="Int64"),)
SIGNATURE = Signature(raw=RAW, features=RAW, output="label", task="regression", label="Float64")
WINDOWS = {
    "the day": (DAY, NEXT),
    "three hours of it": (DAY + timedelta(hours=5), DAY + timedelta(hours=8)),
    "the hour before midnight": (NEXT - timedelta(hours=1), NEXT),
    "that night": (NEXT - timedelta(hours=3), NEXT + timedelta(minutes=30)),
}
SUMMARY: dict[str, Any] = {
    "run": "summary", "uses": {}, "code": "c", "environment": "e", "params": {}, "seed": 0
}  # fmt: skip
_flush = count()


class Log(NamedTuple):
    store: Store
    scratch: Path

    def answer(self, at: datetime, *rows: tuple[str, str, datetime], x: int = 1) -> None:
        """Answers, by id, subject and time, sealed at this time."""
        seen = [
            Observation(
                id=id,
                model="late",
                version=1,
                at=when,
                inputs={"x": x},
                output={"prediction": 1.5},
                subject=who,
            )
            for id, who, when in rows
        ]
        log_rows(self.store, LOG, "one", next(_flush), seen)
        seal_predictions(self.store, KEYS, LOG, {1: SIGNATURE}.get, now=at, scratch=self.scratch)

    def serve(self, since: datetime, until: datetime) -> None:
        """An answer to each of three people every quarter of an hour, sealed then."""
        while since < until:
            rows = [(f"{who} {since:%d %H:%M}", who, since) for who in ("ann", "bob", "cee")]
            since += timedelta(minutes=15)
            self.answer(since, *rows)

    def window(self, name: str) -> Slice:
        since, until = WINDOWS[name]
        return slice_of(self.store, KEYS, LOG, since=since, until=until, columns=["id", "at", "in.x"])

    def digests(self) -> dict[str, str]:
        return {name: self.window(name).digest for name in WINDOWS}

    def segments(self, period: str) -> int:
        return sum(each.period == period for each in list_versions(self.store, LOG)[-1].segments)

    def redact(self, id: str) -> None:
        """What erasing does: fragments without the row, and an entry that says which stand for which."""
        history = read_log(self.store, KEYS, LOG)
        moved: dict[str, Fragment | None] = {}
        for stand in resolve_fragments(history, find_version(self.store, KEYS, history, LOG)):
            rows = pl.read_parquet(self.store.get(object_name(LOG, stand.now.id)))
            rows = rows if "__row" in rows.columns else rows.with_row_index("__row")
            kept = rows.filter(pl.col("id") != id)
            if kept.height < rows.height:
                bins = (stand.now.low >> 48, (stand.now.high >> 48) + 1)
                made = write_fragment(self.store, KEYS, log_shape(LOG), kept, bins, self.scratch)
                moved[stand.now.id] = msgspec.structs.replace(made, numbered=True) if len(kept) else None
        assert len(moved) == 1
        assert append_entry(self.store, KEYS, LOG, history, NEXT, RedactEntry, moved=moved)


@pytest.fixture(scope="module")
def day_log(tmp_path_factory: pytest.TempPathFactory) -> Log:
    """A day and its hour of grace, before the merge of the day."""
    made = Log(MemoryStore(), tmp_path_factory.mktemp("served"))
    made.serve(DAY, NEXT + timedelta(minutes=45))
    assert made.segments("2026-01-01") > 1
    return made


@pytest.fixture
def log(day_log: Log, tmp_path: Path) -> Log:
    """The same, each test's own."""
    store = MemoryStore()
    for each in day_log.store.list():
        store.put(each.name, day_log.store.get(each.name))
    return Log(store, tmp_path)


def merge(log: Log) -> None:
    log.serve(NEXT + timedelta(hours=1), NEXT + timedelta(hours=2))
    assert log.segments("2026-01-01") == 1


def test_a_window_of_a_day_has_one_digest_before_and_after_its_segments_are_merged(log: Log) -> None:
    before = log.digests()
    read = {name: log.window(name) for name in WINDOWS}
    merge(log)
    assert log.digests() == before
    assert len(set(before.values())) == len(WINDOWS)
    history = read_log(log.store, KEYS, LOG)
    newest = find_version(log.store, KEYS, history, LOG)
    assert all(reads_as(log.store, KEYS, history, newest, each) for each in read.values())
    rows = {name: scan_slice(log.store, KEYS, log.window(name)).collect() for name in WINDOWS}
    assert [frame.height for frame in rows.values()] == [288, 36, 12, 42]


def test_a_step_that_read_a_window_before_the_merge_is_the_same_question_after_it(log: Log) -> None:
    def question() -> str:
        inputs = {"log": log.window("the day")}
        return recipe_digest(Recipe(**SUMMARY, inputs=inputs), KEYS.content)

    before = question()
    merge(log)
    assert question() == before
    log.redact("bob 01 06:00")
    assert question() != before


def test_a_window_of_a_day_that_is_not_over_keeps_its_digest_over_all_its_merges(tmp_path: Path) -> None:
    log = Log(MemoryStore(), tmp_path)
    log.serve(DAY, DAY + timedelta(hours=8))
    before = log.window("three hours of it").digest
    log.serve(DAY + timedelta(hours=8), DAY + timedelta(hours=20))
    assert log.window("three hours of it").digest == before


def test_a_row_that_is_erased_after_the_merge_changes_the_windows_that_it_lay_in(log: Log) -> None:
    merge(log)
    before = log.digests()
    log.redact("bob 01 06:00")
    after = log.digests()
    assert after["the day"] != before["the day"]
    assert after["three hours of it"] != before["three hours of it"]
    assert "bob 01 06:00" not in scan_slice(log.store, KEYS, log.window("the day")).collect()["id"].to_list()


def test_a_row_that_is_erased_before_the_merge_gives_another_digest_which_the_merge_keeps(log: Log) -> None:
    whole = log.digests()
    log.redact("bob 01 06:00")
    before = log.digests()
    assert before["the day"] != whole["the day"]
    assert before["the hour before midnight"] == whole["the hour before midnight"]
    merge(log)
    assert log.digests() == before


def test_what_was_erased_between_two_merges_does_not_bring_the_first_digest_back(log: Log) -> None:
    # Of segments that were merged by eights already, in the last merge of the day.
    whole = log.digests()
    log.redact("ann 01 00:15")
    before = log.digests()
    merge(log)
    assert log.digests() == before
    assert before["the day"] != whole["the day"]


def test_a_row_that_changed_gives_another_digest_which_the_merge_keeps(log: Log) -> None:
    whole = log.digests()
    at = DAY + timedelta(hours=6)
    log.answer(NEXT + timedelta(minutes=50), ("bob 01 06:00", "bob", at), x=2)
    before = log.digests()
    assert before["three hours of it"] != whole["three hours of it"]
    merge(log)
    assert log.digests() == before


def test_rows_that_come_late_and_lie_between_merged_segments_leave_the_order_alone(log: Log) -> None:
    early = DAY - timedelta(days=3)
    log.answer(NEXT + timedelta(minutes=47), ("late", "ann", early))
    log.answer(NEXT + timedelta(minutes=50), ("more", "ann", DAY + timedelta(hours=2)))

    def both() -> str:
        return slice_of(log.store, KEYS, LOG, since=early, until=NEXT).digest

    before = both()
    merge(log)
    assert both() == before


def test_a_window_that_an_older_comporta_read_is_recognized(log: Log, monkeypatch: Any) -> None:
    from comporta.data import manifests

    with monkeypatch.context() as patch:
        patch.setattr(
            manifests,
            "_window",
            lambda *args: (manifests._parts((got := manifests._within(*args))[0]), got[1]),
        )
        old = log.window("the day")
    assert old.digest != log.window("the day").digest
    history = read_log(log.store, KEYS, LOG)
    assert reads_as(log.store, KEYS, history, find_version(log.store, KEYS, history, LOG), old)


def test_manifests_do_not_grow_by_what_was_merged_and_readers_see_no_origin(log: Log) -> None:
    merge(log)
    newest = list_versions(log.store, LOG)[-1]
    (day,) = [each for each in newest.segments if each.period == "2026-01-01"]
    assert len(msgspec.json.encode(day)) < 1000
    assert ORIGIN not in scan_slice(log.store, KEYS, slice_of(log.store, KEYS, LOG)).collect_schema()
