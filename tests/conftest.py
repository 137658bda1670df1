"""What tests of every folder share."""

from __future__ import annotations

import signal
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest

from comporta.testing import running_postgres

# How long an example takes says how busy the machine is, and nothing of the code.
hypothesis.settings.register_profile("comporta", deadline=None)
hypothesis.settings.load_profile("comporta")

ARCHIVE = Path(__file__).parent / "golden" / "house" / "house.tar.gz"


def pytest_configure(config: pytest.Config) -> None:
    """What a shell runs in the background ignores Ctrl-C, and so would every process that a test starts."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def unpack_house() -> Callable[[Path], Path]:
    """(a folder that is not there) → the same: the golden house, a whole project of an older release."""

    def unpack(folder: Path) -> Path:
        with tarfile.open(ARCHIVE) as archive:
            archive.extractall(folder, filter="data")
        return folder

    return unpack


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of an empty PostgreSQL for this process's tests: each makes a schema of its own there."""
    with running_postgres() as url:
        yield url


@pytest.fixture
def folder(tmp_path: Path, unpack_house: Callable[[Path], Path]) -> Path:
    """The golden house, for a module that has no other folder."""
    return unpack_house(tmp_path / "shop")
