"""Whether copies among training rows are found, and chance likeness is not taken for them."""

from __future__ import annotations

import polars as pl
from _tables import KINDS, outcome, row, sizes, table

from comporta.checks import duplicates
from comporta.checks.duplicates.measure import find_duplicates


def study(seeds: int = 60) -> list[dict[str, object]]:
    check, out = duplicates(), []
    for kind in KINDS:
        for rows, some in sizes(seeds):
            said = [outcome(check, find_duplicates(table(kind, rows, seed))) for seed in some]
            out.append(row("duplicates", "none", f"{kind}, {rows:,} rows", said))
    for kind in KINDS:
        said = [outcome(check, find_duplicates(_copied(kind, seed, 0.1, False))) for seed in range(seeds)]
        out.append(row("duplicates", "10 % of rows copied", f"{kind}, 5,000 rows", said))
    for kind in ("numbers", "mixed"):
        said = [outcome(check, find_duplicates(_copied(kind, seed, 0.03, True))) for seed in range(seeds)]
        out.append(row("duplicates", "3 % copied with the other label", f"{kind}, 5,000 rows", said))
    return out


def _copied(kind: str, seed: int, share: float, opposed: bool) -> pl.DataFrame:
    rows = table(kind, 5_000, seed)
    some = rows.sample(fraction=share, seed=seed)
    if opposed:
        some = some.with_columns(~pl.col("__target"))
    return pl.concat([rows, some])
