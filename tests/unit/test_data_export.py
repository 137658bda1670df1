"""Rows written out for other programs are the version's rows, whole, in types that those programs have."""

from __future__ import annotations

import os
import time
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from deltalake import DeltaTable
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from comporta.data import add, scan_slice, slice_of
from comporta.data import export as exporting
from comporta.data.dataset_log import RedactEntry, append_entry, read_log
from comporta.data.delta import delta_problem
from comporta.data.export import count_rows, form_of, require_exportable, write_rows
from comporta.data.keys import key_hash
from comporta.data.manifests import manifest_of, schema_of
from comporta.data.names import object_name
from comporta.errors import BadProject, Tampered
from comporta.records import DatasetSchema
from comporta.store import MemoryStore, Store, derive
from comporta.store.drafts import draft_of, require_free

KEYS = derive(b"k" * 32)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
SHAPE = DatasetSchema(name="d", key=("id",))


def put(store: Store, scratch: Path, frame: pl.DataFrame, change: Any = "replace") -> None:
    add(store, KEYS, SHAPE, frame, change=change, now=NOW, scratch=scratch)


def written(store: Store, target: Path, **options: Any) -> int:
    """The newest version, written to this path by its name."""
    form = form_of(target)
    schema = schema_of(manifest_of(store, KEYS, "d"))
    require_exportable("d", schema, form)
    given = {"masked": (), "now": NOW, **options}
    return write_rows(store, KEYS, slice_of(store, KEYS, "d"), schema, target, form=form, **given)


def rows(count: int) -> pl.DataFrame:
    return pl.DataFrame({"id": range(count), "who": [f"p{id}" for id in range(count)], "x": 0.5})


ZONED = pl.Datetime("ns", "Europe/Lisbon")
TYPED = pl.DataFrame(
    {
        "id": [1, 2],
        "whole": pl.Series([0, 2**64 - 1], dtype=pl.UInt64),
        "small": pl.Series([255, None], dtype=pl.UInt8),
        "text": ['a"b,\n', ""],
        "kind": pl.Series(["a", None], dtype=pl.Enum(["a", "b"])),
        "day": [date(1, 1, 1), date(9999, 12, 31)],
        "local": [datetime(2026, 1, 1, 12), None],
        "zoned": pl.Series([datetime(2026, 7, 1, 12), None]).dt.replace_time_zone("UTC").cast(ZONED),
        "price": [Decimal("1.20"), Decimal("-3.40")],
        "raw": [b"\x00\xff", None],
        "never": pl.Series([None, None], dtype=pl.Null),
        "list": pl.Series([[1, None], []], dtype=pl.List(pl.UInt16)),
        "pair": pl.Series([[1.5, 2.5], None], dtype=pl.Array(pl.Float32, 2)),
        "both": [{"a": 1, "b": "x"}, {"a": None, "b": None}],
    }
)


def test_a_delta_table_holds_every_value_in_a_type_that_other_readers_have(tmp_path: Path) -> None:
    store = MemoryStore()
    put(store, tmp_path, TYPED)
    assert written(store, tmp_path / "table") == 2
    table = DeltaTable(tmp_path / "table")
    assert table.version() == 0 and len(table.file_uris()) == 1
    types = {field.name: field.type for field in table.schema().fields}
    assert str(types["whole"]) == 'PrimitiveType("decimal(20,0)")'
    assert str(types["local"]) == 'PrimitiveType("timestamp_ntz")'
    found = pl.scan_delta(table).sort("id").collect()
    expected = TYPED.with_columns(
        pl.col("whole").cast(pl.Decimal(20, 0)),
        pl.col("small").cast(pl.Int16),
        pl.col("kind", "never").cast(pl.String),
        pl.col("zoned").dt.convert_time_zone("UTC").cast(pl.Datetime("us", "UTC")),
        pl.col("list").cast(pl.List(pl.Int32)),
        pl.col("pair").cast(pl.List(pl.Float32)),
    )
    assert_frame_equal(found, expected)


def test_a_delta_table_without_local_times_asks_for_the_oldest_readers(tmp_path: Path) -> None:
    store = MemoryStore()
    put(store, tmp_path, rows(3))
    written(store, tmp_path / "table")
    protocol = DeltaTable(tmp_path / "table").protocol()
    assert (protocol.min_reader_version, protocol.min_writer_version) == (1, 2)


def test_a_large_table_is_several_files_of_one_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "_FILE_ROWS", 40)
    store = MemoryStore()
    put(store, tmp_path, rows(100))
    assert written(store, tmp_path / "table") == 100
    table = DeltaTable(tmp_path / "table")
    assert len(table.file_uris()) == 3
    assert table.get_add_actions(flatten=True)["num_records"].to_pylist() == [40, 40, 20]


