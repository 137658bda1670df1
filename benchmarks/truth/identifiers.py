"""Whether features that name or count rows are found."""

from __future__ import annotations

import numpy as np
import polars as pl
from _tables import KINDS, outcome, row, sizes, table

from comporta.checks import identifiers
from comporta.checks.identifiers.measure import identifying


def study(seeds: int = 60) -> list[dict[str, object]]:
    check, out = identifiers(), []
    for kind in KINDS:
        for rows, some in sizes(seeds):
            said = [outcome(check, identifying(table(kind, rows, seed))) for seed in some]
            out.append(row("identifiers", "none", f"{kind}, {rows:,} rows", said))
    said = [outcome(check, identifying(_with(seed, "amount"))) for seed in range(seeds)]
    out.append(row("identifiers", "none", "amounts in whole cents, 5,000 rows", said))
    for fault in ("row number", "shuffled row number", "text", "clock"):
        said = [outcome(check, identifying(_with(seed, fault))) for seed in range(seeds)]
        out.append(row("identifiers", fault, "5,000 rows", said))
    return out


def _with(seed: int, fault: str) -> pl.DataFrame:
    rows = table("mixed", 5_000, seed)
    draw = np.random.default_rng(seed)
    made = {
        "amount": lambda: np.round(100 * np.exp(4 + draw.normal(size=5_000))).astype(np.int64),
        "row number": lambda: np.arange(5_000) + 17,
        "shuffled row number": lambda: draw.permutation(5_000),
        "text": lambda: [f"C{n}" for n in draw.permutation(10**6)[:5_000]],
        "clock": lambda: np.arange(5_000) * 60.0 + draw.normal(size=5_000),
    }
    return rows.with_columns(pl.Series("more", made[fault]()))
