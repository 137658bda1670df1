"""A clinic whose tables, labels, checks and faults hold names that must not lie in any fact."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from comporta import AsOf, Column, Dataset, Features, Model, Person, Project, by_time
from comporta.checks import at_least, demographic_parity, expectations, no_worse, noise, parity, weak_slices
from comporta.records import Verdict, need

HERE = Path(__file__).parent
PEOPLE = 120
DAYS = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=10 * day) for day in range(12)]


def read_visits():
    chance = np.random.default_rng(3)
    size = PEOPLE * len(DAYS)
    person = np.tile(np.arange(PEOPLE), len(DAYS))
    ill = np.tile(chance.normal(size=PEOPLE), len(DAYS))
    frame = pl.DataFrame(
        {
            "visit": [f"Vizit-{n}" for n in range(size)],
            "mail": [f"zenobia.{n}@exemplo.pt" for n in person],
            "day": [day for day in DAYS for _ in range(PEOPLE)],
            "doctor": np.where(person % 2 == 0, "Dra. Xylofonia Quaresma", "other"),
            "room": "first",
            "note": np.where(person == 7, "Offendina Xulophage", "fine"),
            "ill": ill,
            "again": ill + chance.normal(0, 0.7, size) > 0.2,
        }
    )
    if (HERE / "broken").exists():
        frame = frame.with_columns(pl.lit("Brokenina Wrongvalue").alias("room"))
    return frame


def read_weights():
    person = np.tile(np.arange(PEOPLE), 2)
    return pl.DataFrame(
        {
            "mail": [f"zenobia.{n}@exemplo.pt" for n in person],
            "week": [DAYS[0] - timedelta(days=9)] * PEOPLE + [DAYS[5]] * PEOPLE,
            "weight": 60.0 + person,
        }
    )


visits = Dataset(
    "visits",
    read_visits,
    key="visit",
    subject="mail",
    time="day",
    columns=(
        Column("room", one_of=("first",)),
        Column("note", one_of=("fine",), breach="report", personal=True),
    ),
)
weights = Dataset("weights", read_weights, key=("mail", "week"), subject="mail", time="week", delay="1d")


def fit(X, y, *, depth=3):
    from sklearn.tree import DecisionTreeClassifier

    if (HERE / "raises").exists():
        raise ValueError("cannot fit Raisina Valuerror")
    return DecisionTreeClassifier(max_depth=depth, min_samples_leaf=20).fit(X, y)


@dataclass(frozen=True)
class Own:
    """A check of the team's own, that says whom it thought of."""

    name: str = "nobody stands out"
    required: bool = False

    def needs(self):
        return (need("scores", metric="accuracy"),)

    def judge(self, evidence):
        reason = "Ownina Checkname stands out."
        return Verdict(check=self.name, outcome="fail", required=self.required, reason=reason)


again = Model(
    "again",
    features=Features(
        "known",
        of=visits,
        known=("visit", "mail", "day", "ill"),
        joins=(AsOf(weights, on="mail", columns=("weight",)),),
        use=("ill", "weight"),
    ),
    target="again",
    fit=fit,
    split=by_time("30d"),
    group="mail",
    slices=("doctor",),
    params={"depth": 3},
    requires=("key", "subject", "unit"),
    gates=(
        at_least("accuracy", 0.5),
        at_least("roc_auc", 0.999, by="doctor"),
        demographic_parity(by="doctor", at_most=0.9),
        no_worse("accuracy", margin=0.5, required=False),
        weak_slices(required=False),
        noise(required=False),
        expectations(required=False),
        parity(required=False, level="audit"),
        Own(),
    ),
)
project = Project(
    "clinic",
    models=(again,),
    people=(
        Person("Waiverina Staff", "validator"),
        Person("Approvina Staff", "owner"),
        Person("Adminina Staff", "admin"),
        Person("Erasurina Staff", "privacy_officer"),
    ),
)
