"""A small shop: who leaves, and what an order is worth. Its stored form is kept in `house.tar.gz`."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from comporta import AsOf, Column, Dataset, Features, Model, Person, Project, at_random, by_time
from comporta.gates import (
    accept,
    at_least,
    at_most,
    calibrated,
    contamination,
    demographic_parity,
    feature_quality,
    never,
    no_worse,
    noise,
    parity,
    weak_slices,
)
from comporta.records import Verdict, need

CUSTOMERS = 250
MONTHS = [datetime(2026, month, 1, tzinfo=UTC) for month in range(1, 9)]


def read_customers():
    chance = np.random.default_rng(7)
    trouble = np.tile(chance.gamma(2.0, 1.0, CUSTOMERS), len(MONTHS))
    number = np.tile(np.arange(CUSTOMERS), len(MONTHS))
    return pl.DataFrame(
        {
            "customer": number,
            "month": [month for month in MONTHS for _ in range(CUSTOMERS)],
            "plan": np.where(number % 3 == 0, "basic", "family"),
            "region": np.where(number % 5 < 2, "north", "south"),
            "tenure": number % 90,
            "left": trouble + chance.normal(0, 0.5, len(number)) > 2.4,
        }
    )


def read_usage():
    chance = np.random.default_rng(7)
    trouble = chance.gamma(2.0, 1.0, CUSTOMERS)
    weeks = [MONTHS[0] - timedelta(days=9) + timedelta(weeks=week) for week in range(0, 34, 2)]
    return pl.DataFrame(
        {
            "customer": np.tile(np.arange(CUSTOMERS), len(weeks)),
            "week": [week for week in weeks for _ in range(CUSTOMERS)],
            "calls": np.tile(trouble, len(weeks)),
        }
    )


def read_orders():
    chance = np.random.default_rng(8)
    size = 900
    items = chance.integers(1, 9, size)
    return pl.DataFrame(
        {
            "order": np.arange(size),
            "customer": [f"c{number:03}" for number in np.arange(size) % CUSTOMERS],
            "items": items,
            "express": chance.random(size) < 0.3,
            "worth": (items * 7.5 + chance.normal(0, 2, size)).round(2),
        }
    )


customers = Dataset(
    "customers",
    read_customers,
    key=("customer", "month"),
    subject="customer",
    time="month",
    columns=(Column("plan", one_of=("basic", "family")), Column("tenure", at_least=0)),
)
usage = Dataset("usage", read_usage, key=("customer", "week"), subject="customer", time="week", delay="1d")
orders = Dataset("orders", read_orders, key="order", subject="customer")


def habits(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(calls_a_year=pl.col("calls") / (1 + pl.col("tenure")))


def fit_tree(X, y, *, depth=3):
    from sklearn.compose import make_column_transformer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OrdinalEncoder
    from sklearn.tree import DecisionTreeClassifier

    columns = make_column_transformer((OrdinalEncoder(), ["plan"]), remainder="passthrough")
    return make_pipeline(columns, DecisionTreeClassifier(max_depth=depth, min_samples_leaf=20)).fit(X, y)


def fit_boosted(X, y):
    from lightgbm import LGBMRegressor

    return LGBMRegressor(n_estimators=60, num_leaves=7, deterministic=True, verbose=-1).fit(X, y)


def no_calls(rows):
    return pl.col("calls") < 0.2


def trouble_leaves(rows, predictions):
    """The share of those predicted to leave that call more than the median."""
    leave = rows.filter(predictions["label"])
    return (leave["calls"] > rows["calls"].median()).mean()


@dataclass(frozen=True)
class Steady:
    """A check of the team's own: at most so many rows are predicted to leave."""

    most: float
    name: str = "few are predicted to leave"
    required: bool = True

    def needs(self):
        return (need("scores", metric="accuracy"),)

    def judge(self, evidence):
        (found,) = evidence
        fine = found.figures[0].value <= self.most + 1
        return Verdict(
            check=self.name,
            outcome="pass" if fine else "fail",
            required=self.required,
            reason="Few enough.",
            figure=found.figures[0],
            evidence=found.artifact,
        )


leaving = Model(
    "leaving",
    features=Features(
        "contracts",
        of=customers,
        known=("customer", "month", "plan", "tenure"),
        joins=(AsOf(usage, on="customer", columns=("calls",), tolerance="30d"),),
        compute=(habits,),
        use=("plan", "tenure", "calls", "calls_a_year"),
    ),
    target="left",
    fit=fit_tree,
    params={"depth": 3},
    split=by_time(test="62d"),
    group="customer",
    slices=("region",),
    gates=(
        at_least("roc_auc", 0.7),
        at_most("brier", 0.2),
        at_least("roc_auc", 0.6, by="region"),
        at_least("accuracy", 0.5, required=False),
        calibrated(required=False),
        noise(required=False),
        weak_slices(required=False),
        demographic_parity(by="region", at_most=0.3),
        no_worse("roc_auc", margin=0.05),
        contamination(required=False),
        feature_quality(),
        parity(),
        never("true", when=no_calls, owner="Sales"),
        accept(trouble_leaves, at_least=0.5),
        Steady(most=0.9),
    ),
)
worth = Model(
    "worth",
    features=Features("baskets", of=orders, known=("order", "items", "express"), use=("items", "express")),
    target="worth",
    fit=fit_boosted,
    split=at_random(0.3),
    gates=(at_least("r2", 0.5), at_most("rmse", 4.0)),
)
project = Project(
    "shop",
    models=(leaving, worth),
    people=(Person("ana", "validator"), Person("rui", "owner")),
)
