"""Load and rubbish as raw requests: the joins and the computed features of a candidate are asked too."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from comporta.acts.judge.gate import gate
from comporta.checks.stress.codes import ASKED_WHERE, FAR_VALUE, FROM_RAW_REQUEST
from comporta.checks.stress.figures import PLAIN, RAW, REQUESTED
from comporta.opened.project import open_project
from comporta.opened.sentences import sentence
from comporta.records import condition

PROCESSES = True
"""A candidate's server and the steps are processes here."""

START = datetime(2025, 1, 1, tzinfo=UTC)
ROWS = 400
PROJECT = """import time

import polars as pl
from comporta import AsOf, Dataset, Features, Model, Project, at_random
from comporta.checks import stress

rows = Dataset("rows", source="rows.parquet", key="id", subject="person", time="at")
plain = Dataset("plain", source="rows.parquet", key="id")
rates = Dataset("rates", source="rates.parquet", key=("area", "hour"), time="hour", delay="0s")


def burden(rows):
    burden = pl.col("debts") * pl.col("rate") / pl.col("income")
    return rows.select(burden=burden, year=pl.col("since").dt.year())


def slow(rows):
    time.sleep(0.02)
    return rows.select(slow=pl.col("income") + 1)


def fragile(rows):
    if rows["income"].abs().max() > 1e100:
        raise RuntimeError("too far")
    return rows.select(twice=pl.col("income") * 2)


def fit(X, y, *, seed=0):
    from lightgbm import LGBMClassifier

    return LGBMClassifier(n_estimators=10, num_leaves=7, n_jobs=1, verbose=-1).fit(X, y)


def model(name, *compute):
    features = Features(
        name,
        of=rows,
        known=("area", "income", "debts", "since"),
        joins=(AsOf(rates, on="area", columns=("rate",)),),
        compute=compute,
        use=("area", "income", "debts", "rate"),
    )
    return of(name, features, requires=("subject", "key"))


def of(name, features, requires=()):
    checks = (stress(seconds=0.6, connections=2),)
    return Model(
        name, features=features, target="paid", fit=fit, split=at_random(0.5), requires=requires, gates=checks
    )


bare = of("bare", Features("bare", of=plain, known=("income", "debts")))
project = Project(
    "loans",
    models=(model("sound", burden), model("slow", burden, slow), model("fragile", fragile), bare),
)
"""


def tables(folder):
    draw = np.random.default_rng(3)
    hours = np.sort(draw.integers(48, 24 * 30, ROWS))
    rows = pl.DataFrame(
        {
            "id": np.arange(ROWS),
            "person": [f"p{n}" for n in range(ROWS)],
            "at": [START + timedelta(hours=int(h), minutes=30) for h in hours],
            "area": draw.choice(["east", "north", "west"], ROWS),
            "income": np.exp(draw.normal(7, 0.5, ROWS)),
            "debts": draw.integers(0, 5, ROWS),
            "since": [datetime(2000 + int(n), 5, 3).date() for n in draw.integers(0, 20, ROWS)],
        }
    )
    chance = 1 / (1 + (-(pl.col("income").log() - 7)).exp())
    rows.with_columns(paid=pl.Series(draw.random(ROWS)) < chance).write_parquet(folder / "rows.parquet")
    pl.DataFrame(
        [
            {"area": area, "hour": START + timedelta(hours=hour), "rate": float(draw.normal(2, 1))}
            for area in ("east", "north")
            for hour in range(0, 24 * 30, 6)
        ]
    ).write_parquet(folder / "rates.parquet")


@pytest.fixture(scope="module")
def folder(ran):
    return ran(PROJECT, tables)


def figure(found, metric):
    return next(each for each in found.figures if each.metric == metric)


def test_a_sound_way_through_a_join_and_a_function_stands_load_and_refuses_rubbish(folder, judged):
    verdict, found = judged(folder, "sound")
    assert verdict.outcome == "pass", (sentence(verdict.reason), found.table("unclear").by_id)
    assert sentence(verdict.reason).endswith("Asked from the raw request on.")
    assert ASKED_WHERE(where=FROM_RAW_REQUEST()) in found.notes
    asked = figure(found, REQUESTED.metric)
    assert (condition(asked, "request"), asked.value, found.rows) == (RAW, 64, 64)
    assert found.table("unclear").by_id == ()
    for name in ("p50_ms", "p99_ms"):
        assert figure(found, name).low <= figure(found, name).value <= figure(found, name).high


def test_a_slow_function_before_the_model_shows_in_p50(folder, judged):
    _, found = judged(folder, "slow")
    _, quick = judged(folder, "sound")
    assert figure(found, "p50_ms").value > 20 > figure(quick, "p50_ms").value


def test_a_function_that_raises_on_a_far_value_is_a_server_error(folder, judged):
    verdict, found = judged(folder, "fragile")
    assert verdict.outcome == "fail"
    assert "server errors" in sentence(verdict.reason)
    assert {each["what"].code for each in found.table("unclear").by_id} == {FAR_VALUE.id}


def test_a_model_with_nothing_made_on_the_way_is_asked_its_features(folder, judged):
    verdict, found = judged(folder, "bare")
    assert verdict.outcome == "pass", sentence(verdict.reason)
    assert sentence(verdict.reason).endswith("Asked from the features on, as requests carry them.")
    asked = figure(found, REQUESTED.metric)
    assert (condition(asked, "request"), asked.value) == (PLAIN, 64)


def test_a_version_judged_later_is_loaded_by_its_own_way(folder):
    text = (folder / "project.py").read_text()
    changed = text.replace('pl.col("debts") * ', 'pl.col("no such") * ').replace(
        "seconds=0.6", "p50_ms=900, seconds=0.7"
    )
    (folder / "project.py").write_text(changed)
    with open_project(folder, works=True) as opened:
        again = gate(opened, "sound/1")
    now = next(each for each in again.version.verdicts if "900" in each.check)
    assert now.outcome == "pass", sentence(now.reason)
    assert sentence(now.reason).endswith("Asked from the raw request on.")
