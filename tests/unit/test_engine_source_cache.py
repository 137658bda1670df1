"""What Comporta's own files say is remembered between processes, and is never another thing for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from comporta.engine import source_cache
from comporta.engine.code import CodeDigests

STEP = "comporta.train.steps:fit"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "comporta" / "sources"


def digest(root: Path) -> str:
    return CodeDigests(root).of((STEP,)).digest


def kept(cache: Path) -> list[Path]:
    return sorted(cache.glob("*"))


def test_remembered_sources_give_the_digest_that_reading_gives(tmp_path, cache, monkeypatch):
    first = digest(tmp_path)
    assert kept(cache)
    monkeypatch.setattr(source_cache, "read", None)
    assert digest(tmp_path) == first


def test_another_project_reads_them_too(tmp_path, monkeypatch):
    first, others = digest(tmp_path), tmp_path / "other"
    others.mkdir()
    monkeypatch.setattr(source_cache, "read", None)
    assert digest(others) == first


def test_a_damaged_file_is_read_anew_and_put_right(tmp_path, cache):
    first = digest(tmp_path)
    for file in kept(cache):
        file.write_bytes(file.read_bytes()[:-20])
    assert digest(tmp_path) == first
    for file in kept(cache):
        assert file.read_bytes().endswith(b"}")


def test_a_projects_own_files_are_not_kept(tmp_path, cache):
    (tmp_path / "project.py").write_text("def fit(X, y):\n    return 1\n")
    CodeDigests(tmp_path).of(("project.py:fit",))
    assert kept(cache) == []


def test_where_nothing_can_be_written_everything_is_read(tmp_path, cache):
    cache.parent.mkdir(parents=True)
    cache.write_text("a file where the folder would be")
    assert len(digest(tmp_path)) == 64


@pytest.mark.parametrize("said", ["", "relative"])
def test_without_a_word_it_is_below_the_users_home(tmp_path, monkeypatch, said):
    monkeypatch.setenv("XDG_CACHE_HOME", said)
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = source_cache.user_folder()
    assert folder is not None
    assert folder.is_relative_to(tmp_path)


def test_without_a_home_nothing_is_kept(monkeypatch):
    def homeless():
        raise RuntimeError

    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(Path, "home", homeless)
    assert source_cache.user_folder() is None
