"""A version whose parts are not what was written gets no traffic, and building it again mends that."""

from __future__ import annotations

from pathlib import Path

import pytest

from comporta.acts.build.run import run
from comporta.acts.release.release import release, version_of
from comporta.acts.reproduce.reproduce import reproduce
from comporta.cli.init import make
from comporta.errors import Refused
from comporta.opened.project import open_project
from comporta.store import artifact_name


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("parts") / "shop"
    make(folder, "shop")
    with open_project(folder, works=True) as opened:
        run(opened)
    return folder


def file_of(folder: Path, part: str) -> Path:
    with open_project(folder) as opened:
        digest = version_of(opened, "leaving/1").parts[part].digest
    return folder / ".comporta/store" / artifact_name(digest)


@pytest.mark.parametrize("part", ["model", "onnx", "bundle"])
def test_a_changed_or_missing_part_is_refused_and_a_sound_one_goes_out(folder: Path, part: str) -> None:
    file = file_of(folder, part)
    whole = file.read_bytes()
    with open_project(folder) as opened:
        file.write_bytes(whole + b"x")
        with pytest.raises(Refused, match=f"'{part}' cannot be served.*not what was written"):
            release(opened, "leaving/1", by="ana")
        file.unlink()
        with pytest.raises(Refused, match=f"'{part}' cannot be served.*not in the store"):
            release(opened, "leaving/1", by="ana")
        file.write_bytes(whole)


def test_a_damaged_model_is_built_again_and_released(folder: Path) -> None:
    file = file_of(folder, "model")
    file.write_bytes(file.read_bytes()[:-1])
    with open_project(folder, works=True) as opened:
        assert reproduce(opened, "leaving/1").steps
        assert release(opened, "leaving/1", by="ana").champion == 1
