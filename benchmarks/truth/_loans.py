"""A sound project that a catalogue of faults is planted in: who pays a loan back, told by one row a person.

Rows come in time; a rate is joined as it was known, an area's size holds at all times. `sex` is no feature
and tells nothing: it is kept beside the rows for the checks of fairness. `declared` is what anyone may say of
themselves and tells nothing either. The outcome can be told well: the area under the ROC curve is about 0.94.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

START = datetime(2025, 1, 1, tzinfo=UTC)
DAYS, MORE = 100, 25
FIRST, THEN = 6_000, 1_500
LOGGED = 800
AREAS = ("east", "north", "south", "west")
KNOWN = ("at", "area", "channel", "income", "debts", "age", "declared", "a", "b", "c")

GATES = (
    '*standard("high", timeless="areas")',
    "contamination(subjects=True)",
    "feature_quality(idle=0, outliers=0.01)",
    'at_least("roc_auc", 0.85)',
    'at_least("roc_auc", 0.8, by="area")',
    'demographic_parity(by="sex")',
    'disparate_impact(by="sex")',
    'equalised_odds(by="sex")',
    'equal_opportunity(by="sex")',
    'error_parity(by="sex")',
    'calibration_parity(by="sex")',
    'no_proxy(of="sex", owner="the study")',
    "label_errors(at_most=0.08)",
    'monotone("income")',
    'evasion("declared", on="fault")',
    'attribute_inference(of="sex")',
    "membership(fits=2)",
    'backtest("roc_auc", at_least=0.85)',
    'replayed("roc_auc", at_least=0.85)',
    'scenario("a tenth less income", a_tenth_less, at_most=0.1)',
    "accept(some_are_refused)",
)
"""Every check that a project may ask of a model that decides yes or no, but for limits of speed and rules of
conduct."""

FIT = """    rises = [int(name == "income") for name in X.columns]
    trees = LGBMClassifier(
        n_estimators=60, num_leaves=7, monotone_constraints=rises, random_state=seed, n_jobs=1, verbose=-1
    )
    return trees.fit(X, y)
"""
TEXT = f"""import polars as pl
from lightgbm import LGBMClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

from comporta import AsOf, Dataset, Features, Model, Person, Project, by_time, standard
from comporta.checks import *

rows = Dataset("rows", source="rows-*.parquet", key="id", subject="person", time="at")
rates = Dataset("rates", source="rates-*.parquet", key=("area", "day"), time="day", delay="1h")
areas = Dataset("areas", source="areas-*.parquet", key="area")


def clock(rows):
    return rows.select(hour=pl.col("at").dt.hour().cast(pl.Int64))


def fit(X, y, *, seed=0):
{FIT}

def a_tenth_less(rows):
    return rows.with_columns(pl.col("income") * 0.9)


def some_are_refused(predictions):
    return 0.05 < (predictions["label"].cast(pl.String) == "false").mean() < 0.95


features = Features(
    "features",
    of=rows,
    known={KNOWN!r},
    joins=(
        AsOf(rates, on="area", columns=("rate",), tolerance="3d"),
        AsOf(areas, on="area", columns=("size",)),
    ),
    compute=(clock,),
    use=("area", "channel", "income", "debts", "age", "declared", "a", "b", "c", "rate", "size", "hour"),
)
model = Model(
    "model",
    features=features,
    target="paid",
    fit=fit,
    split=by_time("20d", gap="1d"),
    slices=("area",),
    gates=(
        {", ".join(GATES)},
    ),
    seed=0,
)
project = Project("loans", models=(model,), people=(Person("rui", "validator"),))
"""


def tables(seed: int) -> dict[str, pl.DataFrame]:
    """What there is when the champion is made: `rows` of the first 100 days, `then` of 25 more, `logged` of
    what production asked after these, `rates` of all days and `areas`."""
    draw = np.random.default_rng(seed)
    days = DAYS + 2 * MORE
    rate = np.cumsum(draw.normal(0, 0.25, (days, 4)), axis=0)
    rate = (rate - rate.mean(axis=0)) / rate.std(axis=0)
    today = draw.normal(0, 0.15, days)
    return {
        "rows": _rows(draw, FIRST, (0, DAYS), 0, rate, today),
        "then": _rows(draw, THEN, (DAYS, DAYS + MORE), FIRST, rate, today),
        "logged": _rows(draw, LOGGED, (DAYS + MORE, days), FIRST + THEN, rate, today),
        "rates": pl.DataFrame(
            [
                {"area": area, "day": START + timedelta(days=day - 1), "rate": float(rate[day, at])}
                for day in range(days)
                for at, area in enumerate(AREAS)
            ]
        ),
        "areas": pl.DataFrame({"area": AREAS, "size": [120, 300, 80, 210]}),
    }


def _rows(
    draw: np.random.Generator,
    count: int,
    days: tuple[int, int],
    first: int,
    rate: np.ndarray,
    today: np.ndarray,
) -> pl.DataFrame:
    # Not in the first two hours of a day, so that the day's rate is known to each row.
    day = np.sort(draw.integers(*days, count))
    second = draw.integers(2 * 3600, 24 * 3600, count)
    area = draw.integers(0, 4, count)
    x = draw.normal(size=(count, 3))
    income = np.round(np.exp(7.5 + 0.5 * draw.normal(size=count)), 2)
    debts = draw.poisson(2, count)
    felt = rate[day, area]
    score = 1.3 * x[:, 0] - 1.0 * x[:, 1] + 0.7 * x[:, 2] + 0.9 * (np.log(income) - 7.5) / 0.5
    score += 0.4 - 0.5 * (debts - 2) - 0.6 * felt + today[day] + np.array([0.3, 0, -0.2, 0.1])[area]
    return pl.DataFrame(
        {
            "id": np.arange(first, first + count),
            "person": [f"p{first + at}" for at in range(count)],
            "at": [START + timedelta(days=int(d), seconds=int(s)) for d, s in zip(day, second, strict=True)],
            "area": np.array(AREAS)[area],
            "channel": draw.choice(["phone", "shop", "web"], count),
            "income": income,
            "debts": debts,
            "age": draw.integers(18, 80, count),
            "declared": draw.normal(size=count),
            "a": x[:, 0],
            "b": x[:, 1],
            "c": x[:, 2],
            "sex": draw.choice(["f", "m"], count),
            "paid": draw.random(count) < 1 / (1 + np.exp(-1.7 * score)),
        }
    )
