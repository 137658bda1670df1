"""Whether refusals that can be bought off by small changes are found, and those that cannot are not."""

from __future__ import annotations

import numpy as np
import polars as pl
from _tables import outcome, row

from comporta.checks import evasion
from comporta.checks.evasion.measure import search_flips
from comporta.records import Field, ModelOutput, Signature

CODE = (
    "checks/evasion/measure.py",
    "checks/evasion/flips.py",
    "checks/shared/measuring/perturbation.py",
    "checks/evasion/check.py",
)
FIELDS = tuple(Field(name=f"x{n}", type="Float64") for n in range(6))
TAKES = Signature(raw=FIELDS, features=FIELDS, output="both", task="binary", classes=("no", "yes"))


class Scored:
    """A score of the rows: above 0 is yes."""

    signature = TAKES
    estimator = None

    def __init__(self, weights: tuple[float, ...], step: float = 0.0) -> None:
        self.weights, self.step = np.array(weights), step

    def __call__(self, rows: pl.DataFrame) -> ModelOutput:
        score = rows.select(field.name for field in FIELDS).to_numpy() @ self.weights - 1
        if self.step:
            score = np.floor(score / self.step) * self.step + 1e-9
        chance = 1 / (1 + np.exp(-score))
        return ModelOutput(np.column_stack([1 - chance, chance]), (score > 0).astype(np.int64))


def study(seeds: int = 40) -> list[dict[str, object]]:
    """With x0 and x1 changeable, 0.5 spreads may flip 10 % of the refused, on 3,000 test rows."""
    check, out = evasion(("x0", "x1"), cost=0.5, at_most=0.1), []
    for fault, model in (
        ("none", Scored((0.2, 0.1, 1.5, 1.5, 1, 0))),
        ("none", Scored((0.0, 0.0, 1.0, 1.0, 0, 0))),
        ("none", Scored((0.2, 0.1, 1.5, 1.5, 1, 0), 0.25)),
        ("the score hangs on what may change", Scored((2.0, 1.0, 0.5, 0.5, 0, 0))),
        ("the same, in steps as of trees", Scored((2.0, 1.0, 0.5, 0.5, 0, 0), 0.25)),
        ("the same, in large steps", Scored((2.0, 1.0, 0.5, 0.5, 0, 0), 1.0)),
    ):
        said = []
        for seed in range(seeds):
            draw = np.random.default_rng(seed).normal(size=(3_000, 6))
            rows = pl.DataFrame({f"x{n}": draw[:, n] for n in range(6)})
            found = search_flips(model, rows, ("x0", "x1"), 0.5, {}, None, 1.0, None, seed)
            said.append(outcome(check, found))
        size = "weights " + ", ".join(f"{each:g}" for each in model.weights)
        out.append(row("evasion", fault, size, said))
    return out