@settings(max_examples=20, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=5)
            | st.none(),
            st.floats(allow_nan=True) | st.none(),
            st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)) | st.none(),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_what_is_written_is_read_back_the_same(tmp_path_factory: Any, values: list[tuple[Any, ...]]) -> None:
    folder = tmp_path_factory.mktemp("export")
    schema = {"text": pl.String, "real": pl.Float64, "at": pl.Datetime("us")}
    frame = pl.DataFrame(values, schema=schema, orient="row").with_row_index("id")
    store = MemoryStore()
    put(store, folder, frame)
    for name in ("rows.parquet", "rows.csv"):
        assert written(store, folder / name) == len(frame)
    same = {"check_row_order": False}
    expected = scan_slice(store, KEYS, slice_of(store, KEYS, "d")).collect()
    assert_frame_equal(pl.read_parquet(folder / "rows.parquet"), expected, **same)
    types = {**expected.schema, "real": pl.Float64}
    plain = pl.read_csv(folder / "rows.csv", schema=types)
    assert_frame_equal(plain, expected, **same)


def test_masked_columns_are_there_without_a_value(tmp_path: Path) -> None:
    store = MemoryStore()
    put(store, tmp_path, rows(50))
    for name in ("a.parquet", "a.csv", "a"):
        assert written(store, tmp_path / name, masked=("who",)) == 50
    assert pl.read_parquet(tmp_path / "a.parquet")["who"].null_count() == 50
    assert "p1" not in (tmp_path / "a.csv").read_text()
    assert pl.scan_delta(tmp_path / "a").collect()["who"].dtype == pl.String
    assert not any(b"p17" in each.read_bytes() for each in tmp_path.rglob("*") if each.is_file())
    assert written(store, tmp_path / "b.parquet", masked=("id", "who", "x")) == 50
    assert pl.read_parquet(tmp_path / "b.parquet").height == 50


def test_rows_of_a_log_whose_subject_is_forgotten_are_left_out(tmp_path: Path) -> None:
    store = MemoryStore()
    put(store, tmp_path, rows(10).with_columns(pl.col("id").cast(pl.String)))
    gone = {key_hash("3", KEYS), key_hash("7", KEYS)}
    assert count_rows(store, KEYS, slice_of(store, KEYS, "d"), gone) == 8
    assert written(store, tmp_path / "a.parquet", gone=gone) == 8
    assert {"3", "7"}.isdisjoint(pl.read_parquet(tmp_path / "a.parquet")["id"])


class Interrupted(MemoryStore):
    """Takes an object away, as a redaction does, once it is read for the first time."""

    def get(self, name: str) -> bytes:
        data = super().get(name)
        if "/objects/" in name and not read_log(self, KEYS, "d").moved:
            (segment,) = manifest_of(self, KEYS, "d").segments
            (fragment,) = segment.fragments
            history = read_log(self, KEYS, "d")
            assert append_entry(self, KEYS, "d", history, NOW, RedactEntry, moved={fragment.id: None})
            super().delete(object_name("d", fragment.id))
            return data[:-8] + b"xxxxPAR1"
        return data


def test_a_redaction_while_rows_are_written_begins_anew_on_what_it_left(tmp_path: Path) -> None:
    store = Interrupted()
    put(store, tmp_path, rows(10))
    assert written(store, tmp_path / "a.parquet") == 0
    assert pl.read_parquet(tmp_path / "a.parquet").is_empty()


def test_damaged_rows_are_not_written_out(tmp_path: Path) -> None:
    class Damaged(MemoryStore):
        def get(self, name: str) -> bytes:
            data = super().get(name)
            return data[:-8] + b"xxxxPAR1" if "/objects/" in name else data

    store = Damaged()
    put(store, tmp_path, rows(10))
    with pytest.raises(Tampered, match="holds other bytes than were written"):
        written(store, tmp_path / "a.parquet")


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"a b": pl.Int64()}, "found the column 'a b', which a Delta table cannot name"),
        ({"a": pl.Int64(), "A": pl.Int64()}, "'a' and 'A', which are one in a Delta table"),
        ({"a": pl.List(pl.Duration("us"))}, r"d\.a: found the type List"),
        ({"a": pl.Struct({"b": pl.Time()})}, r"d\.a: found the type Struct"),
    ],
)
def test_what_a_delta_table_cannot_hold_is_said(schema: dict[str, pl.DataType], said: str) -> None:
    with pytest.raises(BadProject, match=f"{said}.*Export it as .parquet"):
        require_exportable("d", schema, "delta")
    assert delta_problem("d", {"in.heat": pl.Float64(), "x:Int64": pl.Int8()}) is None


