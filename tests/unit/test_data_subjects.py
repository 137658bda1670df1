"""One subject is one subject, however it is written; and what was placed by another text is still found."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from unicodedata import normalize

import msgspec
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comporta.data import add, find_subjects, rows_of, slice_of
from comporta.data import keys as placing
from comporta.data.dataset_log import RedactEntry, append_entry, read_log
from comporta.data.keys import PLACE, earlier_marks, subject_hash, subject_marks, with_placement
from comporta.errors import BadProject
from comporta.project import Dataset, ProjectDeclaration
from comporta.project.faults import project_faults
from comporta.records import DatasetSchema, Subject, canonical
from comporta.store import MemoryStore, Store, derive, keyed_hash

KEYS = derive(b"k" * 32)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
JOSE, APART = "José", normalize("NFD", "José")

# What the Comporta that knew no forms made of these, under this key.
PLACED = {
    "ann": 0x2BA55794FA585D49,
    "Ana@Example.org": 0x8C246B0B60C2E158,
    JOSE: 0x0F093F81AB1D17AA,
    "00123": 0x288FBB58C7B03907,
    " x ": 0x014D1FA90E53A446,
    0: 0x329B3A06B9CD6A1D,
    123: 0x7B88595F43650295,
    -7: 0x2AD8AEDEE7C1802B,
    date(2026, 1, 31): 0xFB5DD111F984208D,
    datetime(2026, 1, 31, 12, 0, 0, 250, tzinfo=UTC): 0x3110886DFDA6C808,
}


def shape(form: Any = "exact") -> DatasetSchema:
    return DatasetSchema(name="d", key=("id",), subject="who", form=form)


def put(store: Store, scratch: Path, who: list[Any], form: Any = "exact", change: Any = "append", first=0):
    rows = pl.DataFrame({"id": range(first, first + len(who)), "who": who})
    return add(store, KEYS, shape(form), rows, change=change, now=NOW, scratch=scratch)[0]


def ids(store: Store, who: str, **asked: Any) -> list[int]:
    return rows_of(store, KEYS, slice_of(store, KEYS, "d"), subject=who, **asked)["id"].sort().to_list()


@pytest.mark.parametrize("value", PLACED, ids=str)
def test_what_was_written_in_its_canonical_form_lies_where_it_lay(value: Any) -> None:
    assert subject_marks(pl.Series([value]), KEYS, "exact").to_list() == [PLACED[value]]


def test_only_what_was_composed_otherwise_is_placed_elsewhere_now() -> None:
    column = pl.Series([JOSE, APART, "ann"])
    assert subject_marks(column, KEYS, "exact").to_list() == [PLACED[JOSE], PLACED[JOSE], PLACED["ann"]]
    assert earlier_marks(column, KEYS, "exact").to_list() == [None, 0xDDAC2F26743E55A3, None]


@given(st.text(), st.sampled_from(["exact", "folded"]))
def test_a_canonical_form_is_its_own(text: str, form: Any) -> None:
    once = canonical(text, form)
    assert canonical(once, form) == once
    assert canonical(normalize("NFD", text), form) == once


@given(st.lists(st.none() | st.text(), max_size=8), st.sampled_from(["exact", "folded"]))
def test_a_column_is_placed_as_each_of_its_texts(texts: list[str | None], form: Any) -> None:
    got = subject_marks(pl.Series(texts, dtype=pl.String), KEYS, form).to_list()
    assert got == [None if text is None else subject_hash(text, KEYS, form) for text in texts]


def test_numbers_and_their_text_are_one_subject_and_folding_takes_case_and_blanks() -> None:
    assert subject_hash(123, KEYS) == subject_hash("123", KEYS) != subject_hash("0123", KEYS)
    assert subject_hash("Ana@x", KEYS) != subject_hash("ana@x", KEYS)
    assert subject_hash(" Ana@X ", KEYS, "folded") == subject_hash("ana@x", KEYS, "folded")
    assert canonical("Straße", "folded") == canonical("STRASSE", "folded")


@pytest.mark.parametrize("who", [[1.0, 2.0], [1.0, None], [True, False], [[1], [2]]], ids=str)
def test_what_has_no_one_text_is_refused_and_told_what_to_do(tmp_path: Path, who: list[Any]) -> None:
    with pytest.raises(
        BadProject, match=r"d\.who: found a subject of type .*, expected whole numbers"
    ) as said:
        put(MemoryStore(), tmp_path, who)
    if isinstance(who[0], float):
        assert "pandas: .astype('Int64')" in str(said.value)


def test_rows_about_nobody_need_no_type(tmp_path: Path) -> None:
    frame = pl.DataFrame({"id": [1], "who": pl.Series([None], dtype=pl.Float64)})
    assert with_placement(frame, shape(), KEYS)[PLACE].null_count() == 0


def test_rows_are_found_in_whatever_spelling_they_are_asked_for(tmp_path: Path) -> None:
    store = MemoryStore()
    put(store, tmp_path, [JOSE, APART, "ann"])
    assert ids(store, JOSE) == ids(store, APART) == [0, 1]


def test_rows_that_lie_by_the_text_as_it_stood_are_found_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = MemoryStore()
    with monkeypatch.context() as before:  # forms were not known: the text itself was hashed
        before.setattr(placing, "canonical", lambda text, form: text)
        put(store, tmp_path, [APART, "ann"])
    put(store, tmp_path, [JOSE], first=2)
    assert ids(store, JOSE) == ids(store, APART) == [0, 2]


def test_another_form_places_everything_anew_and_older_versions_are_searched_whole(tmp_path: Path) -> None:
    store = MemoryStore()
    put(store, tmp_path, ["Ana@x", " ana@x", "bob"])
    with pytest.raises(BadProject, match=r"found form 'folded', expected 'exact'.*change='replace'"):
        put(store, tmp_path, ["ANA@X"], form="folded", first=3)
    put(store, tmp_path, ["Ana@x", " ana@x", "bob", "ANA@X"], form="folded", change="replace")
    assert ids(store, "ana@x") == [0, 1, 3]
    first = slice_of(store, KEYS, "d", number=1)
    assert rows_of(store, KEYS, first, subject="ana@x").is_empty()
    assert rows_of(store, KEYS, first, subject="ana@x", form="folded")["id"].sort().to_list() == [0, 1]


def test_who_was_forgotten_by_the_text_as_it_stood_does_not_come_back(tmp_path: Path) -> None:
    store = MemoryStore()
    put(store, tmp_path, ["ann"])
    gone = (f"{keyed_hash(KEYS.subject, APART):016x}",)
    assert append_entry(
        store, KEYS, "d", read_log(store, KEYS, "d"), NOW, RedactEntry, moved={}, subjects=gone
    )
    put(store, tmp_path, [APART, "bob"], first=1)
    assert ids(store, JOSE) == []
    assert ids(store, "bob") == [2]


def test_who_may_be_one_is_counted_by_what_differs(tmp_path: Path) -> None:
    store = MemoryStore()
    who = [
        "Ana@x",
        "ana@x",
        "0123",
        "123",
        "12",
        " bo",
        "bo",
        JOSE,
        APART,
        "\uff11\uff12",  # full-width digits
        "7.0",
        "7",
        "AB",
        "a b",
    ]
    found = find_subjects(store, KEYS, put(store, tmp_path, who))
    assert (found.count, found.spellings, found.form) == (13, 14, "exact")
    assert {each.differs: each.pairs for each in found.near} == {
        "case": 1,
        "blanks": 1,
        "zeros in front": 1,
        "a decimal point": 1,
        "letters that look alike": 1,
        "any of these": 5,
    }
    assert {each.differs: each.examples for each in found.near}["case"] == (("Ana@x", "ana@x"),)


def test_one_kind_of_subject_has_one_form_in_a_project(tmp_path: Path) -> None:
    def read() -> None: ...

    def said(*subjects: str | Subject | None) -> str:
        tables = tuple(Dataset(f"d{n}", read, key="id", subject=each) for n, each in enumerate(subjects))
        return "\n".join(
            fault.message for fault in project_faults(ProjectDeclaration("p", datasets=tables), tmp_path)
        )

    mail, plain = Subject("mail", form="folded"), Subject("who")
    assert "'d1': subject: found the form 'exact', expected 'folded', which Dataset 'd0'" in said(mail, "who")
    assert "declares for 'subject'" in said(mail, plain)
    for fine in ((mail, mail), ("who", plain), (mail, Subject("tail", kind="plane")), (mail, None)):
        assert "found the form" not in said(*fine)
    assert "form" in said(msgspec.structs.replace(plain, form="upper"))  # type: ignore[arg-type]
