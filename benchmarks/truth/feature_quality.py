"""Whether broken features are found, and sparse ones left alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
from _tables import KINDS, START, outcome, parts, row, sizes

from comporta.checks import feature_quality
from comporta.checks.feature_quality.measure import quality


def study(seeds: int = 60) -> list[dict[str, object]]:
    check, out = feature_quality(), []
    for kind in KINDS:
        for rows, some in sizes(seeds):
            said = [outcome(check, quality(*parts(kind, rows, seed))) for seed in some]
            out.append(row("feature quality", "none", f"{kind}, {rows:,} rows", said))
    said = [outcome(check, quality(*_sparse(seed))) for seed in range(seeds)]
    out.append(row("feature quality", "none", "a flag set in one row of 500, 2,000 rows", said))
    faults = {
        "empty in the test": pl.lit(None, dtype=pl.Float64),
        "one value in the test": pl.lit(1.0),
        "one infinite value": pl.when(pl.int_range(pl.len()) == 3).then(np.inf).otherwise(pl.col("f1")),
    }
    for fault, now in faults.items():
        said = []
        for seed in range(seeds):
            train, test = parts("mixed", 2_000, seed)
            said.append(outcome(check, quality(train, test.with_columns(f1=now))))
        out.append(row("feature quality", fault, "2,000 rows", said))
    for fault, kinds in (("none", LASTING), ("one value in the newest 40 days", STUCK)):
        for kind, of_day in kinds.items():
            said = [
                outcome(check, quality(*_days(seed, 40, of_day), split={"type": "time"}))
                for seed in range(seeds)
            ]
            out.append(row("feature quality", fault, f"{kind}, split by time, 10,000 rows", said))
    strict = feature_quality(idle=0, outliers=0.01)
    said = [
        outcome(strict, quality(*(p.with_columns(f1=pl.lit(2.0)) for p in parts("mixed", 2_000, seed))))
        for seed in range(seeds)
    ]
    out.append(row("feature quality (idle=0)", "one value everywhere", "2,000 rows", said))
    said = [
        outcome(strict, quality(*(_in_cents(p, seed) for p in parts("mixed", 2_000, seed))))
        for seed in range(seeds)
    ]
    out.append(row("feature quality (outliers=0.01)", "2 % of prices in another unit", "2,000 rows", said))
    said = [outcome(strict, quality(*parts("mixed", 2_000, seed))) for seed in range(seeds)]
    out.append(row("feature quality (idle=0, outliers=0.01)", "none", "2,000 rows", said))
    return out


LASTING = {
    "the month": lambda draw, day: day // 42,
    "a campaign of 20 days": lambda draw, day: np.cumsum(draw.random(250) < 0.05)[day],
    "ten holidays, none in the test": lambda draw, day: np.isin(day, draw.choice(210, 10, replace=False)),
}
STUCK = {
    "a number": lambda draw, day: np.where(day >= 210, 1.0, draw.normal(size=len(day))),
    "a day's price": lambda draw, day: np.where(day >= 210, 1.0, draw.normal(size=250)[day]),
    "a flag set in one row of twenty": lambda draw, day: (draw.random(len(day)) < 0.05) & (day < 210),
}


def _days(
    seed: int, test: int, of_day: Callable[[np.random.Generator, np.ndarray], np.ndarray]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows of 250 days, the newest `test` of which test, with a feature made of each row's day."""
    draw = np.random.default_rng(seed)
    at = np.sort(draw.random(10_000) * 250)
    rows = pl.DataFrame({"f": of_day(draw, at.astype(int)), "__target": draw.random(len(at)) < 0.3})
    rows = rows.with_columns(__at=pl.lit(START) + pl.duration(seconds=pl.Series(at * 86_400)))
    tests = pl.Series(at >= 250 - test)
    return rows.filter(~tests), rows.filter(tests)


def _sparse(seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    train, test = parts("mixed", 2_000, seed)
    draw = np.random.default_rng(seed)
    return tuple(p.with_columns(seldom=pl.Series(draw.random(p.height) < 0.002)) for p in (train, test))  # type: ignore[return-value]


def _in_cents(part: pl.DataFrame, seed: int) -> pl.DataFrame:
    some = pl.Series(np.random.default_rng(seed).random(part.height) < 0.02)
    return part.with_columns(price=pl.when(some).then(pl.col("price") * 1000).otherwise("price"))