@pytest.mark.parametrize("dtype", [pl.List(pl.Int64), pl.Struct({"a": pl.Int64}), pl.Binary(), pl.Duration()])
def test_what_csv_cannot_hold_is_said(dtype: pl.DataType) -> None:
    with pytest.raises(BadProject, match=r"which CSV cannot hold. Export it as .parquet"):
        require_exportable("d", {"a": dtype}, "csv")
    require_exportable("d", {"a": dtype}, "parquet")


def test_a_name_says_what_is_written(tmp_path: Path) -> None:
    (tmp_path / "v1.2").mkdir()
    names = {"a.parquet": "parquet", "A.CSV": "csv", "table": "delta", "v1.2": "delta"}
    assert {name: form_of(tmp_path / name) for name in names} == names
    with pytest.raises(BadProject, match=r"found the ending '\.xlsx', expected \.parquet, \.csv, or"):
        form_of(tmp_path / "a.xlsx")


def test_progress_counts_every_row(tmp_path: Path) -> None:
    store, heard = MemoryStore(), []
    put(store, tmp_path, rows(500))
    written(store, tmp_path / "a.csv", progress=lambda rows, total: heard.append((rows, total)))
    assert heard[-1] == (500, 500)


# Drafts.


def test_nothing_stands_at_the_name_until_all_is_written(tmp_path: Path) -> None:
    target = tmp_path / "new" / "a.csv"
    with draft_of(target, replace=False) as draft:
        draft.write_text("half")
        assert not target.exists()
    assert target.read_text() == "half"
    assert [each.name for each in target.parent.iterdir()] == ["a.csv"]


def test_what_fails_leaves_no_trace(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), draft_of(tmp_path / "a.csv", replace=False) as draft:
        draft.write_text("half")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_came_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    target = tmp_path / "a.csv"
    with (
        pytest.raises(BadProject, match="exists already, and is not overwritten"),
        draft_of(target, replace=False) as draft,
    ):
        draft.write_text("mine")
        target.write_text("theirs")
    assert target.read_text() == "theirs"
    with draft_of(target, replace=True) as draft:
        draft.write_text("mine")
    assert target.read_text() == "mine"


def folder_at(draft: Path, text: str) -> None:
    (draft / "_delta_log").mkdir(parents=True)
    (draft / "a.parquet").write_text(text)


def test_a_folder_takes_the_place_of_none_an_empty_one_or_an_earlier_table(tmp_path: Path) -> None:
    for name, replace in (("none", False), ("empty", False), ("table", True)):
        target = tmp_path / name
        if name == "empty":
            target.mkdir()
        if name == "table":
            folder_at(target, "old")
            (target / "b.parquet").touch()
        require_free(target, folder=True, replace=replace)
        with draft_of(target, replace=replace) as draft:
            folder_at(draft, "new")
        assert sorted(each.name for each in target.iterdir()) == ["_delta_log", "a.parquet"]
    assert {each.name for each in tmp_path.iterdir()} == {"none", "empty", "table"}


def test_a_folder_of_other_things_is_replaced_by_no_force(tmp_path: Path) -> None:
    folder_at(tmp_path / "mine", "rows")
    (tmp_path / "mine/thesis.txt").touch()
    with pytest.raises(BadProject, match="holds more than a Delta table, which is not replaced"):
        require_free(tmp_path / "mine", folder=True, replace=True)
    with pytest.raises(BadProject, match="found a folder, expected a file or nothing"):
        require_free(tmp_path / "mine", folder=False, replace=True)
    with pytest.raises(BadProject, match="found a device, expected a file or nothing"):
        require_free(Path("/dev/null"), folder=False, replace=True)
    with pytest.raises(BadProject, match="File name too long"):
        require_free(tmp_path / ("a" * 300), folder=True, replace=False)


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "a.csv").symlink_to(tmp_path / "far/b.csv")
    with draft_of(tmp_path / "a.csv", replace=False) as draft:
        draft.write_text("rows")
    assert (tmp_path / "a.csv").is_symlink() and (tmp_path / "far/b.csv").read_text() == "rows"


def test_drafts_of_a_dead_writer_go_and_those_of_a_living_one_stay(tmp_path: Path) -> None:
    dead = tmp_path / ".a.csv.x1.draft"
    dead.mkdir()
    (dead / "a.csv").write_text("half")
    long_ago = time.time() - timedelta(minutes=5).total_seconds()
    os.utime(dead, (long_ago, long_ago))
    (tmp_path / ".b.csv.x1.draft").mkdir()
    with draft_of(tmp_path / "a.csv", replace=False) as living:
        os.utime(living.parent, (long_ago, long_ago))
        with draft_of(tmp_path / "a.csv", replace=False) as other:
            assert not dead.exists() and living.parent.exists()
            other.write_text("second")
        living.unlink(missing_ok=True)
        (tmp_path / "a.csv").unlink()
        living.write_text("first")
    assert sorted(each.name for each in tmp_path.iterdir()) == [".b.csv.x1.draft", "a.csv"]
