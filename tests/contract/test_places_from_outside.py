"""Stores and ledgers of a package outside Comporta: the shipped suites, by scheme and as objects."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from comporta.acts.build.run import run
from comporta.cli.init import make
from comporta.errors import BadProject
from comporta.ledger import Ledger, open_ledger, verify
from comporta.opened.project import PROJECTIONS, open_project
from comporta.records import Projection
from comporta.store import LocalStore, Store, address, open_store, projects_in
from comporta.testing import Clock, DurableLedgerContract, StoreContract
from comporta.testing.ledgers import BALANCES, KEY, TEST_FACTS, Opens

sys.path.insert(0, str(Path(__file__).parents[1] / "packages" / "places"))

import places.ledger
import places.store

PACKAGE = Path(__file__).parents[1] / "packages" / "places"


class TestOneFileByItsScheme(StoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Store:
        return open_store("onefile://deep/store.db", tmp_path)


class TestAProjectsPartOfOneFile(StoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Store:
        return open_store("onefile://store.db", tmp_path, "shop")


class TestCountingLedgerByItsScheme(DurableLedgerContract):
    @pytest.fixture
    def opens(self, clock: Clock, tmp_path: Path) -> Iterator[Opens]:
        with ExitStack() as stack:

            def opens(readings: Sequence[Projection[Any]] = (BALANCES,), **options: Any) -> Ledger:
                options = {"key": KEY, "clock": clock, "facts": TEST_FACTS} | options
                ledger = open_ledger("counting:///ledger.db", readings, root=tmp_path, **options)
                stack.callback(ledger.close)
                return ledger

            yield opens


def test_a_store_of_its_own_scheme_is_opened_again_by_its_address(tmp_path: Path) -> None:
    store = open_store("onefile://store.db", tmp_path, "shop")
    store.put("data/a", b"1")
    store.put("artifacts/b", b"2")
    again = open_store(address(store), tmp_path)
    assert (again.get("data/a"), again.get("artifacts/b")) == (b"1", b"2")
    assert projects_in(again) == {"shop"}


def test_an_unknown_scheme_is_told_those_that_are_known(tmp_path: Path) -> None:
    with pytest.raises(BadProject, match=r"expected file://PATH, memory://.*installed package: onefile://"):
        open_store("nofile://x", tmp_path)
    with pytest.raises(BadProject, match=r"expected sqlite:///PATH.*installed package: counting://"):
        open_ledger("nothing://x", [], key=KEY, clock=Clock(), root=tmp_path)


def test_a_declared_package_that_cannot_be_loaded_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = tmp_path / "broken-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[comporta.stores]\nlost = no_such_module:opened\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(BadProject, match=r"lost://: found it declared by broken .*cannot be loaded"):
        open_store("lost://x", tmp_path)


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(PACKAGE))


@pytest.mark.usefixtures("installed")
def test_a_project_runs_in_places_of_another_package_named_by_url(tmp_path: Path) -> None:
    make(tmp_path, "churn")
    (tmp_path / "comporta.toml").write_text(
        'store = "onefile://.comporta/store.db"\nledger = "counting:///.comporta/ledger.db"\n'
    )
    with open_project(tmp_path, works=True) as opened:
        assert isinstance(opened.ledger, places.ledger.Counting)
        (version,) = run(opened).versions
        assert opened.ledger.transactions > 0
        assert verify(opened.ledger, PROJECTIONS, opened.keys.chain).sound
    assert version.state == "passed"
    assert not (tmp_path / ".comporta" / "store").exists()


@pytest.mark.usefixtures("installed")
def test_a_project_runs_in_places_passed_as_objects(tmp_path: Path) -> None:
    make(tmp_path, "churn")
    store = places.store.OneFile(tmp_path / "elsewhere.db")
    opened_with: list[places.ledger.Counting] = []

    def ledger(url: str, readings: Any, /, **options: Any) -> Ledger:
        opened_with.append(places.ledger.Counting(open_ledger(url, readings, **options)))
        return opened_with[-1]

    with open_project(tmp_path, works=True, store=store, ledger=ledger) as opened:
        assert opened.store is store
        (version,) = run(opened).versions
    assert version.state == "passed"
    assert opened_with[0].transactions > 0
    assert next(store.list("artifacts/"), None) is not None
    assert next(LocalStore(tmp_path / ".comporta" / "store").list(), None) is None
