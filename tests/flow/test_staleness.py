"""Whether what a version learned from is as it was has three answers; what is not known is not released."""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from comporta.data.names import entry_name, manifest_name
from comporta.data.staleness import staleness as of_slice
from comporta.errors import Refused
from comporta.loop.house import House, open_house
from comporta.loop.release import release, version_of
from comporta.loop.report import report
from comporta.loop.staleness import staleness
from comporta.loop.trace import trace
from comporta.loop.tree import lines
from comporta.report import page
from comporta.store import open_store
from comporta.testing.s3 import running_s3

ARCHIVE = Path(__file__).parents[1] / "golden" / "house" / "house.tar.gz"


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stale") / "shop"
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(folder, filter="data")
    return folder


@pytest.fixture
def folder(kept: Path, tmp_path: Path) -> Path:
    shutil.copytree(kept, tmp_path / "shop")
    return tmp_path / "shop"


def stored(folder: Path, name: str) -> Path:
    return folder / ".comporta/store" / name


def changed(folder: Path, name: str) -> None:
    file = stored(folder, name)
    data = file.read_bytes()
    at = data.index(b'"at":"20') + 8
    file.write_bytes(data[:at] + (b"3" if data[at : at + 1] != b"3" else b"4") + data[at + 1 :])


def removed(folder: Path, name: str) -> None:
    stored(folder, name).unlink()


def behind_a_link(folder: Path, name: str) -> None:
    there = stored(folder, name).parent
    there.rename(there.with_name("elsewhere"))
    there.symlink_to(there.with_name("elsewhere"))


def entry(house: House, version: str) -> str:
    return entry_name(version_of(house, version).read[0].dataset, 1)


def manifest(house: House, version: str) -> str:
    read = version_of(house, version).read[0]
    return manifest_name(read.dataset, read.version)


FAULTS: list[tuple[str, Callable[[House, str], str], Callable[[Path, str], None], str, str]] = [
    ("leaving/1", entry, behind_a_link, "staleness.store_failed", "a symbolic link stands in its way"),
    ("worth/1", entry, changed, "staleness.tampered", "stored bytes are not what was written"),
    ("worth/1", entry, removed, "staleness.tampered", "log entry 1 is missing"),
    ("leaving/1", entry, removed, "staleness.log_missing", "its log is not in the store"),
    ("leaving/1", manifest, changed, "staleness.tampered", "the manifest of version"),
    ("worth/1", manifest, removed, "staleness.manifest_missing", "the manifest of version 1 is gone"),
]


@pytest.mark.parametrize(("version", "what", "does", "code", "said"), FAULTS)
def test_what_the_store_is_at_fault_of_is_unknown_and_not_erased(
    folder: Path,
    version: str,
    what: Callable[[House, str], str],
    does: Callable[[Path, str], None],
    code: str,
    said: str,
) -> None:
    with open_house(folder) as house:
        name = what(house, version)
    does(folder, name)
    with open_house(folder) as house:
        first, *others = staleness(house, version_of(house, version))
        assert (first.answer, first.cause and first.cause.code) == ("unknown", code), first
        assert said in first.why
        assert {each.answer for each in others} <= {"fresh"}
        with pytest.raises(Refused) as error:
            release(house, version, by="rui")
        assert "whether rows it learned from were erased since" in str(error.value)
        assert f"{first.dataset}: {first.why}" in str(error.value)
        assert f"rows of {first.dataset} not known to be there" in "\n".join(lines(trace(house, version)))
        drawn = page(report(house, version))
        assert "whether rows of it were erased since is unknown" in drawn


def test_a_store_at_another_address_is_unknown_and_not_erased(folder: Path) -> None:
    stored(folder, "data").rename(folder / "away")
    with open_house(folder) as house:
        for each in staleness(house, version_of(house, "worth/1")):
            assert (each.answer, each.why) == ("unknown", "its log is not in the store")


def test_a_log_that_was_cut_is_unknown_and_not_erased(folder: Path) -> None:
    with open_house(folder) as house:
        (part,) = version_of(house, "worth/1").read
        cut = of_slice(house.store, house.keys, msgspec.structs.replace(part, number=2))
        other = of_slice(house.store, house.keys, msgspec.structs.replace(part, version="ab" * 32))
    assert (cut.answer, cut.why) == ("unknown", "its log ends before version 2")
    assert (other.answer, other.why) == (
        "unknown",
        "its version 1 is another than the one that was read",
    )


def test_an_object_store_that_lets_nobody_in_is_unknown_and_not_erased(folder: Path) -> None:
    with open_house(folder) as house, running_s3("known") as (endpoint, _):
        config = {
            "AWS_ACCESS_KEY_ID": "of-somebody-else", "AWS_SECRET_ACCESS_KEY": "x", "AWS_REGION": "eu-west-1",
            "AWS_ENDPOINT": endpoint, "AWS_ALLOW_HTTP": "true",
        }  # fmt: skip
        shut = open_store("s3://bucket/shop", folder, config=config)
        (part,) = version_of(house, "worth/1").read
        found = of_slice(shut, house.keys, part)
        assert (found.answer, found.cause and found.cause.code) == ("unknown", "staleness.store_failed")


def test_what_was_erased_is_told_of_each_version_that_read_it_and_of_no_other(folder: Path) -> None:
    with open_house(folder) as house:
        (worth,) = staleness(house, version_of(house, "worth/1"))
        assert (worth.dataset, worth.answer, worth.cause) == ("orders", "erased", None)
        assert "rows of it were erased since" in page(report(house, "worth/1"))
        assert "erased since" not in page(report(house, "leaving/1"))
        before = house.ledger.head()
        staleness(house, version_of(house, "worth/1"))
        assert house.ledger.head() == before, "computed, never stored"
