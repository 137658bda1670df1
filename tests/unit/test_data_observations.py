"""The prediction log: each row once, whether open, sealed, or half-way between."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from comporta.data import (
    find_prediction,
    log_rows,
    rows_of,
    scan_feedback,
    scan_observations,
    seal,
    seal_feedback,
    slice_of,
    versions,
)
from comporta.records import Feedback, Joined, Observation
from comporta.store import MemoryStore, Store, derive

KEYS = derive(b"k" * 32)
START = datetime(2026, 1, 1, tzinfo=UTC)
NOW = START + timedelta(days=1)


def seen(n: int, subject: str | None = None) -> Observation:
    return Observation(
        id=f"p{n}",
        model="late",
        version=3,
        at=START + timedelta(minutes=n),
        inputs={"carrier": "UA", "distance": 7.5, "wind": None},
        output={"label": 1, "probability": [0.25, 0.75]},
        joined=(Joined(dataset="weather", version=2, key={"origin": "EWR", "hour": 5}, event=START),),
        key='["EWR",7]',
        subject=subject,
        unit="u1",
    )


def ids(store: Store, **bounds: datetime) -> list[str]:
    return scan_observations(store, KEYS, "p", **bounds).collect()["id"].sort().to_list()


def test_open_rows_are_read_and_found_before_they_are_sealed() -> None:
    store = MemoryStore()
    assert ids(store) == [] and find_prediction(store, KEYS, "p", "p1") is None
    log_rows(store, "p", "one", 0, [seen(1), seen(2, "ann")])
    log_rows(store, "p", "two", 0, [seen(3)])
    assert ids(store) == ["p1", "p2", "p3"]
    assert find_prediction(store, KEYS, "p", "p2") == seen(2, "ann")
    assert ids(store, since=START + timedelta(minutes=2), until=START + timedelta(minutes=3)) == ["p2"]


def test_sealing_makes_a_version_of_all_open_rows_and_leaves_none_open(tmp_path: Path) -> None:
    store = MemoryStore()
    assert seal(store, KEYS, "p", now=NOW, scratch=tmp_path) is None
    log_rows(store, "p", "one", 0, [seen(1), seen(2, "ann")])
    sealed = seal(store, KEYS, "p", now=NOW, scratch=tmp_path)
    assert sealed is not None and sealed.rows == 2
    assert not list(store.list("data/p/open/"))
    log_rows(store, "p", "one", 1, [seen(3)])
    assert ids(store) == ["p1", "p2", "p3"]
    assert find_prediction(store, KEYS, "p", "p2") == seen(2, "ann")
    again = seal(store, KEYS, "p", now=NOW, scratch=tmp_path)
    assert again is not None and again.number == 2 and again.rows == 3
    assert rows_of(store, KEYS, again, subject="ann")["id"].to_list() == ["p2"]
    assert versions(store, "p")[1].added == 1


def test_a_flush_that_is_written_twice_counts_once(tmp_path: Path) -> None:
    store = MemoryStore()
    for n in range(2):
        log_rows(store, "p", "one", n, [seen(1), seen(1), seen(2)])
    assert ids(store) == ["p1", "p2"]
    sealed = seal(store, KEYS, "p", now=NOW, scratch=tmp_path)
    assert sealed is not None and sealed.rows == 2 and ids(store) == ["p1", "p2"]


def test_a_log_that_is_sealed_often_stays_a_few_segments(tmp_path: Path) -> None:
    store = MemoryStore()
    for n in range(100):
        log_rows(store, "p", "one", n, [seen(3 * n + at, f"w{at}") for at in range(3)])
        assert seal(store, KEYS, "p", now=NOW, scratch=tmp_path) is not None
    past = versions(store, "p")
    assert len(past) == 100 and max(len(each.segments) for each in past) <= 20
    assert [each.rows for each in past] == [3 * n for n in range(1, 101)]
    assert ids(store) == sorted(f"p{n}" for n in range(300))
    assert rows_of(store, KEYS, slice_of(store, KEYS, "p", number=50), subject="w1").height == 50


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


@pytest.mark.parametrize("at", range(1, 7))
def test_a_seal_that_dies_at_any_write_loses_and_doubles_nothing(at: int, tmp_path: Path) -> None:
    store = Dying(at)
    for n in range(3):
        log_rows(store, "p", "one", n, [seen(n), seen(10 + n)])
    expected = sorted(f"p{n}" for n in (0, 1, 2, 10, 11, 12))
    with pytest.raises(KeyboardInterrupt):
        seal(store, KEYS, "p", now=NOW, scratch=tmp_path)
    assert ids(store) == expected
    store.left = -1
    sealed = seal(store, KEYS, "p", now=NOW, scratch=tmp_path)
    assert ids(store) == expected and (sealed is None or sealed.rows == 6)
    assert slice_of(store, KEYS, "p").rows == 6 and not list(store.list("data/p/open/"))


def test_feedback_is_kept_with_its_subject_and_orphans_are_kept_too(tmp_path: Path) -> None:
    store = MemoryStore()
    log_rows(store, "p", "one", 0, [seen(1, "ann"), seen(2)])
    told = [Feedback(id=id, label={"late": True}, arrived=NOW) for id in ("p1", "p2", "lost")]
    log_rows(store, "f", "one", 0, told)
    assert sorted(scan_feedback(store, KEYS, "f").collect()["id"]) == ["lost", "p1", "p2"]
    sealed = seal_feedback(store, KEYS, "f", predictions="p", now=NOW, scratch=tmp_path)
    assert sealed is not None and sealed.rows == 3
    assert rows_of(store, KEYS, sealed, subject="ann")["id"].to_list() == ["p1"]
    log_rows(store, "f", "one", 1, [Feedback(id="p1", label=False, arrived=NOW + timedelta(hours=1))])
    assert scan_feedback(store, KEYS, "f").collect().height == 4
    assert scan_feedback(store, KEYS, "f").collect()["label"].sort().to_list()[0] == "false"
