"""`comporta data` on a small project: what a person sees of its datasets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from comporta.acts.data.accept import accept
from comporta.acts.data.compact import compact
from comporta.acts.data.datasets import dataset_view, difference_of, versions_of
from comporta.acts.data.rejected import rejected_rows, retry_rejected
from comporta.cli import main
from comporta.errors import NotFound
from comporta.opened.project import open_project

PROJECT = """
import polars as pl
from comporta import Column, Dataset, Project

def rows():
    return pl.read_csv("rows.csv")

visits = Dataset(
    "visits", rows, key="id", subject="who", owner="ana",
    columns=(Column("pulse", at_least=30, meaning="beats a minute"), Column("mail", personal=True)),
)
project = Project("small", datasets=(visits,))
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "project.py").write_text(PROJECT)
    rows(tmp_path, "id,who,pulse,mail\n1,ann,61,a@x\n2,bob,70,b@x\n3,ann,,c@x\n")
    assert main(["init", "."]) == 0
    return tmp_path


def rows(folder: Path, text: str) -> None:
    (folder / "rows.csv").write_text(text)


def take(folder: Path) -> None:
    """What `comporta run` does of it, without workers."""
    from comporta.data.steps import snapshot
    from comporta.records import encode

    with open_project(folder) as opened:
        dataset = opened.project.tables()["visits"]
        assert callable(dataset.source)
        shape = json.loads(encode(dataset.shape()))
        snapshot(opened.context, source=dataset.source, shape=shape, change=dataset.change)


