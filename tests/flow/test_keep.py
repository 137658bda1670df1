"""Freeing bytes: a ledger frees nothing in a store that another ledger knows."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from comporta.acts.upkeep.storage import sweep
from comporta.cli import main
from comporta.data import list_datasets
from comporta.errors import Refused
from comporta.opened.follow import follow_one
from comporta.opened.project import OpenProject, open_project


@pytest.fixture
def folder(tmp_path: Path, unpack_house: Callable[[Path], Path]) -> Path:
    """A project with versions; all that it stored is some days old."""
    return unpack_house(tmp_path / "shop")


def stored(opened: OpenProject) -> set[str]:
    return {each.name for each in opened.store.list()}


def test_the_projects_own_ledger_frees_what_nothing_reaches(folder: Path) -> None:
    with open_project(folder) as opened:
        before = stored(opened)
        name = opened.context.put(b"reached by nothing", "text").digest
        now = opened.clock()
        opened.clock = lambda: now + timedelta(days=3)
        assert name in {each.name.rpartition("/")[2] for each in sweep(opened).freed}
        assert {each for each in stored(opened) - before if not each.startswith("people/")} == set(), (
            "nothing new but who did it"
        )


@pytest.mark.parametrize("options", [[], ["--json"], ["--dry-run"]])
def test_a_ledger_that_never_saw_the_stores_datasets_frees_nothing(
    folder: Path, options: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_project(folder) as opened:
        before = stored(opened)
    monkeypatch.setenv("COMPORTA_LEDGER", "sqlite:///wrong.db")
    assert main(["store", "gc", "--project", str(folder), *options]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    said = " ".join(told.err.split())
    assert "never recorded" in said and "ledger sqlite:///wrong.db" in said
    with open_project(folder) as opened:
        assert stored(opened) == before


def test_a_ledger_younger_than_the_stores_artifacts_frees_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMPORTA_LEDGER", "sqlite:///wrong.db")
    for file in (folder / ".comporta" / "store" / "artifacts").rglob("*"):
        if file.is_file():
            os.utime(file, (1_700_000_000, 1_700_000_000))
    with open_project(folder, works=True) as opened:
        for dataset in list_datasets(opened.store):
            follow_one(opened, dataset)
        before = stored(opened)
        with pytest.raises(Refused, match="that are older than this ledger's first event"):
            sweep(opened)
        assert stored(opened) == before
