"""Whether models that hang on digits, or cannot be answered at the ends, are told from sound ones."""

from __future__ import annotations

import numpy as np
import polars as pl
from _tables import outcome, row, table

from comporta.checks import noise
from comporta.checks.noise.measure import noisy
from comporta.records import Field, FittedModel, ModelOutput, Signature
from comporta.stats.table import feature_names
from comporta.train.asking import refit_estimator

CODE = (
    "checks/noise/measure.py",
    "checks/shared/measuring/perturbation.py",
    "checks/shared/measuring/changes.py",
    "checks/noise/check.py",
)


class Digits:
    """A model whose score also hangs on digits beyond what a feature's spread means."""

    def __init__(self, sound: FittedModel, weight: float) -> None:
        self.sound, self.weight = sound, weight
        self.signature: Signature = sound.signature

    def __call__(self, rows: pl.DataFrame) -> ModelOutput:
        said = self.sound(rows)
        digits = self.weight * np.sin(1e4 * rows["f0"].fill_null(0.0).to_numpy())
        if self.signature.task == "regression":
            return ModelOutput(said.scores + digits[:, None], said.decisions + digits)
        score = np.log(said.scores[:, 1] / said.scores[:, 0]) + digits
        chance = 1 / (1 + np.exp(-score))
        return ModelOutput(np.column_stack([1 - chance, chance]), (score > 0).astype(np.int64))


class Ends(Digits):
    """One that gives no number far from where it learned."""

    def __call__(self, rows: pl.DataFrame) -> ModelOutput:
        said = self.sound(rows)
        far = (rows["f0"].abs() > 6).fill_null(False).to_numpy()
        return ModelOutput(np.where(far[:, None], np.nan, said.scores), said.decisions)


def fitted(kind: str, rows: int, seed: int, *, regression: bool = False) -> tuple[FittedModel, pl.DataFrame]:
    """A boosted model on half of the rows, and the other half."""
    whole = table(kind, 2 * rows, seed, regression=regression)
    asked = refit_estimator(whole[:rows], fit=boosted, params={}, task=None, output="both", seed=seed)
    return asked, whole[rows:]


def boosted(X: pl.DataFrame, y: np.ndarray) -> object:
    from lightgbm import LGBMClassifier, LGBMRegressor

    kind = LGBMRegressor if y.dtype.kind == "f" else LGBMClassifier
    return kind(n_estimators=60, num_leaves=15, verbose=-1, n_jobs=2).fit(X, y)


def said(asked: FittedModel, rows: pl.DataFrame, seed: int) -> str:
    return outcome(noise(), noisy(asked, rows, (0.05,), 2, None, None, seed))


class Line:
    """A linear score of the first two numbers: quick to ask."""

    estimator = None

    def __init__(self, rows: pl.DataFrame, regression: bool = False) -> None:
        fields = tuple(Field(name=name, type="Float64") for name in feature_names(rows))
        classes = () if regression else ("false", "true")
        task = "regression" if regression else "binary"
        self.signature = Signature(
            raw=fields, features=fields, output="both", task=task, classes=classes, label="Boolean"
        )

    def __call__(self, rows: pl.DataFrame) -> ModelOutput:
        f0, f1 = (rows[name].fill_null(0.0).to_numpy() for name in ("f0", "f1"))
        score = f0 + 0.5 * f1 - 0.5
        if self.signature.task == "regression":
            return ModelOutput(score[:, None], score)
        chance = 1 / (1 + np.exp(-score))
        return ModelOutput(np.column_stack([1 - chance, chance]), (score > 0).astype(np.int64))


def line(rows: int, seed: int, regression: bool = False) -> tuple[FittedModel, pl.DataFrame]:
    """A line of six numbers, and the rows it is asked."""
    some = table("numbers", rows, seed, regression=regression)
    some = some.select(*(f"f{n}" for n in range(6)), "__target")
    return Line(some, regression), some


def study(seeds: int = 40) -> list[dict[str, object]]:
    few = range(max(3, seeds // 10))
    out = []
    for rows, times in ((2_000, range(seeds)), (20_000, few)):
        for regression in (False, True):
            found = [said(*line(rows, seed, regression), seed) for seed in times]
            out.append(row("noise", "none", f"line, {_task(regression)}, {rows:,} rows", found))
    for kind in ("mixed", "coarse", "sensors"):
        found = [said(*fitted(kind, 2_000, seed), seed) for seed in few]
        out.append(row("noise", "none", f"boosted, {kind}, 2,000 rows", found))
    found = [said(*fitted("mixed", 2_000, seed, regression=True), seed) for seed in few]
    out.append(row("noise", "none", "boosted, mixed, regression, 2,000 rows", found))
    found = [said(*nothing(seed), seed) for seed in few]
    out.append(row("noise", "none", "boosted, nothing to learn, 2,000 rows", found))
    for weight in (1.0, 3.0):
        for regression in (False, True):
            found = []
            for seed in range(seeds // 2):
                asked, rows = line(2_000, seed, regression)
                found.append(said(Digits(asked, weight), rows, seed))
            size = f"line, {_task(regression)}, 2,000 rows"
            out.append(row("noise", f"digits count {weight:g} in the score", size, found))
    found = []
    for seed in range(seeds // 2):
        asked, rows = line(2_000, seed)
        found.append(said(Ends(asked, 0), rows, seed))
    out.append(row("noise", "no number far from where it learned", "line, 2,000 rows", found))
    return out


def _task(regression: bool) -> str:
    return "regression" if regression else "binary"


def nothing(seed: int) -> tuple[FittedModel, pl.DataFrame]:
    """A model of features that tell nothing: its rows all lie near the threshold."""
    whole = table("numbers", 4_000, seed)
    whole = whole.with_columns(__target=pl.Series(np.random.default_rng(seed + 9).random(4_000) < 0.5))
    asked = refit_estimator(whole[:2_000], fit=boosted, params={}, task=None, output="both", seed=seed)
    return asked, whole[2_000:]
