"""The files of joined tables: whole or not there, deleted by whoever alone holds them."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from comporta.data.online_table import table_index
from comporta.opened.table_files import (
    DRAFT,
    HeldTable,
    TableAsk,
    TableState,
    hold_table,
    sweep_table,
    sweep_tables,
    taking_turn,
)
from comporta.opened.table_writer import put_part
from comporta.records import DatasetSchema, Join

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
ASK = TableAsk(
    join=Join(dataset="t", on={"k": "k"}, columns={"v": "v"}),
    shape=DatasetSchema(name="t", key=("k", "time"), time="time", delay=timedelta()),
    requests={"k": "String"},
)
FIRST, SECOND = (TableState(number=number, digest=f"{number}" * 32) for number in (1, 2))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / ASK.name
    made.mkdir()
    return made


def put(folder: Path, state: TableState, value: float, key: str = "a", older: tuple[str, ...] = ()) -> None:
    rows = pl.DataFrame({"k": [key], "time": [NOON], "v": [value]})
    part = table_index(rows, ASK.join, ASK.shape, pl.Schema({"k": pl.String}), version=state.number)
    put_part(folder, state, part, older, (f"fragment {state.number}",))


def read(held: HeldTable | None, key: str = "a") -> float | None:
    assert held is not None
    return held.table.few(pl.DataFrame({"k": [key]}), pl.Series([NOON]))[0]["v"][0]


def test_what_is_held_stays_and_what_is_released_goes(folder: Path) -> None:
    put(folder, FIRST, 1.0)
    held, other = hold_table(folder, ASK, FIRST), hold_table(folder, ASK, FIRST)
    assert held is not None and other is not None
    held.release()
    sweep_tables(folder.parent)
    assert (folder / FIRST.name).is_dir()
    other.release()
    sweep_tables(folder.parent)
    assert list(folder.parent.iterdir()) == []
    assert read(held) == 1.0, "a request under way reads on"


def test_the_newest_part_that_has_a_key_answers_and_needs_the_older(folder: Path) -> None:
    put(folder, FIRST, 1.0)
    put(folder, SECOND, 2.0, "b", (FIRST.name,))
    held = hold_table(folder, ASK, SECOND)
    assert [read(held, key) for key in ("a", "b", "c")] == [1.0, 2.0, None]
    sweep_table(folder, keep=(SECOND.name,))
    assert (folder / FIRST.name).is_dir(), "it is held too"
    assert held is not None
    held.release()
    sweep_table(folder, keep=(SECOND.name,))
    assert hold_table(folder, ASK, SECOND) is None


def test_a_sweep_leaves_parts_of_later_versions_to_those_who_need_them(folder: Path) -> None:
    put(folder, FIRST, 1.0)
    put(folder, SECOND, 2.0)
    sweep_table(folder, until=1)
    assert [each.name for each in folder.iterdir()] == [SECOND.name]


@pytest.mark.parametrize("name", ["keys.high.npy", "head.json", "parts.json", "lock"])
def test_a_part_that_lacks_a_file_is_not_mapped(folder: Path, name: str) -> None:
    put(folder, FIRST, 1.0)
    (folder / FIRST.name / name).unlink()
    assert hold_table(folder, ASK, FIRST) is None


def test_a_part_that_was_never_finished_is_not_mapped_and_goes_when_its_writer_is_dead(folder: Path) -> None:
    put(folder, FIRST, 1.0)
    (folder / FIRST.name).rename(folder / f"{FIRST.name}{DRAFT}-1")
    assert hold_table(folder, ASK, FIRST) is None
    with taking_turn(folder) as turn, taking_turn(folder) as second:
        assert turn is not None and second is None
        sweep_tables(folder.parent)
        assert folder.is_dir(), "its writer is at work"
    sweep_tables(folder.parent)
    assert not folder.exists()


def test_a_write_that_fails_leaves_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("comporta.opened.table_writer.write_part", fail)
    with pytest.raises(Exception, match="nothing was half-written"):
        put(folder, FIRST, 1.0)
    assert list(folder.iterdir()) == []
    shutil.rmtree(folder)
