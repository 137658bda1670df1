"""Whether what a version learned from is as it was has three answers; what is not known is not released."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from comporta.acts.judge.report import report
from comporta.acts.release.release import release, rollback, version_of
from comporta.acts.trace.trace import trace
from comporta.acts.trace.tree import tree_lines
from comporta.cli import main
from comporta.data import manifest_of
from comporta.data import scan_slice as rows_of_slice
from comporta.data.names import entry_name, manifest_name
from comporta.data.staleness import staleness as of_slice
from comporta.errors import Refused
from comporta.opened.project import OpenProject, open_project
from comporta.opened.sentences import sentence
from comporta.opened.staleness import staleness
from comporta.records.staleness import LOG_CUT, LOG_MISSING, VERSION_REPLACED
from comporta.report import page
from comporta.store import open_store
from comporta.testing.s3 import running_s3


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, unpack_house: Callable[[Path], Path]) -> Path:
    folder = tmp_path_factory.mktemp("stale") / "shop"
    return unpack_house(folder)


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


def entry(opened: OpenProject, version: str) -> str:
    return entry_name(version_of(opened, version).read[0].dataset, 1)


def manifest(opened: OpenProject, version: str) -> str:
    read = version_of(opened, version).read[0]
    return manifest_name(read.dataset, read.version)


FAULTS: list[tuple[str, Callable[[OpenProject, str], str], Callable[[Path, str], None], str, str]] = [
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
    what: Callable[[OpenProject, str], str],
    does: Callable[[Path, str], None],
    code: str,
    said: str,
) -> None:
    with open_project(folder) as opened:
        name = what(opened, version)
    does(folder, name)
    with open_project(folder) as opened:
        first, *others = staleness(opened, version_of(opened, version))
        assert (first.answer, first.cause and first.cause.code) == ("unknown", code), first
        why = sentence(first.cause or "")
        assert said in why
        assert {each.answer for each in others} <= {"fresh"}
        with pytest.raises(Refused) as error:
            release(opened, version, by="rui")
        assert "whether rows it was trained on were erased since" in str(error.value)
        assert f"{first.dataset}: {why}" in str(error.value)
        assert f"unknown whether rows of {first.dataset} are still there" in "\n".join(
            tree_lines(trace(opened, version))
        )
        drawn = page(report(opened, version))
        assert "whether rows of it were erased since is unknown" in drawn


def test_a_broken_store_keeps_no_bad_version_live(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with open_project(folder) as opened:
        name = entry(opened, "leaving/1")
    removed(folder, name)
    assert main(["rollback", "leaving", "--by", "rui", "--json", "--project", str(folder)]) == 0
    out, err = capsys.readouterr()
    moved = json.loads(out)
    assert moved["shares"][0]["version"] == 1
    assert [each["cause"] for each in moved["unknown"]] == ["its log is not in the store"]
    assert "warning: unknown whether rows it was trained on were erased since." in err
    with open_project(folder) as opened:
        assert version_of(opened, "leaving/1").state == "released"


def test_there_is_no_way_back_to_a_version_whose_rows_were_erased(
    folder: Path, forget: Callable[[OpenProject, str, str, Any], None]
) -> None:
    with open_project(folder, works=True) as opened:
        part = version_of(opened, "leaving/1").read[0]
        shape = manifest_of(opened.store, opened.keys, part.dataset, part.number).shape
        assert shape.subject
        rows = rows_of_slice(opened.store, opened.keys, part).collect()
        forget(opened, part.dataset, shape.subject, rows[shape.subject][0])
        with pytest.raises(Refused, match="rows it was trained on were erased since"):
            rollback(opened, "leaving", by="rui")


def test_a_store_at_another_address_is_unknown_and_not_erased(folder: Path) -> None:
    stored(folder, "data").rename(folder / "away")
    with open_project(folder) as opened:
        for each in staleness(opened, version_of(opened, "worth/1")):
            assert (each.answer, each.cause) == ("unknown", LOG_MISSING())


def test_a_log_that_was_cut_is_unknown_and_not_erased(folder: Path) -> None:
    with open_project(folder) as opened:
        (part,) = version_of(opened, "worth/1").read
        cut = of_slice(opened.store, opened.keys, msgspec.structs.replace(part, number=2))
        other = of_slice(opened.store, opened.keys, msgspec.structs.replace(part, version="ab" * 32))
    assert (cut.answer, cut.cause) == ("unknown", LOG_CUT(number=2))
    assert (other.answer, other.cause) == ("unknown", VERSION_REPLACED(number=1))


def test_an_object_store_that_lets_nobody_in_is_unknown_and_not_erased(folder: Path) -> None:
    with open_project(folder) as opened, running_s3("known") as (endpoint, _):
        config = {
            "AWS_ACCESS_KEY_ID": "of-somebody-else", "AWS_SECRET_ACCESS_KEY": "x", "AWS_REGION": "eu-west-1",
            "AWS_ENDPOINT": endpoint, "AWS_ALLOW_HTTP": "true",
        }  # fmt: skip
        shut = open_store("s3://bucket/shop", folder, config=config)
        (part,) = version_of(opened, "worth/1").read
        found = of_slice(shut, opened.keys, part)
        assert (found.answer, found.cause and found.cause.code) == ("unknown", "staleness.store_failed")


def test_what_was_erased_is_told_of_each_version_that_read_it_and_of_no_other(folder: Path) -> None:
    with open_project(folder) as opened:
        (worth,) = staleness(opened, version_of(opened, "worth/1"))
        assert (worth.dataset, worth.answer, worth.cause) == ("orders", "erased", None)
        assert "rows of it were erased since" in page(report(opened, "worth/1"))
        assert "erased since" not in page(report(opened, "leaving/1"))
        before = opened.ledger.head()
        staleness(opened, version_of(opened, "worth/1"))
        assert opened.ledger.head() == before, "computed, never stored"
