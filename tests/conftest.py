"""What tests of every folder share."""

from __future__ import annotations

import tarfile
from collections.abc import Callable
from pathlib import Path

import hypothesis
import pytest

# How long an example takes says how busy the machine is, and nothing of the code.
hypothesis.settings.register_profile("comporta", deadline=None)
hypothesis.settings.load_profile("comporta")

ARCHIVE = Path(__file__).parent / "golden" / "house" / "house.tar.gz"


@pytest.fixture(scope="session")
def unpack_house() -> Callable[[Path], Path]:
    """(a folder that is not there) → the same: the golden house, a whole project of an older release."""

    def unpack(folder: Path) -> Path:
        with tarfile.open(ARCHIVE) as archive:
            archive.extractall(folder, filter="data")
        return folder

    return unpack


@pytest.fixture
def folder(tmp_path: Path, unpack_house: Callable[[Path], Path]) -> Path:
    """The golden house, for a module that has no other folder."""
    return unpack_house(tmp_path / "shop")
