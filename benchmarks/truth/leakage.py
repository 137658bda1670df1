"""Whether a leak that is spread over columns, or told by what is missing, is found; and how often sound
features alarm."""

from __future__ import annotations

import numpy as np
import polars as pl
from _tables import KINDS, outcome, parts, row

from comporta.checks import leakage
from comporta.checks.leakage.measure import find_leaks

FAULTS = (
    "three columns, each the label with noise, that tell 0.997 together",
    "seven columns that leak the same, 0.98",
    "one column of 0.975 where the others tell 0.75",
    "a column filled in for half of one class",
)
ROWS = 8_000


def study(seeds: int = 20) -> list[dict[str, object]]:
    check, out = leakage(), []
    for regression in (False, True):
        task = "numbers to tell" if regression else "two classes"
        for kind in KINDS:
            said = [_judged(*parts(kind, 2_000, seed, regression=regression)) for seed in range(seeds)]
            out.append(row(check.kind, "none", f"{kind}, {task}, 2,000 rows", said))
    for fault in FAULTS:
        said = [_judged(*_planted(fault, seed)) for seed in range(seeds)]
        out.append(row(check.kind, fault, f"mixed, two classes, {ROWS:,} rows", said))
    for strength, tell in ((3.0, "0.90"), (12.0, "0.98")):
        said = [_judged(*_strong(strength, seed)) for seed in range(seeds)]
        out.append(row(check.kind, "none", f"eight strong numbers that tell {tell}, {ROWS:,} rows", said))
    return out


def _judged(train: pl.DataFrame, test: pl.DataFrame) -> str:
    if test["__target"].dtype == pl.Boolean:
        chance = pl.Series(np.full(test.height, 0.5))
        label = pl.Series(["true"] * test.height, dtype=pl.Enum(["false", "true"]))
        test = test.with_columns(__label=label, __probability_0=chance, __probability_1=chance)
    else:
        test = test.with_columns(__prediction=pl.lit(0.0))
    return outcome(leakage(), find_leaks(train, test))


def _planted(fault: str, seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    train, test = parts("mixed", ROWS, seed)
    draw = np.random.default_rng(seed)
    whole = pl.concat([train, test])
    came = whole["__target"].to_numpy()

    def noisy(noise: float) -> np.ndarray:
        return came + noise * draw.normal(size=len(came))

    if "three" in fault:
        leaks = {f"leak {n}": noisy(0.45) for n in range(3)}
    elif "seven" in fault:
        leak = noisy(0.34)
        leaks = {f"leak {n}": leak + 0.01 * draw.normal(size=len(came)) for n in range(7)}
    elif "one column" in fault:
        leaks = {"leak": noisy(0.36)}
    else:
        leaks = {"leak": np.where(came & (draw.random(len(came)) < 0.5), 1.0, np.nan)}
    whole = whole.with_columns(**{name: pl.Series(values) for name, values in leaks.items()})
    return whole[: train.height], whole[train.height :]


def _strong(strength: float, seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(ROWS, 8))
    score = strength * x @ np.linspace(0.5, 0.1, 8)
    whole = pl.DataFrame({f"f{n}": x[:, n] for n in range(8)}).with_columns(
        __key=pl.int_range(ROWS).cast(pl.String),
        __target=pl.Series(draw.random(ROWS) < 1 / (1 + np.exp(-score))),
    )
    return whole[: ROWS * 4 // 5], whole[ROWS * 4 // 5 :]
