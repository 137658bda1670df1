"""A key is made once: what was written with it can be read with no other."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from comporta.cli import main
from comporta.cli.init import make
from comporta.opened.project import open_project


def test_where_data_was_written_a_lost_key_is_asked_for_and_no_new_one_made(tmp_path):
    make(tmp_path, "churn")
    key = tmp_path / "comporta.key"
    kept = key.read_text()
    assert dict(make(tmp_path, "churn"))["comporta.key"].startswith("exists already")
    assert key.read_text() == kept
    key.unlink()
    (tmp_path / ".comporta").mkdir()
    assert "comporta key import" in dict(make(tmp_path, "churn"))["comporta.key"]
    assert not key.exists()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project on a ledger and a store that a clone shares; its key was used."""
    folder = tmp_path / "shop"
    make(folder, "shop")
    file = folder / "comporta.toml"
    text = file.read_text().replace("sqlite:///.comporta", f"sqlite:///{tmp_path}")
    file.write_text(text.replace("file://.comporta/store", f"file://{tmp_path}/store"))
    with open_project(folder, works=True) as opened:
        opened.context.put(b"something", "text")
    return folder


def cloned(project: Path, *without: str) -> Path:
    """What git carries: all but the key."""
    clone = project.parent / "clone"
    shutil.copytree(project, clone, ignore=shutil.ignore_patterns("*.key", ".comporta", *without))
    return clone


@pytest.mark.parametrize("without", [(), ("comporta.pub",)])
def test_a_clone_gets_the_projects_key_by_the_recipe(
    project: Path,
    without: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    kept = project.parent / "kept.key"
    monkeypatch.chdir(project)
    assert main(["key", "export"]) == 0
    kept.write_text(capsys.readouterr().out)
    clone = cloned(project, *without)
    monkeypatch.chdir(clone)
    assert main(["init", "."]) == 0
    assert (clone / "comporta.key").exists() == bool(without)
    assert ("comporta key import" in capsys.readouterr().out) != bool(without)
    assert main(["key", "import", str(kept)]) == 0
    assert main(["key", "import", str(kept)]) == 0, "once more changes nothing"
    for name in ("comporta.key", "comporta.pub"):
        assert (clone / name).read_text() == (project / name).read_text()
    assert len(list(clone.glob("*.key"))) == (2 if without else 1), "a key that went is kept aside"
    assert main(["audit", "verify"]) == 0


def test_where_a_public_key_was_cloned_no_key_is_made(project: Path) -> None:
    clone = cloned(project)
    assert "comporta.pub belongs to an existing key" in dict(make(clone, "shop"))["comporta.key"]
    assert not (clone / "comporta.key").exists()


def test_a_key_that_the_public_key_is_not_of_is_refused_before_anything_was_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make(tmp_path / "shop", "shop")
    make(tmp_path / "other", "other")
    (tmp_path / "shop" / "comporta.key").unlink()
    where = ["--project", str(tmp_path / "shop")]
    assert main(["key", "import", str(tmp_path / "other" / "comporta.key"), *where]) == 2
    assert "comporta.pub is of" in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "shop" / "comporta.key").exists()


def test_a_key_that_something_was_written_with_is_never_replaced(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(project.parent / "other", "other")
    before = (project / "comporta.key").read_text()
    words = ["key", "import", str(project.parent / "other" / "comporta.key"), "--project", str(project)]
    assert main(words) == 2
    (project / "comporta.pub").unlink()
    monkeypatch.setenv("COMPORTA_LEDGER", "sqlite:///none-yet.db")
    assert main(words) == 2, "the store holds something still"
    assert (project / "comporta.key").read_text() == before
