"""Joined tables of a server: mapped from files that workers share, following appends and erasures."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import polars as pl
import pytest

from comporta.acts.serve.serving import ReleasedVersions, serving_versions
from comporta.cli import main
from comporta.errors import BadProject
from comporta.opened import mapped_tables
from comporta.opened.mapped_tables import MappedTables
from comporta.opened.project import OpenProject, open_root
from comporta.opened.table_files import PARTS, TableState, hold_table
from comporta.serve import LoadedVersion

PROJECT = """
from sklearn.linear_model import LogisticRegression

from comporta import Dataset, Features, Model, Project, Window, at_random

orders = Dataset("orders", "orders.parquet", key="order", subject="customer", time="paid", delay="0s")
visits = Dataset("visits", "visits.parquet", key="visit", time="at")


def fit(X, y):
    return LogisticRegression().fit(X.fillna(0) if hasattr(X, "fillna") else X, y)


project = Project(
    "shop",
    models=(
        Model(
            "buys",
            features=Features(
                "seen", of=visits, known=("visit", "customer", "at"),
                joins=(
                    Window(
                        orders, on="customer", over="3d",
                        of={"last_amount": ("last", "amount"), "spend": ("sum", "amount")},
                    ),
                ),
                use=("last_amount", "spend"),
            ),
            target="bought", fit=fit, split=at_random(0.25), gates=(),
        ),
    ),
)
"""
START = datetime(2026, 1, 1, tzinfo=UTC)
ORDERS, CUSTOMERS = 2000, 100


def orders(more: int = 0) -> pl.DataFrame:
    """Those of 2026-01-01 to 10 by a hundred customers; more: later ones by the first customer."""
    number = np.arange(ORDERS + more)
    return pl.DataFrame(
        {
            "order": number,
            "customer": [f"c{each % CUSTOMERS if each < ORDERS else 0}" for each in number.tolist()],
            "paid": [START + timedelta(minutes=7 * each) for each in number.tolist()],
            "amount": number * 1.0,
        }
    )


def lay(folder: Path) -> None:
    orders().write_parquet(folder / "orders.parquet")
    number = np.arange(400)
    pl.DataFrame(
        {
            "visit": number,
            "customer": [f"c{each % CUSTOMERS}" for each in number.tolist()],
            "at": [START + timedelta(days=5, minutes=each) for each in number.tolist()],
            "bought": number % 3 == 0,
        }
    ).write_parquet(folder / "visits.parquet")


@pytest.fixture(scope="module")
def shop(ran: Callable[[str, Callable[[Path], None]], Path]) -> Iterator[Path]:
    folder = ran(PROJECT, lay)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert main(["release", "buys/1", "--by", "ana"]) == 0
        yield folder


@pytest.fixture
def opened(shop: Path) -> Iterator[OpenProject]:
    with open_root(shop) as opened:
        yield opened


def read(version: LoadedVersion, customer: str = "c0") -> tuple[Any, ...]:
    """What a request twenty days later reads, and of which version of the orders."""
    raw = pl.DataFrame({"visit": [1], "customer": [customer], "at": [START + timedelta(days=9, hours=20)]})
    assert version.features is not None
    features, sources = version.features(raw, raw["at"])
    assert sources is not None
    return (*features.row(0), *{each.version for each in sources[0]})


def want(rows: pl.DataFrame, customer: str = "c0") -> tuple[float | None, float]:
    at = START + timedelta(days=9, hours=20)
    mine = rows.filter(pl.col("customer") == customer, pl.col("paid") <= at).sort("paid")
    window = mine.filter(pl.col("paid") > at - timedelta(days=3))["amount"].sum()
    return mine["amount"].last() if len(mine) else None, window


def follow(source: ReleasedVersions, version: LoadedVersion, number: int) -> tuple[Any, ...]:
    """Looks as a server does, until it answers from this version of the orders."""
    for _ in range(600):
        source.routes()
        if (found := read(version))[2:] == (number,):
            return found
        time.sleep(0.05)
    raise AssertionError(found)


def parts(folder: Path) -> list[str]:
    return sorted(each.parent.name for each in folder.glob(f".comporta/tables/*/*/{PARTS}"))


def mapped(folder: Path) -> set[str]:
    """The files of tables that this process maps."""
    lines = Path("/proc/self/maps").read_text().splitlines()
    return {line.split()[-1] for line in lines if str(folder / ".comporta" / "tables") in line}


def test_where_no_file_can_be_written_each_worker_keeps_the_table_in_memory(
    shop: Path, opened: OpenProject
) -> None:
    (shop / ".comporta" / "tables").write_text("in the way")
    lines: list[str] = []
    try:
        with serving_versions(opened, lines.append) as source:
            found = read(source.load("buys", 1), "c1")
    finally:
        (shop / ".comporta" / "tables").unlink()
    assert found[:2] == want(orders(), "c1")
    assert len(lines) == 1 and "Each worker keeps it in memory of its own." in lines[0]


@pytest.mark.soak
def test_a_table_that_no_longer_fits_is_one_error_that_names_it(shop: Path) -> None:
    with open_root(shop) as opened, serving_versions(opened) as source:
        tables = source._tables
        assert tables is not None
        source.load("buys", 1)
        (history,) = source._histories.values()
        ask = history._ask(history.plan.joins[0])
        ask = msgspec.structs.replace(ask, join=msgspec.structs.replace(ask.join, on={"customer": "gone"}))
        state = TableState(number=1, digest="0" * 32)
        with pytest.raises(BadProject, match="join of orders: found no column gone"):
            while tables.table(ask, state, whole=True) is None:
                time.sleep(0.05)


def test_what_could_not_be_read_once_is_read_some_looks_later(
    opened: OpenProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving_versions(opened) as source:
        source.load("buys", 1)
        (history,) = source._histories.values()
        tables = source._tables
        assert tables is not None
        real, asked = tables.table, []

        def hangs_up_once(*args: Any, **named: Any) -> Any:
            asked.append(args)
            if len(asked) == 1:
                raise BadProject("the store hung up.")
            return real(*args, **named)

        monkeypatch.setattr(tables, "table", hangs_up_once)
        monkeypatch.setattr(history, "_newest", lambda: {"orders": (1, 99)})  # as after an erasure
        before = history.latest.online
        with pytest.raises(BadProject):
            source.routes()
        source.routes()
        assert len(asked) == 1, "not again at once"
        for _ in range(30):
            source.routes()
        assert len(asked) == 2 and history.latest.online is not before


def test_ctrl_c_in_the_server_s_terminal_is_not_its_writer_s_and_nothing_is_left_of_one_that_is_done(
    opened: OpenProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Any] = []
    real = MappedTables._start

    def noted(*args: Any, **named: Any) -> Any:
        writer = real(*args, **named)
        started.append((writer, os.getpgid(writer.pid)))
        return writer

    monkeypatch.setattr(MappedTables, "_start", noted)
    with serving_versions(opened) as source:
        source.load("buys", 1)
        ((writer, group),) = started
        assert group == writer.pid, "it is in a group of its own"
        writer.wait(60)
        source.routes()
        assert source._tables is not None and not source._tables._writers
        assert writer.stdout.closed


def test_a_table_that_another_worker_finished_meanwhile_is_not_written_again(
    opened: OpenProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[str] = []
    with serving_versions(opened) as one, serving_versions(opened, lines.append) as two:
        one.load("buys", 1)
        looks: list[Any] = []

        def too_early(*args: Any) -> Any:
            looks.append(args)
            return None if len(looks) == 1 else hold_table(*args)

        monkeypatch.setattr(mapped_tables, "hold_table", too_early)
        monkeypatch.setattr(MappedTables, "_start", lambda *args, **named: pytest.fail("written again"))
        found = read(two.load("buys", 1), "c1")
    assert found[:2] == want(orders(), "c1") and len(looks) > 1 and not lines


def test_what_a_killed_server_left_is_gone_when_the_next_one_starts(shop: Path, opened: OpenProject) -> None:
    left = shop / ".comporta" / "tables" / ("0" * 32) / f"00000001-{'0' * 32}"
    left.mkdir(parents=True)
    (left / "lock").touch()
    with serving_versions(opened):
        assert not left.exists()


def test_workers_map_one_file_follow_appends_and_erasures_and_leave_nothing(
    shop: Path, opened: OpenProject, forget: Callable[[OpenProject, str, str, Any], None]
) -> None:
    with serving_versions(opened) as one, serving_versions(opened) as two:
        versions = [one.load("buys", 1), two.load("buys", 1)]
        assert [read(each) for each in versions] == [(*want(orders()), 1)] * 2
        assert len(parts(shop)) == 1, "one part, which both map"
        assert not Path("/proc/self/maps").exists() or len({Path(each).parent for each in mapped(shop)}) == 1

        orders(3).write_parquet(shop / "orders.parquet")
        assert main(["run"]) == 0
        both = [follow(one, versions[0], 2), follow(two, versions[1], 2)]
        assert both == [(*want(orders(3)), 2)] * 2
        assert len(parts(shop)) == 2, "a small part more"
        (small,) = shop.glob(".comporta/tables/*/00000002-*")
        assert np.load(small / "keys.starts.npy").tolist() == [0, 23]

        forget(opened, "orders", "customer", "c0")
        for _ in range(600):
            one.routes()
            two.routes()
            if read(versions[0])[0] is None and read(versions[1])[0] is None:
                break
            time.sleep(0.05)
        assert read(versions[0])[:2] == (None, 0.0)
        assert read(versions[1], "c1")[:2] == want(orders(), "c1")
        one.routes(), two.routes()
        left = b"".join(each.read_bytes() for each in shop.glob(".comporta/tables/*/*/row.*.npy"))
        assert len(parts(shop)) == 1 and b"c1" in left
    assert list((shop / ".comporta" / "tables").iterdir()) == []
