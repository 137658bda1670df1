"""Killed before and after each durable write, a dataset is as it was, or as it should become."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from comporta.data import add, compact, reachable_objects, scan_predictions, scan_slice, slice_of
from comporta.store import LocalStore

CHILD = Path(__file__).with_name("data_kills_child.py")
SIGKILL = -9


@pytest.fixture
def child() -> Any:
    from importlib.util import module_from_spec, spec_from_file_location

    spec = spec_from_file_location("data_kills_child", CHILD)
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def killed(root: Path, act: str, n: int, when: str) -> int:
    command = [sys.executable, str(CHILD), str(root), act, str(n), when]
    return subprocess.run(command, capture_output=True, timeout=60).returncode


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("n", range(1, 5))
def test_an_update_killed_at_any_write_is_whole_or_absent(
    child: Any, tmp_path: Path, n: int, when: str
) -> None:
    child.begin(tmp_path)
    store = LocalStore(tmp_path / "store")
    old = dict.fromkeys(range(20), 1)
    new = {id: 1 if id < 15 else 2 for id in range(30)}

    def shown(number: int | None = None) -> dict[int, int]:
        part = slice_of(store, child.KEYS, "d", number=number)
        return dict(scan_slice(store, child.KEYS, part).select("id", "x").collect().iter_rows())

    assert killed(tmp_path, "update", n, when) == SIGKILL
    assert shown() == (new if (n, when) == (4, "after") else old) and shown(1) == old
    child.update(store, tmp_path)
    assert shown() == new and shown(1) == old and slice_of(store, child.KEYS, "d").number == 2
    unreached = {each.name for each in store.list("data/")} - reachable_objects(store, child.KEYS)
    assert len(unreached) <= 2  # a fragment and a mask that the next writer made again, at most


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("n", range(1, 7))
def test_a_seal_killed_at_any_write_loses_and_doubles_nothing(
    child: Any, tmp_path: Path, n: int, when: str
) -> None:
    child.begin(tmp_path)
    store = LocalStore(tmp_path / "store")

    def shown() -> list[str]:
        return scan_predictions(store, child.KEYS, "p", child.KNOWN.get).collect()["id"].sort().to_list()

    assert killed(tmp_path, "sealing", n, when) == SIGKILL
    assert shown() == ["p0", "p1"]
    child.sealing(store, tmp_path)
    assert shown() == ["p0", "p1"]
    assert slice_of(store, child.KEYS, "p").rows == 2 and not list(store.list("data/p/open/"))


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("n", [1, 2])
def test_a_compaction_killed_at_any_write_leaves_every_version_readable(
    child: Any, tmp_path: Path, n: int, when: str
) -> None:
    store = LocalStore(tmp_path / "store")
    many = msgspec.structs.replace(child.SHAPE, name="many")
    for at in range(4):
        rows = child.rows(range(at * 5, at * 5 + 5), at)
        add(store, child.KEYS, many, rows, change="append", now=child.NOW, scratch=tmp_path)

    def told() -> list[tuple[str, dict[int, int]]]:
        parts = [slice_of(store, child.KEYS, "many", number=each) for each in range(1, 5)]
        shown = [
            scan_slice(store, child.KEYS, part).select("id", "x").collect().iter_rows() for part in parts
        ]
        return [(part.digest, dict(rows)) for part, rows in zip(parts, shown, strict=True)]

    before = told()
    assert killed(tmp_path, "compacting", n, when) == SIGKILL
    assert told() == before
    done = compact(store, child.KEYS, "many", now=child.NOW, scratch=tmp_path)
    assert done.after == (0 if (n, when) == (2, "after") else 1)
    assert told() == before
    assert {each.name for each in store.list("data/many/")} <= reachable_objects(store, child.KEYS)
