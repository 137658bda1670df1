"""Raw requests of a candidate with joins and computed features: what the server makes of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from comporta.acts.judge.gate import gate
from comporta.opened.project import open_project
from comporta.opened.sentences import sentence

PROCESSES = True
"""A candidate's server and the steps are processes here."""

START = datetime(2025, 1, 1, tzinfo=UTC)
ROWS = 1_200
PROJECT = """import polars as pl
from comporta import AsOf, Dataset, Features, Model, Project, at_random
from comporta.checks import parity

rows = Dataset("rows", source="rows.parquet", key="id", subject="person", time="at")
rates = Dataset("rates", source="rates.parquet", key=("area", "hour"), time="hour", arrived="told")
areas = Dataset("areas", source="areas.parquet", key="area")


def made(rows):
    return rows.select(
        burden=pl.col("debts") * pl.col("rate") / pl.col("income"),
        year=pl.col("since").dt.year(),
        large=pl.col("size") > 100,
    )


def rank(rows):
    return rows.select(beside=pl.col("income").rank() / pl.len())


def code(rows):
    met = pl.col("area").unique(maintain_order=True)
    return rows.select(beside=pl.col("area").replace_strict(met, pl.int_range(met.len())))


def fit(X, y, *, seed=0):
    from lightgbm import LGBMClassifier

    return LGBMClassifier(n_estimators=20, num_leaves=7, n_jobs=1, verbose=-1).fit(X, y)


def model(name, *compute):
    features = Features(
        name,
        of=rows,
        known=("area", "income", "debts", "since"),
        joins=(
            AsOf(rates, on="area", columns=("rate",), tolerance="3d"),
            AsOf(areas, on="area", columns=("size",)),
        ),
        compute=compute,
        use=("area", "income", "debts", "rate", "size"),
    )
    return Model(
        name,
        features=features,
        target="paid",
        fit=fit,
        split=at_random(0.5),
        requires=("subject", "key"),
        gates=(parity(),),
    )


sound = model("sound", made)
ranked = model("ranked", made, rank)
coded = model("coded", made, code)
project = Project("loans", models=(sound, ranked, coded))
"""


def tables(folder):
    draw = np.random.default_rng(3)
    hours = np.sort(draw.integers(48, 24 * 30, ROWS))
    area = draw.choice(["east", "north", "west"], ROWS)
    rows = pl.DataFrame(
        {
            "id": np.arange(ROWS),
            "person": [f"p{n}" for n in range(ROWS)],
            "at": [START + timedelta(hours=int(h), minutes=30) for h in hours],
            "area": area,
            "income": np.exp(draw.normal(7, 0.5, ROWS)).astype(np.float32),
            "debts": draw.integers(0, 5, ROWS),
            "since": [datetime(2000 + int(n), 5, 3).date() for n in draw.integers(0, 20, ROWS)],
        }
    )
    rows = rows.with_columns(
        paid=pl.Series(draw.random(ROWS)) < 1 / (1 + (-(pl.col("income").log() - 7)).exp()),
        debts=pl.when(pl.col("id") % 17 == 0).then(None).otherwise("debts"),
    )
    rates = pl.DataFrame(
        [
            {
                "area": area,
                "hour": START + timedelta(hours=hour),
                "told": START + timedelta(hours=hour + int(late)),
                "rate": float(rate),
            }
            for area in ("east", "north")
            for hour, late, rate in zip(
                range(0, 24 * 30, 6), draw.integers(0, 30, 120), draw.normal(2, 1, 120), strict=True
            )
        ]
    )
    rows.write_parquet(folder / "rows.parquet")
    rates.write_parquet(folder / "rates.parquet")
    pl.DataFrame({"area": ["east", "north", "west"], "size": [80, 300, 120]}).write_parquet(
        folder / "areas.parquet"
    )


@pytest.fixture(scope="module")
def folder(ran):
    return ran(PROJECT, tables)


def test_what_the_server_makes_of_a_raw_request_is_what_research_made(folder, judged):
    verdict, found = judged(folder, "sound")
    assert verdict.outcome == "pass", sentence(verdict.reason)
    rows = found.rows
    assert (
        f"{rows} rows in native, lightgbm, onnx from the features on; "
        f"{rows} of them from the raw request on: 8 features." in sentence(verdict.reason)
    )
    differ = {line["form"] for line in found.table("differences").by_id}
    assert differ == {"onnx"}, "every other answer is the same to the last bit"
    assert found.table("features") is None


@pytest.mark.parametrize("model", ["ranked", "coded"])
def test_a_feature_that_depends_on_the_rows_beside_it_is_named(folder, model, judged):
    verdict, found = judged(folder, model)
    assert verdict.outcome == "fail"
    assert "largest feature difference feature beside" in sentence(verdict.reason)
    (line,) = found.table("features").by_id
    assert line["feature"] == "beside"
    assert line["rows"] > 100
    assert line["research"] != line["request"]
    assert 0 <= line["first_row"] < found.rows


def test_a_version_judged_later_is_asked_the_rows_that_it_was_made_of(folder, judged):
    text = (folder / "project.py").read_text()
    (folder / "project.py").write_text(text.replace("parity()", "parity(tolerance=1e-5)"))
    before, _ = judged(folder, "sound")
    with open_project(folder, works=True) as opened:
        again = gate(opened, "sound/1")
    assert again.fresh
    now = next(each for each in again.version.verdicts if "1e-05" in each.check)
    assert now.outcome == "pass"
    assert now.evidence == before.evidence, "another limit measures nothing again"


def test_a_version_goes_its_own_way_when_the_project_has_another_by_now(folder):
    text = (folder / "project.py").read_text()
    changed = text.replace('pl.col("debts") * ', 'pl.col("debts") - ').replace(
        "tolerance=1e-5", "tolerance=2e-5"
    )
    assert changed != text
    (folder / "project.py").write_text(changed)
    with open_project(folder, works=True) as opened:
        again = gate(opened, "sound/1")
    now = next(each for each in again.version.verdicts if "2e-05" in each.check)
    assert now.outcome == "pass", sentence(now.reason)
    assert "8 features" in sentence(now.reason)
