"""Freeing bytes: a ledger frees nothing in a store that another ledger knows."""

from __future__ import annotations

import os
import tarfile
from datetime import timedelta
from pathlib import Path

import pytest

from comporta.acts.upkeep.storage import sweep
from comporta.cli import main
from comporta.data import datasets
from comporta.errors import Refused
from comporta.opened.follow import follow_one
from comporta.opened.project import House, open_house

ARCHIVE = Path(__file__).parents[1] / "golden" / "house" / "house.tar.gz"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project with versions; all that it stored is some days old."""
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(tmp_path / "shop", filter="data")
    return tmp_path / "shop"


def stored(house: House) -> set[str]:
    return {each.name for each in house.store.list()}


def test_the_projects_own_ledger_frees_what_nothing_reaches(folder: Path) -> None:
    with open_house(folder) as house:
        before = stored(house)
        name = house.desk.put(b"reached by nothing", "text").digest
        now = house.clock()
        house.clock = lambda: now + timedelta(days=3)
        assert name in {each.name.rpartition("/")[2] for each in sweep(house).freed}
        assert stored(house) <= before


@pytest.mark.parametrize("options", [[], ["--json"], ["--dry-run"]])
def test_a_ledger_that_never_saw_the_stores_datasets_frees_nothing(
    folder: Path, options: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_house(folder) as house:
        before = stored(house)
    monkeypatch.setenv("COMPORTA_LEDGER", "sqlite:///wrong.db")
    assert main(["store", "gc", "--project", str(folder), *options]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    said = " ".join(told.err.split())
    assert "never recorded" in said and "ledger sqlite:///wrong.db" in said
    with open_house(folder) as house:
        assert stored(house) == before


def test_a_ledger_younger_than_the_stores_artifacts_frees_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMPORTA_LEDGER", "sqlite:///wrong.db")
    for file in (folder / ".comporta" / "store" / "artifacts").rglob("*"):
        if file.is_file():
            os.utime(file, (1_700_000_000, 1_700_000_000))
    with open_house(folder, works=True) as house:
        for dataset in datasets(house.store):
            follow_one(house, dataset)
        before = stored(house)
        with pytest.raises(Refused, match="from before this ledger's first event"):
            sweep(house)
        assert stored(house) == before
