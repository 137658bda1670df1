"""A frame of a few rows, made by polars' inner call, is what its public one makes."""

from datetime import date

import polars as pl
import pytest

from comporta.data import few_rows
from comporta.data.few_rows import frame_of_rows, public_frame_of_rows
from comporta.data.online_source import PLAIN

VALUES = {
    pl.Int8: -128, pl.Int16: 7, pl.Int32: -7, pl.Int64: 2**63 - 1, pl.Float32: 0.5, pl.Float64: 1e300,
    pl.String: "ü", pl.Boolean: False, pl.Date: date(1969, 12, 31),
}  # fmt: skip


@pytest.mark.parametrize("dtype", PLAIN)
def test_each_plain_type_and_its_nulls_are_as_the_public_call_has_them(dtype) -> None:
    types = {"a": dtype(), "^b$": dtype()}
    rows = [{"a": VALUES[dtype], "^b$": None}, {"a": None, "^b$": VALUES[dtype]}]
    for some in (rows, rows[:1], rows[1:], []):
        assert frame_of_rows(some, types).equals(public_frame_of_rows(some, types))
        assert frame_of_rows(some, types).schema == pl.Schema(types)


def test_a_polars_without_that_call_is_asked_the_public_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(few_rows, "_inner", object())
    assert few_rows._quickest() is public_frame_of_rows
