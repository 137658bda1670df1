"""A server of a version that joins tables runs nothing of the live project, whose file may be broken."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from comporta.acts.serve.serving import serving_versions
from comporta.cli import main
from comporta.errors import BadRequest
from comporta.opened.project import open_root
from comporta.records.features import FeatureRow
from comporta.serve import LoadedVersion

PROJECT = """
from sklearn.linear_model import LogisticRegression

from comporta import AsOf, Dataset, Features, Model, Project, at_random

orders = Dataset("orders", "orders.parquet", key="order", time="paid", delay="0s")
visits = Dataset("visits", "visits.parquet", key="visit", time="at")


def fit(X, y):
    return LogisticRegression().fit(X, y)


features = Features(
    "seen", of=visits, known=("customer", "at"), use=("amount",),
    joins=(AsOf(orders, on="customer", columns={"amount": "amount"}),),
)
buys = Model("buys", features=features, target="bought", fit=fit, split=at_random(0.25), gates=())
project = Project("shop", models=(buys,))
"""
QUICK = PROJECT.replace("from sklearn.linear_model import LogisticRegression", "print('no answer')")
NOW_PERSONAL = QUICK.replace('delay="0s"', 'delay="0s", columns=(Column("amount", personal=True),)').replace(
    "import AsOf,", "import AsOf, Column,"
)
START = datetime(2026, 1, 1, tzinfo=UTC)
PROBE = """
import sys
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from comporta.acts.serve.serving import serving_versions
from comporta.opened.project import open_root

with open_root(Path(sys.argv[1])) as opened, serving_versions(opened) as source:
    version = source.load("buys", 1)
    frame = pl.DataFrame({"customer": [7], "at": [datetime(2026, 1, 3, tzinfo=UTC)]})
    version.predict(version.features(frame, frame["at"])[0])
print(*sorted({"project", "sklearn", "scipy", "pandas", "pyarrow"} & sys.modules.keys()))
"""


def lay(folder: Path) -> None:
    number = list(range(200))
    times = [START + timedelta(minutes=each) for each in number]
    pl.DataFrame(
        {"order": number, "customer": [each % 20 for each in number], "paid": times, "amount": number}
    ).write_parquet(folder / "orders.parquet")
    pl.DataFrame(
        {
            "visit": number,
            "customer": [each % 20 for each in number],
            "at": [each + timedelta(days=1) for each in times],
            "bought": [each % 3 == 0 for each in number],
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
def version(shop: Path) -> Iterator[LoadedVersion]:
    """As a server loads it while the project's file cannot be run."""
    file = shop / "project.py"
    file.write_text("raise RuntimeError('half edited')\n")
    try:
        with open_root(shop) as opened, serving_versions(opened) as source:
            yield source.load("buys", 1)
    finally:
        file.write_text(PROJECT)


def asked() -> tuple[pl.DataFrame, pl.Series]:
    frame = pl.DataFrame({"customer": [7], "at": [START + timedelta(days=2)]})
    return frame, frame["at"]


def row(version: LoadedVersion) -> FeatureRow:
    assert version.view is not None
    found = version.view.read(*asked())
    assert found is not None
    return found


def test_it_answers_while_the_project_s_file_cannot_be_run(version: LoadedVersion) -> None:
    assert version.features is not None
    features, _ = version.features(*asked())
    assert features.row(0) == (187,)


def test_a_feature_row_waits_until_it_is_known_again_what_is_personal_by_now(
    version: LoadedVersion, shop: Path
) -> None:
    with pytest.raises(BadRequest, match="Run there: comporta check") as refused:
        row(version)
    assert refused.value.status == 503
    assert (
        str(refused.value.__cause__) == "project.py:1: RuntimeError: half edited. Correct it and try again."
    )
    (shop / "project.py").write_text(QUICK)
    assert row(version).features == {"amount": 187}
    (shop / "project.py").write_text(NOW_PERSONAL)
    assert row(version).withheld == ("amount",)
    assert row(version).features == {}


def test_what_serves_a_version_with_joins_loads_no_library_of_training(shop: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-c", PROBE, str(shop)], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []
