"""What tests of every folder share."""

from __future__ import annotations

import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

ARCHIVE = Path(__file__).parent / "golden" / "house" / "house.tar.gz"


@pytest.fixture(scope="session")
def unpack_house() -> Callable[[Path], Path]:
    """(a folder that is not there) → the same: the golden house, a whole project of an older release."""

    def unpack(folder: Path) -> Path:
        with tarfile.open(ARCHIVE) as archive:
            archive.extractall(folder, filter="data")
        return folder

    return unpack
