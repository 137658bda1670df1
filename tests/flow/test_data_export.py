"""`comporta data export`: all rows or none, without personal values unless asked for, and a fact of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import comporta
from comporta.acts.data.datasets import dataset_view, personal_in
from comporta.acts.data.export import export
from comporta.acts.release.fetch import fetch
from comporta.acts.trace.trace import trace
from comporta.acts.trace.tree import tree_lines
from comporta.acts.upkeep.storage import needed_digests
from comporta.cli import main
from comporta.data import add, manifest_of
from comporta.data.dataset_log import RedactEntry, append_entry, read_log
from comporta.data.feedback_log import feedback_shape
from comporta.data.keys import key_hash
from comporta.data.prediction_log import log_shape
from comporta.errors import BadProject, Refused
from comporta.opened.follow import follow_one
from comporta.opened.project import OpenProject, open_project
from comporta.records import Artifact, decode
from comporta.records.facts import DatasetExported, VersionFetched

PROJECT = """
import polars as pl
from comporta import Column, Dataset, Project

visits = Dataset(
    "visits", "rows.csv", key="id", subject="who", columns=(Column("mail", personal=True),)
)
project = Project("small", datasets=(visits,))
"""
ROWS = "id,who,pulse,mail\n1,ann,61,a@x\n2,bob,70,b@x\n3,ann,,c@x\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "project.py").write_text(PROJECT)
    assert main(["init", "."]) == 0
    take(tmp_path, ROWS)
    return tmp_path


def take(folder: Path, rows: str) -> None:
    """What `comporta run` does of the rows, without its steps."""
    import io

    with open_project(folder) as opened:
        shape = opened.project.tables()["visits"].shape()
        frame = pl.read_csv(io.StringIO(rows))
        given = {"change": "replace", "now": opened.clock(), "scratch": opened.below}
        opened.below.mkdir(exist_ok=True)
        add(opened.store, opened.keys, shape, frame, **given)
        follow_one(opened, "visits")


def facts(opened: OpenProject) -> list[DatasetExported]:
    found = (each for each in opened.ledger.events() if each.kind == DatasetExported.kind)
    return [decode(each.body or b"", DatasetExported) for each in found]


def test_rows_leave_without_personal_values_and_with_a_fact(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["data", "export", "visits", "out/visits.parquet", "--by", "ana"]) == 0
    said = capsys.readouterr()
    assert "visits@1: 3 rows, 4 columns written to out/visits.parquet" in said.out
    assert "Personal, and so without values: who, mail." in said.err
    found = pl.read_parquet(folder / "out/visits.parquet").sort("id")
    assert found["who"].null_count() == found["mail"].null_count() == 3
    assert found["pulse"].to_list() == [61, 70, None]
    with open_project(folder) as opened:
        (fact,) = facts(opened)
        assert (fact.dataset, fact.number, fact.rows, fact.form) == ("visits", 1, 3, "parquet")
        assert (fact.columns, fact.masked, fact.revealed) == (
            ("id", "who", "pulse", "mail"),
            ("who", "mail"),
            (),
        )
        assert "exported by ana" in "\n".join(tree_lines(trace(opened, "visits@1")))


def test_personal_values_leave_for_a_reason_alone_which_stays(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["data", "export", "visits", "a.csv", "--reveal"]) == 2
    assert "found --reveal without a reason, expected one: --reason WHY" in capsys.readouterr().err
    assert not (folder / "a.csv").exists()
    assert main(["data", "export", "visits", "a.csv", "--reveal", "--reason", "asked by court"]) == 0
    assert "ann,61,a@x" in (folder / "a.csv").read_text()
    with open_project(folder) as opened:
        (fact,) = facts(opened)
        assert fact.revealed == ("who", "mail") and fact.masked == ()
        assert isinstance(fact.reason, Artifact)
        assert opened.context.get(fact.reason) == b"asked by court"
        assert fact.reason.digest in needed_digests(opened.ledger), "else gc would take the reason away"


def test_an_older_version_is_exported_by_its_number(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    take(folder, ROWS.replace("61", "65"))
    assert main(["data", "export", "visits@1", "old.csv"]) == 0
    assert main(["data", "export", "visits", "new.csv", "--json"]) == 0
    assert json.loads(capsys.readouterr().out.partition("\n")[2])["number"] == 2
    assert ",61," in (folder / "old.csv").read_text() and ",65," in (folder / "new.csv").read_text()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("visits", "taken.csv"), "taken.csv: exists already, and is not overwritten"),
        (("visits", "a.xlsx"), "found the ending '.xlsx', expected .parquet, .csv"),
        (("visits@9", "a.csv"), "found no version 9, expected 1 to 1"),
        (("visits@", "a.csv"), "found the version '', expected a number such as visits@1"),
        (("visits@0", "a.csv"), "found the version '0'"),
        (("visit", "a.csv"), "Did you mean visits?"),
        (("visits", ".comporta/a.csv"), "lies where Comporta keeps the project's own files"),
        (("visits", "taken.csv/a.csv"), "cannot be written"),
        (("visits", "."), "exists already, and is not overwritten"),
        ((".", "--force", "visits"), "found no dataset '.'"),
        (("visits", ".", "--force"), "holds more than a Delta table, which is not replaced"),
    ],
)
def test_a_mistake_is_told_and_nothing_is_written_nor_recorded(
    folder: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    (folder / "taken.csv").write_text("mine")
    before = {each.name for each in folder.iterdir()}
    assert main(["data", "export", *words]) == 2
    assert said in capsys.readouterr().err
    assert {each.name for each in folder.iterdir()} == before
    assert (folder / "taken.csv").read_text() == "mine"
    with open_project(folder) as opened:
        assert facts(opened) == []


def test_erased_rows_never_leave(folder: Path, forget: Callable[..., None]) -> None:
    with open_project(folder) as opened:
        forget(opened, "visits", "who", "ann")
        done = export(opened, "visits@1", folder / "a.csv", reveal=True, reason="r")
        assert done.rows == facts(opened)[0].rows == 1
    assert "ann" not in (folder / "a.csv").read_text()


def test_a_column_that_is_declared_personal_later_is_so_in_older_versions(folder: Path) -> None:
    project = folder / "project.py"
    project.write_text(project.read_text().replace('"mail", personal', '"pulse", personal'))
    with open_project(folder) as opened:
        assert personal_in(opened, manifest_of(opened.store, opened.keys, "visits")) == {
            "who",
            "mail",
            "pulse",
        }
        columns = {each.name: each for each in dataset_view(opened, "visits").description.columns}
        assert columns["pulse"].personal and columns["pulse"].least is None


def test_what_differs_is_shown_without_personal_values(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    take(folder, "id,who,pulse,mail\n1,ann,61,z@x\n2,bob,71,b@x\n4,cee,58,d@x\n")
    assert main(["data", "diff", "visits", "1", "2"]) == 0
    shown = capsys.readouterr().out
    assert "pulse: 70 → 71" in shown and "mail: (personal)" in shown and "who=(personal)" in shown
    assert not any(value in shown for value in ("@x", "ann", "cee"))
    assert main(["data", "diff", "visits", "1", "2", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["personal"] == ["who", "mail"] and {"mail": None} in [
        each["new"] for each in found["changed_rows"]
    ]


def test_it_is_done_from_python_too(folder: Path) -> None:
    heard: list[tuple[int, int]] = []
    project = comporta.load(folder)
    done = project.data.export("visits", folder / "table", progress=lambda *seen: heard.append(seen))
    assert (done.form, done.rows, done.masked, heard[-1]) == ("delta", 3, ("who", "mail"), (3, 3))
    with pytest.raises(BadProject, match="exists already"):
        project.data.export("visits", folder / "table")
    with pytest.raises(Refused, match="without a reason"):
        project.data.export("visits", folder / "table", force=True, reveal=True)
    assert project.data.export("visits", folder / "table", force=True).rows == 3
    assert pl.scan_delta(folder / "table").collect().height == 3


# Prediction logs, of the golden house.


def log_with(opened: OpenProject, name: str, shape: Any, rows: dict[str, list[Any]]) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    frame = pl.DataFrame({**rows, "at": [at] * len(rows["id"])})
    add(opened.store, opened.keys, shape, frame, change="update", now=at, scratch=opened.below)


def test_what_requests_of_a_model_carried_is_masked_as_its_declaration_says_or_all_of_it(
    tmp_path: Path, unpack_house: Callable[[Path], Path]
) -> None:
    with open_project(unpack_house(tmp_path / "shop")) as opened:
        opened.below.mkdir(exist_ok=True)
        rows = {"id": ["a"], "subject": ["7"], "in.customer": [7], "in.plan": ["basic"], "out.label": [True]}
        for model in ("leaving", "undeclared"):
            name = f"predictions.{model}"
            log_with(opened, name, log_shape(name), {**rows, "key": ["k"], "joined": ["[]"]})
        done = export(opened, "predictions.undeclared", tmp_path / "u.csv")
        assert set(done.masked) == {"subject", "in.customer", "in.plan", "key", "joined"}
        told = export(opened, "predictions.leaving", tmp_path / "l.csv")
        assert set(told.masked) == {"subject", "in.customer", "key", "joined"}
        assert "basic" in (tmp_path / "l.csv").read_text()
        shown = {
            each.name: each for each in dataset_view(opened, "predictions.undeclared").description.columns
        }
        assert shown["in.plan"].least is None and shown["out.label"].least is not None


def test_labels_of_forgotten_predictions_never_leave(
    tmp_path: Path, unpack_house: Callable[[Path], Path]
) -> None:
    with open_project(unpack_house(tmp_path / "shop")) as opened:
        opened.below.mkdir(exist_ok=True)
        at = datetime(2026, 1, 1, tzinfo=UTC)
        labels = {"id": ["a", "b"], "label": ["true", "false"], "arrived": [at, at], "subject": [None, None]}
        shape = feedback_shape("feedback")
        log_with(opened, "feedback", shape, labels)
        history = read_log(opened.store, opened.keys, "predictions")
        ids = (f"{key_hash('a', opened.keys):016x}",)
        assert append_entry(
            opened.store, opened.keys, "predictions", history, at, RedactEntry, moved={}, ids=ids
        )
        done = export(opened, "feedback", tmp_path / "labels.csv")
        held = pl.read_csv(tmp_path / "labels.csv")
        assert done.rows == facts(opened)[-1].rows == held.height
        assert "b" in held["id"] and "a" not in held["id"]
        assert "\na," not in (tmp_path / "labels.csv").read_text()


def test_a_fetch_stands_in_the_trace_of_its_version(
    tmp_path: Path, unpack_house: Callable[[Path], Path]
) -> None:
    with open_project(unpack_house(tmp_path / "shop")) as opened:
        fetch(opened, "leaving@champion", tmp_path / "out", by="ana", reason="for the app")
        lines = "\n".join(tree_lines(trace(opened, "leaving/2")))
        assert "fetched by ana" in lines and "why for the app" in lines
        events = [each for each in opened.ledger.events() if each.kind == VersionFetched.kind]
        reason = decode(events[-1].body or b"", VersionFetched).reason
        assert isinstance(reason, Artifact) and reason.digest in needed_digests(opened.ledger)
