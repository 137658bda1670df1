"""What a command writes is whole or not there, leaves a pipe a pipe, and is no file of the project."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from comporta.errors import BadProject
from comporta.opened.written_file import replacing


@pytest.mark.parametrize(
    "name", ["comporta.key", "comporta.pub", "comporta.toml", "project.py", ".comporta/store/x"]
)
def test_a_file_of_the_project_is_not_replaced(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("precious")
    link = tmp_path / "innocent.jsonl"
    link.symlink_to(file)
    for target in (file, link):
        with (
            pytest.raises(BadProject, match="found a file of the project, which is not replaced"),
            replacing(target),
        ):
            pytest.fail("it was opened")
    assert file.read_text() == "precious"


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_text("before")
    with pytest.raises(KeyError), replacing(file) as out:
        out.write("half")
        raise KeyError
    assert file.read_text() == "before"
    with replacing(file) as out:
        out.write("after")
    assert file.read_text() == "after"
    assert list(tmp_path.iterdir()) == [file]


def test_a_link_stays_a_link_and_a_pipe_a_pipe(tmp_path: Path) -> None:
    real, link, pipe = tmp_path / "real.svg", tmp_path / "link.svg", tmp_path / "pipe"
    real.write_text("before")
    link.symlink_to(real)
    with replacing(link) as out:
        out.write("after")
    assert link.is_symlink()
    assert real.read_text() == "after"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with replacing(pipe) as out:
        out.write("through")
    assert os.read(reader, 100) == b"through"
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    os.close(reader)


def test_a_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadProject, match="cannot be written: Is a directory"), replacing(tmp_path):
        pytest.fail("it was opened")
