"""Predictions in blocks: as columns they become the very rows that they would be one by one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from comporta.data import find_prediction, log_blocks, log_rows, scan_predictions, seal_predictions
from comporta.data.dataset_log import read_log
from comporta.data.open_blocks import typed_blocks
from comporta.data.open_rows import OpenBlock, blocks_in, count_open_rows, open_names, open_rows
from comporta.data.prediction_rows import typed_rows
from comporta.data.rejected import read_rejected
from comporta.data.row_columns import all_row_columns
from comporta.data.row_subjects import SubjectColumn, rows_with_subjects
from comporta.records import Field, JoinedRow, Observation, Signature, encode
from comporta.records.observed_rows import (
    InputLayout,
    ObservedRows,
    encode_block,
    encode_layout,
    microseconds,
    observations_in,
)
from comporta.serve.schema import CheckedRows, RequestSchema
from comporta.store import MemoryStore, derive

KEYS = derive(b"k" * 32)
NOW = datetime(2026, 1, 1, 10, tzinfo=UTC)
AT = microseconds(NOW) - 3_600_000_000
NUMBERS = tuple(
    Field(name=name, type=kind) for name, kind in (("a", "Float32"), ("b", "Int16"), ("c", "Boolean"))
)
TEXTS = tuple(
    Field(name=name, type=kind)
    for name, kind in (
        ("day", "Date"), ("at", "Datetime(time_unit='us', time_zone='UTC')"),
        ("local", "Datetime(time_unit='us', time_zone=None)"), ("who", "String"), ("huge", "UInt64"),
    )
)  # fmt: skip


def signature(raw: tuple[Field, ...]) -> Signature:
    return Signature(raw=raw, features=raw, output="both", task="binary", classes=("0", "1"), label="Int64")


SIGNATURES = {1: signature(NUMBERS), 2: signature(TEXTS)}
PLAIN = encode_layout(InputLayout(("a", "b", "c"), ("float", "int", "bool")))
NAMED = encode_layout(InputLayout(tuple(field.name for field in TEXTS)))


def numbers(first: int, n: int = 3, **others: Any) -> ObservedRows:
    rows = np.array([[0.5 + at, at, at % 2] for at in range(n)], dtype=np.float64)
    rows[-1] = np.nan
    output = {"label": [at % 2 for at in range(n)], "probability": [0.25] * n}
    made = ObservedRows("m", 1, [f"{first + at:032x}" for at in range(n)], AT, output, PLAIN, rows.tobytes())
    made.latency_us, made.release, made.arm = 12, 3, "champion"
    for name, value in others.items():
        setattr(made, name, value)
    return made


def texts(first: int) -> ObservedRows:
    values = [
        ["2026-01-31", None], ["2026-01-31T12:00:00.000001+00:00", None], ["0001-01-01T00:00:00", None],
        ["ann", None], [2**64 - 1, None],
    ]  # fmt: skip
    output = {"label": [1, 0], "probability": [0.5, 0.5]}
    made = ObservedRows("m", 2, [f"{first + at:032x}" for at in range(2)], AT, output, NAMED, b"", values)
    joined = JoinedRow(dataset="weather", version=2, key={"origin": "EWR"})
    made.joined = [encode((joined,)).decode(), "[]"]
    return made


BLOCKS = [
    numbers(0), numbers(10, 1), texts(20), texts(30),
    numbers(40, key=["k", None, "l"], subject="s", unit=["u", "v", None], at=[AT, AT + 1, AT - 10**12]),
]  # fmt: skip


def logged(store: MemoryStore, blocks: list[ObservedRows] = BLOCKS, n: int = 0) -> None:
    log_blocks(store, "p", "one", n, [encode_block(each) for each in blocks])


def whose(version: int) -> SubjectColumn | None:
    return SubjectColumn(column="who", type="String") if version == 2 else None


def test_as_columns_they_are_what_they_are_as_rows() -> None:
    store = MemoryStore()
    logged(store)
    (name,) = open_names(store, "p")
    blocks = [each for each in blocks_in(name, store.get(name)) if isinstance(each, OpenBlock)]
    columns = all_row_columns(read_log(store, KEYS, "p"), {1, 2}, SIGNATURES.get)
    frames, others = typed_blocks(blocks, columns, whose)
    assert others == [] and len(frames) == 2
    one_by_one, bad = typed_rows(list(rows_with_subjects(open_rows(store, "p"), whose)), columns)
    assert bad == [] and one_by_one.height == 11
    together = pl.concat(frames, how="diagonal").select(one_by_one.columns)
    assert together.sort("id").equals(one_by_one.sort("id"))


def test_each_is_found_by_its_id_and_sealed_once_however_often_it_was_written(tmp_path: Path) -> None:
    store = MemoryStore()
    logged(store)
    logged(store, n=1)
    rows = {each.id: each for block in BLOCKS for each in observations_in(block)}
    for id, row in rows.items():
        found = find_prediction(store, KEYS, "p", "m", id)
        assert found is not None and found.worker == "one"
        assert encode(found) == encode(Observation(**{**_fields(row), "worker": "one"}))
    assert find_prediction(store, KEYS, "p", "m", "f" * 32) is None
    done = seal_predictions(store, KEYS, "p", SIGNATURES.get, whose=whose, now=NOW, scratch=tmp_path)
    assert done is not None and done.rows == len(rows) == 11 and done.rejected == {}
    assert open_names(store, "p") == []
    assert scan_predictions(store, KEYS, "p", SIGNATURES.get).collect()["id"].sort().to_list() == sorted(rows)


def test_rows_of_blocks_and_of_lines_are_one_log(tmp_path: Path) -> None:
    store = MemoryStore()
    logged(store, BLOCKS[:2])
    log_rows(store, "p", "two", 0, list(observations_in(BLOCKS[2])))
    log_rows(store, "p", "three", 0, list(observations_in(BLOCKS[1])))  # set aside, then tried anew
    assert count_open_rows(store, "p") == 7
    done = seal_predictions(store, KEYS, "p", SIGNATURES.get, now=NOW, scratch=tmp_path)
    assert done is not None and done.rows == 6


def test_a_row_that_cannot_be_sealed_is_set_aside_with_its_cause(
    tmp_path: Path,
) -> None:
    store = MemoryStore()
    other = encode_layout(InputLayout(("a", "b", "c"), ("float", "float", "bool")))
    stray = numbers(100, version=7)
    odd = numbers(200, layout=other)
    short = numbers(300, numbers=b"\0" * 8)
    timeless = numbers(400, at=2**62)
    blocks = [encode_block(each) for each in (numbers(0), stray, odd, short, timeless)]
    log_blocks(store, "p", "one", 0, [*blocks, b"\xc1 no block", blocks[0][:40]])
    done = seal_predictions(store, KEYS, "p", SIGNATURES.get, now=NOW, scratch=tmp_path)
    assert done is not None
    assert done.rejected == {"version_unknown": 3, "inputs_mistyped": 2, "line_unreadable": 4}
    ((line),) = read_rejected(store, "p")
    assert sum(line.causes.values()) == 9
    assert done.rows == 4  # of the odd ones that without a value is as good as any
    assert open_names(store, "p") == []


@pytest.mark.parametrize("cut", [1, 5, 60])
def test_a_block_that_ends_too_soon_takes_no_other_with_it(cut: int) -> None:
    store = MemoryStore()
    logged(store, BLOCKS[:2])
    (name,) = open_names(store, "p")
    found = list(blocks_in(name, store.get(name)[:-cut]))
    assert isinstance(found[0], OpenBlock) and not isinstance(found[1], OpenBlock)


def _fields(row: Observation) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__struct_fields__}


def test_a_block_tells_its_time_in_microseconds() -> None:
    row = next(observations_in(numbers(0, 1)))
    assert row.at == NOW - timedelta(hours=1)


def test_columns_that_are_not_logged_are_in_no_block() -> None:
    schema = RequestSchema(SIGNATURES[1])
    schema.log_without(["b"])
    array = np.array([[1.5, 2.0, 1.0], [np.nan, 3.0, 0.0]])
    named: dict[str, Any] = {"a": [1.5, None], "b": [2, 3], "c": [True, False]}
    for rows in (CheckedRows(2, array), CheckedRows(2, None, named)):
        layout, numbers, values = schema.logged_cells(rows)
        kept = ObservedRows("m", 1, ["1", "2"], AT, {}, layout, numbers, values)
        assert [each.inputs for each in observations_in(kept)] == [
            {"a": 1.5, "c": True},
            {"a": None, "c": False},
        ]
