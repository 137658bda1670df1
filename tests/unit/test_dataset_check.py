"""What `check` finds of a dataset's declaration in its columns, their types and its keys."""

from __future__ import annotations

import io
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from comporta.acts.build import dataset_check
from comporta.acts.build.dataset_check import dataset_faults
from comporta.cli.progress import CheckProgress
from comporta.project import Dataset
from comporta.project.locate import SourceLocations
from comporta.records import Column

ROWS = pl.DataFrame(
    {
        "order": [1, 2, 3],
        "shop": ["a", "a", "b"],
        "share": [0.5, 0.5, 0.25],
        "at": [datetime(2026, 1, day) for day in (1, 2, 3)],
    }
)


def found(rows: pl.DataFrame = ROWS, **declared: object) -> list[str]:
    """The messages about these rows. declared: in place of a sound declaration."""
    dataset = Dataset("orders", **{"source": "*.csv", "key": "order", "time": "at", **declared})  # type: ignore[arg-type]
    faults = dataset_faults(dataset, rows.lazy(), SourceLocations((), Path()))
    return [each.message for each in faults]


def test_a_sound_declaration_has_no_fault() -> None:
    assert found(columns=(Column("share", type="Float64"), Column("shop", type="String"))) == []
    assert found(key=("shop", "at")) == []


@pytest.mark.parametrize("role", ["key", "time", "arrived", "subject"])
def test_an_unknown_column_is_named_with_those_there_are_and_what_to_do(role: str) -> None:
    (message,) = found(**{role: "ordr"})
    assert message == (
        "orders: found no column 'ordr', expected one of: order, shop, share, at. "
        "Correct the name, or add the column in the source."
    )


@pytest.mark.parametrize("role", ["time", "arrived"])
def test_a_time_that_is_none_is_found_and_where_it_becomes_one_is_told(role: str) -> None:
    (message,) = found(**{role: "shop"})
    assert message.startswith(
        f"orders.shop: found String, expected Datetime or Date: it is declared as {role}."
    )
    assert "in the source's function, or of CSV files by csv(…, schema={'shop': 'Datetime'})." in message


def test_a_column_of_another_type_than_declared_is_found() -> None:
    (message,) = found(columns=(Column("share", type="Int64"),))
    assert message.startswith(
        "orders.share: found the type Float64, expected Int64. Cast it where it is read:"
    )
    assert found(columns=(Column("share", type="Int64", breach="report"),)) == [], "a run only reports it"


def test_keys_that_name_two_rows_are_counted_and_no_value_is_told() -> None:
    assert found(key="shop") == [
        "orders: found 1 of the first 3 rows with a key (shop) that a row before has, expected each key "
        "once. Fix the source, or name more columns in the key."
    ]
    missing = ROWS.with_columns(order=pl.Series([1, None, 3]))
    (message,) = found(missing)
    assert message.startswith("orders.order: found 1 of the first 3 rows without a value")


def test_a_key_of_a_type_that_names_nothing_is_found() -> None:
    (message,) = found(key="share")
    assert message.startswith("orders: share: found Float64 in a key, expected whole numbers, text")
    assert "schema={'share': 'String'}" in message


def test_of_many_rows_only_the_keys_of_the_first_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dataset_check, "KEY_ROWS", 1)
    assert found(key="shop") == []


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_check_in_a_terminal_is_not_silent_and_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stderr = Terminal()
    monkeypatch.setattr("sys.stderr", stderr)
    with CheckProgress() as progress:
        assert "Reading the project" in stderr.getvalue()
        progress("orders")
        assert "orders" in stderr.getvalue()
    assert stderr.getvalue().endswith("\r") and not stderr.getvalue().splitlines()[-1].strip()


def test_a_check_in_a_pipe_says_nothing_for_two_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    now = [0.0]
    with CheckProgress(clock=lambda: now[0]) as progress:
        progress("orders")
        assert capsys.readouterr().err == ""
        now[0] = 3.0
        progress("shops")
        assert "shops" in capsys.readouterr().err
    with CheckProgress(quiet=True, clock=lambda: now[0]) as progress:
        now[0] = 9.0
        progress("orders")
    assert capsys.readouterr().err == ""
