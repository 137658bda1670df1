"""Whether a world that is otherwise is told in the figures, and one that is not is not."""

from __future__ import annotations

import numpy as np
import polars as pl
from _tables import outcome, row

from comporta.checks import scenario
from comporta.checks.scenario.measure import measure_change
from comporta.records import Field, ModelOutput, Signature

FIELDS = (Field(name="fare", type="Float64"), Field(name="miles", type="Float64"))


class Model:
    """Late where the fare a mile is high, or where it is."""

    signature = Signature(
        raw=FIELDS, features=FIELDS, output="both", task="binary", classes=("false", "true"), label="Boolean"
    )
    estimator = None

    def __init__(self, by_mile: bool) -> None:
        self.by_mile = by_mile

    def __call__(self, rows: pl.DataFrame) -> ModelOutput:
        fare, miles = rows["fare"].to_numpy(), rows["miles"].to_numpy()
        chance = 1 / (1 + np.exp(10 - fare / (miles if self.by_mile else 1)))
        return ModelOutput(np.column_stack([1 - chance, chance]), (chance > 0.5).astype(np.int64))


def scaled(rows: pl.DataFrame) -> pl.DataFrame:
    """Another currency, and another measure of length."""
    return rows.with_columns(fare=pl.col("fare") * 1.3, miles=pl.col("miles") * 1.3)


def dearer(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(fare=pl.col("fare") * 1.3)


def study(seeds: int = 300) -> list[dict[str, object]]:
    check, out = scenario("all otherwise", scaled, at_most=0.05), []
    for fault, change, by_mile in (
        ("none", scaled, True),
        ("decisions follow the currency", scaled, False),
        ("fares rise", dearer, True),
    ):
        said = []
        for seed in range(seeds):
            draw = np.random.default_rng(seed)
            miles = draw.uniform(0.8, 1.2, 2_000)
            rows = pl.DataFrame({"fare": draw.uniform(0, 20, 2_000) * miles, "miles": miles})
            rows = rows.with_columns(__target=pl.Series(draw.random(2_000) < 0.5))
            said.append(outcome(check, measure_change(Model(by_mile), rows, change, None, None, seed)))
        out.append(row("scenario", fault, "2,000 rows", said))
    return out
