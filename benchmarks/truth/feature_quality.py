"""Whether broken features are found, and sparse ones left alone."""

from __future__ import annotations

import numpy as np
import polars as pl
from _tables import KINDS, outcome, parts, row, sizes

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


def _sparse(seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    train, test = parts("mixed", 2_000, seed)
    draw = np.random.default_rng(seed)
    return tuple(p.with_columns(seldom=pl.Series(draw.random(p.height) < 0.002)) for p in (train, test))  # type: ignore[return-value]


def _in_cents(part: pl.DataFrame, seed: int) -> pl.DataFrame:
    some = pl.Series(np.random.default_rng(seed).random(part.height) < 0.02)
    return part.with_columns(price=pl.when(some).then(pl.col("price") * 1000).otherwise("price"))
