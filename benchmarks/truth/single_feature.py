"""Whether a feature that is the label in disguise, or was made with the labels of its rows, is found."""

from __future__ import annotations

import numpy as np
import polars as pl
from _tables import KINDS, outcome, parts, row, sizes

from comporta.checks import single_feature
from comporta.checks.single_feature.measure import alone


def study(seeds: int = 25) -> list[dict[str, object]]:
    check, out = single_feature(), []
    for regression in (False, True):
        task = "numbers to tell" if regression else "two classes"
        for kind in KINDS:
            for rows, some in sizes(seeds):
                some = range(seeds if rows < 10_000 else max(10, seeds // 3))
                said = [_judged(check, *parts(kind, rows, seed, regression=regression)) for seed in some]
                out.append(row("single feature", "none", f"{kind}, {task}, {rows:,} rows", said))
        for fault in (
            "the label with noise",
            "the label, shifted and in words",
            "target encoding with its own rows",
            "the label of half of the rows",
        ):
            if regression and "words" in fault:
                continue
            said = [_judged(check, *_planted(fault, seed, regression)) for seed in range(seeds)]
            out.append(row("single feature", fault, f"mixed, {task}, 5,000 rows", said))
    said = [_judged(check, *_planted("none", seed, False)) for seed in range(4 * seeds)]
    out.append(row("single feature", "none", "a strong feature that half of the rows have, 5,000 rows", said))
    return out


def _judged(check: object, train: pl.DataFrame, test: pl.DataFrame) -> str:
    truth = test["__target"]
    if truth.dtype == pl.Boolean:
        chance = np.full(test.height, 0.5)
        test = test.with_columns(
            pl.Series("__label", ["true"] * test.height, dtype=pl.Enum(["false", "true"])),
            __probability_0=pl.Series(chance),
            __probability_1=pl.Series(chance),
        )
    else:
        test = test.with_columns(__prediction=pl.lit(0.0))
    return outcome(check, alone(train, test))  # type: ignore[arg-type]


def _planted(fault: str, seed: int, regression: bool) -> tuple[pl.DataFrame, pl.DataFrame]:
    train, test = parts("mixed", 5_000, seed, regression=regression)
    draw = np.random.default_rng(seed)
    whole = pl.concat([train, test])
    truth = whole["__target"].cast(pl.Float64).to_numpy()
    if fault == "the label with noise":
        leak = truth + 0.01 * draw.normal(size=len(truth))
    elif "words" in fault:
        leak = np.where(
            truth > 0, draw.choice(["closed", "paid"], len(truth)), draw.choice(["open", "new"], len(truth))
        )
    elif "half" in fault:
        leak = np.where(draw.random(len(truth)) < 0.5, truth, 0.5)
    elif fault == "none":
        strong = truth + 0.5 * draw.normal(size=len(truth))
        leak = np.where(draw.random(len(truth)) < 0.5, strong, np.nan)
    else:
        customer = draw.integers(0, 1_500, len(truth))
        mine = np.arange(len(truth)) < train.height
        sums = np.bincount(customer[mine], weights=truth[mine], minlength=1_500)
        counts = np.bincount(customer[mine], minlength=1_500)
        leak = ((sums + truth.mean()) / (counts + 1))[customer]
    whole = whole.with_columns(pl.Series("leak", leak))
    return whole[: train.height], whole[train.height :]