def said(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    capsys.readouterr()
    assert main(["data", *words]) == code
    printed = capsys.readouterr()
    return printed.out if code == 0 else printed.err


def test_the_datasets_and_what_is_in_them(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "visits" in said(capsys, "list")  # declared, without a version yet
    assert "found no version of it" in said(capsys, "show", "visits", code=2)
    assert "found no version of it" in said(capsys, "versions", "visits", code=2)
    take(folder)
    assert "ana" in said(capsys, "list")
    shown = said(capsys, "show", "visits")
    assert "visits@1: 3 rows; key id; subject who" in shown
    assert "beats a minute" in shown and "≥ 30" in shown and "33.3%" in shown
    assert "a@x" not in shown and "ann" not in shown
    told = json.loads(said(capsys, "show", "visits", "--json"))
    assert [column["name"] for column in told["description"]["columns"]] == ["id", "who", "pulse", "mail"]


def test_an_estimated_count_of_distinct_values_is_shown_as_one(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    take(folder)
    assert "≈" not in said(capsys, "show", "visits")
    monkeypatch.setattr("comporta.data.catalog.EXACT", 2)
    assert "≈3" in said(capsys, "show", "visits")
    told = json.loads(said(capsys, "show", "visits", "--json"))
    assert [each["approximate"] for each in told["description"]["columns"]] == [True] * 4


def test_versions_and_what_differs_between_them(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    take(folder)
    rows(folder, "id,who,pulse,mail\n1,ann,65,a@x\n2,bob,70,b@x\n4,cee,58,d@x\n")
    take(folder)
    listed = json.loads(said(capsys, "versions", "visits", "--json"))
    assert [(each["number"], each["added"], each["removed"]) for each in listed] == [(1, 3, 0), (2, 2, 2)]
    shown = said(capsys, "diff", "visits", "1", "2")
    assert "1 rows added, 1 changed, 1 removed" in shown and "pulse: 61 → 65" in shown
    found = json.loads(said(capsys, "diff", "visits", "1", "2", "--json"))
    assert found["removed_rows"][0]["key"] == {"id": 3}
    assert "The same rows and columns." in said(capsys, "diff", "visits", "2", "2")
    assert "expected 1 to 2" in said(capsys, "diff", "visits", "1", "9", code=2)


def test_other_columns_are_refused_until_they_are_accepted(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from comporta.errors import SchemaChanged

    take(folder)
    rows(folder, "id,who,pulse,mail,age\n1,ann,61,a@x,40\n")
    with pytest.raises(SchemaChanged, match=r"age is new \(Int64\).*comporta data accept visits"):
        take(folder)
    assert "age" in said(capsys, "accept", "visits")
    take(folder)
    found = json.loads(said(capsys, "diff", "visits", "1", "2", "--json"))
    assert found["columns_added"] == {"age": "Int64"} and found["removed"] == 2
    assert "expected one of: visits" in said(capsys, "accept", "other", code=2)


def test_what_the_commands_do_is_done_from_python_too(folder: Path) -> None:
    take(folder)
    rows(folder, "id,who,pulse,mail,age\n1,ann,61,a@x,40\n")
    with open_project(folder) as opened:
        assert list(accept(opened, "visits")) == ["id", "who", "pulse", "mail", "age"]
    take(folder)
    with open_project(folder) as opened:
        assert compact(opened, "visits").version == 2
        assert [each.number for each in versions_of(opened, "visits")] == [1, 2]
        assert dataset_view(opened, "visits", 1).description.rows == 3
        assert difference_of(opened, "visits", 1, 2).columns_added == {"age": "Int64"}
        assert rejected_rows(opened) == () and retry_rejected(opened) == 0
        with pytest.raises(NotFound, match="Did you mean visits"):
            compact(opened, "visit")


def test_a_dataset_that_is_not_there_is_answered_with_those_that_are(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (["show", "visit"], ["versions", "visit"], ["diff", "visit", "1", "2"], ["accept", "visit"]):
        told = said(capsys, *words, code=2)
        assert "found no dataset 'visit'" in told and "one of: visits. Did you mean visits?" in told
    assert "See: comporta data list" in said(capsys, "show", "zebra", code=2)


def test_numbers_are_shown_plainly(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows(folder, "id,who,pulse,mail\n1,ann,7654321.5,a@x\n2024,bob,70.25,b@x\n")
    take(folder)
    shown = said(capsys, "show", "visits")
    assert "70.25" in shown and "7,654,322" in shown and "2024" in shown and "2,024" not in shown
    rows(folder, "id,who,pulse,mail\n1,ann,7654321.5,a@x\n2024,bob,1234567.25,b@x\n")
    take(folder)
    assert "pulse: 70.25 → 1,234,567.25" in said(capsys, "diff", "visits", "1", "2")


def test_small_files_are_put_together(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = folder / "project.py"
    project.write_text(project.read_text().replace('owner="ana",', 'owner="ana", change="append",'))
    take(folder)
    assert "nothing to merge" in said(capsys, "compact", "visits")
    rows(folder, "id,who,pulse,mail\n4,cee,58,d@x\n")
    take(folder)
    assert "visits@2: 2 files of 2 segments are read as 1 now" in said(capsys, "compact", "visits")
    assert "visits@2: 4 rows" in said(capsys, "show", "visits")
    told = json.loads(said(capsys, "compact", "visits", "--json"))
    assert (told["version"], told["segments"]) == (2, 0)
    assert "found no dataset" in said(capsys, "compact", "zebra", code=2)
    assert main(["audit", "verify"]) == 0


def test_who_may_be_one_is_counted_and_shown_only_when_asked(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows(folder, "id,who,pulse,mail\n1,ann,61,a@x\n2,Ann,70,b@x\n3,bob,,c@x\n")
    take(folder)
    told = said(capsys, "subjects", "visits")
    assert "visits@1: 3 subjects, compared in the form 'exact'" in told
    assert "case" in told
    assert "Ann" not in told
    assert "'Ann' / 'ann'" in said(capsys, "subjects", "visits", "--show")
    near = json.loads(said(capsys, "subjects", "visits", "--json"))["near"]
    assert [(each["differs"], each["pairs"], each["examples"]) for each in near] == [
        ("case", 1, []),
        ("any of these", 1, []),
    ]


def test_the_newest_versions_are_listed_and_the_older_ones_counted(folder, capsys):
    for pulse in (61, 62, 63):
        rows(folder, f"id,who,pulse,mail\n1,ann,{pulse},a@x\n")
        take(folder)
    capsys.readouterr()
    assert main(["data", "versions", "visits", "--limit", "2", "--json"]) == 0
    found = capsys.readouterr()
    assert [each["number"] for each in json.loads(found.out)] == [2, 3]
    assert "visits has 1 older versions" in found.err
    assert main(["data", "versions", "visits"]) == 0
    assert "older" not in capsys.readouterr().err
    assert main(["data", "versions", "visits", "--limit", "0"]) == 2
