"""What Comporta's own files say is remembered between processes, and is never another thing for it."""

from __future__ import annotations

from pathlib import Path

from comporta.engine.code import Code

STEP = "comporta.train.steps:fit"


def digest(root: Path) -> str:
    return Code(root).of((STEP,)).digest


def kept(root: Path) -> list[Path]:
    return sorted((root / ".comporta" / "sources").glob("*"))


def test_remembered_sources_give_the_digest_that_reading_gives(tmp_path):
    bare = digest(tmp_path)
    (tmp_path / ".comporta").mkdir()
    assert digest(tmp_path) == bare
    assert kept(tmp_path)
    assert digest(tmp_path) == bare


def test_a_damaged_file_is_read_anew_and_put_right(tmp_path):
    (tmp_path / ".comporta").mkdir()
    first = digest(tmp_path)
    for file in kept(tmp_path):
        file.write_bytes(file.read_bytes()[:-20])
    assert digest(tmp_path) == first
    for file in kept(tmp_path):
        assert file.read_bytes().endswith(b"}")


def test_a_projects_own_files_are_not_kept(tmp_path):
    (tmp_path / ".comporta").mkdir()
    (tmp_path / "project.py").write_text("def fit(X, y):\n    return 1\n")
    Code(tmp_path).of(("project.py:fit",))
    assert kept(tmp_path) == []


def test_where_nothing_can_be_written_everything_is_read(tmp_path):
    (tmp_path / ".comporta").mkdir()
    (tmp_path / ".comporta" / "sources").write_text("a file where the folder would be")
    assert len(digest(tmp_path)) == 64
