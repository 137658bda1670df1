"""Somebody is erased while `comporta predict --output DATASET` runs: no row of theirs is added."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from msgspec.structs import replace

import comporta
from comporta.acts.predict import into_dataset
from comporta.acts.predict.job import BatchJob
from comporta.cli import main
from comporta.data import add, scan_slice, slice_of
from comporta.data.dataset_log import RedactEntry, append_entry, read_log
from comporta.data.keys import subject_hash
from comporta.data.manifests import is_dataset
from comporta.errors import Busy
from comporta.opened.follow import follow_one
from comporta.opened.project import OpenProject, open_project

ROWS, GONE = 120, "P7@x.org"
ITS_ROWS = list(range(7, ROWS, 20))


@pytest.fixture
def opened(ward: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenProject]:
    monkeypatch.chdir(ward)
    with open_project(Path(), works=True) as opened:
        yield opened


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A dataset of the test's own."""
    return "e" + "".join(each for each in request.node.name if each.isalnum())[-50:]


def visits(opened: OpenProject, dataset: str, *, subject: bool = True) -> str:
    """A dataset with rows of twenty people. subject: it is declared whose they are."""
    shape = replace(opened.project.tables()["arrivals"].shape(), name=dataset)
    rows = pl.DataFrame(
        [
            {"id": each, "who": f"P{each % 20}@x.org", "mail": "", "pulse": 60 + each % 37, "weight": 50}
            for each in range(ROWS)
        ]
    )
    add(
        opened.store, opened.keys, shape if subject else replace(shape, subject=None), rows,
        change="replace", now=opened.clock(), scratch=opened.below,
    )  # fmt: skip
    follow_one(opened, dataset)
    return dataset


def answered(opened: OpenProject, dataset: str) -> list[int]:
    part = slice_of(opened.store, opened.keys, dataset)
    return sorted(scan_slice(opened.store, opened.keys, part).select("id").collect()["id"])


def others() -> list[int]:
    return [each for each in range(ROWS) if each not in ITS_ROWS]


def first(patch: pytest.MonkeyPatch, place: Any, name: str, act: Callable[[], None]) -> None:
    """`act` happens once, before the first call of this function."""
    real = getattr(place, name)

    def after(*args: Any, **named: Any) -> Any:
        patch.setattr(place, name, real)
        act()
        return real(*args, **named)

    patch.setattr(place, name, after)


def test_who_is_erased_once_the_answers_are_there_is_not_among_them(
    opened: OpenProject, name: str, forget: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    source = visits(opened, f"{name}in")
    erase = lambda: forget(opened, source, "who", GONE, canonical=GONE.lower())  # noqa: E731
    first(monkeypatch, into_dataset, "carry_erasures", erase)
    result = comporta.load().predict_batch("ill/1", source, name, chunk=50)
    assert answered(opened, name) == others()
    assert result.rows == ROWS - len(ITS_ROWS)


def test_an_erasure_while_the_answers_are_added_finds_their_dataset_and_is_held_to(
    opened: OpenProject, name: str, forget: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    source = visits(opened, f"{name}in")
    real = into_dataset.OffsetMove

    def erase_everywhere() -> None:
        forget(opened, source, "who", GONE, canonical=GONE.lower())
        assert is_dataset(opened.store, name), "who erases goes through every dataset that there is"
        gone = (f"{subject_hash(GONE.lower(), opened.keys):016x}",)
        history = read_log(opened.store, opened.keys, name)
        assert not history.versions
        append_entry(
            opened.store, opened.keys, name, history, opened.clock(), RedactEntry, moved={}, subjects=gone
        )

    first(monkeypatch, into_dataset, "OffsetMove", erase_everywhere)
    assert into_dataset.OffsetMove is not real
    comporta.load().predict_batch("ill/1", source, name, chunk=50)
    assert answered(opened, name) == others()


def test_killed_before_the_commit_and_somebody_erased_then_it_goes_on_without_them(
    opened: OpenProject, name: str, forget: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    source = visits(opened, f"{name}in")

    class Killed(BaseException):
        pass

    def kill() -> None:
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        first(patch, into_dataset, "add", kill)
        comporta.load().predict_batch("ill/1", source, name, chunk=50)
    assert main(["data", "versions", name]) == 2, "begun, and without a version yet"
    assert main(["data", "list"]) == 0
    forget(opened, source, "who", GONE, canonical=GONE.lower())
    comporta.load().predict_batch("ill/1", source, name, chunk=50)
    assert answered(opened, name) == others()


def test_files_bring_nobody_back_who_is_forgotten_where_the_model_learned(
    opened: OpenProject, name: str, tmp_path: Path
) -> None:
    source = visits(opened, f"{name}in")
    frame = scan_slice(opened.store, opened.keys, slice_of(opened.store, opened.keys, source)).collect()
    frame.with_columns(who=pl.lit("p41")).head(3).write_parquet(tmp_path / "in.parquet")
    store, keys = opened.store, opened.keys
    append_entry(
        store, keys, "visits", read_log(store, keys, "visits"), opened.clock(), RedactEntry, moved={},
        subjects=(f"{subject_hash('p41', keys):016x}",),
    )  # fmt: skip
    comporta.load().predict_batch("ill/1", str(tmp_path / "in.parquet"), name)
    assert answered(opened, name) == []


@pytest.mark.parametrize("when", ["before the rows are read", "before the answers are added"])
def test_where_nobody_knows_whose_answers_are_it_ends_and_adds_none(
    opened: OpenProject, name: str, forget: Callable[..., None], monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    source = visits(opened, f"{name}in", subject=False)
    place = (BatchJob, "load") if "read" in when else (into_dataset, "carry_erasures")
    with monkeypatch.context() as patch:
        first(patch, *place, lambda: forget(opened, source, "who", GONE))
        with pytest.raises(Busy, match="rows of it were erased while it was read"):
            comporta.load().predict_batch("ill/1", source, name, chunk=50)
    assert not read_log(opened.store, opened.keys, name).versions
    comporta.load().predict_batch("ill/1", source, name, chunk=50)
    assert answered(opened, name) == others()
